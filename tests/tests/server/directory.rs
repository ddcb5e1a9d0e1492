//! `GET /api/directory`

use reqwest::Method;
use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn it_says_who_and_what_there_is() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let directory = anna.directory().await;
    assert_eq!(directory["me"], json!(anna.user));
    let kinds: Vec<&str> =
        directory["documents"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reflection_draft"]);
    assert_eq!(directory["documents"][0]["access"], "write");
    assert_eq!(directory["devices"][0]["public_key"], json!(anna.key.public()));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let first = anna.get("/api/directory").await;
    let etag = first.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", first.json()["version"].as_str().unwrap()));
    let again = anna.send(anna.request(Method::GET, "/api/directory").header("if-none-match", &etag)).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag.as_str()));

    assert_eq!(anna.command(json!({ "type": "register" })).await.status, 200);
    let changed = anna.send(anna.request(Method::GET, "/api/directory").header("if-none-match", &etag)).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["trajectories"][0]["state"], "registered");
}

#[tokio::test]
async fn without_a_session_there_is_none() {
    let app = TestApp::init().await;
    assert_eq!(app.get("/api/directory").await.code(), "not_signed_in");
}
