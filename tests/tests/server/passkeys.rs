//! `/api/factors/passkeys`, and signing in with what it keeps.

use serde_json::{Value, json};
use server::identity::passkeys::{CEREMONY_LIFETIME_MS, LONGEST_ANSWER, LONGEST_NAME, MOST, MOST_CEREMONIES};
use shared::domain::role::Role;
use shared::sync::signature::DeviceKey;
use tests::{Answer, Authenticator, PASSWORD, Person, TestApp};

const ANNA: &str = "anna@test.example";
const BRAM: &str = "bram@test.example";
/// After which no failure counts any more.
const HOUR_MS: u64 = 3_600_000;

/// The host that browsers make passkeys for; the server listens at a number.
fn host(app: &TestApp) -> String {
    app.url("").replace("http://127.0.0.1", "localhost")
}

fn key(app: &TestApp, mark: u8) -> Authenticator {
    Authenticator::new(mark, &format!("http://{}", host(app)))
}

async fn post(app: &TestApp, person: &Person, path: &str, body: &Value) -> Answer {
    person.send(person.request(reqwest::Method::POST, path).header("host", host(app)).json(body)).await
}

async fn begin(app: &TestApp, person: &Person, proof: &Value) -> Answer {
    post(app, person, "/api/factors/passkeys", proof).await
}

async fn confirm(app: &TestApp, person: &Person, passkey: &Value) -> Answer {
    let body = json!({ "name": "Mijn telefoon", "passkey": passkey });
    post(app, person, "/api/factors/passkeys/confirm", &body).await
}

fn options(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["options"].clone()
}

/// Somebody with a passkey and the recovery codes that came with it.
async fn with_passkey(app: &TestApp, email: &str, mark: u8) -> (Person, Authenticator, Vec<String>) {
    let user = app.account(email, Role::Employee).await;
    let person = app.signed_in(user).await;
    let key = key(app, mark);
    let asked = options(&begin(app, &person, &json!({ "password": PASSWORD })).await);
    let added = confirm(app, &person, &key.make(&asked)).await;
    assert_eq!(added.status, 200, "{}", added.text());
    let codes = serde_json::from_value(added.json()["recovery_codes"].clone()).unwrap();
    (person, key, codes)
}

async fn sign_in(app: &TestApp, email: &str, factor: Value) -> Answer {
    let device = DeviceKey::from_secret(&[1; 32]);
    let mut offer = Person::offer(app, email, PASSWORD, &device).await;
    for (name, value) in factor.as_object().unwrap() {
        offer[name] = value.clone();
    }
    app.send(app.http().post(app.url("/api/session")).header("host", host(app)).json(&offer)).await
}

/// What the door asks a browser for, once the password was right.
async fn asked(app: &TestApp, email: &str) -> Value {
    let answer = sign_in(app, email, json!({})).await;
    assert_eq!(outcome(&answer), refused("second_factor"));
    answer.json()["passkey"].clone()
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(code: &str) -> (u16, String) {
    (401, code.to_owned())
}

async fn actions(app: &TestApp, most: u32) -> Vec<String> {
    app.store().audit_tail(most).await.unwrap().into_iter().map(|row| row.event.action).collect()
}

#[tokio::test]
async fn a_passkey_is_asked_for_once_it_was_made_and_opens_the_door() {
    let app = TestApp::init().await;
    let (anna, mut key, codes) = with_passkey(&app, ANNA, 1).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(anna.get("/api/session").await.status, 200, "a session that exists stays");
    let missing = sign_in(&app, ANNA, json!({})).await;
    assert_eq!(outcome(&missing), refused("second_factor"));
    assert_eq!(missing.json()["methods"], json!(["passkey", "recovery"]));
    assert_eq!(missing.header("set-cookie"), "");
    let asked = missing.json()["passkey"].clone();
    assert_eq!((&asked["rpId"], &asked["userVerification"]), (&json!("localhost"), &json!("required")));
    assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), 1);
    let answer = sign_in(&app, ANNA, json!({ "passkey": key.show(&asked) })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(actions(&app, 3).await, ["sign_in", "device_add", "passkey_used"]);

    let listed =
        anna.send(anna.request(reqwest::Method::GET, "/api/factors").header("host", host(&app))).await;
    let listed = listed.json();
    assert_eq!((&listed["totp"], &listed["passkeys_here"]), (&Value::Null, &json!(true)));
    let kept = &listed["passkeys"][0];
    assert_eq!((&kept["name"], &kept["used_at"]), (&json!("Mijn telefoon"), &json!(app.clock().now())));
    // A recovery code that came with it does as well.
    assert_eq!(sign_in(&app, ANNA, json!({ "code": codes[0] })).await.status, 200);
}

#[tokio::test]
async fn what_was_asked_is_answered_once_and_in_time() {
    let app = TestApp::init().await;
    let (_anna, mut key, _) = with_passkey(&app, ANNA, 1).await;
    let shown = key.show(&asked(&app, ANNA).await);
    assert_eq!(sign_in(&app, ANNA, json!({ "passkey": shown })).await.status, 200);
    let again = sign_in(&app, ANNA, json!({ "passkey": shown })).await;
    assert_eq!(outcome(&again), refused("wrong_code"), "replayed");
    let shown = key.show(&again.json()["passkey"]);
    app.clock().advance(CEREMONY_LIFETIME_MS - 1);
    assert_eq!(sign_in(&app, ANNA, json!({ "passkey": shown })).await.status, 200);
    let shown = key.show(&asked(&app, ANNA).await);
    app.clock().advance(CEREMONY_LIFETIME_MS);
    assert_eq!(
        outcome(&sign_in(&app, ANNA, json!({ "passkey": shown })).await),
        refused("wrong_code"),
        "late"
    );
}

#[tokio::test]
async fn of_what_one_person_was_asked_the_newest_count() {
    let app = TestApp::init().await;
    let (_anna, mut key, _) = with_passkey(&app, ANNA, 1).await;
    let first = asked(&app, ANNA).await;
    let second = asked(&app, ANNA).await;
    for _ in 2..MOST_CEREMONIES {
        asked(&app, ANNA).await;
    }
    assert_eq!(sign_in(&app, ANNA, json!({ "passkey": key.show(&first) })).await.status, 200);
    for _ in 0..2 {
        asked(&app, ANNA).await;
    }
    let pushed_out = sign_in(&app, ANNA, json!({ "passkey": key.show(&second) })).await;
    assert_eq!(outcome(&pushed_out), refused("wrong_code"));
}

#[tokio::test]
async fn what_does_not_fit_opens_nothing() {
    let app = TestApp::init().await;
    let (_anna, key, _) = with_passkey(&app, ANNA, 1).await;
    let (_bram, mut brams, _) = with_passkey(&app, BRAM, 2).await;
    let evil = format!("http://elders.example:{}", host(&app).split(':').nth(1).unwrap());
    let of_another_site = Authenticator { origin: evil, ..key.clone() };
    let for_another_site = Authenticator { party: "elders.example".into(), ..key.clone() };
    let without_a_finger = Authenticator { verifies: false, ..key.clone() };
    let another_key = Authenticator { credential: key.credential.clone(), ..brams.clone() };
    for (what, mut wrong) in [
        ("another origin", of_another_site),
        ("another party", for_another_site),
        ("nobody verified", without_a_finger),
        ("somebody else's signature", another_key),
        ("somebody else's passkey", brams.clone()),
    ] {
        let shown = wrong.show(&asked(&app, ANNA).await);
        let answer = sign_in(&app, ANNA, json!({ "passkey": shown })).await;
        assert_eq!(outcome(&answer), refused("wrong_code"), "{what}");
        app.clock().advance(HOUR_MS);
    }
    // What another was asked, and what nobody was.
    let of_bram = brams.show(&asked(&app, BRAM).await);
    let invented = key.clone().show(&json!({ "challenge": "AAAAAAAAAAAAAAAAAAAAAA" }));
    let crossed = key.clone().show(&asked(&app, BRAM).await);
    for shown in [of_bram, invented, crossed, json!({}), json!("geen"), json!(null)] {
        let answer = sign_in(&app, ANNA, json!({ "passkey": shown })).await;
        let expected = if shown.is_null() { "second_factor" } else { "wrong_code" };
        assert_eq!(outcome(&answer), refused(expected), "{shown}");
        app.clock().advance(HOUR_MS);
    }
    let shown = key.clone().show(&asked(&app, ANNA).await);
    assert_eq!(
        sign_in(&app, ANNA, json!({ "passkey": shown })).await.status,
        200,
        "the right one still does"
    );
}

#[tokio::test]
async fn a_passkey_that_was_copied_is_found_out_and_told() {
    let app = TestApp::init().await;
    let (_anna, mut key, codes) = with_passkey(&app, ANNA, 1).await;
    let mut copy = key.clone();
    for _ in 0..2 {
        let shown = key.show(&asked(&app, ANNA).await);
        assert_eq!(sign_in(&app, ANNA, json!({ "passkey": shown })).await.status, 200);
    }
    let shown = copy.show(&asked(&app, ANNA).await);
    let answer = sign_in(&app, ANNA, json!({ "passkey": shown })).await;
    assert_eq!(outcome(&answer), refused("passkey_copied"));
    assert_eq!(actions(&app, 1).await, ["passkey_copied"]);
    assert_eq!(sign_in(&app, ANNA, json!({ "code": codes[0] })).await.status, 200, "another way is open");
}

#[tokio::test]
async fn guessing_with_passkeys_is_slowed_as_guessing_passwords_is() {
    let app = TestApp::init().await;
    with_passkey(&app, ANNA, 1).await;
    for _ in 0..5 {
        assert_eq!(outcome(&sign_in(&app, ANNA, json!({ "passkey": {} })).await), refused("wrong_code"));
    }
    assert_eq!(outcome(&sign_in(&app, ANNA, json!({})).await), (429, "throttled".into()));
}

#[tokio::test]
async fn a_passkey_is_made_and_taken_away_by_who_shows_password_and_factor() {
    let app = TestApp::init().await;
    let (anna, mut key, codes) = with_passkey(&app, ANNA, 1).await;
    let id = anna.get("/api/factors").await.json()["passkeys"][0]["id"].clone();
    let paths = [
        "/api/factors/passkeys",
        "/api/factors/passkeys/remove",
        "/api/factors/recovery-codes",
        "/api/factors/remove",
    ];
    for path in paths {
        for (proof, code) in [
            (json!({ "password": "verkeerd", "code": codes[0], "id": id }), "refused"),
            (json!({ "password": PASSWORD, "id": id }), "second_factor"),
            (json!({ "password": PASSWORD, "passkey": {}, "id": id }), "wrong_code"),
        ] {
            assert_eq!(outcome(&post(&app, &anna, path, &proof).await), refused(code), "{path}");
            app.clock().advance(HOUR_MS);
        }
    }
    // With the first passkey a second one is made, and one of them is taken away; recovery codes come once.
    let missing = begin(&app, &anna, &json!({ "password": PASSWORD })).await.json();
    let asked_for =
        begin(&app, &anna, &json!({ "password": PASSWORD, "passkey": key.show(&missing["passkey"]) })).await;
    let asked_for = options(&asked_for);
    assert_eq!(asked_for["excludeCredentials"][0]["id"], id);
    let known = confirm(&app, &anna, &key.make(&asked_for)).await;
    assert_eq!(outcome(&known), (409, "passkey_refused".into()), "known already");
    let missing = begin(&app, &anna, &json!({ "password": PASSWORD })).await.json();
    let shown = key.show(&missing["passkey"]);
    let asked_for = options(&begin(&app, &anna, &json!({ "password": PASSWORD, "passkey": shown })).await);
    let second = self::key(&app, 3);
    let added = confirm(&app, &anna, &second.make(&asked_for)).await;
    assert_eq!((added.status, &added.json()["recovery_codes"]), (200, &json!([])));

    let unwanted = |id: &Value, code: &str| json!({ "id": id, "password": PASSWORD, "code": code });
    let remove = "/api/factors/passkeys/remove";
    assert_eq!(post(&app, &anna, remove, &unwanted(&json!("AAAA"), &codes[1])).await.status, 404);
    assert_eq!(post(&app, &anna, remove, &unwanted(&json!("geen id!"), &codes[2])).await.status, 400);
    assert_eq!(
        post(&app, &anna, remove, &unwanted(&id, &codes[1])).await.status,
        204,
        "the code was not used up"
    );
    let shown = key.show(&asked(&app, ANNA).await);
    assert_eq!(
        outcome(&sign_in(&app, ANNA, json!({ "passkey": shown })).await),
        refused("wrong_code"),
        "taken away"
    );
    let other = anna.get("/api/factors").await.json()["passkeys"][0]["id"].clone();
    assert_eq!(post(&app, &anna, remove, &unwanted(&other, &codes[3])).await.status, 204);
    assert_eq!(sign_in(&app, ANNA, json!({})).await.status, 200, "the password is enough again");
    assert_eq!(anna.get("/api/factors").await.json()["recovery_left"], json!(0), "nothing is left behind");
}

#[tokio::test]
async fn what_is_made_fits_what_was_asked() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    let bram = app.employee().await;
    let password = json!({ "password": PASSWORD });
    let key = key(&app, 1);
    let of_another_site = Authenticator { origin: "http://elders.example".into(), ..key.clone() };
    let for_another_site = Authenticator { party: "elders.example".into(), ..key.clone() };
    let without_a_finger = Authenticator { verifies: false, ..key.clone() };
    for (what, wrong) in [
        ("another origin", of_another_site),
        ("another party", for_another_site),
        ("nobody verified", without_a_finger),
    ] {
        let asked = options(&begin(&app, &anna, &password).await);
        let answer = confirm(&app, &anna, &wrong.make(&asked)).await;
        assert_eq!(outcome(&answer), (409, "passkey_refused".into()), "{what}");
    }
    let asked = options(&begin(&app, &anna, &password).await);
    let made = key.make(&asked);
    assert_eq!(
        outcome(&confirm(&app, &bram, &made).await),
        (409, "passkey_refused".into()),
        "asked of another"
    );
    for name in ["", "  ", "a\nb", &"n".repeat(LONGEST_NAME + 1)] {
        let body = json!({ "name": name, "passkey": made });
        assert_eq!(post(&app, &anna, "/api/factors/passkeys/confirm", &body).await.status, 400, "{name:?}");
    }
    let body = json!({ "name": "n".repeat(LONGEST_NAME), "passkey": made });
    assert_eq!(post(&app, &anna, "/api/factors/passkeys/confirm", &body).await.status, 200);
    assert_eq!(outcome(&confirm(&app, &anna, &made).await), (409, "passkey_refused".into()), "used");
    let late = options(&begin(&app, &bram, &password).await);
    app.clock().advance(CEREMONY_LIFETIME_MS);
    let late = confirm(&app, &bram, &self::key(&app, 2).make(&late)).await;
    assert_eq!(outcome(&late), (409, "passkey_refused".into()), "late");
}

#[tokio::test]
async fn there_is_an_end_to_what_is_taken_and_kept() {
    let app = TestApp::init().await;
    let (anna, key, codes) = with_passkey(&app, ANNA, 1).await;
    let filling = LONGEST_ANSWER - json!({ "filling": "" }).to_string().len();
    for (length, expected) in [(filling, 401), (filling + 1, 400)] {
        let answer = sign_in(&app, ANNA, json!({ "passkey": { "filling": "a".repeat(length) } })).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
        let body = json!({ "name": "n", "passkey": { "filling": "a".repeat(length) } });
        let answer = post(&app, &anna, "/api/factors/passkeys/confirm", &body).await;
        assert_eq!(answer.status, if expected == 400 { 400 } else { 409 }, "{}", answer.text());
    }
    let mut tx = app.store().begin().await.unwrap();
    let kept = tx.passkeys(anna.user).await.unwrap().remove(0);
    for mark in 1..MOST {
        let credential = vec![100 + u8::try_from(mark).unwrap(); 20];
        let another = store::Passkey { credential, ..kept.clone() };
        assert!(tx.add_passkey(anna.user, &another).await.unwrap());
    }
    tx.commit().await.unwrap();
    let full = begin(&app, &anna, &json!({ "password": PASSWORD, "code": codes[0] })).await;
    assert_eq!(outcome(&full), (409, "too_many_passkeys".into()));
    let shown = key.clone().show(&asked(&app, ANNA).await);
    assert_eq!(sign_in(&app, ANNA, json!({ "passkey": shown })).await.status, 200);
}

#[tokio::test]
async fn at_an_address_of_numbers_another_factor_does() {
    let app = TestApp::init().await;
    let (anna, mut key, codes) = with_passkey(&app, ANNA, 1).await;
    let device = DeviceKey::from_secret(&[1; 32]);
    let offer = Person::offer(&app, ANNA, PASSWORD, &device).await;
    let missing = app.send(app.http().post(app.url("/api/session")).json(&offer)).await;
    assert_eq!(outcome(&missing), refused("second_factor"));
    assert_eq!(missing.json()["methods"], json!(["passkey", "recovery"]));
    assert_eq!(missing.json()["passkey"], Value::Null);
    let shown = key.show(&asked(&app, ANNA).await);
    let mut offer = Person::offer(&app, ANNA, PASSWORD, &device).await;
    offer["passkey"] = shown;
    let answer = app.send(app.http().post(app.url("/api/session")).json(&offer)).await;
    assert_eq!(outcome(&answer), refused("wrong_code"));
    let none = anna.post("/api/factors/passkeys", &json!({ "password": PASSWORD, "code": codes[0] })).await;
    assert_eq!(outcome(&none), (409, "no_passkeys_here".into()));
    assert_eq!(anna.get("/api/factors").await.json()["passkeys_here"], json!(false));
}

#[tokio::test]
async fn a_lost_passkey_is_taken_away_by_an_administrator() {
    let app = TestApp::init().await;
    let (anna, mut key, _) = with_passkey(&app, ANNA, 1).await;
    let waiting = asked(&app, ANNA).await;
    let admin = app.person(Role::Administrator).await;
    let reset = json!({ "type": "reset_second_factor", "user": anna.user });
    assert_eq!(admin.command(reset).await.status, 200);
    assert_eq!(anna.get("/api/factors").await.json()["passkeys"], json!([]));
    let answer = sign_in(&app, ANNA, json!({ "passkey": key.show(&waiting) })).await;
    assert_eq!((answer.status, &answer.json()["factor_removed_at"]), (200, &json!(app.clock().now())));
}
