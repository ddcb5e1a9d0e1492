//! Who am I: sign-in, passphrase, unlock, lock, sign-out.
//!
//! The phases: `Starting` → `SignedOut` → `ChoosePassphrase` → `Open`, and on a device that has a vault
//! `Starting` → `Locked` → `Open`. Signing in again on an open device only renews the session.

mod api;
mod idle;

use leptos::prelude::*;
use shared::domain::role::Role;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

pub use crate::device::identity::Me;
use crate::device::identity::{IDENTITY, Identity};
use crate::device::store::{BLOBS, Connection, Store, StoreError};
use crate::device::vault::{self, DataKey, Unreadable, WeakPassphrase};
pub use crate::device::wipe::WipeReason;
use crate::device::{Device, Running, platform, wipe};
pub use api::SignInError;

/// Long enough for the page to show that it is busy before the passphrase takes the processor, in ms.
const PAINT_MS: u64 = 30;

/// Where this device is between a stranger and an open vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The disk is being asked; shorter than a blink.
    Starting,
    /// No vault, or the session has ended and the person wants to renew it: sign in.
    SignedOut,
    /// Signed in, no vault yet: choose a passphrase.
    ChoosePassphrase,
    /// A vault, and no key.
    Locked,
    /// Open: pages can read and write.
    Open,
    /// The browser's database cannot be used.
    Failed(StoreError),
}

/// Why a passphrase was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PassphraseError {
    /// Too short or too simple.
    #[error(transparent)]
    Weak(#[from] WeakPassphrase),
    /// It could not be stored.
    #[error(transparent)]
    Storage(#[from] StoreError),
    /// There is no sign-in to choose it for: sign in (again).
    #[error("sign in first")]
    NotSignedIn,
}

/// Why the device did not unlock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The passphrase is wrong; wait so long before the next try.
    #[error("wrong passphrase")]
    Wrong {
        /// In ms.
        wait_ms: u64,
    },
    /// Too early after wrong ones.
    #[error("wait before the next try")]
    Wait {
        /// In ms.
        wait_ms: u64,
    },
    /// The disk cannot be read.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

/// Why signing out stopped. Nothing was deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignOutError {
    /// Changes and commands have not reached the server and would be lost: offer an export first.
    #[error("{waiting} changes have not reached the server")]
    Unsynchronised {
        /// How many.
        waiting: usize,
    },
    /// Something could not be written to this device's disk, and would be lost.
    #[error("{count} things are not on this device's disk")]
    NotSaved {
        /// How many.
        count: usize,
    },
    /// The server is out of reach, so that the session cannot be ended there.
    #[error("the server is out of reach")]
    Offline,
}

/// The session of this page. `Copy`, a context.
#[derive(Clone, Copy)]
pub struct Session {
    device: Device,
    phase: RwSignal<Phase>,
    me: RwSignal<Option<Me>>,
    waiting: RwSignal<u32>,
    wiped: RwSignal<Option<WipeReason>>,
    connection: StoredValue<Connection, LocalStorage>,
    /// A device key that has no vault yet, kept over failed sign-ins and gone with the page.
    fresh: StoredValue<Option<Zeroizing<[u8; 32]>>, LocalStorage>,
}

impl Session {
    /// Asks the disk what is there. Once, in the root, which provides both as contexts.
    #[must_use]
    pub fn start(device: Device) -> Self {
        let session = Self {
            device,
            phase: RwSignal::new(Phase::Starting),
            me: RwSignal::new(None),
            waiting: RwSignal::new(0),
            wiped: RwSignal::new(wipe::reason()),
            connection: StoredValue::new_local(Connection::default()),
            fresh: StoredValue::new_local(None),
        };
        wasm_bindgen_futures::spawn_local(async move {
            if let Err(error) = session.look().await {
                session.phase.set(Phase::Failed(error));
            }
        });
        session
    }

    /// Where this device is. Tracked.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Who is signed in on this device, also offline. Tracked. `None` until unlocked.
    #[must_use]
    pub fn me(&self) -> Option<Me> {
        self.me.get()
    }

    /// Her roles; empty until unlocked. Tracked. The directory knows better once it is here.
    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let me = self.me();
        let known = self.device.directory().and_then(|directory| {
            directory.people.iter().find(|it| it.id == directory.me).map(|it| it.roles.clone())
        });
        known.or_else(|| me.map(|it| it.roles)).unwrap_or_default()
    }

    /// Shows the sign-in page on an open device; signing in, or [`Self::stay_signed_out`], leads back.
    pub fn sign_in_again(&self) {
        if self.device.get().is_some() {
            self.phase.set(Phase::SignedOut);
        }
    }

    /// Goes on without a session.
    pub fn stay_signed_out(&self) {
        if self.device.get().is_some() {
            self.phase.set(Phase::Open);
        }
    }

    /// How many changes have not reached the server and would be lost by [`Self::forget`]. Tracked, and
    /// known while locked.
    #[must_use]
    pub fn waiting_in_clear(&self) -> u32 {
        self.waiting.get()
    }

    /// Why this device was emptied just before this page started. Tracked.
    #[must_use]
    pub fn wiped(&self) -> Option<WipeReason> {
        self.wiped.get()
    }

    /// The person has read why.
    pub fn seen_wipe(&self) {
        wipe::forget_reason();
        self.wiped.set(None);
    }

    async fn look(&self) -> Result<(), StoreError> {
        let connection = self.connection.get_value();
        let vault = connection.wrapped_key().await?;
        self.waiting.set(connection.waiting().await?);
        if vault.is_some() {
            wipe::empty_if_revoked();
            self.phase.set(Phase::Locked);
        } else {
            self.phase.set(Phase::SignedOut);
        }
        Ok(())
    }

    /// Signs in; on an unlocked device it renews the session, else the passphrase comes next.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn sign_in(&self, email: &str, password: &str, code: Option<&str>) -> Result<(), SignInError> {
        if let Some(running) = self.device.get() {
            let me = api::sign_in(&running.identity.key, email, password, code).await?;
            if me.user != running.identity.me.user {
                return Err(SignInError::OtherPerson);
            }
            running.resume();
            self.phase.set(Phase::Open);
            return Ok(());
        }
        if self.fresh.with_value(Option::is_none) {
            self.fresh.set_value(Some(Zeroizing::new(platform::random())));
        }
        let Some(secret) = self.fresh.get_value() else { return Err(SignInError::Offline) };
        let key = shared::sync::signature::DeviceKey::from_secret(&secret);
        let me = api::sign_in(&key, email, password, code).await?;
        self.me.set(Some(me));
        self.phase.set(Phase::ChoosePassphrase);
        Ok(())
    }

    /// Makes the vault and opens it.
    ///
    /// # Errors
    /// When the passphrase is weak or the disk does not take it.
    pub async fn choose_passphrase(&self, passphrase: &str) -> Result<(), PassphraseError> {
        let passphrase = normalised(passphrase);
        vault::check_passphrase(&passphrase)?;
        let connection = self.connection.get_value();
        if connection.wrapped_key().await?.is_some() {
            // Another tab was first: this device has its vault.
            self.look().await?;
            return Ok(());
        }
        let (Some(secret), Some(me)) = (self.fresh.get_value(), self.me.get_untracked()) else {
            self.phase.set(Phase::SignedOut);
            return Err(PassphraseError::NotSignedIn);
        };
        platform::sleep(PAINT_MS).await;
        let identity = Identity::new(secret, me);
        let (key, wrapped) = vault::create(&passphrase);
        let sealed = Zeroizing::new(identity.encode());
        connection.create_vault(&key, &wrapped, &[(BLOBS, IDENTITY, sealed.to_vec())]).await?;
        self.fresh.set_value(None);
        self.open(key, identity).await?;
        Ok(())
    }

    /// Opens the vault.
    ///
    /// # Errors
    /// When the passphrase is wrong, or it is too early for another try.
    pub async fn unlock(&self, passphrase: &str) -> Result<(), UnlockError> {
        let connection = self.connection.get_value();
        let attempts = connection.attempts().await?;
        let wait_ms = attempts.wait(platform::now_ms());
        if wait_ms > 0 {
            return Err(UnlockError::Wait { wait_ms });
        }
        let Some(wrapped) = connection.wrapped_key().await? else {
            self.look().await?;
            return Ok(());
        };
        platform::sleep(PAINT_MS).await;
        let Ok(key) = vault::unwrap(&normalised(passphrase), &wrapped) else {
            let now = platform::now_ms();
            let attempts = attempts.failed(now);
            connection.set_attempts(attempts).await?;
            return Err(UnlockError::Wrong { wait_ms: attempts.wait(now) });
        };
        if attempts.failures > 0 {
            connection.set_attempts(vault::Attempts::default()).await?;
        }
        let damaged = || StoreError::Damaged { store: BLOBS, key: IDENTITY.to_owned() };
        let sealed = connection.get(BLOBS, IDENTITY).await?.ok_or_else(damaged)?;
        let plain = key.open(BLOBS, IDENTITY, &sealed).map_err(|Unreadable| damaged())?;
        let identity = Identity::decode(&Zeroizing::new(plain)).ok_or_else(damaged)?;
        self.open(key, identity).await?;
        Ok(())
    }

    async fn open(&self, key: DataKey, identity: Identity) -> Result<(), StoreError> {
        let me = identity.me.clone();
        let store = Store::new(self.connection.get_value(), key);
        let running = Running::start(identity, store, self.device.status()).await?;
        self.device.start(running);
        self.me.set(Some(me));
        self.phase.set(Phase::Open);
        idle::watch(*self);
        self.ask_for_lasting_storage();
        Ok(())
    }

    /// Asks the browser not to clear this site's storage by itself.
    fn ask_for_lasting_storage(&self) {
        let promised = self.device.status().storage_promised;
        wasm_bindgen_futures::spawn_local(async move {
            let Ok(asked) = platform::window().navigator().storage().persist() else { return };
            let answer = JsFuture::from(asked).await;
            promised.set(Some(answer.is_ok_and(|it| it.is_truthy())));
        });
    }

    /// Flushes, closes the database, drops the key and starts the page anew; the other tabs too. Where something
    /// could not be saved nothing is locked, and [`Device::stuck`] says so.
    pub fn lock(&self) {
        let running = self.device.get();
        wasm_bindgen_futures::spawn_local(async move {
            let may_go = match running {
                Some(running) => running.lock().await,
                None => true,
            };
            if may_go {
                platform::reload();
            }
        });
    }

    /// Locks without what could not be saved: it is lost.
    pub fn lock_anyway(&self) {
        self.device.with(Running::abandon);
        platform::reload();
    }

    /// Ends the session on the server and empties this device.
    ///
    /// # Errors
    /// When something would be lost, or the server cannot be told; nothing was done.
    pub async fn sign_out(&self) -> Result<(), SignOutError> {
        let Some(running) = self.device.get() else { return Ok(()) };
        let to_offer = running.to_offer();
        if !running.settle().await {
            return Err(SignOutError::NotSaved { count: running.unsaved_count() });
        }
        let waiting = running.lacked_count(to_offer).await;
        if waiting > 0 {
            running.stay();
            return Err(SignOutError::Unsynchronised { waiting });
        }
        if !api::sign_out().await {
            running.stay();
            return Err(SignOutError::Offline);
        }
        wipe::empty(Some(running), WipeReason::SignedOut).await;
        platform::reload();
        Ok(())
    }

    /// Empties this device whatever is lost by it, and ends the session if the server is in reach.
    pub async fn sign_out_anyway(&self) {
        api::sign_out().await;
        wipe::empty(self.device.get(), WipeReason::SignedOut).await;
        platform::reload();
    }

    /// The passphrase is forgotten: empties this device; what waits is lost, all else comes again.
    pub async fn forget(&self) {
        api::sign_out().await;
        self.connection.get_value().close();
        wipe::empty(self.device.get(), WipeReason::Forgotten).await;
        platform::reload();
    }
}

/// The same letters are the same passphrase, whichever keyboard composed them.
fn normalised(passphrase: &str) -> Zeroizing<String> {
    Zeroizing::new(js_sys::JsString::from(passphrase).normalize("NFC").into())
}
