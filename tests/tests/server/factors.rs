//! `/api/factors`, and signing in with what it set up.

use serde_json::{Value, json};
use server::identity::totp::{STEP_MS, Secret, step_at};
use shared::domain::role::Role;
use shared::ids::UserId;
use shared::sync::signature::DeviceKey;
use tests::{Answer, PASSWORD, Person, TestApp};

const ANNA: &str = "anna@test.example";

/// Somebody with an app.
struct WithApp {
    person: Person,
    secret: Secret,
    recovery: Vec<String>,
}

impl WithApp {
    fn code(&self, app: &TestApp) -> String {
        code(&self.secret, app.clock().now())
    }
}

fn code(secret: &Secret, now: u64) -> String {
    format!("{:06}", secret.code(step_at(now)))
}

/// Another code than the right ones.
fn wrong_code(secret: &Secret, now: u64) -> String {
    let step = step_at(now);
    let right = [step - 1, step, step + 1].map(|step| secret.code(step));
    format!("{:06}", (0..).find(|it| !right.contains(it)).unwrap())
}

/// As an app reads it.
fn from_base32(text: &str) -> Secret {
    let value = |letter: u8| if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
    let bits: Vec<bool> =
        text.bytes().flat_map(|it| (0..5).rev().map(move |at| value(it) >> at & 1 == 1)).collect();
    let bytes: Vec<u8> =
        bits.chunks(8).map(|byte| byte.iter().fold(0, |all, &bit| all << 1 | u8::from(bit))).collect();
    Secret::from_bytes(&bytes).unwrap()
}

async fn begin(person: &Person) -> Secret {
    let answer = person.post("/api/factors/totp", &json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    from_base32(answer.json()["secret"].as_str().unwrap())
}

async fn confirm(person: &Person, code: &str) -> Answer {
    person.post("/api/factors/totp/confirm", &json!({ "code": code })).await
}

fn recovery_codes(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_value(answer.json()["recovery_codes"].clone()).unwrap()
}

/// Sets an app up, and lets its first code pass.
async fn with_app(app: &TestApp, user: UserId) -> WithApp {
    let person = app.signed_in(user).await;
    let secret = begin(&person).await;
    let recovery = recovery_codes(&confirm(&person, &code(&secret, app.clock().now())).await);
    app.clock().advance(STEP_MS);
    WithApp { person, secret, recovery }
}

async fn anna(app: &TestApp) -> WithApp {
    let user = app.account(ANNA, Role::Employee).await;
    with_app(app, user).await
}

async fn sign_in(app: &TestApp, password: &str, code: Option<&str>) -> Answer {
    sign_in_as(app, ANNA, password, code).await
}

async fn sign_in_as(app: &TestApp, email: &str, password: &str, code: Option<&str>) -> Answer {
    let key = DeviceKey::from_secret(&[1; 32]);
    let mut offer = Person::offer(app, email, password, &key).await;
    if let Some(code) = code {
        offer["code"] = code.into();
    }
    app.send(app.http().post(app.url("/api/session")).json(&offer)).await
}

/// Of somebody whose password is enough, at an address of numbers.
fn nothing() -> Value {
    json!({
        "password": true, "totp": null, "passkeys": [], "passkeys_here": false, "recovery_left": 0,
        "removed_at": null,
    })
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn refused(code: &str) -> (u16, String) {
    (401, code.to_owned())
}

#[tokio::test]
async fn an_app_is_asked_for_once_a_code_has_shown_that_it_works() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let person = app.signed_in(user).await;
    let secret = begin(&person).await;
    assert_eq!(sign_in(&app, PASSWORD, None).await.status, 200, "not asked for while it is being set up");
    let wrong = wrong_code(&secret, app.clock().now());
    assert_eq!(outcome(&confirm(&person, &wrong).await), (409, "wrong_code".into()));
    assert_eq!(sign_in(&app, PASSWORD, None).await.status, 200);
    let codes = recovery_codes(&confirm(&person, &code(&secret, app.clock().now())).await);
    assert_eq!(codes.len(), 10);

    let missing = sign_in(&app, PASSWORD, None).await;
    assert_eq!(outcome(&missing), refused("second_factor"));
    assert_eq!(missing.json()["methods"], json!(["totp", "recovery"]));
    assert_eq!(missing.header("set-cookie"), "");
    app.clock().advance(STEP_MS);
    let answer = sign_in(&app, PASSWORD, Some(&code(&secret, app.clock().now()))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(person.get("/api/session").await.status, 200, "a session that exists stays");
}

#[tokio::test]
async fn what_is_told_of_an_app_is_what_apps_take() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let person = app.signed_in(user).await;
    let answer = person.post("/api/factors/totp", &json!({ "password": PASSWORD })).await.json();
    let secret = answer["secret"].as_str().unwrap();
    assert_eq!(
        answer["link"],
        json!(format!(
            "otpauth://totp/Loopbaanmaat:anna%40test.example?secret={secret}&issuer=Loopbaanmaat\
             &algorithm=SHA1&digits=6&period=30"
        ))
    );
    assert!(answer["picture"]["path"].as_str().unwrap().starts_with("M4 4h7v1h-7z"));
    let listed = person.get("/api/factors").await.json();
    assert_eq!(listed, nothing());
    recovery_codes(&confirm(&person, &code(&from_base32(secret), app.clock().now())).await);
    let listed = person.get("/api/factors").await.json();
    assert_eq!((&listed["totp"], &listed["recovery_left"]), (&json!(app.clock().now()), &json!(10)));
    assert!(!listed.to_string().contains(secret));
}

#[tokio::test]
async fn a_code_is_used_once_also_by_who_saw_it() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let person = app.signed_in(user).await;
    let secret = begin(&person).await;
    let first = code(&secret, app.clock().now());
    recovery_codes(&confirm(&person, &first).await);
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(&first)).await), refused("wrong_code"));
    app.clock().advance(STEP_MS);
    let second = code(&secret, app.clock().now());
    assert_eq!(sign_in(&app, PASSWORD, Some(&second)).await.status, 200);
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(&second)).await), refused("wrong_code"));
    app.clock().advance(STEP_MS);
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(&second)).await), refused("wrong_code"));
    let after_a_restart = app.restarted().await;
    let again = sign_in(&after_a_restart, PASSWORD, Some(&second)).await;
    assert_eq!(outcome(&again), refused("wrong_code"));
}

#[tokio::test]
async fn of_two_who_use_a_code_at_once_one_gets_in() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    for given in [anna.code(&app), anna.recovery[0].clone()] {
        let (one, other) =
            tokio::join!(sign_in(&app, PASSWORD, Some(&given)), sign_in(&app, PASSWORD, Some(&given)));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[tokio::test]
async fn a_code_is_taken_half_a_minute_early_or_late() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    app.clock().advance(10 * STEP_MS);
    let now = app.clock().now();
    for (at, is_taken) in [
        (now - 2 * STEP_MS, false),
        (now + 2 * STEP_MS, false),
        (now - STEP_MS, true),
        (now, true),
        (now + STEP_MS, true),
    ] {
        let answer = sign_in(&app, PASSWORD, Some(&code(&anna.secret, at))).await;
        assert_eq!(answer.status == 200, is_taken, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_recovery_code_opens_the_door_once() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    let [first, second, ..] = anna.recovery.as_slice() else { panic!() };
    assert_eq!(sign_in(&app, PASSWORD, Some(&first.to_uppercase())).await.status, 200);
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(first)).await), refused("wrong_code"));
    assert_eq!(anna.person.get("/api/factors").await.json()["recovery_left"], json!(9));
    let actions: Vec<String> =
        app.store().audit_tail(3).await.unwrap().into_iter().map(|row| row.event.action).collect();
    assert_eq!(actions, ["sign_in", "device_add", "recovery_code_used"]);

    // New ones take the place of those before.
    let body = json!({ "password": PASSWORD, "code": anna.code(&app) });
    let new = recovery_codes(&anna.person.post("/api/factors/recovery-codes", &body).await);
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(second)).await), refused("wrong_code"));
    assert_eq!(sign_in(&app, PASSWORD, Some(&new[9])).await.status, 200);
    // Nobody else's open it.
    let bram = app.account("bram@test.example", Role::Employee).await;
    let bram = with_app(&app, bram).await;
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(&bram.recovery[0])).await), refused("wrong_code"));
    assert_eq!(outcome(&sign_in(&app, PASSWORD, Some(&bram.code(&app))).await), refused("wrong_code"));
}

#[tokio::test]
async fn a_wrong_password_looks_the_same_whether_or_not_there_is_a_second_factor() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    app.account("bram@test.example", Role::Employee).await;
    let right = anna.code(&app);
    let mut looks = vec![];
    for email in [ANNA, "bram@test.example", "niemand@test.example"] {
        for code in [None, Some(right.as_str()), Some("000000")] {
            let answer = sign_in_as(&app, email, "verkeerd", code).await;
            assert_eq!(outcome(&answer), refused("refused"));
            looks.push(answer.appearance());
        }
    }
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{looks:#?}");
    // Nor was the code used up by it.
    assert_eq!(sign_in(&app, PASSWORD, Some(&right)).await.status, 200);
}

#[tokio::test]
async fn guessing_codes_is_slowed_as_guessing_passwords_is() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    // That the password is right takes none of it back.
    for given in [None, Some("000000"), None, Some("aaaa-aaaa-aaaa-aaaa"), Some("geen code")] {
        assert_eq!(sign_in(&app, PASSWORD, given).await.status, 401);
    }
    let answer = sign_in(&app, PASSWORD, Some(&anna.code(&app))).await;
    assert_eq!(outcome(&answer), (429, "throttled".into()));
    app.clock().advance(2_000);
    assert_eq!(sign_in(&app, PASSWORD, Some(&anna.code(&app))).await.status, 200);
}

#[tokio::test]
async fn guessing_in_the_settings_is_slowed_too() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    let bram = app.employee().await;
    begin(&bram).await;
    for _ in 0..5 {
        let body = json!({ "password": PASSWORD, "code": "000000" });
        assert_eq!(anna.person.post("/api/factors/remove", &body).await.status, 401);
        assert_eq!(confirm(&bram, "geen").await.status, 409);
    }
    let body = json!({ "password": PASSWORD, "code": anna.code(&app) });
    for path in ["/api/factors/remove", "/api/factors/recovery-codes", "/api/factors/totp"] {
        assert_eq!(outcome(&anna.person.post(path, &body).await), (429, "throttled".into()), "{path}");
    }
    assert_eq!(outcome(&confirm(&bram, "000000").await), (429, "throttled".into()));
}

#[tokio::test]
async fn what_guards_an_account_is_changed_by_who_shows_password_and_code() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    let good = anna.code(&app);
    let attempts = [
        (json!({ "password": "verkeerd", "code": good }), "refused"),
        (json!({ "password": PASSWORD }), "second_factor"),
        (json!({ "password": PASSWORD, "code": wrong_code(&anna.secret, app.clock().now()) }), "wrong_code"),
    ];
    for path in ["/api/factors/remove", "/api/factors/recovery-codes", "/api/factors/totp"] {
        for (body, code) in &attempts {
            assert_eq!(outcome(&anna.person.post(path, body).await), refused(code), "{path}");
            app.clock().advance(60 * STEP_MS);
        }
    }
    let body = |code: String| json!({ "password": PASSWORD, "code": code });
    let another = anna.person.post("/api/factors/totp", &body(anna.code(&app))).await;
    assert_eq!(outcome(&another), (409, "factor_exists".into()));
    assert_eq!(anna.person.post("/api/factors/remove", &body(anna.code(&app))).await.status, 204);
    assert_eq!(sign_in(&app, PASSWORD, None).await.status, 200);
    assert_eq!(anna.person.get("/api/factors").await.json(), nothing());
    let none = anna.person.post("/api/factors/recovery-codes", &json!({ "password": PASSWORD })).await;
    assert_eq!(outcome(&none), (409, "no_factor".into()));
    let none = confirm(&anna.person, &anna.code(&app)).await;
    assert_eq!(outcome(&none), (409, "nothing_to_confirm".into()));
}

#[tokio::test]
async fn a_lost_factor_is_taken_away_by_an_administrator_and_its_owner_is_told() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    let admin = app.person(Role::Administrator).await;
    let reset = |user: UserId| json!({ "type": "reset_second_factor", "user": user });
    assert_eq!(admin.command(reset(anna.person.user)).await.status, 200);
    let event = app.store().audit_tail(1).await.unwrap().remove(0).event;
    assert_eq!((event.action.as_str(), event.user), ("reset_second_factor", Some(admin.user)));
    assert_eq!(event.object, anna.person.user.to_string());

    assert_eq!(anna.person.get("/api/session").await.status, 200, "her sessions stay");
    let at = app.clock().now();
    for _ in 0..2 {
        let answer = sign_in(&app, PASSWORD, None).await;
        assert_eq!((answer.status, &answer.json()["factor_removed_at"]), (200, &json!(at)));
    }
    assert_eq!(sign_in(&app, PASSWORD, Some(&anna.recovery[0])).await.status, 200, "nothing is asked for");
    let known = anna.person.request(reqwest::Method::DELETE, "/api/factors/removal");
    assert_eq!(anna.person.send(known).await.status, 204);
    assert_eq!(sign_in(&app, PASSWORD, None).await.json()["factor_removed_at"], Value::Null);
    // Where there was none, nothing is told.
    assert_eq!(admin.command(reset(anna.person.user)).await.status, 200);
    assert_eq!(sign_in(&app, PASSWORD, None).await.json()["factor_removed_at"], Value::Null);
}

#[tokio::test]
async fn an_administrator_s_own_factor_asks_for_her_password_and_code() {
    let app = TestApp::init().await;
    let admin = app.person(Role::Administrator).await;
    let admin = with_app(&app, admin.user).await;
    let command = json!({ "type": "reset_second_factor", "user": admin.person.user });
    assert_eq!(admin.person.command(command).await.status, 404);
    assert!(app.store().factors(admin.person.user).await.unwrap().are_asked_for());
}

#[tokio::test]
async fn what_is_no_proof_is_a_bad_request() {
    let app = TestApp::init().await;
    let person = app.employee().await;
    let long = "x".repeat(300);
    for (path, body) in [
        ("/api/factors/totp", json!({})),
        ("/api/factors/totp", json!({ "password": long })),
        ("/api/factors/remove", json!({ "password": PASSWORD, "code": long })),
        ("/api/factors/recovery-codes", json!({ "password": PASSWORD, "code": 7 })),
        ("/api/factors/totp/confirm", json!({ "code": long })),
    ] {
        assert_eq!(person.post(path, &body).await.status, 400, "{path} {body}");
    }
    app.account(ANNA, Role::Employee).await;
    assert_eq!(sign_in(&app, PASSWORD, Some(&long)).await.status, 400);
}

#[tokio::test]
async fn a_stolen_database_tells_no_secret_and_no_recovery_code() {
    let app = TestApp::init().await;
    let anna = anna(&app).await;
    let folder = app.state().config.data.clone();
    let app = app.restarted().await;
    let mut read = 0;
    for file in std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()) {
        if file.extension().is_some_and(|it| it == "key") {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        read += bytes.len();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|it| it == needle);
        assert!(!has(anna.secret.bytes()) && !has(anna.secret.text().as_bytes()), "{}", file.display());
        for code in &anna.recovery {
            assert!(!has(code.as_bytes()) && !has(code.replace('-', "").as_bytes()), "{}", file.display());
        }
    }
    assert!(read > 10_000);
    // With the key beside it, it opens.
    assert_eq!(sign_in(&app, PASSWORD, Some(&anna.code(&app))).await.status, 200);
}
