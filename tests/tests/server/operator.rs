//! What the operator does at the command line, another process on the same database, while people are connected.

use server::commands::FollowUp;
use server::commands::account_changes::{self, By, Change, Invitee};
use server::commands::accounts;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::sync::message::{ClientMessage, Place, ServerMessage};
use tests::{Replica, TestApp};

const ANNA: &str = "anna@test.example";

#[tokio::test]
async fn who_is_disabled_or_gets_another_password_is_cut_off_at_once_and_others_are_told() {
    for disable in [true, false] {
        let app = TestApp::init().await;
        let user = app.account(ANNA, Role::Employee).await;
        let anna = app.signed_in(user).await;
        let bram = app.employee().await;
        let (mut hers, mut his) = (anna.socket().await.greeted().await, bram.socket().await.greeted().await);
        app.change(async |tx| {
            if disable {
                accounts::disable(tx, ANNA, 1).await.unwrap();
            } else {
                accounts::reset_password(tx, ANNA, "$argon2id$".into(), 1).await.unwrap();
            }
        })
        .await;
        assert_eq!(hers.closed().await, Some(4401));
        assert!(matches!(his.message().await, ServerMessage::Directory { .. }));
        assert_eq!(bram.get("/api/session").await.status, 200);
    }
}

#[tokio::test]
async fn who_may_write_again_is_told_on_all_her_devices() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let doc = anna.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap();
    let item = Replica::new(doc, DocKind::ReflectionDraft, &anna.key).write("word");
    let hash = item.hash;
    assert!(matches!(anna.push(doc, vec![item]).await[..], [ServerMessage::Ack { .. }]));
    app.store().make_void(doc, 2, "it fell", 1).await.unwrap().unwrap();
    let laptop = app.signed_in(anna.user).await;
    let mut listening = laptop.socket().await.greeted().await;
    let before = laptop.directory().await["version"].clone();
    // As the command line does, in another process.
    app.store().release(doc, hash, 2).await.unwrap().unwrap();
    let ServerMessage::Directory { version } = listening.message().await else { panic!("it is told") };
    assert_ne!(before, version);
    let directory = laptop.directory().await;
    assert!(directory["devices"].as_array().unwrap().iter().all(|it| it["suspended"] != true));
}

#[tokio::test]
async fn what_the_operator_takes_from_a_role_is_closed_and_everybody_is_told_who_there_is() {
    let app = TestApp::init().await;
    let trainer = app.person(Role::Trainer).await;
    let bram = app.employee().await;
    let directory = trainer.directory().await;
    let documents = directory["documents"].as_array().unwrap();
    let programme = documents.iter().find(|it| it["kind"] == "programme").unwrap();
    let programme = programme["id"].as_str().unwrap().parse().unwrap();
    let (mut open, mut his) = (trainer.socket().await.greeted().await, bram.socket().await.greeted().await);
    open.say(&ClientMessage::Open { docs: vec![Place::start(programme)] }).await;
    assert!(matches!(open.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(open.message_of_document().await, ServerMessage::Changes { .. }));
    let change = Change { roles: Some(vec![]), ..Change::default() };
    let told = &mut FollowUp::default();
    app.change(async |tx| {
        account_changes::change(tx, By::Operator, trainer.user, change, 1, told).await.unwrap();
    })
    .await;
    assert!(matches!(open.message_of_document().await, ServerMessage::Gone { doc, .. } if doc == programme));
    assert_eq!(trainer.get("/api/session").await.status, 200);
    // An adviser is in everybody's directory.
    let adviser = Invitee {
        email: "noor@test.example".into(),
        name: "Noor".into(),
        unit: String::new(),
        roles: vec![Role::CareerAdviser],
    };
    let before = bram.directory().await["version"].clone();
    app.change(async |tx| {
        account_changes::invite(tx, By::Operator, adviser, 1, told).await.unwrap();
    })
    .await;
    while bram.directory().await["version"] == before {
        tokio::task::yield_now().await;
    }
    assert!(matches!(his.message().await, ServerMessage::Directory { .. }));
}
