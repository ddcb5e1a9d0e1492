//! What a directory is made of is counted whenever it changes, whoever changes it; nothing else is.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use store::contract::{self, Author, World};
use store::{RequestStep, SharedStore, Store as _};
use store_sqlite::SqliteStore;

/// Every column of the tables that a directory is read from, with another value for it where it counts. A new column is to
/// be put here: in a trigger like those of `0006_directory_changes.sql` too, or its changes go unseen by whoever compares versions.
const COLUMNS: &[(&str, &str, Option<&str>)] = &[
    ("users", "id", None),
    ("users", "email", None),
    ("users", "email_key", None),
    ("users", "name", Some("'Another'")),
    ("users", "unit", Some("'Elsewhere'")),
    ("users", "password_hash", None),
    ("users", "disabled", Some("1 - disabled")),
    ("users", "manager", Some("(SELECT max(id) FROM users)")),
    ("user_roles", "user", None),
    ("user_roles", "role", Some("'administrator'")),
    ("devices", "id", None),
    ("devices", "user", Some("(SELECT max(id) FROM users)")),
    ("devices", "public_key", Some("randomblob(32)")),
    ("devices", "name", Some("'Another'")),
    ("devices", "created_at", None),
    ("devices", "last_seen", None),
    ("devices", "revoked", Some("1 - revoked")),
    ("devices", "suspended", Some("1 - suspended")),
    ("documents", "id", None),
    ("documents", "kind", Some("'another'")),
    ("documents", "owner", Some("(SELECT max(id) FROM users)")),
    ("documents", "trajectory", Some("NULL")),
    ("documents", "head", None),
    ("documents", "chain", None),
    ("documents", "max_op", None),
    ("documents", "destroyed_at", Some("7")),
    ("documents", "tried", None),
    ("documents", "voids", None),
    ("documents", "snapshot", None),
    ("documents", "dropped", None),
    ("grants", "doc", None),
    ("grants", "user", None),
    ("grants", "access", Some("1")),
    // Known to whoever could ever read, and told to nobody.
    ("grants", "ever_read", None),
    ("grants", "ever_write", Some("1 - ever_write")),
    // Told with a document, not in a directory.
    ("grants", "since", None),
    ("trajectories", "id", None),
    ("trajectories", "employee", Some("(SELECT max(id) FROM users)")),
    ("trajectories", "state", Some("'another'")),
    ("trajectories", "registered_at", Some("7")),
    ("trajectories", "intake_at", Some("7")),
    ("trajectories", "closed_at", Some("7")),
    ("referrals", "id", None),
    ("referrals", "trajectory", None),
    ("referrals", "coach", Some("(SELECT min(id) FROM users)")),
    ("referrals", "state", Some("'another'")),
    ("referrals", "offered_at", Some("7")),
    ("referrals", "answered_at", Some("7")),
    ("requests", "id", None),
    ("requests", "kind", Some("'another'")),
    ("requests", "person", Some("(SELECT max(id) FROM users)")),
    ("requests", "scope", Some("'account'")),
    ("requests", "trajectory", Some("x'00'")),
    ("requests", "state", Some("'another'")),
    ("requests", "made_at", Some("7")),
    ("requests", "due_at", Some("7")),
    ("requests", "reason", Some("'another'")),
    ("requests", "decided_by", None),
    ("requests", "decided_at", Some("7")),
    ("requests", "done_by", None),
    ("requests", "done_at", Some("7")),
    ("requests", "erased", Some("'{\"intake\":1}'")),
    ("request_steps", "request", Some("x'00'")),
    ("request_steps", "role", Some("'another'")),
    ("request_steps", "user", Some("x''")),
    ("request_steps", "answer", Some("1")),
    ("request_steps", "reason", Some("'another'")),
    ("request_steps", "answered_by", None),
    ("request_steps", "answered_at", Some("7")),
    // Put in and taken out, never changed.
    ("avoided", "trajectory", None),
    ("avoided", "coach", None),
    ("kept_with", "doc", None),
    ("kept_with", "coach", Some("(SELECT min(id) FROM users)")),
    ("handed_over", "doc", None),
    ("handed_over", "coach", None),
    ("handed_over", "at", None),
];

struct Scene {
    _folder: tempfile::TempDir,
    store: Arc<SqliteStore>,
    world: World,
    other: SqliteConnection,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loopbaanmaat.db");
        let store = Arc::new(SqliteStore::open(&file).await.unwrap());
        let world = World::on(Arc::clone(&store) as SharedStore);
        let options = SqliteConnectOptions::new().filename(&file).foreign_keys(false);
        let other = SqliteConnection::connect_with(&options).await.unwrap();
        Self { _folder: folder, store, world, other }
    }

    async fn count(&self) -> u64 {
        self.store.directory_changes().await.unwrap()
    }

    /// Whether a statement of another program is counted.
    async fn is_counted(&mut self, statement: String) -> bool {
        let before = self.count().await;
        let done = sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut self.other).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
        self.count().await != before
    }
}

#[tokio::test]
async fn every_change_of_what_a_directory_tells_is_counted() {
    let mut scene = Scene::new().await;
    let world = scene.world.clone();
    let mut before = scene.count().await;
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    assert!(scene.count().await > before);
    before = scene.count().await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Active).await;
    assert!(scene.count().await > before);
    before = scene.count().await;
    world.referral(1, trajectory, &coach, ReferralState::Offered).await;
    assert!(scene.count().await > before);
    before = scene.count().await;
    let grants = [(&anna, Access::Write), (&coach, Access::Write)];
    let notes = world.document_in(1, DocKind::SharedNotes, Some(anna.user), Some(trajectory), &grants).await;
    assert!(scene.count().await > before);
    before = scene.count().await;
    let mut tx = world.begin().await;
    tx.set_avoided(trajectory, &[coach.user]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(scene.count().await > before);
    before = scene.count().await;
    let mut tx = world.begin().await;
    tx.keep_with(notes, coach.user).await.unwrap();
    tx.commit().await.unwrap();
    assert!(scene.count().await > before);
    before = scene.count().await;
    let mut tx = world.begin().await;
    tx.hand_over(notes, coach.user, 5).await.unwrap();
    tx.commit().await.unwrap();
    assert!(scene.count().await > before);

    before = scene.count().await;
    contract::requests::access(
        &world,
        1,
        &anna,
        &[RequestStep { role: Role::InternalCoach, user: Some(coach.user), answered: None }],
    )
    .await;
    assert!(scene.count().await > before);

    let mut tables: Vec<_> = COLUMNS.iter().map(|(table, ..)| *table).collect();
    tables.dedup();
    for table in &tables {
        let found: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
            .bind(table)
            .fetch_all(&mut scene.other)
            .await
            .unwrap();
        for column in found {
            assert!(COLUMNS.iter().any(|(of, name, _)| (of, *name) == (table, &*column)), "{table}.{column}");
        }
    }
    for (table, column, other) in COLUMNS {
        // Written again as it is, it has not changed.
        assert!(
            !scene.is_counted(format!("UPDATE {table} SET {column} = {column}")).await,
            "{table}.{column}"
        );
        if let Some(other) = other {
            let one = format!("(SELECT min(rowid) FROM {table})");
            let only = if ["grants", "user_roles", "kept_with"].contains(table) {
                "1".to_owned()
            } else {
                format!("rowid = {one}")
            };
            let statement = format!("UPDATE {table} SET {column} = {other} WHERE {only}");
            assert!(scene.is_counted(statement).await, "{table}.{column}");
        }
    }
    for table in [
        "request_steps",
        "requests",
        "handed_over",
        "kept_with",
        "avoided",
        "referrals",
        "grants",
        "documents",
        "trajectories",
        "devices",
        "user_roles",
        "users",
    ] {
        assert!(scene.is_counted(format!("DELETE FROM {table}")).await, "{table}");
    }
}

#[tokio::test]
async fn what_is_written_in_logs_is_not_counted() {
    let scene = Scene::new().await;
    let anna = scene.world.human(1, &[Role::Employee]).await;
    let doc = scene.world.document(1, DocKind::SharedNotes, &[(&anna, Access::Write)]).await;
    let before = scene.count().await;
    let items = Author::new(&anna, doc, DocKind::SharedNotes, 1).write_many(3);
    scene.world.store_all(&anna, doc, items).await;
    assert_eq!(scene.count().await, before);
}
