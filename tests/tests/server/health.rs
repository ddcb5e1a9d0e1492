//! `/health/*`, `/api/openapi.json`, `/.well-known/security.txt`

use futures_util::StreamExt as _;
use tests::TestApp;

#[tokio::test]
async fn a_server_that_serves_is_live_and_ready() {
    let app = TestApp::init().await;
    assert_eq!(app.get("/health/live").await.status, 200);
    assert_eq!(app.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn a_server_whose_database_is_closed_is_live_and_not_ready() {
    let app = TestApp::init().await;
    app.store().close().await;
    assert_eq!(app.get("/health/live").await.status, 200);
    let answer = app.get("/health/ready").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
}

#[tokio::test]
async fn one_look_at_the_database_answers_everybody_for_a_second() {
    let app = TestApp::init().await;
    assert_eq!(app.get("/health/ready").await.status, 200);
    app.store().close().await;
    assert_eq!(app.get("/health/ready").await.status, 200);
    app.clock().advance(1_000);
    assert_eq!(app.get("/health/ready").await.status, 503);
}

#[tokio::test]
async fn so_often_may_one_network_ask_whether_it_is_ready() {
    let app = TestApp::init().await;
    let look = async |_| app.get("/health/ready").await.status;
    let looks = futures_util::stream::iter(0..1_200).then(look).collect::<Vec<_>>().await;
    assert!(looks.iter().all(|status| *status == 200));
    let answer = app.get("/health/ready").await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert_eq!(answer.header("retry-after"), "60");
    assert_eq!(app.get("/health/live").await.status, 200);
    app.clock().advance(60_000);
    assert_eq!(app.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn the_openapi_document_names_the_routes() {
    let app = TestApp::init().await;
    let document = app.get("/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["paths"]["/api/session"]["post"]["responses"]["429"].is_object());
}

#[tokio::test]
async fn weaknesses_can_be_reported() {
    let app = TestApp::init().await;
    let answer = app.get("/.well-known/security.txt").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; charset=utf-8"));
    assert!(answer.text().starts_with("Contact: mailto:security@"));
    assert!(answer.text().contains("\nExpires: 20"));
}
