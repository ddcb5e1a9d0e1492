//! Clocks, what they have destroyed, and what must stay destroyed.

use async_trait::async_trait;
use shared::domain::audit::{Destruction, DestructionReason};
use shared::domain::kind::DocKind;
use shared::domain::retention::{Retained, Settings};
use shared::ids::{DocId, UserId};

use crate::{GrantsChange, Millis, Result, Trajectory};

/// The name of the setting that holds the periods, as JSON of [`Settings`].
pub const RETENTION_SETTING: &str = "retention";

/// A document of a kind that has a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocked {
    /// Which document.
    pub doc: DocId,
    /// Its clock.
    pub retained: Retained,
}

/// A line of the deletion list: what a restored backup must not bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Which document.
    pub doc: DocId,
    /// Of which kind it was.
    pub kind: DocKind,
    /// When it was destroyed.
    pub at: Millis,
    /// Everybody who ever could read it: their devices are told to delete it.
    pub readers: Vec<UserId>,
}

/// Looking at clocks and at what was destroyed.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// The periods; none before the clocks were started.
    async fn retention_settings(&self) -> Result<Option<Settings>>;

    /// Every document that has a clock and is not destroyed.
    async fn clocked(&self) -> Result<Vec<Clocked>>;

    /// The records of the newest `most` destroyed documents, the newest first.
    async fn destructions(&self, most: u32) -> Result<Vec<Destruction>>;

    /// The deletion list: whatever was destroyed here, whichever backup came in between. It is kept outside of the
    /// database and of its backups.
    async fn deletion_list(&self) -> Result<Vec<Deletion>>;

    /// Destroyed documents of the database that the deletion list lacks are put on it. How many.
    async fn complete_deletion_list(&self) -> Result<u64>;

    /// Sees to it that nothing of what was destroyed can be read in the files of the database any more. `false`:
    /// somebody is reading just now, to be tried again.
    async fn scrub(&self) -> Result<bool>;
}

/// Carrying out what clocks say.
#[async_trait]
pub trait RetentionTx: Send {
    /// A document that has a clock; none for others and for what is destroyed.
    async fn clocked_document(&mut self, doc: DocId) -> Result<Option<Clocked>>;

    /// Notes that drafts were written in, those that have grown since they were last looked at. How many.
    async fn note_edits(&mut self, now: Millis) -> Result<u64>;

    /// Trajectories that were closed and still have documents, or are not yet noted as destroyed.
    async fn closed_trajectories(&mut self) -> Result<Vec<Trajectory>>;

    /// Destroys a document as [`destroy_document`](crate::WriteTx::destroy_document) does, and records why. Before it is
    /// committed it is on the deletion list, on the disk.
    async fn destroy_for(
        &mut self,
        doc: DocId,
        reason: DestructionReason,
        rule: &str,
        now: Millis,
    ) -> Result<GrantsChange>;

    /// Makes a tombstone of a document that this database has never heard of, so that devices that hold it delete it.
    async fn bury(&mut self, deletion: &Deletion, now: Millis) -> Result<()>;

    /// Ends every session but those of revoked devices, which are told to wipe by them. How many.
    async fn end_all_sessions(&mut self) -> Result<u64>;
}
