//! `/api/password`: one's own, changed or forgotten.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::role::Role;
use tests::{Answer, PASSWORD, Person, TestApp};

use crate::links::{choose, invite, shown, sign_in};

const ANNA: &str = "anna@test.example";
const CHOSEN: &str = "zeven gele tulpen in de regen";

async fn change(person: &Person, before: &str, password: &str) -> Answer {
    person.send_json(Method::PUT, "/api/password", &json!({ "before": before, "password": password })).await
}

async fn forgotten(app: &TestApp, email: &str) -> Answer {
    app.send(app.http().post(app.url("/api/password/forgotten")).json(&json!({ "email": email }))).await
}

/// What an administrator is told of that account.
async fn told(beheer: &Person, email: &str) -> Value {
    let accounts = beheer.get("/api/accounts").await.json();
    accounts["accounts"].as_array().unwrap().iter().find(|it| it["email"] == email).unwrap().clone()
}

#[tokio::test]
async fn who_changes_her_password_stays_signed_in_here_and_nowhere_else() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let (here, elsewhere) = (app.signed_in(user).await, app.signed_in(user).await);
    let mut near = here.socket().await.greeted().await;
    let mut far = elsewhere.socket().await.greeted().await;
    assert_eq!(change(&here, PASSWORD, CHOSEN).await.status, 204);
    // Before it has been answered.
    assert_eq!(elsewhere.get("/api/session").await.status, 401);
    assert_eq!(far.closed().await, Some(4401));
    assert_eq!(here.get("/api/session").await.status, 200);
    near.say(&shared::sync::message::ClientMessage::Ping { n: 1 }).await;
    assert!(matches!(near.message().await, shared::sync::message::ServerMessage::Pong { .. }));
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 401);
    assert_eq!(sign_in(&app, ANNA, CHOSEN).await.status, 200);
}

#[tokio::test]
async fn who_does_not_know_the_password_cannot_change_it_nor_guess_at_it() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    for _ in 0..5 {
        let answer = change(&anna, "verkeerd", CHOSEN).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "wrong_password"));
    }
    assert_eq!(change(&anna, PASSWORD, CHOSEN).await.code(), "throttled");
    app.clock().advance(2_000);
    assert_eq!(change(&anna, PASSWORD, "anna@test.example").await.code(), "password_guessable");
    assert_eq!(change(&anna, &"x".repeat(257), CHOSEN).await.status, 400);
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_link_of_before_does_not_outlive_a_changed_password() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    let made = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await.json();
    assert_eq!(change(&anna, PASSWORD, CHOSEN).await.status, 204);
    let answer = choose(&app, &shown(made["link"].as_str().unwrap()), "negen rode tulpen").await;
    assert_eq!(answer.code(), "link_over");
}

#[tokio::test]
async fn whoever_asks_for_a_new_password_hears_the_same() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    app.account(ANNA, Role::Employee).await;
    let gone = app.account("weg@test.example", Role::Employee).await;
    beheer.post(&format!("/api/accounts/{gone}/disable"), &json!({})).await;
    invite(&beheer, "nieuw@test.example", &[]).await;
    let mut looks = vec![];
    for email in [ANNA, "weg@test.example", "nieuw@test.example", "niemand@test.example", "geen adres", ""] {
        looks.push(forgotten(&app, email).await.appearance());
    }
    assert_eq!(looks[0].0, 202);
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{looks:#?}");
    // Also when it is too much: whose address it is makes no difference.
    let mut refused = vec![];
    for email in [ANNA, "niemand@test.example"] {
        for _ in 0..4 {
            assert_eq!(forgotten(&app, email).await.status, 202, "{email}");
        }
        let answer = forgotten(&app, email).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, "2"), "{email}");
        refused.push(answer.appearance());
    }
    assert_eq!(refused[0], refused[1]);
    // Asking is not guessing: who knows the password gets in.
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 200);
    assert_eq!(forgotten(&app, &"x".repeat(255)).await.status, 400);
}

#[tokio::test]
async fn one_address_does_not_ask_for_everybody() {
    let app = TestApp::init().await;
    for number in 0..30 {
        assert_eq!(forgotten(&app, &format!("{number}@test.example")).await.status, 202);
    }
    assert_eq!(forgotten(&app, ANNA).await.status, 429);
}

#[tokio::test]
async fn without_a_mail_server_the_administrator_is_told_until_a_link_is_made() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Employee).await;
    let asked = app.clock().now();
    assert_eq!(forgotten(&app, "ANNA@test.example").await.status, 202);
    let wish = loop {
        let wish = told(&beheer, ANNA).await["asked_for_password"].clone();
        if !wish.is_null() {
            break wish;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(wish, json!(asked));
    let made = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await;
    assert_eq!(made.status, 201);
    assert!(told(&beheer, ANNA).await["asked_for_password"].is_null());
    let link = shown(made.json()["link"].as_str().unwrap());
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
    assert_eq!(sign_in(&app, ANNA, CHOSEN).await.status, 200);
}
