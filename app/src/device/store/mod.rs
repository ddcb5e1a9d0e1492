//! The device's store: every value sealed by the vault, every write strict, every error typed.

mod database;
mod in_clear;
mod memory;
pub mod records;

use std::rc::Rc;

use super::vault::DataKey;
pub use database::Connection;
use database::{Entries, RawPart, RawWrite};
pub use in_clear::{KeyChange, Lacking};

/// Sealed values, one add-only entry per change: key `doc/hash`.
pub const ITEMS: &str = "items";
/// Sealed values, one per document: how far the server's log is known.
pub const CURSORS: &str = "cursors";
/// Sealed values: `change/doc/hash` for a change the server has not acknowledged, `command/id` for a command.
pub const OUTBOX: &str = "outbox";
/// Sealed values, two per document: `data/doc` a document chunk in place of items, `list/doc` whose they are.
pub const SNAPSHOTS: &str = "snapshots";
/// Sealed values by name: directory, identity, crash notes, values set aside.
pub const BLOBS: &str = "blobs";
/// Values in clear, the only ones: wrapped key, failed attempts, count of what waits.
const VAULT: &str = "vault";

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The browser gives no more room; nothing was written.
    #[error("the browser gives no more room")]
    Full,
    /// A newer version of the client has changed the layout of the database.
    #[error("a newer version of this program has used the database")]
    NewerVersion,
    /// The device was locked meanwhile.
    #[error("the device is locked")]
    Closed,
    /// The browser closed the connection; trying again opens it.
    #[error("the browser closed the database")]
    Lost,
    /// A stored value does not open under this vault's key.
    #[error("the stored value {store}/{key} cannot be read")]
    Damaged {
        /// The object store.
        store: &'static str,
        /// The key in it.
        key: String,
    },
    /// Anything else the browser says.
    #[error("the browser's database failed: {message}")]
    Failed {
        /// In the browser's words.
        message: String,
    },
}

/// One write, in the clear; it is sealed on its way.
#[derive(Debug, Clone)]
pub enum Write {
    /// Seals `plain` and puts it there.
    Put(&'static str, String, Vec<u8>),
    /// Takes one value away.
    Delete(&'static str, String),
    /// Takes every value away whose key begins so.
    DeletePrefix(&'static str, String),
    /// Sets the count of what waits, readable while locked.
    Waiting(u32),
}

/// Writes of a transaction that are made only beside something.
#[derive(Debug, Clone)]
pub struct Part {
    /// What must be there, after what the parts before it have written: object store and key. Otherwise the others are
    /// made without this part.
    pub beside: Option<(&'static str, String)>,
    /// In their order.
    pub writes: Vec<Write>,
}

/// Values read: those that open, and the keys of those that do not.
#[derive(Debug, Default)]
pub struct Found {
    /// Key and value, ascending by key.
    pub values: Vec<(String, Vec<u8>)>,
    /// Keys whose value is damaged.
    pub damaged: Vec<String>,
}

/// The store of an unlocked device.
#[derive(Clone)]
pub struct Store {
    connection: Connection,
    key: Rc<DataKey>,
}

impl Store {
    /// The store behind an open vault.
    #[must_use]
    pub fn new(connection: Connection, key: DataKey) -> Self {
        Self { connection, key: Rc::new(key) }
    }

    /// Carries out all writes or none, and returns once they are on disk.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.write_parts(vec![Part { beside: None, writes }]).await.map(drop)
    }

    /// Carries out all parts in one transaction, each if what it is beside is there; which ones were.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn write_parts(&self, parts: Vec<Part>) -> Result<Vec<bool>, StoreError> {
        let seal = |part: Part| RawPart { beside: part.beside, writes: self.sealed_writes(part.writes) };
        let parts: Vec<RawPart> = parts.into_iter().map(seal).collect();
        self.connection.write(&parts).await
    }

    fn sealed_writes(&self, writes: Vec<Write>) -> Vec<RawWrite> {
        let seal = |write| match write {
            Write::Put(store, key, plain) => {
                let bytes = self.key.seal(store, &key, &plain);
                RawWrite::Put { store, key, bytes }
            }
            Write::Delete(store, key) => RawWrite::Delete { store, key },
            Write::DeletePrefix(store, prefix) => RawWrite::DeletePrefix { store, prefix },
            Write::Waiting(count) => {
                RawWrite::Put { store: VAULT, key: "waiting".to_owned(), bytes: count.to_be_bytes().to_vec() }
            }
        };
        writes.into_iter().map(seal).collect()
    }

    /// One value.
    ///
    /// # Errors
    /// When it is damaged, or the database cannot be read.
    pub async fn get(&self, store: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(sealed) = self.connection.get(store, key).await? else { return Ok(None) };
        let damaged = |_| StoreError::Damaged { store, key: key.to_owned() };
        self.key.open(store, key, &sealed).map(Some).map_err(damaged)
    }

    /// Every value whose key begins so.
    ///
    /// # Errors
    /// When the database cannot be read; damaged values are listed, never an error.
    pub async fn all(&self, store: &'static str, prefix: &str) -> Result<Found, StoreError> {
        Ok(self.all_of(store, vec![prefix.to_owned()]).await?.pop().unwrap_or_default())
    }

    /// Like [`Self::all`] for many beginnings at once, in one transaction and in their order.
    ///
    /// # Errors
    /// When the database cannot be read; damaged values are listed, never an error.
    pub async fn all_of(&self, store: &'static str, prefixes: Vec<String>) -> Result<Vec<Found>, StoreError> {
        let open = |entries: Entries| {
            let mut found = Found::default();
            for (key, sealed) in entries {
                match self.key.open(store, &key, &sealed) {
                    Ok(plain) => found.values.push((key, plain)),
                    Err(_) => found.damaged.push(key),
                }
            }
            found
        };
        Ok(self.connection.all_of(store, &prefixes).await?.into_iter().map(open).collect())
    }

    /// The keys that begin so, ascending; no value is opened.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self, store: &'static str, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.connection.keys(store, prefix).await
    }

    /// The bytes of a value as they lie there, for setting a damaged one aside.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sealed(&self, store: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.connection.get(store, key).await
    }

    /// Whether what is written is still there when the page is not.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.connection.keeps()
    }

    /// Closes the database for good; the data key goes with the last copy of this store.
    pub fn close(&self) {
        self.connection.close();
    }

    /// Deletes the whole database.
    ///
    /// # Errors
    /// When the browser does not.
    pub async fn destroy(&self) -> Result<(), StoreError> {
        self.connection.destroy().await
    }
}
