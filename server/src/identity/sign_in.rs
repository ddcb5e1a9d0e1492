//! Signing in: from an address, a password and a device's proof to a session.

use std::net::IpAddr;

use shared::ids::{PublicKey, Signature, UserId};
use shared::sync::signature::{device_id, is_sound};
use store::{AuditEvent, Device, Session, SharedStore, StoreError, User, WriteTx};

use super::passkeys::Ceremonies;
use super::passwords::{Busy, Passwords};
use super::sealing::Sealing;
use super::second_factor::{self, Checks, Given, Lacking};
use super::sessions::Token;
use super::throttle::{Throttle, Throttled};
use super::{challenges, shared_devices};
use crate::audit::Watch;

/// In the audit log: somebody signed in.
const SIGNED_IN: &str = "sign_in";
/// In the audit log: a device was seen for the first time.
const DEVICE_ADDED: &str = "device_add";

/// What somebody offers at the door.
pub struct Offered {
    /// Her e-mail address.
    pub email: String,
    /// Her password.
    pub password: String,
    /// Her second factor, if she gave one.
    pub factor: Given,
    /// What she calls the device.
    pub device_name: String,
    /// Whether the device keeps nothing, as on a computer that several people use.
    pub shared: bool,
    /// The device's key.
    pub public_key: PublicKey,
    /// Its signature over a challenge.
    pub proof: Signature,
    /// Where she comes from.
    pub address: IpAddr,
}

/// What somebody shows, who is signed in, before something is changed that guards her account.
pub struct Proof {
    /// Her password.
    pub password: String,
    /// Her second factor, where she has one.
    pub factor: Given,
    /// Where she comes from.
    pub address: IpAddr,
}

/// Why the door stays closed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too many sign in at once.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The device has not shown that it holds the key, or took too long.
    #[error("the device's proof fits no challenge that is still valid")]
    BadProof,
    /// Wrong address, wrong password, disabled account: which one is not told.
    #[error("the address or the password is not right")]
    Refused,
    /// The password is right, and not enough.
    #[error(transparent)]
    SecondFactor(#[from] Lacking),
    /// Nobody was named by the provider in this browser, or too long ago.
    #[error("the sign-in at the provider has ended; begin again")]
    NoTicket,
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

/// The device of somebody who is let in.
struct NewDevice {
    public_key: PublicKey,
    name: String,
    /// When it ends by itself, if it keeps nothing.
    ends_at: Option<u64>,
}

/// What signing in needs.
pub struct Door<'a> {
    /// Accounts, devices and sessions.
    pub store: &'a SharedStore,
    /// Hashing.
    pub passwords: &'a Passwords,
    /// Failures counted.
    pub throttle: &'a Throttle,
    /// What secrets of second factors are sealed with.
    pub sealing: &'a Sealing,
    /// What browsers have been asked for.
    pub ceremonies: &'a Ceremonies,
    /// Failures told to the audit log.
    pub watch: &'a Watch,
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
        // Kept until she has her answer; a flood is turned away before it is counted as anybody's failure.
        let _place = self.passwords.place()?;
        self.throttle.attempt(offered.address, &offered.email, now)?;
        let Offered { address, public_key, proof, shared, .. } = offered;
        if !is_sound(&public_key) || !challenges::take(self.store, address, public_key, proof, now).await? {
            return Err(SignInError::BadProof);
        }
        let user = self.store.user_by_email(&offered.email).await?.filter(|it| !it.disabled);
        // The work is the same with and without an account.
        let hash = user.as_ref().and_then(|it| it.password_hash.as_deref());
        let is_right = self.passwords.verify(offered.password, hash).await;
        let account = user.as_ref().map(|it| it.id);
        let Some(user) = user.filter(|_| is_right) else {
            self.watch.failed(account, now);
            return Err(SignInError::Refused);
        };
        let token = Token::fresh();
        let ends_at = shared.then(|| now + shared_devices::LIFETIME_MS);
        let new = NewDevice { public_key, name: offered.device_name, ends_at };
        let opened = self.open(&user, &offered.factor, &token, before, new, now).await;
        // Whoever has the password guesses codes no faster than passwords.
        match &opened {
            Err(SignInError::SecondFactor(Lacking::Wrong(_) | Lacking::Copied(_))) => {
                self.watch.failed(Some(user.id), now);
            }
            Err(SignInError::SecondFactor(Lacking::Missing(_))) => {}
            _ => self.throttle.succeeded(offered.address, &offered.email),
        }
        Ok((token, user, opened?))
    }

    /// A transaction in which somebody who is signed in has shown once more that it is she, and who that is.
    ///
    /// # Errors
    /// [`SignInError`]; nothing has changed then but the count of failures.
    pub async fn prove(
        &self,
        user: UserId,
        proof: Proof,
        now: u64,
    ) -> Result<(Box<dyn WriteTx>, User), SignInError> {
        let user = self.store.user(user).await?.filter(|it| !it.disabled).ok_or(SignInError::Refused)?;
        self.throttle.attempt(proof.address, &user.email, now)?;
        if !self.passwords.verify(proof.password, user.password_hash.as_deref()).await {
            return Err(SignInError::Refused);
        }
        let mut tx = self.store.begin().await?;
        if tx.user(user.id).await?.as_ref() != Some(&user) {
            return Err(SignInError::Refused);
        }
        let tx = self.check_factor(tx, user.id, &proof.factor, now).await?;
        self.throttle.succeeded(proof.address, &user.email);
        Ok((tx, user))
    }

    /// Gives the transaction back in which the second factor was used, or ends it.
    async fn check_factor(
        &self,
        mut tx: Box<dyn WriteTx>,
        user: UserId,
        given: &Given,
        now: u64,
    ) -> Result<Box<dyn WriteTx>, SignInError> {
        let checks = Checks { sealing: self.sealing, ceremonies: self.ceremonies };
        let outcome = second_factor::check(&mut *tx, checks, user, given, now).await?;
        match outcome {
            Ok(()) => Ok(tx),
            Err(lacking) => {
                if matches!(lacking, Lacking::Copied(_)) {
                    second_factor::note_copied(&mut *tx, user, now).await?;
                    tx.commit().await?;
                }
                Err(lacking.into())
            }
        }
    }

    async fn open(
        &self,
        user: &User,
        factor: &Given,
        token: &Token,
        before: Option<Token>,
        new: NewDevice,
        now: u64,
    ) -> Result<Device, SignInError> {
        let mut tx = self.store.begin().await?;
        // The account may have been disabled or changed its password while the hash was computed.
        if tx.user(user.id).await?.as_ref() != Some(user) {
            return Err(SignInError::Refused);
        }
        let mut tx = self.check_factor(tx, user.id, factor, now).await?;
        let device = register(&mut *tx, user, token, before, new, now).await?;
        tx.commit().await?;
        Ok(device)
    }

    /// Opens a session for somebody whom the provider has named: her browser has the ticket, and her device shows its
    /// key. The second factor is the provider's to ask for.
    ///
    /// # Errors
    /// [`SignInError`]; nothing has changed then.
    pub async fn sign_in_by_ticket(
        &self,
        ticket_hash: [u8; 32],
        offered: OfferedDevice,
        before: Option<Token>,
        now: u64,
    ) -> Result<(Token, User, Device), SignInError> {
        let OfferedDevice { name, public_key, proof, shared, address } = offered;
        if !is_sound(&public_key) || !challenges::take(self.store, address, public_key, proof, now).await? {
            return Err(SignInError::BadProof);
        }
        let mut tx = self.store.begin().await?;
        let ticket = tx.take_provider_ticket(&ticket_hash, now).await?.ok_or(SignInError::NoTicket)?;
        let user = tx.user(ticket.user).await?.filter(|it| !it.disabled).ok_or(SignInError::NoTicket)?;
        let token = Token::fresh();
        let ends_at = shared.then(|| now + shared_devices::LIFETIME_MS);
        let new = NewDevice { public_key, name, ends_at };
        let device = register(&mut *tx, &user, &token, before, new, now).await?;
        tx.put_provider_session(&token.hash(), &ticket.session).await?;
        tx.commit().await?;
        Ok((token, user, device))
    }
}

/// A device with the proof that it holds its key.
pub struct OfferedDevice {
    /// What she calls it.
    pub name: String,
    /// Its key.
    pub public_key: PublicKey,
    /// Its signature over a challenge.
    pub proof: Signature,
    /// Whether it keeps nothing, as a computer that several people use.
    pub shared: bool,
    /// Where it comes from.
    pub address: IpAddr,
}

/// Registers a device, and opens a session on it.
async fn register(
    tx: &mut dyn WriteTx,
    user: &User,
    token: &Token,
    before: Option<Token>,
    new: NewDevice,
    now: u64,
) -> Result<Device, SignInError> {
    let NewDevice { public_key, name, ends_at } = new;
    let id = device_id(&public_key);
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
        created_at: known.as_ref().map_or(now, |it| it.created_at),
        // Its owner may have given it another name since.
        name: known.as_ref().map_or(name, |it| it.name.clone()),
        last_seen: now,
        revoked: false,
    };
    tx.put_device(&device).await?;
    if known.is_none() {
        audit(tx, DEVICE_ADDED, &device, now).await?;
    }
    if let Some(ends_at) = ends_at {
        tx.put_shared_device(id, ends_at).await?;
    }
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
    audit(tx, SIGNED_IN, &device, now).await?;
    Ok(device)
}

async fn audit(tx: &mut dyn WriteTx, action: &str, device: &Device, now: u64) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: now,
        user: Some(device.user),
        device: Some(device.id),
        action: action.into(),
        object: device.id.to_string(),
    };
    tx.audit(&event).await
}
