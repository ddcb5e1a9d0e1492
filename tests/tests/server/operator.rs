//! What the operator does at the command line, another process on the same database, while people are connected.

use server::commands::accounts;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::sync::message::ServerMessage;
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
