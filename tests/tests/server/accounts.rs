//! `/api/accounts`: what an administrator does.

use reqwest::Method;
use serde_json::{Value, json};
use server::commands::FollowUp;
use server::commands::account_changes::{self, By, Change};
use server::commands::accounts::{self, AccountError};
use server::identity::sessions::TOUCH_EVERY_MS;
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};
use shared::sync::message::{ClientMessage, Place, ServerMessage};
use tests::{Answer, PASSWORD, Person, TestApp};

use crate::links::{invite, sign_in};

const ANNA: &str = "anna@test.example";

async fn roles(beheer: &Person, user: UserId, roles: &[&str]) -> Answer {
    beheer.send_json(Method::PATCH, &format!("/api/accounts/{user}"), &json!({ "roles": roles })).await
}

async fn act(beheer: &Person, user: UserId, act: &str) -> Answer {
    beheer.post(&format!("/api/accounts/{user}/{act}"), &json!({})).await
}

/// What she is told of that account.
async fn told(beheer: &Person, user: UserId) -> Value {
    let accounts = beheer.get("/api/accounts").await.json();
    accounts["accounts"].as_array().unwrap().iter().find(|it| it["id"] == json!(user)).unwrap().clone()
}

fn kinds(directory: &Value) -> Vec<String> {
    let documents = directory["documents"].as_array().unwrap();
    documents.iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
}

fn doc(directory: &Value, kind: &str) -> DocId {
    let documents = directory["documents"].as_array().unwrap();
    documents.iter().find(|it| it["kind"] == kind).unwrap()["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_administrator_is_told_who_there_is_and_with_which_devices() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Trainer).await;
    let anna = app.signed_in(user).await;
    let now = app.clock().now();
    let devices =
        json!([{ "id": anna.key.id(), "name": "Testapparaat", "last_seen": now, "revoked": false }]);
    let expected = json!({
        "id": user, "email": ANNA, "name": "anna", "unit": "", "roles": ["employee", "trainer"],
        "at_provider": false, "disabled": false, "active": true, "devices": devices,
    });
    assert_eq!(told(&beheer, user).await, expected);
    assert_eq!(beheer.get("/api/accounts").await.json()["mail"], false);
    let made = invite(&beheer, "bram@test.example", &[]).await;
    let bram = told(&beheer, made["id"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!((&bram["active"], &bram["invited_until"]), (&json!(false), &made["expires"]));
}

#[tokio::test]
async fn what_will_not_do_as_an_account_is_told_in_words() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    app.account(ANNA, Role::Employee).await;
    for (email, name, unit, status, code) in [
        ("ANNA@test.example", "Anna", "", 409, "address_taken"),
        ("anna", "Anna", "", 422, "bad_email"),
        ("a@test.example\r\nBcc: b@test.example", "Anna", "", 422, "bad_email"),
        ("a@test.example, b@test.example", "Anna", "", 422, "bad_email"),
        ("a@test.example", " ", "", 422, "bad_name"),
        ("a@test.example", "An\nna", "", 422, "bad_name"),
        ("a@test.example", "Anna", "Zorg\u{0}", 422, "bad_unit"),
    ] {
        let body = json!({ "email": email, "name": name, "unit": unit });
        let answer = beheer.post("/api/accounts", &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{email} {name} {unit}");
    }
    let body = json!({ "email": "a@test.example", "name": "Anna", "roles": ["keizer"] });
    assert_eq!(beheer.post("/api/accounts", &body).await.status, 400);
    assert_eq!(roles(&beheer, UserId([9; 16]), &[]).await.status, 404);
}

#[tokio::test]
async fn a_role_that_is_taken_away_closes_what_it_opened_before_it_is_answered() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let trainer = app.person(Role::Trainer).await;
    let programme = doc(&trainer.directory().await, "programme");
    let mut open = trainer.socket().await.greeted().await;
    open.say(&ClientMessage::Open { docs: vec![Place::start(programme)] }).await;
    assert!(matches!(open.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(open.message_of_document().await, ServerMessage::Changes { .. }));
    assert_eq!(roles(&beheer, trainer.user, &["line_manager"]).await.status, 204);
    assert!(matches!(trainer.open(programme).await[..], [ServerMessage::Gone { .. }]));
    assert!(matches!(open.message_of_document().await, ServerMessage::Gone { doc, .. } if doc == programme));
    assert_eq!(kinds(&trainer.directory().await), ["reflection_draft"]);
    assert_eq!(trainer.get("/api/session").await.json()["roles"], json!(["employee", "line_manager"]));
}

#[tokio::test]
async fn an_adviser_who_is_none_any_more_reads_nothing_of_others() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let adviser = app.person(Role::CareerAdviser).await;
    let employee = app.employee().await;
    assert_eq!(employee.command(json!({ "type": "register" })).await.status, 200);
    let intake = doc(&adviser.directory().await, "intake");
    assert_eq!(roles(&beheer, adviser.user, &[]).await.status, 204);
    assert!(matches!(adviser.open(intake).await[..], [ServerMessage::Gone { .. }]));
    let directory = adviser.directory().await;
    assert_eq!(kinds(&directory), ["reflection_draft"]);
    assert_eq!(directory["trajectories"], json!([]));
}

#[tokio::test]
async fn who_becomes_a_coach_has_a_profile_once_and_what_a_coach_reads() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let anna = app.employee().await;
    let mut open = anna.socket().await.greeted().await;
    for _ in 0..2 {
        assert_eq!(roles(&beheer, anna.user, &["internal_coach"]).await.status, 204);
        assert!(matches!(open.message().await, ServerMessage::Directory { .. }));
        let mut known = kinds(&anna.directory().await);
        known.sort();
        assert_eq!(known, ["coach_profile", "practice", "programme", "reflection_draft"]);
        assert_eq!(roles(&beheer, anna.user, &[]).await.status, 204);
        assert!(matches!(open.message().await, ServerMessage::Directory { .. }));
    }
}

#[tokio::test]
async fn a_disabled_account_can_do_nothing_from_the_answer_on_and_everything_once_enabled() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Trainer).await;
    let anna = app.signed_in(user).await;
    let mut open = anna.socket().await.greeted().await;
    let before = kinds(&anna.directory().await);
    assert_eq!(act(&beheer, user, "disable").await.status, 204);
    assert_eq!(anna.get("/api/session").await.status, 401);
    assert_eq!(open.closed().await, Some(4401));
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.code(), "refused");
    assert_eq!(told(&beheer, user).await["disabled"], true);
    assert_eq!(act(&beheer, user, "enable").await.status, 204);
    // What has ended stays ended.
    assert_eq!(anna.get("/api/session").await.status, 401);
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 200);
    assert_eq!(kinds(&app.signed_in(user).await.directory().await), before);
}

#[tokio::test]
async fn an_administrator_does_not_put_herself_out() {
    let app = TestApp::init().await;
    let (beheer, other) = (app.person(Role::Administrator).await, app.person(Role::Administrator).await);
    assert_eq!(roles(&beheer, beheer.user, &["trainer"]).await.code(), "herself");
    assert_eq!(act(&beheer, beheer.user, "disable").await.code(), "herself");
    // Other roles of her own are hers to change, and her name.
    assert_eq!(roles(&beheer, beheer.user, &["administrator", "trainer"]).await.status, 204);
    assert_eq!(roles(&beheer, other.user, &[]).await.status, 204);
    assert_eq!(other.get("/api/accounts").await.status, 404);
    assert_eq!(roles(&other, beheer.user, &[]).await.status, 404);
}

#[tokio::test]
async fn of_two_administrators_who_put_each_other_out_one_stays() {
    let app = TestApp::init().await;
    let (one, other) = (app.person(Role::Administrator).await, app.person(Role::Administrator).await);
    let (first, second) = tokio::join!(act(&one, other.user, "disable"), act(&other, one.user, "disable"));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 204);
    assert!(matches!(statuses[1], 401 | 404), "{statuses:?}");
    let users = app.store().users().await.unwrap();
    assert_eq!(users.iter().filter(|it| !it.disabled).count(), 1);
}

#[tokio::test]
async fn the_operator_does_not_take_the_last_administrator_away() {
    let app = TestApp::init().await;
    let user = app.account(ANNA, Role::Administrator).await;
    let gone = app.account("weg@test.example", Role::Administrator).await;
    let told = &mut FollowUp::default();
    let mut tx = app.store().begin().await.unwrap();
    account_changes::set_disabled(&mut *tx, By::Operator, gone, true, 1, told).await.unwrap();
    let refused = accounts::disable(&mut *tx, ANNA, 1).await;
    assert!(matches!(refused, Err(AccountError::LastAdministrator)));
    let change = Change { roles: Some(vec![]), ..Change::default() };
    let refused = account_changes::change(&mut *tx, By::Operator, user, change, 1, told).await;
    assert!(matches!(refused, Err(AccountError::LastAdministrator)));
}

#[tokio::test]
async fn another_address_is_where_she_signs_in_from_then_on() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let anna = app.account(ANNA, Role::Employee).await;
    app.account("bram@test.example", Role::Employee).await;
    let link = super::links::shown(act(&beheer, anna, "link").await.json()["link"].as_str().unwrap());
    let path = format!("/api/accounts/{anna}");
    let change = async |email: &str| {
        let answer = beheer.send_json(Method::PATCH, &path, &json!({ "email": email })).await;
        (answer.status, answer.code())
    };
    for (email, code) in
        [("geen adres", "bad_email"), ("", "bad_email"), ("BRAM@test.example", "address_taken")]
    {
        assert_eq!(change(email).await.1, code, "{email}");
    }
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.status, 200, "nothing was changed");
    let look = async || super::links::look(&app, &link).await;
    assert_eq!(look().await.status, 200);
    assert_eq!(change("anna.pieters@test.example").await.0, 204);
    assert_eq!(sign_in(&app, ANNA, PASSWORD).await.code(), "refused");
    assert_eq!(sign_in(&app, "anna.pieters@test.example", PASSWORD).await.status, 200);
    assert_ne!(look().await.status, 200, "what was mailed to the address before ends");
    let event =
        app.store().audit_tail(4).await.unwrap().into_iter().find(|it| it.event.action == "user_change");
    assert_eq!(event.unwrap().event.object, anna.to_string());
}

#[tokio::test]
async fn a_manager_is_named_by_an_administrator_and_keeps_out() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let anna = app.account(ANNA, Role::Employee).await;
    let chief = app.account("chef@test.example", Role::InternalCoach).await;
    let path = format!("/api/accounts/{anna}");
    let change = async |body: Value| beheer.send_json(Method::PATCH, &path, &body).await;
    let manager = async || app.store().manager_of(anna).await.unwrap();
    assert_eq!(change(json!({ "manager": anna })).await.code(), "own_manager");
    assert_eq!(change(json!({ "manager": UserId([9; 16]) })).await.status, 404);
    assert_eq!(change(json!({ "manager": chief })).await.status, 204);
    assert_eq!(manager().await, Some(chief));
    let told = beheer.get("/api/accounts").await.json();
    let hers =
        told["accounts"].as_array().unwrap().iter().find(|it| it["id"] == json!(anna)).unwrap().clone();
    assert_eq!((&hers["manager"], &hers["at_provider"]), (&json!(chief), &json!(false)));
    let actions = async |most| {
        let rows = app.store().audit_tail(most).await.unwrap();
        rows.into_iter().map(|it| it.event.action).collect::<Vec<_>>()
    };
    assert_eq!(actions(1).await, ["user_manager"]);
    // What is not said stays; what stays is not written down.
    assert_eq!(change(json!({ "unit": "Elders" })).await.status, 204);
    assert_eq!(manager().await, Some(chief));
    assert_eq!(change(json!({ "manager": chief })).await.status, 204);
    assert_eq!(actions(2).await, ["user_change", "user_manager"]);
    assert_eq!(change(json!({ "manager": null })).await.status, 204);
    assert_eq!(manager().await, None);
}

#[tokio::test]
async fn every_act_is_in_the_audit_log_with_ids_alone() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let made = invite(&beheer, ANNA, &[]).await;
    let user: UserId = made["id"].as_str().unwrap().parse().unwrap();
    let rename = json!({ "name": "Anna Pieters" });
    beheer.send_json(Method::PATCH, &format!("/api/accounts/{user}"), &rename).await;
    for it in ["link", "disable", "enable"] {
        act(&beheer, user, it).await;
    }
    let rows = app.store().audit_tail(5).await.unwrap();
    let actions: Vec<&str> = rows.iter().rev().map(|it| it.event.action.as_str()).collect();
    assert_eq!(actions, ["user_invite", "user_change", "user_link", "user_disable", "user_enable"]);
    for row in &rows {
        let event = &row.event;
        assert_eq!((event.user, event.device), (Some(beheer.user), Some(beheer.key.id())));
        assert_eq!(event.object, user.to_string());
    }
    // Nothing was done, so nothing is written.
    beheer.send_json(Method::PATCH, &format!("/api/accounts/{user}"), &rename).await;
    act(&beheer, user, "enable").await;
    assert_eq!(app.store().audit_tail(1).await.unwrap()[0].seq, rows[0].seq);
}

#[tokio::test]
async fn a_new_name_is_in_everybodys_directory_at_once() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let (adviser, anna) = (app.person(Role::CareerAdviser).await, app.employee().await);
    let mut open = anna.socket().await.greeted().await;
    let change = json!({ "name": " Noor de Vries ", "unit": "Loopbaan" });
    let path = format!("/api/accounts/{}", adviser.user);
    assert_eq!(beheer.send_json(Method::PATCH, &path, &change).await.status, 204);
    assert!(matches!(open.message().await, ServerMessage::Directory { .. }));
    let directory = anna.directory().await;
    let people = directory["people"].as_array().unwrap();
    let noor = people.iter().find(|it| it["id"] == json!(adviser.user)).unwrap();
    assert_eq!((&noor["name"], &noor["unit"]), (&json!("Noor de Vries"), &json!("Loopbaan")));
    assert_eq!(noor["roles"], json!(["employee", "career_adviser"]));
}

#[tokio::test]
async fn when_a_device_was_last_here_is_kept_up_to_date_by_sync_too_and_not_at_every_message() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let anna = app.employee().await;
    let draft = doc(&anna.directory().await, "reflection_draft");
    let began = app.clock().now();
    let seen = async || told(&beheer, anna.user).await["devices"][0]["last_seen"].as_u64().unwrap();
    app.clock().advance(TOUCH_EVERY_MS - 1);
    anna.open(draft).await;
    assert_eq!(seen().await, began);
    app.clock().advance(1);
    anna.open(draft).await;
    assert_eq!(seen().await, began + TOUCH_EVERY_MS);
    app.clock().advance(TOUCH_EVERY_MS);
    anna.socket().await.greeted().await;
    assert_eq!(seen().await, began + 2 * TOUCH_EVERY_MS);
}

#[tokio::test]
async fn a_device_has_the_name_that_its_owner_gives_it_also_after_she_signs_in_again() {
    let app = TestApp::init().await;
    let beheer = app.person(Role::Administrator).await;
    let user = app.account(ANNA, Role::Employee).await;
    let anna = app.signed_in(user).await;
    let rename = |name: &str| json!({ "type": "rename_device", "device": anna.key.id(), "name": name });
    for (name, code) in [("", "bad_command"), ("een\ntwee", "bad_command"), (&"x".repeat(101), "bad_command")]
    {
        assert_eq!(anna.command(rename(name)).await.code(), code);
    }
    assert_eq!(anna.command(rename("  Werktablet ")).await.status, 200);
    assert_eq!(anna.directory().await["devices"][0]["name"], "Werktablet");
    let offer = Person::offer(&app, ANNA, PASSWORD, &anna.key).await;
    assert_eq!(app.send(app.http().post(app.url("/api/session")).json(&offer)).await.status, 200);
    assert_eq!(told(&beheer, user).await["devices"][0]["name"], "Werktablet");
}
