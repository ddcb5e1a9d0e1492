//! A write transaction: what commands and changes of accounts read and write, all or nothing.

use async_trait::async_trait;
use shared::access::DocumentFacts;
use shared::ids::{CommandId, DeviceId, DocId, ReferralId, TrajectoryId, UserId};

use crate::{
    AccessTx, AnsweredCommand, AuditEvent, Device, Document, FactorTx, GrantsChange, LinkTx, NewGrant,
    ProviderTx, Referral, Result, RetentionTx, Session, Trajectory, User, WriteRequests, WriteSharedDevices,
};

/// An open transaction. Dropped without [`commit`](WriteTx::commit), it leaves no trace.
#[async_trait]
pub trait WriteTx:
    AccessTx + FactorTx + LinkTx + ProviderTx + RetentionTx + WriteRequests + WriteSharedDevices + Send
{
    /// Makes everything durable and visible.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// The account of that id.
    async fn user(&mut self, id: UserId) -> Result<Option<User>>;
    /// The account with that e-mail address, compared without regard to case.
    async fn user_by_email(&mut self, email: &str) -> Result<Option<User>>;
    /// All accounts.
    async fn users(&mut self) -> Result<Vec<User>>;
    /// Adds an account or replaces what is known of it.
    async fn put_user(&mut self, user: &User) -> Result<()>;

    /// The device of that id.
    async fn device(&mut self, id: DeviceId) -> Result<Option<Device>>;
    /// Adds a device or replaces what is known of it.
    async fn put_device(&mut self, device: &Device) -> Result<()>;

    /// Adds a session under the hash of its token.
    async fn add_session(&mut self, token_hash: &[u8; 32], session: &Session) -> Result<()>;
    /// Notes when a session was last used, and so when its device was last here.
    async fn touch_session(&mut self, token_hash: &[u8; 32], now: u64) -> Result<()>;
    /// Ends a session.
    async fn end_session(&mut self, token_hash: &[u8; 32]) -> Result<()>;
    /// Ends all sessions of a person, on all her devices.
    async fn end_sessions_of(&mut self, user: UserId) -> Result<()>;

    /// The trajectory of that id.
    async fn trajectory(&mut self, id: TrajectoryId) -> Result<Option<Trajectory>>;
    /// An employee's trajectories, oldest first.
    async fn trajectories_of(&mut self, employee: UserId) -> Result<Vec<Trajectory>>;
    /// Adds a trajectory or replaces what is known of it.
    async fn put_trajectory(&mut self, trajectory: &Trajectory) -> Result<()>;

    /// The referral of that id.
    async fn referral(&mut self, id: ReferralId) -> Result<Option<Referral>>;
    /// A trajectory's referrals, oldest first.
    async fn referrals(&mut self, trajectory: TrajectoryId) -> Result<Vec<Referral>>;
    /// Adds a referral or replaces what is known of it.
    async fn put_referral(&mut self, referral: &Referral) -> Result<()>;

    /// The document of that id, destroyed ones too.
    async fn document(&mut self, id: DocId) -> Result<Option<Document>>;
    /// A trajectory's documents, without destroyed ones.
    async fn documents_of_trajectory(&mut self, id: TrajectoryId) -> Result<Vec<Document>>;
    /// Documents that belong to no trajectory and are `owner`'s (`None`: the pool's), without destroyed ones.
    async fn documents_of_owner(&mut self, owner: Option<UserId>) -> Result<Vec<Document>>;
    /// Every document that is not destroyed.
    async fn documents(&mut self) -> Result<Vec<Document>>;
    /// Adds a document with its genesis as item 1. Nobody has access until [`set_grants`](Self::set_grants).
    async fn add_document(&mut self, document: &Document) -> Result<()>;
    /// Turns a document into a tombstone: its items and data are deleted, nobody has access, its id is
    /// refused ever after.
    async fn destroy_document(&mut self, id: DocId, now: u64) -> Result<GrantsChange>;
    /// What access to a document depends on; none for a destroyed one.
    async fn document_facts(&mut self, id: DocId) -> Result<Option<DocumentFacts>>;
    /// Sets who may do what with a document, for everyone: who is not named has no access any more. What
    /// each could ever do is kept.
    async fn set_grants(&mut self, id: DocId, grants: &[NewGrant]) -> Result<GrantsChange>;

    /// The answer to a command that `user` gave before under that id.
    async fn answered_command(&mut self, user: UserId, id: CommandId) -> Result<Option<AnsweredCommand>>;
    /// Keeps the answer to a command.
    async fn put_answer(&mut self, user: UserId, id: CommandId, answer: &AnsweredCommand) -> Result<()>;

    /// Appends to the audit log.
    async fn audit(&mut self, event: &AuditEvent) -> Result<()>;

    /// A setting of the whole database, such as the mark that it holds the demo organisation.
    async fn setting(&mut self, name: &str) -> Result<Option<String>>;
    /// Sets it.
    async fn put_setting(&mut self, name: &str, value: &str) -> Result<()>;
}
