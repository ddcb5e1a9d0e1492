//! What the operator does at the command line, another process on the same database, while people are connected.

use server::commands::accounts;
use shared::domain::role::Role;
use shared::sync::message::ServerMessage;
use tests::TestApp;

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
