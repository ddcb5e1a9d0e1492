//! What surrounds every route: headers, origins, limits, unknown addresses.

use reqwest::Method;
use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn every_answer_carries_what_keeps_a_browser_safe() {
    let app = TestApp::init().await;
    for path in ["/health/live", "/api/session", "/api/nothing", "/", "/nothing.js"] {
        let answer = app.get(path).await;
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!answer.header("content-security-policy").contains("unsafe-inline"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(!answer.header("permissions-policy").is_empty(), "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 22, "{path}");
    }
}

#[tokio::test]
async fn an_unknown_route_is_a_problem_and_never_a_page() {
    let app = TestApp::init().await;
    for path in ["/api/nothing", "/api", "/api/session/nothing", "/nothing.js", "/assets/nothing.wasm"] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.code(), "not_found", "{path}");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"), "{path}");
    }
}

#[tokio::test]
async fn a_known_route_with_another_method_says_so() {
    let app = TestApp::init().await;
    for (method, path) in
        [(Method::PUT, "/api/session"), (Method::POST, "/api/directory"), (Method::POST, "/nothing")]
    {
        let answer = app.send(app.http().request(method, app.url(path))).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"), "{path}");
    }
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        for path in ["/api/commands", "/api/sync", "/api/session"] {
            let answer =
                anna.send(anna.request(Method::POST, path).header(name, value).json(&json!({}))).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "foreign_origin"), "{path} {name}");
        }
        let answer = anna.send(anna.request(Method::DELETE, "/api/session").header(name, value)).await;
        assert_eq!(answer.status, 403, "{name}");
    }
    assert_eq!(anna.get("/api/session").await.status, 200);
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_it_is_understood() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    // 64 KiB of JSON are read, and found to be no command; one byte more is not read at all.
    let frame = json!({ "id": "" }).to_string().len();
    for (bytes, expected) in [(65_536, (400, "bad_request")), (65_537, (413, "too_large"))] {
        let answer = anna.post("/api/commands", &json!({ "id": "x".repeat(bytes - frame) })).await;
        assert_eq!((answer.status, answer.code().as_str()), expected, "{bytes}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    let answer = anna.exchange_bytes(vec![0; 1_048_577]).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "too_large"));
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for path in ["/api/commands", "/api/sync", "/api/session"] {
        let answer =
            anna.send(anna.request(Method::POST, path).header("content-type", "text/plain").body("x")).await;
        assert_eq!((answer.status, answer.code().as_str()), (415, "unsupported_media_type"), "{path}");
    }
}
