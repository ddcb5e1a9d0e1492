//! The write transaction of the trait.

use async_trait::async_trait;
use shared::access::DocumentFacts;
use shared::domain::audit::DestructionReason;
use shared::ids::{CommandId, DeviceId, DocId, ReferralId, TrajectoryId, UserId};
use sqlx::SqliteConnection;
use store::{
    AnsweredCommand, AuditEvent, Clocked, Deletion, Device, Document, GrantsChange, Millis, NewGrant,
    Referral, Result, RetentionTx, Session, Trajectory, User, WriteTx,
};

use crate::deletions::DeletionList;
use crate::writer::WriterTx;
use crate::{accounts, documents, record, retention, trajectories};

pub(crate) struct Transaction {
    tx: WriterTx,
    list: DeletionList,
    /// What it destroys, for the deletion list.
    destroyed: Vec<Deletion>,
    /// When it happens, as far as that was said.
    pub(crate) at: Option<Millis>,
}

impl Transaction {
    pub(crate) fn new(tx: WriterTx, list: DeletionList) -> Self {
        Self { tx, list, destroyed: Vec::new(), at: None }
    }

    /// What the transaction's statements run on.
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.tx.connection()
    }
}

#[async_trait]
impl RetentionTx for Transaction {
    async fn clocked_document(&mut self, doc: DocId) -> Result<Option<Clocked>> {
        retention::clocked_document(self.tx.connection(), doc).await
    }

    async fn note_edits(&mut self, now: Millis) -> Result<u64> {
        retention::note_edits(self.tx.connection(), now).await
    }

    async fn closed_trajectories(&mut self) -> Result<Vec<Trajectory>> {
        retention::closed_trajectories(self.tx.connection()).await
    }

    async fn destroy_for(
        &mut self,
        doc: DocId,
        reason: DestructionReason,
        rule: &str,
        now: Millis,
    ) -> Result<GrantsChange> {
        let change = self.destroy_document(doc, now).await?;
        retention::explain(self.tx.connection(), doc, reason, rule).await?;
        Ok(change)
    }

    async fn bury(&mut self, deletion: &Deletion, now: Millis) -> Result<()> {
        retention::bury(self.tx.connection(), deletion, now).await
    }

    async fn end_all_sessions(&mut self) -> Result<u64> {
        retention::end_all_sessions(self.tx.connection()).await
    }
}

#[async_trait]
impl WriteTx for Transaction {
    async fn commit(mut self: Box<Self>) -> Result<()> {
        if !self.destroyed.is_empty() {
            // First, so that nothing is ever destroyed that a backup could bring back. What is on the list and was not
            // destroyed after all is destroyed at the next start.
            self.list.append(std::mem::take(&mut self.destroyed)).await?;
        }
        self.tx.commit().await
    }

    async fn user(&mut self, id: UserId) -> Result<Option<User>> {
        accounts::user(self.tx.connection(), id).await
    }

    async fn user_by_email(&mut self, email: &str) -> Result<Option<User>> {
        accounts::user_by_email(self.tx.connection(), email).await
    }

    async fn users(&mut self) -> Result<Vec<User>> {
        accounts::users(self.tx.connection()).await
    }

    async fn put_user(&mut self, user: &User) -> Result<()> {
        accounts::put_user(self.tx.connection(), user).await
    }

    async fn device(&mut self, id: DeviceId) -> Result<Option<Device>> {
        accounts::device(self.tx.connection(), id).await
    }

    async fn put_device(&mut self, device: &Device) -> Result<()> {
        accounts::put_device(self.tx.connection(), device).await
    }

    async fn add_session(&mut self, token_hash: &[u8; 32], session: &Session) -> Result<()> {
        accounts::add_session(self.tx.connection(), token_hash, session).await
    }

    async fn touch_session(&mut self, token_hash: &[u8; 32], now: u64) -> Result<()> {
        accounts::touch_session(self.tx.connection(), token_hash, now).await
    }

    async fn end_session(&mut self, token_hash: &[u8; 32]) -> Result<()> {
        accounts::end_session(self.tx.connection(), token_hash).await
    }

    async fn end_sessions_of(&mut self, user: UserId) -> Result<()> {
        accounts::end_sessions_of(self.tx.connection(), user).await
    }

    async fn trajectory(&mut self, id: TrajectoryId) -> Result<Option<Trajectory>> {
        trajectories::trajectory(self.tx.connection(), id).await
    }

    async fn trajectories_of(&mut self, employee: UserId) -> Result<Vec<Trajectory>> {
        trajectories::of_employee(self.tx.connection(), employee).await
    }

    async fn put_trajectory(&mut self, trajectory: &Trajectory) -> Result<()> {
        trajectories::put(self.tx.connection(), trajectory).await
    }

    async fn referral(&mut self, id: ReferralId) -> Result<Option<Referral>> {
        trajectories::referral(self.tx.connection(), id).await
    }

    async fn referrals(&mut self, trajectory: TrajectoryId) -> Result<Vec<Referral>> {
        trajectories::referrals(self.tx.connection(), trajectory).await
    }

    async fn put_referral(&mut self, referral: &Referral) -> Result<()> {
        trajectories::put_referral(self.tx.connection(), referral).await
    }

    async fn document(&mut self, id: DocId) -> Result<Option<Document>> {
        documents::document(self.tx.connection(), id).await
    }

    async fn documents_of_trajectory(&mut self, id: TrajectoryId) -> Result<Vec<Document>> {
        documents::of_trajectory(self.tx.connection(), id).await
    }

    async fn documents_of_owner(&mut self, owner: Option<UserId>) -> Result<Vec<Document>> {
        documents::of_owner(self.tx.connection(), owner).await
    }

    async fn documents(&mut self) -> Result<Vec<Document>> {
        documents::all(self.tx.connection()).await
    }

    async fn add_document(&mut self, document: &Document) -> Result<()> {
        documents::add(self.tx.connection(), document).await
    }

    async fn destroy_document(&mut self, id: DocId, now: u64) -> Result<GrantsChange> {
        self.destroyed.extend(retention::deletion(self.tx.connection(), id, now).await?);
        documents::destroy(self.tx.connection(), id, now).await
    }

    async fn document_facts(&mut self, id: DocId) -> Result<Option<DocumentFacts>> {
        documents::facts(self.tx.connection(), id).await
    }

    async fn set_grants(&mut self, id: DocId, grants: &[NewGrant]) -> Result<GrantsChange> {
        documents::set_grants(self.tx.connection(), id, grants, self.at).await
    }

    async fn answered_command(&mut self, user: UserId, id: CommandId) -> Result<Option<AnsweredCommand>> {
        record::answered_command(self.tx.connection(), user, id).await
    }

    async fn put_answer(&mut self, user: UserId, id: CommandId, answer: &AnsweredCommand) -> Result<()> {
        record::put_answer(self.tx.connection(), user, id, answer).await
    }

    async fn audit(&mut self, event: &AuditEvent) -> Result<()> {
        self.at.get_or_insert(event.at);
        record::audit(self.tx.connection(), event).await
    }

    async fn setting(&mut self, name: &str) -> Result<Option<String>> {
        record::setting(self.tx.connection(), name).await
    }

    async fn put_setting(&mut self, name: &str, value: &str) -> Result<()> {
        record::put_setting(self.tx.connection(), name, value).await
    }
}
