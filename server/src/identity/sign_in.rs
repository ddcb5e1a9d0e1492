//! Signing in: from an address, a password and a device's proof to a session.

use std::net::IpAddr;

use shared::ids::{PublicKey, Signature};
use shared::sync::signature::{device_id, is_sound};
use store::{AuditEvent, Device, Session, SharedStore, StoreError, User};

use super::challenges;
use super::passwords::Passwords;
use super::sessions::Token;
use super::throttle::{Throttle, Throttled};

/// What somebody offers at the door.
pub struct Offered {
    /// Her e-mail address.
    pub email: String,
    /// Her password.
    pub password: String,
    /// What she calls the device.
    pub device_name: String,
    /// The device's key.
    pub public_key: PublicKey,
    /// Its signature over a challenge.
    pub proof: Signature,
    /// Where she comes from.
    pub address: IpAddr,
}

/// Why the door stays closed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The device has not shown that it holds the key, or took too long.
    #[error("the device's proof fits no challenge that is still valid")]
    BadProof,
    /// Wrong address, wrong password, disabled account: which one is not told.
    #[error("the address or the password is not right")]
    Refused,
    /// The key is known, as a device of somebody else.
    #[error("this device belongs to somebody else")]
    OthersDevice,
    /// The key is known, as a device that was revoked.
    #[error("this device was revoked")]
    RevokedDevice,
    /// Nothing can be stored just now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What signing in needs.
pub struct Door<'a> {
    /// Accounts, devices and sessions.
    pub store: &'a SharedStore,
    /// Hashing.
    pub passwords: &'a Passwords,
    /// Failures counted.
    pub throttle: &'a Throttle,
}

impl Door<'_> {
    /// Opens a session, for a token that is new each time. The token that the browser came with, `before`, ends.
    ///
    /// # Errors
    /// [`SignInError`]; nothing has changed then but the count of failures.
    pub async fn sign_in(
        &self,
        offered: Offered,
        before: Option<Token>,
        now: u64,
    ) -> Result<(Token, User, Device), SignInError> {
        self.throttle.attempt(offered.address, &offered.email, now)?;
        let Offered { address, public_key, proof, .. } = offered;
        if !is_sound(&public_key) || !challenges::take(self.store, address, public_key, proof, now).await? {
            return Err(SignInError::BadProof);
        }
        let user = self.store.user_by_email(&offered.email).await?.filter(|it| !it.disabled);
        // The work is the same with and without an account.
        let hash = user.as_ref().and_then(|it| it.password_hash.as_deref());
        let is_right = self.passwords.verify(offered.password, hash).await;
        let Some(user) = user.filter(|_| is_right) else { return Err(SignInError::Refused) };
        self.throttle.succeeded(offered.address, &offered.email);
        let token = Token::fresh();
        let device = self.open(&user, &token, before, offered.public_key, offered.device_name, now).await?;
        Ok((token, user, device))
    }

    async fn open(
        &self,
        user: &User,
        token: &Token,
        before: Option<Token>,
        public_key: PublicKey,
        name: String,
        now: u64,
    ) -> Result<Device, SignInError> {
        let id = device_id(&public_key);
        let mut tx = self.store.begin().await?;
        // The account may have been disabled or changed its password while the hash was computed.
        if tx.user(user.id).await?.as_ref() != Some(user) {
            return Err(SignInError::Refused);
        }
        let known = tx.device(id).await?;
        if let Some(known) = &known {
            if known.user != user.id {
                return Err(SignInError::OthersDevice);
            }
            if known.revoked {
                return Err(SignInError::RevokedDevice);
            }
        }
        let device = Device {
            id,
            user: user.id,
            public_key,
            name,
            created_at: known.map_or(now, |it| it.created_at),
            last_seen: now,
            revoked: false,
        };
        tx.put_device(&device).await?;
        if let Some(before) = before {
            tx.end_session(&before.hash()).await?;
        }
        let session = Session {
            user: user.id,
            device: id,
            created_at: now,
            last_used: now,
            revoked: false,
            disabled: false,
        };
        tx.add_session(&token.hash(), &session).await?;
        tx.audit(&AuditEvent {
            at: now,
            user: Some(user.id),
            device: Some(id),
            action: "sign_in".into(),
            object: id.to_string(),
        })
        .await?;
        tx.commit().await?;
        Ok(device)
    }
}
