//! The store in one SQLite file: one writer, readers beside it, every commit on the disk before it is answered.

mod access;
mod accounts;
mod audit;
mod backup;
mod challenges;
mod connections;
mod covering;
mod deletions;
mod directory;
mod documents;
mod error;
mod factors;
mod facts;
mod gathered;
mod judging;
mod links;
mod live;
mod log;
mod open;
mod packed;
mod provider;
mod push;
mod quarantine;
mod recent;
mod record;
mod requests;
mod retention;
mod row;
mod shared_devices;
mod snapshots;
mod survey;
mod trajectories;
mod transaction;
mod trial;
mod writer;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use shared::domain::audit::Destruction;
use shared::domain::directory::Directory;
use shared::domain::retention::Settings;
use shared::ids::{ChangeHash, CommandId, DeviceId, DocId, UserId};
use shared::sync::gate::Examined;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use sqlx::Connection as _;
use store::{
    AnsweredCommand, AuditFilter, AuditLog, AuditRow, BatchLimit, BeforePush, Carrier, Clocked, Deletion,
    DeviceKey, Grant, GrownLog, LogToCover, LogToTry, Millis, NewChallenge, NewSnapshot, Quarantined, Result,
    RetentionStore, Session, Store, Told, User, Voided, WriteTx,
};

pub use backup::{check_database, head_of_copy};
pub use deletions::{deletion_list_of, read_deletion_list};
pub use open::{OLDEST_SQLITE, Options};

use crate::challenges::Challenges;
use crate::connections::{Connections, Lent};
use crate::deletions::DeletionList;
use crate::error::Told as _;
use crate::judging::Push;
use crate::push::Committer;
use crate::transaction::Transaction;
use crate::writer::Writer;

/// A store in a SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    readers: Connections,
    writer: Writer,
    committer: Committer,
    challenges: Challenges,
    deletions: DeletionList,
}

impl SqliteStore {
    /// Opens the database in `file`, makes it where there is none (its folder too), and brings it up to date.
    /// Must be called inside a Tokio runtime, which also commits what is pushed.
    ///
    /// # Errors
    /// [`Unusable`](store::StoreError::Unusable) where the file or its folder cannot be used,
    /// [`Newer`](store::StoreError::Newer), [`Outdated`](store::StoreError::Outdated),
    /// [`Unavailable`](store::StoreError::Unavailable).
    pub async fn open(file: &Path) -> Result<Self> {
        Self::open_with(file, Options::default()).await
    }

    /// As [`open`](Self::open), with [`Options`].
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(file: &Path, options: Options) -> Result<Self> {
        let (writer, readers) = open::open(file, options).await?;
        let committer = Committer::start(writer.clone());
        let challenges = Challenges::new(writer.clone());
        Ok(Self { readers, writer, committer, challenges, deletions: DeletionList::of(file) })
    }

    /// A connection to read with.
    async fn reader(&self) -> Result<Lent> {
        self.readers.acquire().await
    }
}

#[async_trait]
impl AuditLog for SqliteStore {
    async fn audit_page(&self, filter: &AuditFilter, most: u32) -> Result<Vec<AuditRow>> {
        audit::page(&mut *self.readers.acquire().await?, filter, most).await
    }
}

#[async_trait]
impl RetentionStore for SqliteStore {
    async fn retention_settings(&self) -> Result<Option<Settings>> {
        retention::settings(&mut *self.readers.acquire().await?).await
    }

    async fn clocked(&self) -> Result<Vec<Clocked>> {
        retention::clocked(&mut *self.readers.acquire().await?).await
    }

    async fn destructions(&self, most: u32) -> Result<Vec<Destruction>> {
        retention::destructions(&mut *self.readers.acquire().await?, most).await
    }

    async fn deletion_list(&self) -> Result<Vec<Deletion>> {
        self.deletions.read().await
    }

    async fn complete_deletion_list(&self) -> Result<u64> {
        // Held so that no other program adds to the list meanwhile.
        let mut tx = self.writer.begin().await?;
        let listed: HashSet<DocId> = self.deletions.read().await?.into_iter().map(|it| it.doc).collect();
        let mut missing = retention::destroyed(tx.connection()).await?;
        missing.retain(|it| !listed.contains(&it.doc));
        let count = missing.len() as u64;
        if count > 0 {
            self.deletions.append(missing).await?;
        }
        tx.commit().await?;
        Ok(count)
    }

    async fn scrub(&self) -> Result<bool> {
        retention::scrub(&mut *self.writer.acquire().await?).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn ready(&self) -> Result<()> {
        let mut reader = self.readers.acquire().await?;
        sqlx::query!("SELECT name FROM settings LIMIT 1").fetch_optional(&mut *reader).await.told()?;
        drop(reader);
        // What others have written just now shows that it can be done, and nobody is kept waiting by the question.
        if self.writer.has_just_written() {
            return Ok(());
        }
        let mut tx = self.writer.begin().await?;
        sqlx::query!(
            "INSERT INTO settings (name, value) VALUES ('written_again', datetime())
             ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        .execute(tx.connection())
        .await
        .told()?;
        tx.commit().await?;
        self.writer.has_proven_itself();
        Ok(())
    }

    async fn begin(&self) -> Result<Box<dyn WriteTx>> {
        Ok(Box::new(Transaction::new(self.writer.begin().await?, self.deletions.clone())))
    }

    async fn close(&self) {
        self.committer.stop().await;
        // Readers first: the last connection to close is the one that may put the log back into the file.
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        accounts::user_by_email(&mut *self.readers.acquire().await?, email).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>> {
        accounts::user(&mut *self.readers.acquire().await?, id).await
    }

    async fn users(&self) -> Result<Vec<User>> {
        accounts::users(&mut *self.readers.acquire().await?).await
    }

    async fn session(&self, token_hash: &[u8; 32]) -> Result<Option<Session>> {
        accounts::session(&mut *self.readers.acquire().await?, token_hash).await
    }

    async fn devices(&self, ids: &[DeviceId]) -> Result<Vec<DeviceKey>> {
        accounts::device_keys(&mut *self.readers.acquire().await?, ids).await
    }

    async fn put_challenge(&self, challenge: NewChallenge, now: Millis) -> Result<()> {
        self.challenges.put(challenge, now).await
    }

    async fn challenges(&self, address: &str, now: Millis) -> Result<Vec<[u8; 32]>> {
        challenges::of_address(&mut *self.readers.acquire().await?, address, now).await
    }

    async fn take_challenge(&self, challenge: &[u8; 32], now: Millis) -> Result<bool> {
        let mut tx = self.writer.begin().await?;
        let taken = challenges::take(tx.connection(), challenge, now).await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn grant(&self, user: UserId, doc: DocId) -> Result<Grant> {
        log::grant(&mut *self.readers.acquire().await?, user, doc).await
    }

    async fn directory(&self, user: UserId) -> Result<Option<Directory>> {
        let mut reader = self.readers.acquire().await?;
        let mut read = reader.begin().await.told()?;
        directory::directory(&mut read, user).await
    }

    async fn directory_changes(&self) -> Result<u64> {
        directory::changes(&mut *self.readers.acquire().await?).await
    }

    async fn answered_command(&self, user: UserId, id: CommandId) -> Result<Option<AnsweredCommand>> {
        record::answered_command(&mut *self.readers.acquire().await?, user, id).await
    }

    async fn read_logs(
        &self,
        reader: Carrier,
        places: &[Place],
        most: BatchLimit,
    ) -> Result<Vec<ReadAnswer>> {
        log::read(&mut *self.readers.acquire().await?, reader, places, most).await
    }

    async fn before_push(
        &self,
        carrier: Carrier,
        doc: DocId,
        authors: &[DeviceId],
        hashes: &[ChangeHash],
    ) -> Result<BeforePush> {
        let mut reader = self.readers.acquire().await?;
        quarantine::before_push(&mut reader, carrier, doc, authors, hashes).await
    }

    async fn quarantine(&self, items: &[Quarantined]) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        quarantine::put(tx.connection(), items).await?;
        tx.commit().await
    }

    async fn quarantined(&self) -> Result<Vec<Quarantined>> {
        quarantine::all(&mut *self.readers.acquire().await?).await
    }

    async fn quarantined_change(&self, hash: ChangeHash) -> Result<Vec<Quarantined>> {
        quarantine::of_change(&mut *self.readers.acquire().await?, hash).await
    }

    async fn release(&self, doc: DocId, hash: ChangeHash, now: Millis) -> Result<Option<Quarantined>> {
        let mut tx = self.writer.begin().await?;
        let released = quarantine::release(tx.connection(), doc, hash, now).await?;
        tx.commit().await?;
        Ok(released)
    }

    async fn untried(&self) -> Result<Vec<DocId>> {
        trial::untried(&mut *self.readers.acquire().await?).await
    }

    async fn log_to_try(&self, doc: DocId) -> Result<Option<LogToTry>> {
        let mut reader = self.readers.acquire().await?;
        trial::log(&mut *reader.begin().await.told()?, doc).await
    }

    async fn tried(&self, places: &[(DocId, u64)]) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        trial::note(tx.connection(), places).await?;
        tx.commit().await
    }

    async fn make_void(&self, doc: DocId, seq: u64, reason: &str, now: Millis) -> Result<Option<Voided>> {
        let mut tx = self.writer.begin().await?;
        let voided = trial::make_void(tx.connection(), doc, seq, reason, now).await?;
        tx.commit().await?;
        Ok(voided)
    }

    async fn logs_to_cover(&self, more: u64) -> Result<Vec<GrownLog>> {
        snapshots::grown(&mut *self.readers.acquire().await?, more).await
    }

    async fn log_to_cover(&self, doc: DocId) -> Result<Option<LogToCover>> {
        let mut reader = self.readers.acquire().await?;
        snapshots::log(&mut *reader.begin().await.told()?, doc).await
    }

    async fn put_snapshot(&self, doc: DocId, snapshot: NewSnapshot, now: Millis) -> Result<bool> {
        covering::put(&self.writer, doc, &snapshot, now).await
    }

    async fn logs_to_drop(&self, made: Millis) -> Result<Vec<DocId>> {
        snapshots::to_drop(&mut *self.readers.acquire().await?, made).await
    }

    async fn drop_covered(&self, doc: DocId, made: Millis, most: u64) -> Result<bool> {
        let mut tx = self.writer.begin().await?;
        let is_more = snapshots::drop_covered(tx.connection(), doc, made, most).await?;
        tx.commit().await?;
        Ok(is_more)
    }

    async fn push_told(
        &self,
        carrier: Carrier,
        doc: DocId,
        items: Arc<[Examined]>,
        audience: Vec<Carrier>,
    ) -> Result<Told> {
        self.committer.push(Push { carrier, doc, items, audience }).await
    }

    async fn audit_tail(&self, most: u32) -> Result<Vec<AuditRow>> {
        record::audit_tail(&mut *self.readers.acquire().await?, most).await
    }

    async fn audit_after(&self, seq: u64, most: u32) -> Result<Vec<AuditRow>> {
        record::audit_after(&mut *self.readers.acquire().await?, seq, most).await
    }
}
