//! `/api/session`

use serde_json::{Value, json};
use server::identity::{challenges, sessions};
use shared::domain::role::Role;
use shared::sync::signature::DeviceKey;
use tests::{Answer, PASSWORD, Person, TestApp};

const ANNA: &str = "anna@test.example";

async fn post(app: &TestApp, body: &Value) -> Answer {
    app.send(app.http().post(app.url("/api/session")).json(body)).await
}

fn key(number: u8) -> DeviceKey {
    DeviceKey::from_secret(&[number; 32])
}

#[tokio::test]
async fn signing_in_gives_a_session_and_registers_the_device() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::InternalCoach).await;
    let answer = post(&app, &Person::offer(&app, "Anna@Test.example", PASSWORD, &key(1)).await).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = json!({
        "user": user, "device": key(1).id(), "name": "anna", "roles": ["employee", "internal_coach"],
    });
    assert_eq!(answer.json(), expected);
    assert!(answer.header("set-cookie").contains("; HttpOnly; SameSite=Lax"));

    let anna = Person::from_answer(&app, key(1), &answer);
    assert_eq!(anna.get("/api/session").await.json(), expected);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_socket() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut open = anna.socket().await.greeted().await;
    assert_eq!(anna.send(anna.request(reqwest::Method::DELETE, "/api/session")).await.status, 204);
    assert_eq!(open.closed().await, Some(4401));
    assert_eq!(anna.get("/api/session").await.status, 401);
    assert_eq!(anna.socket().await.closed().await, Some(4401));
}

#[tokio::test]
async fn whatever_is_wrong_with_address_or_password_looks_the_same() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    app.account("weg@test.example", Role::Employee).await;
    app.change(async |tx| server::commands::accounts::disable(tx, "weg@test.example", 1).await.unwrap())
        .await;
    let mut looks = vec![];
    for (email, password) in
        [(ANNA, "verkeerd"), ("niemand@test.example", PASSWORD), ("weg@test.example", PASSWORD)]
    {
        let answer = post(&app, &Person::offer(&app, email, password, &key(1)).await).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "refused"));
        looks.push(answer.appearance());
    }
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{looks:#?}");
}

#[tokio::test]
async fn guessing_is_slowed_also_for_who_then_knows_the_password() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    for _ in 0..5 {
        let offer = Person::offer(&app, ANNA, "verkeerd", &key(1)).await;
        assert_eq!(post(&app, &offer).await.status, 401);
    }
    let answer = post(&app, &Person::offer(&app, ANNA, PASSWORD, &key(1)).await).await;
    assert_eq!(
        (answer.status, answer.code().as_str(), answer.header("retry-after")),
        (429, "throttled", "2")
    );
    app.clock().advance(2_000);
    assert_eq!(post(&app, &Person::offer(&app, ANNA, PASSWORD, &key(1)).await).await.status, 200);
}

#[tokio::test]
async fn so_many_sign_in_at_once_and_who_comes_then_is_told_to_come_back() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let mut places = vec![];
    while let Ok(place) = app.state().passwords.place() {
        places.push(place);
    }
    // More often than an account may fail: what was turned away is nobody's failure.
    for _ in 0..6 {
        let answer = post(&app, &Person::offer(&app, ANNA, PASSWORD, &key(1)).await).await;
        assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
        assert_eq!(answer.header("retry-after"), "3");
    }
    places.pop();
    assert_eq!(post(&app, &Person::offer(&app, ANNA, PASSWORD, &key(1)).await).await.status, 200);
}

#[tokio::test]
async fn what_has_a_longest_length_is_taken_at_it_and_refused_beyond() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let long = |length: usize| json!("é".repeat(length));
    let domain = "@test.example";
    let email = |length: usize| json!(format!("{}{domain}", "e".repeat(length - domain.len())));
    for (path, at, beyond, status) in [
        ("/email", email(254), email(255), 401),
        ("/password", long(256), long(257), 401),
        ("/device/name", long(100), long(101), 200),
    ] {
        let mut body = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
        *body.pointer_mut(path).unwrap() = at;
        assert_eq!(post(&app, &body).await.status, status, "{path}");
        let mut body = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
        *body.pointer_mut(path).unwrap() = beyond;
        let answer = post(&app, &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{path}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("at most"), "{path}");
    }
}

#[tokio::test]
async fn a_challenge_is_used_once_and_within_two_minutes() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let offer = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
    assert_eq!(post(&app, &offer).await.status, 200);
    assert_eq!(post(&app, &offer).await.code(), "bad_proof");
    let offer = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
    app.clock().advance(challenges::LIFETIME_MS);
    assert_eq!(post(&app, &offer).await.code(), "bad_proof");
}

#[tokio::test]
async fn a_challenge_outlives_a_restart_between_it_and_its_sign_in() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let offer = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
    let app = app.restarted().await;
    assert_eq!(post(&app, &offer).await.status, 200);
}

#[tokio::test]
async fn a_proof_of_another_key_opens_nothing() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let mut offer = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
    offer["device"]["public_key"] = json!(key(2).public());
    let answer = post(&app, &offer).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "bad_proof"));
}

#[tokio::test]
async fn a_key_of_another_person_is_a_conflict() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let bram = app.employee().await;
    let answer = post(&app, &Person::offer(&app, ANNA, PASSWORD, &bram.key).await).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "others_device"));
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_any_more() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    assert_eq!(anna.command(json!({ "type": "revoke_device", "device": anna.key.id() })).await.status, 200);
    let answer = post(&app, &Person::offer(&app, ANNA, PASSWORD, &anna.key).await).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "device_revoked"));
    assert_eq!(anna.get("/api/directory").await.code(), "device_revoked");
}

#[tokio::test]
async fn signing_in_again_ends_the_session_before() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let before = app.signed_in(user).await;
    let offer = Person::offer(&app, ANNA, PASSWORD, &before.key).await;
    let answer = before.send(before.request(reqwest::Method::POST, "/api/session").json(&offer)).await;
    let after = Person::from_answer(&app, before.key.clone(), &answer);
    assert_ne!(before.cookie, after.cookie);
    assert_eq!(before.get("/api/session").await.status, 401);
    assert_eq!(after.get("/api/session").await.status, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
    let app = TestApp::init().await;
    let (idle, used) = (app.employee().await, app.employee().await);
    let step = sessions::IDLE_MS - 1;
    let mut age = 0;
    while age + step <= sessions::ABSOLUTE_MS {
        app.clock().advance(step);
        age += step;
        assert_eq!(used.get("/api/session").await.status, 200, "{age}");
    }
    assert_eq!(idle.get("/api/session").await.code(), "not_signed_in");
    app.clock().advance(sessions::ABSOLUTE_MS - age + 1);
    assert_eq!(used.get("/api/session").await.code(), "not_signed_in");
}

#[tokio::test]
async fn what_is_no_sign_in_is_a_bad_request() {
    let app = TestApp::init().await;
    let good = Person::offer(&app, ANNA, PASSWORD, &key(1)).await;
    let with = |path: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for body in [
        json!({}),
        json!([]),
        with("/device/public_key", json!("AAAA")),
        with("/device/proof", json!(7)),
        with("/email", json!("x".repeat(300))),
        with("/password", json!("x".repeat(300))),
        with("/device/name", json!("x".repeat(101))),
    ] {
        assert_eq!(post(&app, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_session_outlives_the_server() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    let app = app.restarted().await;
    let answer = app.send(app.http().get(app.url("/api/session")).header("cookie", &anna.cookie)).await;
    assert_eq!(answer.json()["user"], json!(user));
}
