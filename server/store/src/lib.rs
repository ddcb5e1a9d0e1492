//! What the server keeps. [`Store`] is met by one crate per database; the module `contract`, behind the feature of
//! that name, is what each of them is held to.
//!
//! Reads go to [`Store`]; changes of accounts, access and lifecycle go through a [`WriteTx`], so that what was
//! decided is still true when it is written; pushes have their own way in, since many of them share one
//! transaction.

mod access;
mod audit;
#[cfg(feature = "contract")]
pub mod contract;
mod factors;
mod links;
mod models;
mod provider;
mod quarantine;
mod requests;
mod retention;
mod shared_devices;
mod snapshots;
mod transaction;

pub use access::*;
pub use audit::*;
pub use factors::*;
pub use links::*;
pub use models::*;
pub use provider::*;
pub use quarantine::*;
pub use requests::*;
pub use retention::*;
pub use shared_devices::{SharedDevices, WriteSharedDevices};
pub use snapshots::*;
pub use transaction::WriteTx;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use shared::access::Access;
use shared::domain::directory::Directory;
use shared::domain::kind::DocKind;
use shared::ids::{ChangeHash, CommandId, DeviceId, DocId, PublicKey, UserId};
use shared::sync::gate::Examined;
use shared::sync::message::{LogItem, Place};
use shared::sync::session::{PushAnswer, ReadAnswer};

/// Moments are milliseconds since 1970.
pub type Millis = u64;

/// Why the store could not do what was asked. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or written just now: disk full, locked for too long, I/O error. Trying
    /// again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database was written by a newer version of Loopbaanmaat.
    #[error(
        "the database has schema version {found}, newer than the {known} this program knows; \
         start the newer program, or restore a backup of before the upgrade"
    )]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The library behind the database is too old to be trusted with durable data.
    #[error("SQLite {found} is older than {wanted}, which mends a corruption of the write-ahead log")]
    Outdated {
        /// The library's version.
        found: String,
        /// The oldest one accepted.
        wanted: &'static str,
    },
    /// The file of the database, or its folder, cannot be used as it is.
    #[error("{}: {problem}; {advice}", path.display())]
    Unusable {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// What was to be written goes against what is there: an address or key that another has, an id twice, a
    /// reference to nothing.
    #[error("this goes against what the database holds: {0}")]
    Conflict(String),
    /// A value in the database is not what it should be.
    #[error("the database holds a value that cannot be read: {0}")]
    Corrupt(String),
    /// A pushed item would have been stored and has not been decoded: what is known of the log has changed since
    /// [`Store::before_push`]. To be looked up and pushed once more.
    #[error("an item that could be stored now has not been decoded")]
    Undecoded,
}

/// The answer of everything in here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Challenges kept for one address: a whole office may sign in from it at once, and a proof is tried against all
/// of them.
pub const CHALLENGES_PER_ADDRESS: u32 = 256;

/// Challenges kept in all; the oldest go when there are more.
pub const CHALLENGES: u32 = 16_384;

/// A shared store.
pub type SharedStore = Arc<dyn Store>;

/// The reading half, pushes, and the door to transactions.
#[async_trait]
pub trait Store:
    AccessStore
    + AuditLog
    + FactorStore
    + LinkStore
    + ProviderStore
    + ReadRequests
    + RetentionStore
    + SharedDevices
    + Send
    + Sync
    + 'static
{
    /// Whether the database can be read and written at this moment; for `/health/ready`. What was written just
    /// now is proof enough; otherwise it writes.
    async fn ready(&self) -> Result<()>;

    /// Starts a write transaction; everything until its commit is seen by nobody else. Transactions wait for
    /// each other: keep them short, and do nothing slow inside.
    async fn begin(&self) -> Result<Box<dyn WriteTx>>;

    /// Flushes and closes; later calls fail as [`StoreError::Unavailable`].
    async fn close(&self);

    /// The account with that e-mail address, compared without regard to case.
    async fn user_by_email(&self, email: &str) -> Result<Option<User>>;

    /// The account of that id.
    async fn user(&self, id: UserId) -> Result<Option<User>>;

    /// All accounts, by name.
    async fn users(&self) -> Result<Vec<User>>;

    /// The session whose token hashes to `token_hash`, with the state of its account and device, whatever
    /// that is: what it may still do is the caller's to decide.
    async fn session(&self, token_hash: &[u8; 32]) -> Result<Option<Session>>;

    /// The public keys and owners of those devices that are known, revoked ones too.
    async fn devices(&self, ids: &[DeviceId]) -> Result<Vec<DeviceKey>>;

    /// Keeps a sign-in challenge until it expires, for one [`take_challenge`](Self::take_challenge) on whatever
    /// instance. Of one address the newest [`CHALLENGES_PER_ADDRESS`] are kept, and of all no more than
    /// [`CHALLENGES`]. Many may share one transaction.
    async fn put_challenge(&self, challenge: NewChallenge, now: Millis) -> Result<()>;

    /// The challenges of that address that can still be taken, the newest first: a sign-in carries the proof and
    /// not the challenge that it proves.
    async fn challenges(&self, address: &str, now: Millis) -> Result<Vec<[u8; 32]>>;

    /// Uses up a challenge: `true` once, if it was given out and has not expired.
    async fn take_challenge(&self, challenge: &[u8; 32], now: Millis) -> Result<bool>;

    /// What `user` may do with `doc` now.
    async fn grant(&self, user: UserId, doc: DocId) -> Result<Grant>;

    /// Everything that `user` may know, in one consistent read; `version` is left empty.
    async fn directory(&self, user: UserId) -> Result<Option<Directory>>;

    /// How often what [directories](Self::directory) are made of has changed, by whatever process: a directory that was
    /// read after this was asked is still what it was while the answer is the same. When a device was last seen does
    /// not count.
    async fn directory_changes(&self) -> Result<u64>;

    /// The answer to a command that `user` gave before under that id.
    async fn answered_command(&self, user: UserId, id: CommandId) -> Result<Option<AnsweredCommand>>;

    /// Reads logs, each from a place, each together with what `reader` may do with it, all in one transaction:
    /// one answer per place, in order, for the first one at least and for as many as the bytes allow. Fewer
    /// answers than places: ask again from there.
    async fn read_logs(&self, reader: Carrier, places: &[Place], most: BatchLimit)
    -> Result<Vec<ReadAnswer>>;

    /// What is to be known before a push is examined and decoded, in one consistent read.
    async fn before_push(
        &self,
        carrier: Carrier,
        doc: DocId,
        authors: &[DeviceId],
        hashes: &[ChangeHash],
    ) -> Result<BeforePush>;

    /// Keeps what brought a worker down, so that it is never tried again. Nothing is kept of a document that has been
    /// destroyed, or is not there.
    async fn quarantine(&self, items: &[Quarantined]) -> Result<()>;

    /// Everything in quarantine, without the changes themselves, the newest first.
    async fn quarantined(&self) -> Result<Vec<Quarantined>>;

    /// A change in quarantine, whole: once for each document that it was pushed to.
    async fn quarantined_change(&self, hash: ChangeHash) -> Result<Vec<Quarantined>>;

    /// Takes a change out of quarantine: one that was refused is looked at anew when it comes again, and its
    /// device may push again if nothing else of it is void. What is void stays so. Says what it was.
    async fn release(&self, doc: DocId, hash: ChangeHash, now: Millis) -> Result<Option<Quarantined>>;

    /// Documents whose newest items have not been applied on trial.
    async fn untried(&self) -> Result<Vec<DocId>>;

    /// A log to be applied on trial; none where there is nothing new to try.
    async fn log_to_try(&self, doc: DocId) -> Result<Option<LogToTry>>;

    /// Notes up to which places logs have been tried.
    async fn tried(&self, places: &[(DocId, u64)]) -> Result<()>;

    /// Makes an item void, and everything that depends on it; keeps it in quarantine, suspends its author's device
    /// and writes that to the audit log. None where there is no such item, or it was void before. A snapshot covers
    /// only what has been tried, so what one covers is not made void: [`StoreError::Conflict`].
    async fn make_void(&self, doc: DocId, seq: u64, reason: &str, now: Millis) -> Result<Option<Voided>>;

    /// Logs of which so many items have been tried since their snapshot, or since their start.
    async fn logs_to_cover(&self, more: u64) -> Result<Vec<GrownLog>>;

    /// What a snapshot of all that has been tried of a log is made of, in one consistent read; none where nothing was
    /// tried since the last one.
    async fn log_to_cover(&self, doc: DocId) -> Result<Option<LogToCover>>;

    /// Keeps a snapshot in place of an earlier one, and serves it from then on: `false`, and nothing has changed, where
    /// the log is no longer what it was made of. Killed before that, it leaves pieces that nobody reads, which the next
    /// one takes away. It takes turns with whoever else writes.
    async fn put_snapshot(&self, doc: DocId, snapshot: NewSnapshot, now: Millis) -> Result<bool>;

    /// Logs of which a snapshot that was made at `made` or before covers data that is still there.
    async fn logs_to_drop(&self, made: Millis) -> Result<Vec<DocId>>;

    /// Drops the data of at most `most` items of a log that such a snapshot covers, the oldest first, in a transaction
    /// of its own. What is void keeps its data, for the operator to look at. Whether there is more.
    async fn drop_covered(&self, doc: DocId, made: Millis, most: u64) -> Result<bool>;

    /// Puts a push through the log's half of the gate and stores what passes. Returns only after the
    /// transaction has been committed to durable storage; on an error nothing of it is acknowledged.
    /// Many pushes may share one transaction. The items are shared, not copied: they may be megabytes.
    async fn push(&self, carrier: Carrier, doc: DocId, items: Arc<[Examined]>) -> Result<PushAnswer> {
        Ok(self.push_told(carrier, doc, items, Vec::new()).await?.answer)
    }

    /// As [`push`](Self::push), and with what was stored it says what each of `audience` may do with the document: as
    /// of the transaction that stored it, so that they need not read what is here already.
    async fn push_told(
        &self,
        carrier: Carrier,
        doc: DocId,
        items: Arc<[Examined]>,
        audience: Vec<Carrier>,
    ) -> Result<Told>;

    /// The newest `most` rows of the audit log, newest first.
    async fn audit_tail(&self, most: u32) -> Result<Vec<AuditRow>>;

    /// The first `most` rows of the audit log after `seq`, oldest first. Cheap where there is none: it is asked
    /// again and again.
    async fn audit_after(&self, seq: u64, most: u32) -> Result<Vec<AuditRow>>;
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The answer to it.
    pub answer: PushAnswer,
    /// What it stored, for those who have the document open; none where they should read the log.
    pub news: Option<News>,
}

/// Items that were just stored, and who may read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The document's kind.
    pub kind: DocKind,
    /// The place before the first of them.
    pub before: Place,
    /// The items, in order.
    pub items: Vec<LogItem>,
    /// The place of the last of them.
    pub after: Place,
    /// What each of the audience may do with the document.
    pub readers: Vec<(Carrier, Access)>,
}

/// Who delivers or asks: access is the person's, and a revoked device carries nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Carrier {
    /// The person.
    pub user: UserId,
    /// Her device.
    pub device: DeviceId,
}

/// What a person may do with a document, and whether she ever could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Now.
    pub access: Access,
    /// Whether she once could read it: then its end is told as `gone`, not `denied`.
    pub ever_read: bool,
    /// Whether she once could write it: then what she signed is accepted from others.
    pub ever_write: bool,
}

impl Grant {
    /// The grant of a person who has nothing to do with the document, or of a document that does not exist.
    pub const NONE: Self = Self { access: Access::None, ever_read: false, ever_write: false };
}

/// How much to read at once: whichever is reached first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimit {
    /// Items per document; 0 where only places and access are asked.
    pub items: usize,
    /// Bytes of data, of all documents together; the first item of the first document may exceed it.
    pub bytes: usize,
}

/// A device's key, to check signatures with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceKey {
    /// Which device.
    pub id: DeviceId,
    /// Whose.
    pub user: UserId,
    /// Its key.
    pub public_key: PublicKey,
    /// Whether it has been revoked.
    pub revoked: bool,
}
