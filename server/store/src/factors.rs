//! What somebody shows besides her password.

use async_trait::async_trait;
use shared::ids::UserId;

use crate::{Millis, Result};

/// What the audit log calls it that somebody else took a person's second factor away.
pub const FACTOR_RESET: &str = "reset_second_factor";

/// The second factors of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Factors {
    /// An app that shows codes.
    pub totp: Option<Totp>,
    /// How many recovery codes have not been used.
    pub recovery_left: u32,
    /// When somebody else took her factors away, as long as she has not said that she knows.
    pub removed_at: Option<Millis>,
}

impl Factors {
    /// Whether a password is not enough.
    #[must_use]
    pub fn are_asked_for(&self) -> bool {
        self.totp.as_ref().is_some_and(|it| it.confirmed_at.is_some())
    }
}

/// The secret that an app and the server share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// Since when it counts; none while it is being set up.
    pub confirmed_at: Option<Millis>,
    /// The newest step of which a code was used.
    pub last_step: u64,
}

/// Reading.
#[async_trait]
pub trait FactorStore {
    /// The second factors of a person.
    async fn factors(&self, user: UserId) -> Result<Factors>;
}

/// In a transaction.
#[async_trait]
pub trait FactorTx {
    /// The second factors of a person.
    async fn factors(&mut self, user: UserId) -> Result<Factors>;
    /// Keeps her app's secret in place of the one before.
    async fn put_totp(&mut self, user: UserId, totp: &Totp) -> Result<()>;
    /// Uses up a step: `false` where it, or a later one, has been used.
    async fn use_totp_step(&mut self, user: UserId, step: u64) -> Result<bool>;
    /// Keeps the hashes of her recovery codes in place of those before.
    async fn put_recovery_codes(&mut self, user: UserId, hashes: &[[u8; 32]]) -> Result<()>;
    /// Uses up a recovery code: `true` once, if it is hers.
    async fn use_recovery_code(&mut self, user: UserId, hash: &[u8; 32]) -> Result<bool>;
    /// Takes all her factors away, recovery codes too.
    async fn remove_factors(&mut self, user: UserId) -> Result<()>;
    /// Notes that somebody else did that (`Some`), or that she knows (`None`).
    async fn note_factor_removal(&mut self, user: UserId, at: Option<Millis>) -> Result<()>;
}
