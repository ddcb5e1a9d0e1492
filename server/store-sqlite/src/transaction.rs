//! The write transaction of the trait.

use async_trait::async_trait;
use shared::access::DocumentFacts;
use shared::ids::{CommandId, DeviceId, DocId, ReferralId, TrajectoryId, UserId};
use store::{
    AnsweredCommand, AuditEvent, Device, Document, GrantsChange, NewGrant, Referral, Result, Session,
    Trajectory, User, WriteTx,
};

use crate::writer::WriterTx;
use crate::{accounts, documents, record, trajectories};

pub(crate) struct Transaction(WriterTx);

impl Transaction {
    pub(crate) fn new(tx: WriterTx) -> Self {
        Self(tx)
    }
}

#[async_trait]
impl WriteTx for Transaction {
    async fn commit(self: Box<Self>) -> Result<()> {
        self.0.commit().await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>> {
        accounts::user(self.0.connection(), id).await
    }

    async fn user_by_email(&mut self, email: &str) -> Result<Option<User>> {
        accounts::user_by_email(self.0.connection(), email).await
    }

    async fn users(&mut self) -> Result<Vec<User>> {
        accounts::users(self.0.connection()).await
    }

    async fn put_user(&mut self, user: &User) -> Result<()> {
        accounts::put_user(self.0.connection(), user).await
    }

    async fn device(&mut self, id: DeviceId) -> Result<Option<Device>> {
        accounts::device(self.0.connection(), id).await
    }

    async fn put_device(&mut self, device: &Device) -> Result<()> {
        accounts::put_device(self.0.connection(), device).await
    }

    async fn add_session(&mut self, token_hash: &[u8; 32], session: &Session) -> Result<()> {
        accounts::add_session(self.0.connection(), token_hash, session).await
    }

    async fn touch_session(&mut self, token_hash: &[u8; 32], now: u64) -> Result<()> {
        accounts::touch_session(self.0.connection(), token_hash, now).await
    }

    async fn end_session(&mut self, token_hash: &[u8; 32]) -> Result<()> {
        accounts::end_session(self.0.connection(), token_hash).await
    }

    async fn end_sessions_of(&mut self, user: UserId) -> Result<()> {
        accounts::end_sessions_of(self.0.connection(), user).await
    }

    async fn trajectory(&mut self, id: TrajectoryId) -> Result<Option<Trajectory>> {
        trajectories::trajectory(self.0.connection(), id).await
    }

    async fn trajectories_of(&mut self, employee: UserId) -> Result<Vec<Trajectory>> {
        trajectories::of_employee(self.0.connection(), employee).await
    }

    async fn put_trajectory(&mut self, trajectory: &Trajectory) -> Result<()> {
        trajectories::put(self.0.connection(), trajectory).await
    }

    async fn referral(&mut self, id: ReferralId) -> Result<Option<Referral>> {
        trajectories::referral(self.0.connection(), id).await
    }

    async fn referrals(&mut self, trajectory: TrajectoryId) -> Result<Vec<Referral>> {
        trajectories::referrals(self.0.connection(), trajectory).await
    }

    async fn put_referral(&mut self, referral: &Referral) -> Result<()> {
        trajectories::put_referral(self.0.connection(), referral).await
    }

    async fn document(&mut self, id: DocId) -> Result<Option<Document>> {
        documents::document(self.0.connection(), id).await
    }

    async fn documents_of_trajectory(&mut self, id: TrajectoryId) -> Result<Vec<Document>> {
        documents::of_trajectory(self.0.connection(), id).await
    }

    async fn documents_of_owner(&mut self, owner: Option<UserId>) -> Result<Vec<Document>> {
        documents::of_owner(self.0.connection(), owner).await
    }

    async fn documents(&mut self) -> Result<Vec<Document>> {
        documents::all(self.0.connection()).await
    }

    async fn add_document(&mut self, document: &Document) -> Result<()> {
        documents::add(self.0.connection(), document).await
    }

    async fn destroy_document(&mut self, id: DocId, now: u64) -> Result<GrantsChange> {
        documents::destroy(self.0.connection(), id, now).await
    }

    async fn document_facts(&mut self, id: DocId) -> Result<Option<DocumentFacts>> {
        documents::facts(self.0.connection(), id).await
    }

    async fn set_grants(&mut self, id: DocId, grants: &[NewGrant]) -> Result<GrantsChange> {
        documents::set_grants(self.0.connection(), id, grants).await
    }

    async fn answered_command(&mut self, user: UserId, id: CommandId) -> Result<Option<AnsweredCommand>> {
        record::answered_command(self.0.connection(), user, id).await
    }

    async fn put_answer(&mut self, user: UserId, id: CommandId, answer: &AnsweredCommand) -> Result<()> {
        record::put_answer(self.0.connection(), user, id, answer).await
    }

    async fn audit(&mut self, event: &AuditEvent) -> Result<()> {
        record::audit(self.0.connection(), event).await
    }

    async fn setting(&mut self, name: &str) -> Result<Option<String>> {
        record::setting(self.0.connection(), name).await
    }

    async fn put_setting(&mut self, name: &str, value: &str) -> Result<()> {
        record::put_setting(self.0.connection(), name, value).await
    }
}
