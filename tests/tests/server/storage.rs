//! What happens when nothing can be written.

use serde_json::json;
use shared::domain::kind::DocKind;
use shared::sync::message::{ErrorCode, ServerMessage};
use tests::{Person, Replica, TestApp};

/// Pages of a database with a few accounts in it, and some more.
const PAGES: u32 = 80;

async fn draft(person: &Person) -> shared::ids::DocId {
    person.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap()
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
