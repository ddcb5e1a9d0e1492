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
    /// How many passkeys she has.
    pub passkeys: u32,
    /// How many recovery codes have not been used.
    pub recovery_left: u32,
    /// When somebody else took her factors away, as long as she has not said that she knows.
    pub removed_at: Option<Millis>,
}

impl Factors {
    /// Whether a password is not enough.
    #[must_use]
    pub fn are_asked_for(&self) -> bool {
        self.has_app() || self.passkeys > 0
    }

    /// Whether codes of an app count.
    #[must_use]
    pub fn has_app(&self) -> bool {
        self.totp.as_ref().is_some_and(|it| it.confirmed_at.is_some())
    }
}

/// The public half of a key pair that her phone, computer or key keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id, 1 to 1,023 bytes.
    pub credential: Vec<u8>,
    /// What she calls it.
    pub name: String,
    /// How it may be reached, as a hint to browsers.
    pub transports: u8,
    /// The public key and what was agreed when it was made.
    pub fixed: Vec<u8>,
    /// What changes with use.
    pub changing: [u8; 7],
    /// When it was made.
    pub made_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
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
    /// Her passkeys, oldest first.
    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>>;
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
    /// Her passkeys, oldest first.
    async fn passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>>;
    /// Keeps a passkey: `false` where there is one of that id already, whosever it is.
    async fn add_passkey(&mut self, user: UserId, passkey: &Passkey) -> Result<bool>;
    /// Notes that it was used, and what that changed.
    async fn use_passkey(&mut self, credential: &[u8], changing: [u8; 7], at: Millis) -> Result<()>;
    /// Takes one away: `false` where she has none of that id.
    async fn remove_passkey(&mut self, user: UserId, credential: &[u8]) -> Result<bool>;
    /// Takes all her factors away, recovery codes too.
    async fn remove_factors(&mut self, user: UserId) -> Result<()>;
    /// Notes that somebody else did that (`Some`), or that she knows (`None`).
    async fn note_factor_removal(&mut self, user: UserId, at: Option<Millis>) -> Result<()>;
}
