//! Who sees what, since when and why, and who opened it first; and what that depends on beside roles and referrals.

use async_trait::async_trait;
use shared::access::{Access, DocumentFacts, KeptWith, Subject};
use shared::ids::{DocId, TrajectoryId, UserId};

use crate::{Carrier, Millis, Result};

/// In the audit log: somebody was sent what is in a document for the first time.
pub const FIRST_OPENED: &str = "first_open";

/// Who can see a document, and who has opened it: one answer from one consistent read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// What access to it depends on.
    pub facts: DocumentFacts,
    /// Everybody who can read it, by name.
    pub readers: Vec<Reader>,
    /// Everybody who has opened it, the first to do so first; also those who can no longer read it.
    pub openings: Vec<Opening>,
}

/// Somebody who can read a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Who, with her roles.
    pub subject: Subject,
    /// Her name.
    pub name: String,
    /// What she may do with it.
    pub access: Access,
    /// Since when she can read it; none where that was not noted.
    pub since: Option<Millis>,
}

/// The first time that somebody opened a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Who.
    pub user: UserId,
    /// Her name.
    pub name: String,
    /// When the server first sent her what is in it.
    pub at: Millis,
}

/// The reading half of [`Store`](crate::Store) about who sees what.
#[async_trait]
pub trait AccessStore {
    /// A person's own manager.
    async fn manager_of(&self, user: UserId) -> Result<Option<UserId>>;

    /// Who can see `doc` and who has opened it, if `user` can read it herself. None: she cannot, or it is not there.
    async fn audience(&self, user: UserId, doc: DocId) -> Result<Option<Audience>>;

    /// Notes that `carrier` is about to be sent for the first time what is in those of `docs` that she can read, all in
    /// one transaction, and writes each to the audit log. Nothing is noted, nor written at all, of what was noted
    /// before, of what holds nothing yet, of her own documents and of those that are everybody's. Says how many it
    /// noted.
    async fn note_openings(&self, carrier: Carrier, docs: &[DocId], now: Millis) -> Result<usize>;
}

/// What access depends on beside roles and referrals, for [`WriteTx`](crate::WriteTx).
#[async_trait]
pub trait AccessTx {
    /// Says when this transaction happens: access that begins in it began then. Access that begins before this was
    /// said has no beginning.
    fn happens_at(&mut self, now: Millis);

    /// A person's own manager.
    async fn manager(&mut self, user: UserId) -> Result<Option<UserId>>;
    /// Sets it.
    async fn set_manager(&mut self, user: UserId, manager: Option<UserId>) -> Result<()>;

    /// The coaches whom the employee of a trajectory would rather not have.
    async fn avoided(&mut self, trajectory: TrajectoryId) -> Result<Vec<UserId>>;
    /// Sets them.
    async fn set_avoided(&mut self, trajectory: TrajectoryId, coaches: &[UserId]) -> Result<()>;

    /// With whom shared notes are kept; none where that was not said.
    async fn kept_with(&mut self, doc: DocId) -> Result<Option<KeptWith>>;
    /// Says with whom shared notes are kept.
    async fn keep_with(&mut self, doc: DocId, coach: UserId) -> Result<()>;
    /// Hands shared notes over to a successor.
    async fn hand_over(&mut self, doc: DocId, to: UserId, now: Millis) -> Result<()>;
}
