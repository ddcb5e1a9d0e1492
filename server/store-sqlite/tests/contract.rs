//! The contract of the store, on SQLite.

// A test fails where it unwraps.
#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use store::SharedStore;
use store::contract::Backend;
use store_sqlite::SqliteStore;

/// A database in a folder of its own.
struct Folder(tempfile::TempDir);

#[async_trait]
impl Backend for Folder {
    async fn open(&self) -> SharedStore {
        let file = self.0.path().join("data/loopbaanmaat.db");
        std::sync::Arc::new(SqliteStore::open(&file).await.unwrap())
    }
}

store::contract!(Folder(tempfile::tempdir().unwrap()));
