//! Nothing of a destroyed document can be read in any file any more, whatever lay around it; and an audit log that
//! somebody has tampered with tells where.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::snapshot;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use store::contract::{Author, World};
use store::{AuditEvent, AuditFault, NewSnapshot, Quarantined, audit_head, walk_audit};
use store_sqlite::SqliteStore;

const KIND: DocKind = DocKind::WorkingNotes;
const DOCS: usize = 20;
const ROUNDS: usize = 30;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loopbaanmaat.sqlite");
    (folder, file)
}

async fn open(file: &Path) -> World {
    World::on(Arc::new(SqliteStore::open(file).await.unwrap()))
}

/// What every secret begins with, and how long it is.
const START: &[u8] = b"geheim-";
const LENGTH: usize = 16;

fn secret(doc: usize, round: usize) -> String {
    format!("geheim-{doc:02}-{round:02}-xyz")
}

/// Every secret that stands in some file of that folder.
fn readable(folder: &Path) -> HashSet<String> {
    let mut found = HashSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        let mut rest = &content[..];
        while let Some(at) = rest.iter().position(|byte| *byte == START[0]) {
            rest = &rest[at..];
            if rest.len() >= LENGTH && rest.starts_with(START) {
                found.insert(String::from_utf8_lossy(&rest[..LENGTH]).into_owned());
            }
            rest = &rest[1..];
        }
    }
    found
}

#[tokio::test]
async fn nothing_of_what_was_destroyed_can_be_read_in_the_files_of_a_running_store() {
    let (folder, file) = folder();
    let world = open(&file).await;
    let anna = world.human(1, &[Role::Employee]).await;
    let mut docs = vec![];
    for number in 0..DOCS {
        let doc = world.document(number as u8, KIND, &[(&anna, Access::Write)]).await;
        docs.push((doc, Author::new(&anna, doc, KIND, 1)));
    }
    // One after the other, so that they lie among each other, of lengths from a few bytes to several pages.
    for round in 0..ROUNDS {
        for (at, (doc, author)) in docs.iter_mut().enumerate() {
            let filling = "x".repeat([0, 7, 90, 400, 1_500, 9_000][(at + round) % 6]);
            let text = format!("{}{filling}", secret(at, round));
            world.store_all(&anna, *doc, vec![author.write(&text)]).await;
        }
    }
    assert_eq!(readable(folder.path()).len(), DOCS * ROUNDS);
    // One has a snapshot, in place of a part of its changes, and something in quarantine.
    let (covered, author) = &mut docs[5];
    world.store.tried(&[(*covered, ROUNDS as u64 + 1)]).await.unwrap();
    let log = world.store.log_to_cover(*covered).await.unwrap().unwrap();
    let changes: Vec<_> = log.changes.iter().map(Vec::as_slice).collect();
    let data = snapshot::make(None, &changes).unwrap().data;
    assert!(world.store.put_snapshot(*covered, NewSnapshot { covered: log.covered, data }, 5).await.unwrap());
    assert!(world.store.drop_covered(*covered, 5, 10).await.unwrap());
    let item = author.write(&secret(5, 99));
    let kept = Quarantined {
        doc: *covered,
        hash: item.hash,
        by: item.by,
        at: 7,
        reason: "it fell".to_owned(),
        seq: None,
        data: Some(item.data),
    };
    world.store.quarantine(&[kept]).await.unwrap();

    // Every order leaves other neighbours behind.
    let order: Vec<usize> = (0..DOCS).map(|at| at * 7 % DOCS).collect();
    let mut left: HashSet<usize> = order.iter().copied().collect();
    for some in order.chunks(2) {
        let mut tx = world.begin().await;
        for at in some {
            tx.destroy_document(docs[*at].0, 9).await.unwrap();
            left.remove(at);
        }
        tx.commit().await.unwrap();
        assert!(world.store.scrub().await.unwrap());
        let found = readable(folder.path());
        let of: HashSet<usize> = found.iter().map(|word| word[7..9].parse().unwrap()).collect();
        assert_eq!(of, left, "after {some:?}: {found:?}");
    }
}

async fn sql(file: &Path, statement: &str) {
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn whoever_tampers_with_the_file_is_found_at_the_row() {
    const UNGUARDED: &str = "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_shortened;";
    const SWAP: &str = "UPDATE audit SET seq = -3 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 6;
                        UPDATE audit SET seq = 6 WHERE seq = -3;";
    let changed = |seq| Err(AuditFault::Changed { seq });
    for (tampering, expected) in [
        ("UPDATE audit SET object = 'another' WHERE seq = 4", changed(4)),
        ("UPDATE audit SET user = NULL WHERE seq = 7", changed(7)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", changed(1)),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 9", changed(9)),
        ("UPDATE audit SET user = x'01' WHERE seq = 5", Err(AuditFault::Unreadable { seq: 5 })),
        ("DELETE FROM audit WHERE seq = 4", Err(AuditFault::Missing { seq: 4, found: 5 })),
        ("DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq > 4", changed(4)),
        ("DELETE FROM audit WHERE seq = 1", Err(AuditFault::Missing { seq: 1, found: 2 })),
        (SWAP, changed(3)),
        ("DELETE FROM audit WHERE seq > 6", Err(AuditFault::Cut { end: 6, seq: 9 })),
        ("DELETE FROM audit", Err(AuditFault::Cut { end: 0, seq: 9 })),
    ] {
        let (_folder, file) = folder();
        let world = open(&file).await;
        let anna = world.human(1, &[Role::Employee]).await;
        for number in 1..=9 {
            let object = DocId([number; 16]).to_string();
            let (user, device) = (Some(anna.user), Some(anna.device()));
            let event = AuditEvent { at: 5, user, device, action: "refer".to_owned(), object };
            let mut tx = world.begin().await;
            tx.audit(&event).await.unwrap();
            tx.commit().await.unwrap();
        }
        let head = audit_head(&*world.store).await.unwrap();
        assert_eq!(walk_audit(&*world.store, Some(head)).await.unwrap(), Ok(head));
        sql(&file, &format!("{UNGUARDED}{tampering}")).await;
        let found = walk_audit(&*world.store, Some(head)).await.unwrap();
        assert_eq!(found, expected, "{tampering}");
        // Without a head that was noted elsewhere only the cut goes unseen.
        let is_cut = matches!(expected, Err(AuditFault::Cut { .. }));
        assert_eq!(walk_audit(&*world.store, None).await.unwrap().is_ok(), is_cut, "{tampering}");
    }
}

#[tokio::test]
async fn the_log_is_not_changed_as_long_as_its_guards_are_there() {
    let (_folder, file) = folder();
    let world = open(&file).await;
    let mut tx = world.begin().await;
    let event =
        AuditEvent { at: 5, user: None, device: None, action: "refer".to_owned(), object: String::new() };
    tx.audit(&event).await.unwrap();
    tx.commit().await.unwrap();
    for statement in ["UPDATE audit SET at = 6", "DELETE FROM audit"] {
        let mut connection =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
        let refused = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}
