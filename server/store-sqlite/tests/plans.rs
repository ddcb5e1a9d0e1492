//! What a push or a read costs does not grow with the log: SQLite's own plan for each statement says so.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, SqliteConnection};
use store_sqlite::SqliteStore;

#[tokio::test]
async fn no_statement_but_a_deletion_and_a_trial_walks_through_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loopbaanmaat.db");
    drop(SqliteStore::open(&file).await.unwrap());
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&file)).await.unwrap();
    let mut searches = 0;
    for query in Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx").read_dir().unwrap() {
        let noted = std::fs::read(query.unwrap().path()).unwrap();
        let noted: serde_json::Value = serde_json::from_slice(&noted).unwrap();
        let statement = noted["query"].as_str().unwrap();
        // A trial reads the log whole, off the path of messages.
        if statement.starts_with("DELETE FROM items") || statement.starts_with("SELECT seq, data FROM items")
        {
            continue;
        }
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        for step in sqlx::raw_sql(explain).fetch_all(&mut connection).await.unwrap() {
            let step: String = step.get("detail");
            assert!(!step.starts_with("SCAN items"), "{statement}");
            if step.starts_with("SEARCH items") {
                assert!(!step.ends_with("(doc=?)"), "{step}: {statement}");
                searches += 1;
            }
        }
    }
    assert!(searches >= 5);
}
