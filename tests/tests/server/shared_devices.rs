//! Devices that keep nothing, as on a computer that several people use.

use reqwest::Method;
use serde_json::{Value, json};
use server::identity::shared_devices::{self, ENDED, LIFETIME_MS};
use shared::domain::role::Role;
use shared::sync::message::ServerMessage;
use shared::sync::signature::DeviceKey;
use tests::{Answer, PASSWORD, Person, TestApp};

const ANNA: &str = "anna@test.example";

async fn sign_in(app: &TestApp, key: &DeviceKey, shared: bool) -> (Answer, Person) {
    let mut offer = Person::offer(app, ANNA, PASSWORD, key).await;
    offer["device"]["shared"] = json!(shared);
    let answer = app.send(app.http().post(app.url("/api/session")).json(&offer)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let person = Person::from_answer(app, key.clone(), &answer);
    (answer, person)
}

fn key(number: u8) -> DeviceKey {
    DeviceKey::from_secret(&[number; 32])
}

fn revoked(directory: &Value, key: &DeviceKey) -> bool {
    let devices = directory["devices"].as_array().unwrap();
    devices.iter().find(|it| it["id"] == json!(key.id())).unwrap()["revoked"] == json!(true)
}

#[tokio::test]
async fn its_cookie_goes_with_the_browser_and_that_of_another_device_stays() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let (answer, _) = sign_in(&app, &key(1), true).await;
    assert!(!answer.header("set-cookie").contains("Max-Age"), "{}", answer.header("set-cookie"));
    let (answer, _) = sign_in(&app, &key(2), false).await;
    assert!(answer.header("set-cookie").contains("Max-Age="), "{}", answer.header("set-cookie"));
}

#[tokio::test]
async fn who_signs_out_leaves_no_device_that_could_go_on() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let (_, kept) = sign_in(&app, &key(1), false).await;
    let (_, shared) = sign_in(&app, &key(2), true).await;
    let mut open = shared.socket().await.greeted().await;
    assert_eq!(shared.send(shared.request(Method::DELETE, "/api/session")).await.status, 204);
    assert_eq!(open.closed().await, Some(4401));
    assert!(revoked(&kept.directory().await, &key(2)));
    let tail = app.store().audit_tail(1).await.unwrap();
    assert_eq!((tail[0].event.action.as_str(), &tail[0].event.object), (ENDED, &key(2).id().to_string()));
    // Another device stays.
    let (_, again) = sign_in(&app, &key(3), false).await;
    assert_eq!(kept.send(kept.request(Method::DELETE, "/api/session")).await.status, 204);
    assert!(!revoked(&again.directory().await, &key(1)));
}

#[tokio::test]
async fn a_tab_ends_only_the_session_that_is_its_own() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let (_, anna) = sign_in(&app, &key(1), true).await;
    let path = |key: &DeviceKey| format!("/api/session?device={}", key.id());
    assert_eq!(anna.send(anna.request(Method::DELETE, &path(&key(2)))).await.status, 204);
    assert_eq!(anna.get("/api/session").await.status, 200);
    let answer = anna.send(anna.request(Method::DELETE, "/api/session?device=none")).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"));
    assert_eq!(anna.send(anna.request(Method::DELETE, &path(&key(1)))).await.status, 204);
    assert_eq!(anna.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn after_a_day_it_is_wiped_and_a_sign_in_begins_the_day_anew() {
    let app = TestApp::init().await;
    app.account(ANNA, Role::Employee).await;
    let (_, renewed) = sign_in(&app, &key(1), true).await;
    let (_, left) = sign_in(&app, &key(2), true).await;
    app.clock().advance(LIFETIME_MS - 1);
    shared_devices::end_due(app.state()).await.unwrap();
    assert_eq!(left.get("/api/session").await.status, 200);
    let (_, renewed) = sign_in(&app, &renewed.key, true).await;
    let mut open = left.socket().await.greeted().await;

    app.clock().advance(1);
    shared_devices::end_due(app.state()).await.unwrap();
    assert_eq!(open.message().await, ServerMessage::Wipe);
    assert_eq!(left.get("/api/session").await.code(), "device_revoked");
    assert_eq!(renewed.get("/api/session").await.status, 200);
    assert!(app.store().shared_devices_over(app.clock().now()).await.unwrap().is_empty());
}
