//! People who sign in at a provider (OpenID Connect).

use async_trait::async_trait;
use shared::ids::{DeviceId, UserId};

use crate::{Millis, Result};

/// Sign-ins under way that are kept; the oldest go when there are more.
pub const PROVIDER_ATTEMPTS: u32 = 16_384;

/// A sign-in under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAttempt {
    /// SHA-256 of what the browser that left has in its cookie.
    pub browser_hash: [u8; 32],
    /// What the ID token must name.
    pub nonce: String,
    /// What the code is exchanged with (PKCE).
    pub verifier: String,
    /// Where the provider was asked to send the browser back to.
    pub redirect: String,
    /// From when on it is worth nothing.
    pub expires: Millis,
}

/// The session at the provider that a session here goes with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSession {
    /// Which provider.
    pub issuer: String,
    /// Who she is there.
    pub subject: String,
    /// The provider's own name for the session.
    pub sid: Option<String>,
    /// The ID token, sealed.
    pub id_token: Vec<u8>,
}

/// Somebody whom the provider has named, and whose device has not yet shown its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderTicket {
    /// Who.
    pub user: UserId,
    /// The session there.
    pub session: ProviderSession,
    /// From when on it is worth nothing.
    pub expires: Millis,
}

/// Reading.
#[async_trait]
pub trait ProviderStore {
    /// Whether there is such a ticket that can still be taken.
    async fn has_provider_ticket(&self, ticket_hash: &[u8; 32], now: Millis) -> Result<bool>;
    /// The session at the provider that a session here goes with.
    async fn provider_session(&self, token_hash: &[u8; 32]) -> Result<Option<ProviderSession>>;
}

/// In a transaction.
#[async_trait]
pub trait ProviderTx {
    /// Keeps a sign-in that begins, under the hash of its state; those that have expired go.
    async fn put_provider_attempt(
        &mut self,
        state_hash: &[u8; 32],
        attempt: &ProviderAttempt,
        now: Millis,
    ) -> Result<()>;
    /// Uses up a sign-in under way: once, and in time.
    async fn take_provider_attempt(
        &mut self,
        state_hash: &[u8; 32],
        now: Millis,
    ) -> Result<Option<ProviderAttempt>>;

    /// Whose a subject is.
    async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<UserId>>;
    /// Says whose a subject is.
    async fn put_identity(&mut self, issuer: &str, subject: &str, user: UserId) -> Result<()>;
    /// No subject of any issuer is hers any more.
    async fn remove_identities_of(&mut self, user: UserId) -> Result<()>;

    /// Keeps a ticket; those that have expired go.
    async fn put_provider_ticket(
        &mut self,
        ticket_hash: &[u8; 32],
        ticket: &ProviderTicket,
        now: Millis,
    ) -> Result<()>;
    /// Uses up a ticket: once, and in time.
    async fn take_provider_ticket(
        &mut self,
        ticket_hash: &[u8; 32],
        now: Millis,
    ) -> Result<Option<ProviderTicket>>;

    /// Notes which session of the provider a session goes with.
    async fn put_provider_session(&mut self, token_hash: &[u8; 32], session: &ProviderSession) -> Result<()>;
    /// Ends the sessions that go with that one of the provider, or with all of that subject; whose they were and on
    /// which devices. Those of revoked devices stay, as [`end_sessions_of`](crate::WriteTx::end_sessions_of) has it.
    async fn end_provider_sessions(
        &mut self,
        issuer: &str,
        subject: &str,
        sid: Option<&str>,
    ) -> Result<Vec<(UserId, DeviceId)>>;
    /// Uses up a logout token: `true` once.
    async fn use_logout_token(&mut self, hash: &[u8; 32], expires: Millis, now: Millis) -> Result<bool>;
}
