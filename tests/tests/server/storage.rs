//! What happens when nothing can be written.

use serde_json::json;
use server::identity::sessions::TOUCH_EVERY_MS;
use shared::domain::kind::DocKind;
use shared::sync::message::{ErrorCode, ServerMessage};
use tests::{Person, Replica, TestApp};

/// Pages of a database with a few accounts in it, and some more.
const PAGES: u32 = 160;

async fn draft(person: &Person) -> shared::ids::DocId {
    person.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn who_reads_is_not_kept_from_it_by_a_disk_that_takes_no_note_of_her_session() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let doc = draft(&anna).await;
    let file = server::serve::database(&app.state().config.data);
    let database = sqlx::SqlitePool::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let full = "CREATE TRIGGER nothing_is_noted BEFORE UPDATE ON sessions
                BEGIN SELECT RAISE(ABORT, 'as on a disk that is full'); END";
    sqlx::query(full).execute(&database).await.unwrap();
    app.clock().advance(TOUCH_EVERY_MS);
    assert_eq!(anna.get("/api/session").await.status, 200);
    assert!(matches!(
        anna.open(doc).await[..],
        [ServerMessage::Opened { .. }, ServerMessage::Changes { .. }]
    ));
    database.close().await;
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let app = TestApp::on_small_disk(PAGES).await;
    let anna = app.employee().await;
    let doc = draft(&anna).await;
    let mut replica = Replica::new(doc, DocKind::ReflectionDraft, &anna.key);
    let mut acknowledged = vec![];
    let refused = loop {
        let item = replica.write(&format!("{} {}", acknowledged.len(), "lang ".repeat(2_000)));
        let hash = item.hash;
        match anna.push(doc, vec![item]).await.remove(0) {
            ServerMessage::Ack { items, .. } => acknowledged.push((items[0].hash, items[0].seq)),
            other => break (hash, other),
        }
    };
    assert!(!acknowledged.is_empty());
    let ServerMessage::Error { code, id, .. } = &refused.1 else { panic!("{refused:?}") };
    assert_eq!((*code, *id), (ErrorCode::Unavailable, Some(1)));

    let answer = anna.command(json!({ "type": "register" })).await;
    if answer.status != 200 {
        assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    }
    let mut held = vec![];
    for message in anna.open(doc).await {
        if let ServerMessage::Changes { items, .. } = message {
            held.extend(items.into_iter().skip_while(|it| it.seq == 1).map(|it| (it.hash, it.seq)));
        }
    }
    assert_eq!(held, acknowledged);
}
