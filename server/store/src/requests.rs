//! Requests of people about what is kept of them, and what there is about a person, without content.

use std::collections::BTreeMap;

use async_trait::async_trait;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::request::{Answer, Reason, RequestKind, RequestState, Scope};
use shared::domain::role::Role;
use shared::ids::{RequestId, TrajectoryId, UserId};

use crate::{Device, Millis, Result};

/// A request, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// What is asked.
    pub kind: RequestKind,
    /// Who asked, about herself.
    pub person: UserId,
    /// Of an erasure: what is to go.
    pub scope: Option<Scope>,
    /// Where it is, as far as somebody has brought it there.
    pub state: RequestState,
    /// When it was asked.
    pub made_at: Millis,
    /// By when it is to be settled.
    pub due_at: Millis,
    /// Why it was declined.
    pub reason: Option<Reason>,
    /// Who decided, and when.
    pub decided: Option<(UserId, Millis)>,
    /// Who settled it, and when.
    pub done: Option<(UserId, Millis)>,
    /// What was erased: how many documents of which kind.
    pub erased: BTreeMap<DocKind, u32>,
}

/// Somebody who was asked to look at what she keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestStep {
    /// In which role.
    pub role: Role,
    /// Who; none: all who have the role, together.
    pub user: Option<UserId>,
    /// What was said, by whom, and when.
    pub answered: Option<(Answer, UserId, Millis)>,
}

/// A document about a person, as it can be told without a word of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDocument {
    /// Its kind.
    pub kind: DocKind,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// The trajectory it belongs to.
    pub trajectory: Option<TrajectoryId>,
    /// How many changes it holds.
    pub changes: u64,
    /// Who wrote in it.
    pub authors: Vec<UserId>,
    /// Who can see it now.
    pub readers: Vec<(UserId, Access)>,
    /// When the first and the newest change were made by their authors' clocks, as far as the log still holds them.
    pub written: (Option<Millis>, Option<Millis>),
}

/// Reading.
#[async_trait]
pub trait ReadRequests {
    /// The request of that id.
    async fn request(&self, id: RequestId) -> Result<Option<Request>>;
    /// Every document about a person that is not destroyed: her own, and those of her trajectories; in one consistent
    /// read.
    async fn documents_about(&self, person: UserId) -> Result<Vec<FoundDocument>>;
}

/// Reading and writing in a transaction.
#[async_trait]
pub trait WriteRequests {
    /// The request of that id.
    async fn request(&mut self, id: RequestId) -> Result<Option<Request>>;
    /// A person's requests, oldest first.
    async fn requests_of(&mut self, person: UserId) -> Result<Vec<Request>>;
    /// Adds a request or replaces what is known of it.
    async fn put_request(&mut self, request: &Request) -> Result<()>;
    /// Who was asked to look, in the order in which they were.
    async fn request_steps(&mut self, id: RequestId) -> Result<Vec<RequestStep>>;
    /// A person's devices, revoked ones too.
    async fn devices_of(&mut self, person: UserId) -> Result<Vec<Device>>;
    /// Asks somebody to look, or keeps what she said.
    async fn put_request_step(&mut self, id: RequestId, step: &RequestStep) -> Result<()>;
}
