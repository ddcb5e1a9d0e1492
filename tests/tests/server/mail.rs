//! Links that go by mail, through a mail server of the test's own.

use serde_json::json;
use shared::domain::role::Role;
use tests::{Mailed, PASSWORD, Sink, TestApp};

use crate::links::{choose, invite, shown, sign_in};

const ANNA: &str = "anna@test.example";
const CHOSEN: &str = "zeven gele tulpen in de regen";

async fn forgotten(app: &TestApp, email: &str) {
    let request = app.http().post(app.url("/api/password/forgotten")).json(&json!({ "email": email }));
    assert_eq!(app.send(request).await.status, 202);
}

#[tokio::test]
async fn an_invitation_comes_by_mail_and_is_the_one_that_was_shown() {
    let mut sink = Sink::start("", 0).await;
    let app = TestApp::mailing(&sink).await;
    let beheer = app.person(Role::Administrator).await;
    let made = invite(&beheer, ANNA, &[]).await;
    assert_eq!(made["mailed"], true);
    let letter = sink.letter().await;
    assert_eq!((letter.from.as_str(), &letter.to[..]), ("loopbaan@test.example", &[ANNA.to_owned()][..]));
    assert!(letter.text.contains(made["link"].as_str().unwrap()), "{}", letter.text);
    // Of her nothing but her address.
    assert!(!letter.text.contains("Jansen") && !letter.text.contains("Zorg"), "{}", letter.text);
    assert_eq!(choose(&app, &shown(&letter.link()), CHOSEN).await.status, 204);
    assert_eq!(sign_in(&app, ANNA, CHOSEN).await.status, 200);
}

#[tokio::test]
async fn who_has_forgotten_her_password_is_mailed_a_link_and_who_is_not_known_is_not() {
    let mut sink = Sink::start("", 0).await;
    let app = TestApp::mailing(&sink).await;
    app.account(ANNA, Role::Employee).await;
    forgotten(&app, "niemand@test.example").await;
    forgotten(&app, ANNA).await;
    let letter = sink.letter().await;
    assert_eq!(letter.to, [ANNA]);
    assert!(letter.link().starts_with("/wachtwoord#"));
    // Until it is used the password of before is good: somebody else may have asked.
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 200);
    assert_eq!(choose(&app, &shown(&letter.link()), CHOSEN).await.status, 204);
    assert_eq!(sign_in(&app, ANNA, CHOSEN).await.status, 200);
}

#[tokio::test]
async fn a_letter_is_tried_again_when_the_mail_server_is_away() {
    let mut sink = Sink::start("", 3).await;
    let app = TestApp::mailing(&sink).await;
    app.account(ANNA, Role::Employee).await;
    forgotten(&app, ANNA).await;
    for _ in 0..3 {
        assert_eq!(sink.next().await, Mailed::HungUp);
    }
    assert_eq!(sink.letter().await.to, [ANNA]);
}

#[tokio::test]
async fn whom_the_mail_server_does_not_know_the_administrator_is_told_of() {
    let mut sink = Sink::start(ANNA, 0).await;
    let app = TestApp::mailing(&sink).await;
    let beheer = app.person(Role::Administrator).await;
    app.account(ANNA, Role::Employee).await;
    app.account("bram@test.example", Role::Employee).await;
    forgotten(&app, ANNA).await;
    assert_eq!(sink.next().await, Mailed::Refused(ANNA.into()));
    loop {
        let accounts = beheer.get("/api/accounts").await.json();
        let accounts = accounts["accounts"].as_array().unwrap();
        if accounts.iter().any(|it| it["email"] == ANNA && !it["asked_for_password"].is_null()) {
            break;
        }
        tokio::task::yield_now().await;
    }
    // It is not tried again, and keeps nobody else waiting.
    forgotten(&app, "bram@test.example").await;
    assert_eq!(sink.letter().await.to, ["bram@test.example"]);
}
