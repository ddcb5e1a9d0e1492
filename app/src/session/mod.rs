//! Who am I: sign-in, passphrase, unlock, lock, sign-out.
//!
//! The phases: `Starting` → `SignedOut` → `ChoosePassphrase` → `Open`, and on a device that has a vault
//! `Starting` → `Locked` → `Open`. A shared device, which keeps nothing, goes from `SignedOut` to `Open` at once, and over
//! `Held` back where it is left alone with something that the server lacks. Signing in again on an open device only renews
//! the session.

pub mod accounts;
mod api;
mod call;
pub mod factors;
mod fleeting;
mod idle;
pub mod passkeys;
mod passphrase;
pub mod passwords;
pub mod provider;

use leptos::prelude::*;
use shared::domain::role::Role;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

pub use crate::device::identity::Me;
use crate::device::identity::{IDENTITY, Identity};
use crate::device::store::{BLOBS, Connection, Lacking, Store, StoreError};
use crate::device::vault::{self, DataKey, Unreadable, WeakPassphrase};
pub use crate::device::wipe::WipeReason;
use crate::device::{Device, Running, keeping, platform, wipe};
pub use api::{Second, SignInError, device_name};
pub use call::CallError;
pub use passphrase::ChangeError;

/// Long enough for the page to show that it is busy before the passphrase takes the processor, in ms.
const PAINT_MS: u64 = 30;
/// How long to wait before the browser is asked once more to empty the device, in ms.
const TRY_AGAIN_MS: u64 = 5_000;

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
    /// A shared device that was left alone while the server lacked something: nothing is shown until it has it, or until
    /// its person signs in again.
    Held,
    /// What opens the vault is damaged: nothing here can be read any more.
    Damaged,
    /// It was to be emptied, and the browser does not do it; it is tried again and again.
    NotEmptied,
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
    lacking: RwSignal<Lacking>,
    /// Whether this device keeps nothing; before the sign-in, whether it is to.
    shared: RwSignal<bool>,
    /// By a clock that nobody sets, when this page may try the next passphrase.
    not_before: StoredValue<u64>,
    wiped: RwSignal<Option<WipeReason>>,
    factor_removed: RwSignal<bool>,
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
            lacking: RwSignal::new(Lacking::default()),
            shared: RwSignal::new(false),
            not_before: StoredValue::new(0),
            wiped: RwSignal::new(wipe::reason()),
            factor_removed: RwSignal::new(false),
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

    /// What has not reached the server and would be lost by [`Self::forget`], as far as can be known while locked. Tracked.
    #[must_use]
    pub fn lacking(&self) -> Lacking {
        self.lacking.get()
    }

    /// What is damaged: opened with no passphrase.
    fn found_damaged(&self, error: StoreError) -> Result<(), StoreError> {
        match error {
            StoreError::Damaged { .. } => {
                self.phase.set(Phase::Damaged);
                Ok(())
            }
            error => Err(error),
        }
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

    /// Whether somebody else took her second factor away, which she has not said that she knows. Tracked.
    #[must_use]
    pub fn factor_was_removed(&self) -> bool {
        self.factor_removed.get()
    }

    /// She has read it.
    pub fn knows_of_removal(&self) {
        self.factor_removed.set(false);
        wasm_bindgen_futures::spawn_local(factors::removal_is_known());
    }

    async fn look(&self) -> Result<(), StoreError> {
        if let Some(reason) = wipe::unfinished() {
            self.finish_wipe(reason).await;
        }
        wasm_bindgen_futures::spawn_local(fleeting::end_what_was_left());
        let connection = self.connection.get_value();
        let vault = match connection.wrapped_key().await {
            Err(damaged @ StoreError::Damaged { .. }) => {
                // The order to empty it is for a device that nobody can open as well.
                wipe::empty_if_revoked();
                self.lacking.set(connection.lacking().await.unwrap_or_default());
                return self.found_damaged(damaged);
            }
            vault => vault?,
        };
        self.lacking.set(connection.lacking().await?);
        if vault.is_some() {
            wipe::empty_if_revoked();
            self.phase.set(Phase::Locked);
        } else {
            self.phase.set(Phase::SignedOut);
        }
        Ok(())
    }

    /// Empties the device at last, however long the browser takes; nothing of it can be opened meanwhile.
    async fn finish_wipe(&self, reason: WipeReason) {
        while !wipe::finish(reason).await {
            self.phase.set(Phase::NotEmptied);
            platform::sleep(TRY_AGAIN_MS).await;
        }
        self.wiped.set(Some(reason));
    }

    /// Signs in; on an unlocked device it renews the session, else the passphrase comes next.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn sign_in(&self, email: &str, password: &str, second: Second<'_>) -> Result<(), SignInError> {
        self.enter(api::Shown::Password { email, password, second }).await
    }

    /// The same for who comes back from the organisation's own sign-in.
    ///
    /// # Errors
    /// When there is no session.
    pub async fn sign_in_by_provider(&self) -> Result<(), SignInError> {
        // She is back: what follows is no second time.
        let _ = provider::has_left();
        if provider::has_left_shared() {
            self.set_shared(true);
        }
        self.enter(api::Shown::Provider).await
    }

    /// Leaves for the organisation's own sign-in, with everything on the disk; `false`, and nothing happened, where the
    /// server is out of reach or something could not be saved.
    pub async fn leave_for_provider(&self) -> bool {
        let running = self.device.get();
        let shared = self.shared.get_untracked();
        let is_saved = match &running {
            // What it holds goes with the page.
            Some(running) if shared => running.waiting_count() == 0,
            Some(running) => running.settle().await,
            None => true,
        };
        if is_saved && provider::offer().await.is_some() {
            provider::leaves(shared);
            platform::go(provider::START);
            return true;
        }
        if let Some(running) = running {
            running.stay();
        }
        false
    }

    async fn enter(&self, shown: api::Shown<'_>) -> Result<(), SignInError> {
        if let Some(running) = self.device.get() {
            let shared = self.shared.get_untracked();
            let api::Opened { me, factor_removed_at } =
                api::sign_in(&running.identity.key, shown, shared).await?;
            if me.user != running.identity.me.user {
                return Err(SignInError::OtherPerson);
            }
            self.factor_removed.set(factor_removed_at.is_some());
            running.resume();
            self.phase.set(Phase::Open);
            return Ok(());
        }
        if self.fresh.with_value(Option::is_none) {
            self.fresh.set_value(Some(Zeroizing::new(platform::random())));
        }
        let Some(secret) = self.fresh.get_value() else { return Err(SignInError::Offline) };
        let key = shared::sync::signature::DeviceKey::from_secret(&secret);
        let shared = self.shared.get_untracked();
        let api::Opened { me, factor_removed_at } = api::sign_in(&key, shown, shared).await?;
        self.factor_removed.set(factor_removed_at.is_some());
        if shared {
            self.fresh.set_value(None);
            return self.open_fleeting(Identity::new(secret, me)).await;
        }
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
        let wrapped = match connection.wrapped_key().await {
            Ok(Some(wrapped)) => wrapped,
            Ok(None) | Err(StoreError::Damaged { .. }) => return Ok(self.look().await?),
            Err(error) => return Err(error.into()),
        };
        let passphrase = normalised(passphrase);
        let key = self.try_passphrase(|| vault::unwrap(&passphrase, &wrapped)).await?;
        match Self::identity(&connection, &key).await {
            Ok(identity) => self.open(key, identity).await?,
            Err(error) => self.found_damaged(error)?,
        }
        Ok(())
    }

    async fn identity(connection: &Connection, key: &DataKey) -> Result<Identity, StoreError> {
        let damaged = || StoreError::Damaged { store: BLOBS, key: IDENTITY.to_owned() };
        let sealed = connection.get(BLOBS, IDENTITY).await?.ok_or_else(damaged)?;
        let plain = key.open(BLOBS, IDENTITY, &sealed).map_err(|Unreadable| damaged())?;
        Identity::decode(&Zeroizing::new(plain)).ok_or_else(damaged)
    }

    /// Opens what has its key.
    async fn open(&self, key: DataKey, identity: Identity) -> Result<(), StoreError> {
        let me = identity.me.clone();
        let store = Store::new(self.connection.get_value(), key);
        let running = Running::start(identity, store, self.device.status()).await?;
        self.device.start(running);
        self.me.set(Some(me));
        self.phase.set(Phase::Open);
        idle::watch(*self);
        if keeping::keeps() {
            self.ask_for_lasting_storage();
        }
        if provider::has_left() {
            self.come_back();
        }
        Ok(())
    }

    /// Renews the session of who went to the organisation's own sign-in from this device; where that does not work, the
    /// door says why.
    fn come_back(self) {
        wasm_bindgen_futures::spawn_local(async move {
            match self.sign_in_by_provider().await {
                Ok(()) | Err(SignInError::Offline) => {}
                Err(_) => self.sign_in_again(),
            }
        });
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
    /// could not be saved nothing is locked, and [`Device::stuck`] says so. A shared device ends.
    pub fn lock(&self) {
        if self.shared.get_untracked() {
            return self.leave_alone();
        }
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
        self.end(WipeReason::SignedOut).await
    }

    async fn end(&self, reason: WipeReason) -> Result<(), SignOutError> {
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
        let Some(ended) = api::sign_out(Some(running.identity.me.device)).await else {
            if self.shared.get_untracked() {
                // Nothing would be lost, and it must not stay; the page that comes next tells the server.
                self.empty_untold(reason).await;
                return Ok(());
            }
            running.stay();
            return Err(SignOutError::Offline);
        };
        wipe::empty(Some(running), reason).await;
        ended.go_on();
        Ok(())
    }

    /// Empties this device whatever is lost by it, and ends the session if the server is in reach.
    pub async fn sign_out_anyway(&self) {
        let running = self.device.get();
        let device = running.as_ref().map(|it| it.identity.me.device);
        let ended = api::sign_out(device).await.unwrap_or_default();
        wipe::empty(running, WipeReason::SignedOut).await;
        ended.go_on();
    }

    /// The passphrase is forgotten: empties this device; what waits is lost, all else comes again.
    pub async fn forget(&self) {
        let ended = api::sign_out(None).await.unwrap_or_default();
        self.connection.get_value().close();
        wipe::empty(self.device.get(), WipeReason::Forgotten).await;
        ended.go_on();
    }
}

/// The same letters are the same passphrase, whichever keyboard composed them.
fn normalised(passphrase: &str) -> Zeroizing<String> {
    Zeroizing::new(js_sys::JsString::from(passphrase).normalize("NFC").into())
}
