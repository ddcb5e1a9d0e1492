//! `/api/links`: invitations and links to choose another password.

use serde_json::{Value, json};
use server::identity::links::{INVITATION_MS, PASSWORD_MS};
use shared::domain::role::Role;
use shared::ids::UserId;
use shared::sync::signature::DeviceKey;
use tests::{Answer, PASSWORD, Person, TestApp};

const ANNA: &str = "anna.jansen@test.example";
const CHOSEN: &str = "zeven gele tulpen in de regen";

/// Purpose and secret of a link, as a page sends them.
pub fn shown(link: &str) -> Value {
    let (page, token) = link.split_once('#').unwrap();
    let purpose = if page.ends_with("/uitnodiging") { "invitation" } else { "password" };
    json!({ "purpose": purpose, "token": token })
}

pub async fn look(app: &TestApp, link: &Value) -> Answer {
    app.send(app.http().post(app.url("/api/links/look")).json(link)).await
}

pub async fn choose(app: &TestApp, link: &Value, password: &str) -> Answer {
    let mut body = link.clone();
    body["password"] = password.into();
    app.send(app.http().post(app.url("/api/links/use")).json(&body)).await
}

pub async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let key = DeviceKey::from_secret(&server::random::fresh());
    let offer = Person::offer(app, email, password, &key).await;
    app.send(app.http().post(app.url("/api/session")).json(&offer)).await
}

/// The answer to who makes an invitation.
pub async fn invite(administrator: &Person, email: &str, roles: &[&str]) -> Value {
    let body = json!({ "email": email, "name": "Anna Jansen", "unit": "Zorg", "roles": roles });
    let answer = administrator.post("/api/accounts", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn invited(app: &TestApp) -> (Person, UserId, Value) {
    let beheer = app.person(Role::Administrator).await;
    let made = invite(&beheer, ANNA, &[]).await;
    let user = made["id"].as_str().unwrap().parse().unwrap();
    (beheer, user, shown(made["link"].as_str().unwrap()))
}

fn over(answer: &Answer) -> bool {
    (answer.status, answer.code().as_str()) == (404, "link_over")
}

#[tokio::test]
async fn who_is_invited_chooses_a_password_once_and_signs_in_with_it() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let made = invite(&beheer, ANNA, &["internal_coach"]).await;
    let address = made["link"].as_str().unwrap();
    assert!(address.starts_with(&app.url("/uitnodiging#")), "{address}");
    assert_eq!((made["mailed"].clone(), made["purpose"].clone()), (json!(false), json!("invitation")));
    let link = shown(address);
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 401);
    let told = look(&app, &link).await;
    let expires = app.clock().now() + INVITATION_MS;
    assert_eq!(told.json(), json!({ "name": "Anna Jansen", "email": ANNA, "expires": expires }));
    // Looking does not use it up.
    assert_eq!(look(&app, &link).await.status, 200);
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
    assert!(over(&look(&app, &link).await));
    assert!(over(&choose(&app, &link, "negen rode tulpen in de sneeuw").await));
    let answer = sign_in(&app, ANNA, CHOSEN).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["roles"], json!(["employee", "internal_coach"]));
}

#[tokio::test]
async fn a_link_that_is_used_twice_at_once_works_once() {
    let app = TestApp::init().await;
    let (_, _, link) = invited(&app).await;
    let (one, other) =
        tokio::join!(choose(&app, &link, CHOSEN), choose(&app, &link, "negen rode tulpen in de sneeuw"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404]);
}

#[tokio::test]
async fn an_invitation_lasts_fourteen_days_and_a_link_for_a_password_an_hour() {
    assert_eq!((INVITATION_MS, PASSWORD_MS), (14 * 86_400_000, 3_600_000));
    let app = TestApp::init().await;
    let (beheer, user, invitation) = invited(&app).await;
    app.clock().advance(INVITATION_MS - 1);
    assert_eq!(look(&app, &invitation).await.status, 200);
    app.clock().advance(1);
    assert!(over(&look(&app, &invitation).await));
    assert!(over(&choose(&app, &invitation, CHOSEN).await));
    let again = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await.json();
    let invitation = shown(again["link"].as_str().unwrap());
    assert_eq!(choose(&app, &invitation, CHOSEN).await.status, 204);
    let password = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await.json();
    assert_eq!(password["purpose"], "password");
    let link = shown(password["link"].as_str().unwrap());
    app.clock().advance(PASSWORD_MS - 1);
    assert_eq!(look(&app, &link).await.status, 200);
    app.clock().advance(1);
    assert!(over(&choose(&app, &link, CHOSEN).await));
}

#[tokio::test]
async fn a_link_is_good_for_its_own_purpose_alone() {
    let app = TestApp::init().await;
    let (_, _, link) = invited(&app).await;
    for purpose in ["password", "boterham", ""] {
        let mut other = link.clone();
        other["purpose"] = purpose.into();
        assert!(over(&look(&app, &other).await), "{purpose}");
        assert!(over(&choose(&app, &other, CHOSEN).await), "{purpose}");
    }
    // And is not used up by that.
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
}

#[tokio::test]
async fn what_is_no_link_looks_like_one_that_is_over() {
    let app = TestApp::init().await;
    let (_, _, link) = invited(&app).await;
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
    let used = look(&app, &link).await;
    for token in [String::new(), "AAAA".into(), "x".repeat(43), "?".repeat(43)] {
        let other = json!({ "purpose": "invitation", "token": token });
        assert_eq!(look(&app, &other).await.appearance(), used.appearance(), "{token}");
    }
    assert_eq!(look(&app, &json!({})).await.status, 400);
}

#[tokio::test]
async fn a_new_link_takes_the_place_of_the_one_before() {
    let app = TestApp::init().await;
    let (beheer, user, first) = invited(&app).await;
    let made = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await;
    assert_eq!(made.status, 201);
    let second = shown(made.json()["link"].as_str().unwrap());
    assert!(over(&choose(&app, &first, CHOSEN).await));
    assert_eq!(choose(&app, &second, CHOSEN).await.status, 204);
}

#[tokio::test]
async fn a_link_of_a_disabled_account_is_over_also_when_it_is_enabled_again() {
    let app = TestApp::init().await;
    let (beheer, user, link) = invited(&app).await;
    for act in ["disable", "enable"] {
        assert_eq!(beheer.post(&format!("/api/accounts/{user}/{act}"), &json!({})).await.status, 204);
        assert!(over(&look(&app, &link).await), "{act}");
        assert!(over(&choose(&app, &link, CHOSEN).await), "{act}");
        let made = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await;
        assert_eq!(made.status, if act == "disable" { 409 } else { 201 });
    }
}

#[tokio::test]
async fn a_password_that_is_easily_guessed_is_refused_and_the_link_stays_good() {
    let app = TestApp::init().await;
    let (_, _, link) = invited(&app).await;
    for (password, code) in [
        ("kort", "password_too_short"),
        (&"lang ".repeat(60), "password_too_long"),
        ("aaaaaaaaaaaaaaaa", "password_guessable"),
        // Her own name and address.
        ("anna.jansen zorg", "password_guessable"),
    ] {
        let answer = choose(&app, &link, password).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, code), "{password}");
    }
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
}

#[tokio::test]
async fn a_password_that_was_chosen_anew_ends_every_session_of_before() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Employee).await;
    let (tablet, bram) = (app.signed_in(user).await, app.employee().await);
    let (mut hers, mut his) = (tablet.socket().await.greeted().await, bram.socket().await.greeted().await);
    let made = beheer.post(&format!("/api/accounts/{user}/link"), &json!({})).await.json();
    let link = shown(made["link"].as_str().unwrap());
    assert_eq!(choose(&app, &link, CHOSEN).await.status, 204);
    assert_eq!(tablet.get("/api/session").await.status, 401);
    assert_eq!(hers.closed().await, Some(4401));
    assert_eq!(bram.get("/api/session").await.status, 200);
    his.say(&shared::sync::message::ClientMessage::Ping { n: 1 }).await;
    assert!(matches!(his.message().await, shared::sync::message::ServerMessage::Pong { .. }));
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 401);
    assert_eq!(sign_in(&app, ANNA, CHOSEN).await.status, 200);
}
