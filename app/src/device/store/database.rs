//! The browser's database, raw: opened when needed, opened again when the browser closed it, every write
//! in one strict transaction. On a device that keeps nothing it is memory.

use std::cell::RefCell;
use std::rc::Rc;

use indexed_db_futures::KeyRange;
use indexed_db_futures::database::Database;
use indexed_db_futures::error::{DomException, Error as IdbError, OpenDbError, UnexpectedDataError};
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{
    Transaction, TransactionDurability, TransactionMode, TransactionOptions,
};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast as _, JsValue};

use super::StoreError;
use super::memory::Memory;

/// One database per browser profile.
const NAME: &str = "loopbaanmaat";
/// The version of the layout; additive changes raise it.
const VERSION: u8 = 1;
/// Every object store. Keys are texts, values are bytes; those of `vault` are in clear, all others sealed.
pub const STORES: [&str; 6] = ["vault", "items", "cursors", "outbox", "snapshots", "blobs"];

/// Keys with their values.
pub type Entries = Vec<(String, Vec<u8>)>;

/// One write of a transaction.
#[derive(Debug, Clone)]
pub enum RawWrite {
    /// Puts bytes in a place; what was there goes.
    Put {
        /// The object store.
        store: &'static str,
        /// The key in it.
        key: String,
        /// The value.
        bytes: Vec<u8>,
    },
    /// Takes one value away.
    Delete {
        /// The object store.
        store: &'static str,
        /// The key in it.
        key: String,
    },
    /// Takes every value away whose key begins so.
    DeletePrefix {
        /// The object store.
        store: &'static str,
        /// How the keys begin.
        prefix: String,
    },
}

impl RawWrite {
    fn store(&self) -> &'static str {
        match self {
            Self::Put { store, .. } | Self::Delete { store, .. } | Self::DeletePrefix { store, .. } => store,
        }
    }
}

/// Writes of a transaction that are made only where something else is there.
#[derive(Debug, Clone)]
pub struct RawPart {
    /// What must be there: object store and key.
    pub beside: Option<(&'static str, String)>,
    /// In their order.
    pub writes: Vec<RawWrite>,
}

/// The connection, shared by whoever reads and writes.
#[derive(Clone, Default)]
pub struct Connection {
    open: Rc<RefCell<Option<Rc<Database>>>>,
    /// Set for good by [`Self::close`]: a locked device must not open its database again by itself.
    closed: Rc<RefCell<bool>>,
    /// In place of the browser's database where the device keeps nothing.
    memory: Option<Rc<Memory>>,
}

impl Connection {
    /// One that keeps nothing: what is written is gone with the page.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { memory: Some(Rc::default()), ..Self::default() }
    }

    /// Whether what is written is still there when the page is not.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.memory.is_none()
    }

    /// The memory of a device that keeps nothing.
    fn memory(&self) -> Result<Option<&Memory>, StoreError> {
        match &self.memory {
            Some(_) if *self.closed.borrow() => Err(StoreError::Closed),
            memory => Ok(memory.as_deref()),
        }
    }

    /// The database, opened if it is not.
    async fn database(&self) -> Result<Rc<Database>, StoreError> {
        if *self.closed.borrow() {
            return Err(StoreError::Closed);
        }
        if let Some(database) = self.open.borrow().clone() {
            return Ok(database);
        }
        let opening = Database::open(NAME).with_version(VERSION).with_on_upgrade_needed(|_, database| {
            for store in STORES {
                if !database.object_store_names().any(|name| name == store) {
                    database.create_object_store(store).build()?;
                }
            }
            Ok(())
        });
        let database = Rc::new(opening.await.map_err(open_error)?);
        *self.open.borrow_mut() = Some(database.clone());
        self.watch(&database);
        Ok(database)
    }

    /// Lets go of the connection when the browser closes it (storage cleared, disk failing, Safari) or
    /// when another tab wants to upgrade or delete the database; the next call opens it again.
    fn watch(&self, database: &Rc<Database>) {
        let (slot, database) = (self.open.clone(), (**database).clone());
        wasm_bindgen_futures::spawn_local(async move {
            if let Ok(mut changes) = database.version_changes() {
                changes.recv().await;
            }
            slot.borrow_mut().take();
            database.close();
        });
    }

    /// Closes the connection for good.
    pub fn close(&self) {
        *self.closed.borrow_mut() = true;
        if let Some(database) = self.open.borrow_mut().take() {
            (*database).clone().close();
        }
    }

    /// Carries out all parts in one strict transaction, each if what it is beside is there by then; which ones were.
    /// Resolves once it is on disk.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn write(&self, parts: &[RawPart]) -> Result<Vec<bool>, StoreError> {
        if parts.iter().all(|part| part.beside.is_none() && part.writes.is_empty()) {
            return Ok(vec![true; parts.len()]);
        }
        if let Some(memory) = self.memory()? {
            return Ok(memory.write(parts));
        }
        match self.try_write(parts).await {
            Err(StoreError::Lost) => self.try_write(parts).await,
            done => done,
        }
    }

    async fn try_write(&self, parts: &[RawPart]) -> Result<Vec<bool>, StoreError> {
        let written = parts.iter().flat_map(|part| &part.writes).map(RawWrite::store);
        let beside = parts.iter().filter_map(|part| part.beside.as_ref()).map(|(store, _)| *store);
        let mut stores: Vec<&'static str> = written.chain(beside).collect();
        stores.sort_unstable();
        stores.dedup();
        let database = self.database().await?;
        let transaction = database
            .transaction(stores)
            .with_mode(TransactionMode::Readwrite)
            .with_options(TransactionOptions::new().with_durability(TransactionDurability::Strict))
            .build()
            .map_err(|error| self.error(error))?;
        let mut made = Vec::with_capacity(parts.len());
        for part in parts {
            let is_there = match &part.beside {
                Some((store, key)) => is_there(&transaction, store, key).await,
                None => Ok(true),
            };
            let is_there = is_there.map_err(|error| self.error(error))?;
            if is_there {
                issue(&transaction, &part.writes).map_err(|error| self.error(error))?;
            }
            made.push(is_there);
        }
        transaction.commit().await.map_err(|error| self.error(error))?;
        Ok(made)
    }

    /// Puts in a place of the database what `change` makes of what is there, in one strict transaction that nobody else comes
    /// between, whichever tab; nothing where it makes nothing. What was there.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn change(
        &self,
        store: &'static str,
        key: &str,
        change: impl FnOnce(Option<&[u8]>) -> Option<Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(memory) = self.memory()? {
            let before = memory.get(store, key);
            if let Some(bytes) = change(before.as_deref()) {
                let writes = vec![RawWrite::Put { store, key: key.to_owned(), bytes }];
                memory.write(&[RawPart { beside: None, writes }]);
            }
            return Ok(before);
        }
        let database = self.database().await?;
        let transaction = database
            .transaction(store)
            .with_mode(TransactionMode::Readwrite)
            .with_options(TransactionOptions::new().with_durability(TransactionDurability::Strict))
            .build()
            .map_err(|error| self.error(error))?;
        let read = async || -> Result<Option<JsValue>, IdbError> {
            transaction.object_store(store)?.get::<JsValue, _, _>(key).primitive()?.await
        };
        let before = read().await.map_err(|error| self.error(error))?.and_then(bytes_of);
        if let Some(bytes) = change(before.as_deref()) {
            let put = [RawWrite::Put { store, key: key.to_owned(), bytes }];
            issue(&transaction, &put).map_err(|error| self.error(error))?;
        }
        transaction.commit().await.map_err(|error| self.error(error))?;
        Ok(before)
    }

    /// One value.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn get(&self, store: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(memory) = self.memory()? {
            return Ok(memory.get(store, key));
        }
        match self.try_get(store, key).await {
            Err(StoreError::Lost) => self.try_get(store, key).await,
            done => done,
        }
    }

    async fn try_get(&self, store: &'static str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let database = self.database().await?;
        let read = async || -> Result<Option<JsValue>, IdbError> {
            let transaction = database.transaction(store).build()?;
            let value = transaction.object_store(store)?.get::<JsValue, _, _>(key).primitive()?.await?;
            Ok(value)
        };
        Ok(read().await.map_err(|error| self.error(error))?.and_then(bytes_of))
    }

    /// For each beginning every value whose key begins so, with its key, ascending by key. A value that is no
    /// bytes is empty.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn all_of(&self, store: &'static str, prefixes: &[String]) -> Result<Vec<Entries>, StoreError> {
        if let Some(memory) = self.memory()? {
            return Ok(prefixes.iter().map(|prefix| memory.all(store, prefix)).collect());
        }
        match self.try_all_of(store, prefixes).await {
            Err(StoreError::Lost) => self.try_all_of(store, prefixes).await,
            done => done,
        }
    }

    async fn try_all_of(&self, store: &'static str, prefixes: &[String]) -> Result<Vec<Entries>, StoreError> {
        let database = self.database().await?;
        let read = async || -> Result<Vec<Entries>, IdbError> {
            let transaction = database.transaction(store).build()?;
            let objects = transaction.object_store(store)?;
            // All go out at once in one read transaction, so that they see the same state and none waits for
            // another's answer.
            let mut asked = Vec::with_capacity(prefixes.len());
            for prefix in prefixes {
                let keys = objects
                    .get_all_keys::<String>()
                    .with_query::<String, _>(prefix_range(prefix))
                    .primitive()?;
                let values =
                    objects.get_all::<JsValue>().with_query::<String, _>(prefix_range(prefix)).primitive()?;
                asked.push((keys, values));
            }
            let mut found = Vec::with_capacity(asked.len());
            for (keys, values) in asked {
                let keys = keys.await?.collect::<Result<Vec<String>, _>>()?;
                let values = values.await?.map(|it| it.map(|it| bytes_of(it).unwrap_or_default()));
                let values = values.collect::<Result<Vec<Vec<u8>>, _>>()?;
                found.push(keys.into_iter().zip(values).collect());
            }
            Ok(found)
        };
        read().await.map_err(|error| self.error(error))
    }

    /// The keys that begin so, ascending.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn keys(&self, store: &'static str, prefix: &str) -> Result<Vec<String>, StoreError> {
        if let Some(memory) = self.memory()? {
            return Ok(memory.all(store, prefix).into_iter().map(|(key, _)| key).collect());
        }
        match self.try_keys(store, prefix).await {
            Err(StoreError::Lost) => self.try_keys(store, prefix).await,
            done => done,
        }
    }

    async fn try_keys(&self, store: &'static str, prefix: &str) -> Result<Vec<String>, StoreError> {
        let database = self.database().await?;
        let read = async || -> Result<Vec<String>, IdbError> {
            let transaction = database.transaction(store).build()?;
            let objects = transaction.object_store(store)?;
            let keys =
                objects.get_all_keys::<String>().with_query::<String, _>(prefix_range(prefix)).primitive()?;
            keys.await?.collect()
        };
        read().await.map_err(|error| self.error(error))
    }

    /// Deletes the whole database.
    ///
    /// # Errors
    /// When the browser does not.
    pub async fn destroy(&self) -> Result<(), StoreError> {
        self.close();
        if let Some(memory) = &self.memory {
            memory.clear();
            return Ok(());
        }
        Database::delete_by_name(NAME).map_err(open_error)?.await.map_err(|error| self.error(error))
    }

    fn error(&self, error: IdbError) -> StoreError {
        match error {
            // The browser closed the connection under us: let go of it, so that the next call opens it.
            IdbError::DomException(DomException::InvalidStateError(_)) => {
                self.open.borrow_mut().take();
                StoreError::Lost
            }
            // An abort that nobody asked for and that names no failing request is how browsers say, at
            // commit, that there is no room.
            IdbError::MissingData(UnexpectedDataError::TransactionAborted) => StoreError::Full,
            IdbError::DomException(exception) => dom_error(&exception),
            other => StoreError::Failed { message: other.to_string() },
        }
    }
}

async fn is_there(transaction: &Transaction<'_>, store: &str, key: &str) -> Result<bool, IdbError> {
    let found = transaction.object_store(store)?.get::<JsValue, _, _>(key).primitive()?.await?;
    Ok(found.is_some())
}

/// Sends the requests out in order; only the commit is waited for.
fn issue(transaction: &Transaction<'_>, writes: &[RawWrite]) -> Result<(), IdbError> {
    for write in writes {
        let store = transaction.object_store(write.store())?;
        match write {
            RawWrite::Put { key, bytes, .. } => {
                let value = JsValue::from(Uint8Array::from(bytes.as_slice()));
                drop(store.put(value).with_key(key.as_str()).without_key_type().primitive()?);
            }
            RawWrite::Delete { key, .. } => drop(store.delete(key.as_str()).primitive()?),
            RawWrite::DeletePrefix { prefix, .. } => {
                drop(store.delete::<String, _>(prefix_range(prefix)).primitive()?);
            }
        }
    }
    Ok(())
}

fn dom_error(exception: &DomException) -> StoreError {
    let js: &JsValue = exception.as_ref();
    let name = js.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::name).unwrap_or_default();
    match name.as_str() {
        "QuotaExceededError" => StoreError::Full,
        "VersionError" => StoreError::NewerVersion,
        _ => StoreError::Failed { message: exception.message() },
    }
}

fn open_error(error: OpenDbError) -> StoreError {
    match error {
        OpenDbError::Base(IdbError::DomException(exception)) => dom_error(&exception),
        other => StoreError::Failed { message: other.to_string() },
    }
}

/// Keys are texts of the base64url alphabet and `/`, all below the last code unit.
fn prefix_range(prefix: &str) -> KeyRange<String> {
    KeyRange::Bound(prefix.to_owned(), false, format!("{prefix}\u{ffff}"), false)
}

fn bytes_of(value: JsValue) -> Option<Vec<u8>> {
    value.dyn_into::<Uint8Array>().ok().map(|it| it.to_vec())
}
