//! A shared device: it keeps nothing, and ends when its person signs out, closes the tab or leaves it alone.

use leptos::prelude::*;
use shared::ids::DeviceId;
use wasm_bindgen::JsCast as _;

use super::{Phase, Session, SignInError, WipeReason, api};
use crate::device::identity::Identity;
use crate::device::locks::{Patience, lock};
use crate::device::store::Connection;
use crate::device::{keeping, platform, vault, wipe};

/// Where a tab notes which device it is, for the page that comes after it in the same tab.
const DEVICE: &str = "loopbaanmaat.shared";

fn note(device: DeviceId) {
    if let Ok(Some(storage)) = platform::window().session_storage() {
        let _ = storage.set_item(DEVICE, &device.to_string());
    }
}

/// Ends on the server the shared device that a page before this one was in the same tab, and could not end.
pub async fn end_what_was_left() {
    let Ok(Some(storage)) = platform::window().session_storage() else { return };
    let Ok(Some(noted)) = storage.get_item(DEVICE) else { return };
    let _ = storage.remove_item(DEVICE);
    let Ok(device) = noted.parse() else { return };
    // A tab that was doubled has the note as well, while the device lives on in the other one.
    if lock(&lock_of(device), Patience::IfAvailable).await.is_some() {
        api::sign_out_leaving(device);
    }
}

/// What the tab of a shared device holds for as long as it lives.
fn lock_of(device: DeviceId) -> String {
    format!("{DEVICE}.{device}")
}

impl Session {
    /// Whether this device keeps nothing; before the sign-in, whether it is to. Tracked.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared.get()
    }

    /// Whether the device that is signed in next keeps nothing.
    pub fn set_shared(&self, shared: bool) {
        if self.device.get().is_none() {
            self.shared.set(shared);
        }
    }

    /// Opens a device that keeps nothing.
    pub(super) async fn open_fleeting(&self, identity: Identity) -> Result<(), SignInError> {
        let device = identity.me.device;
        keeping::keep_nothing();
        note(device);
        wasm_bindgen_futures::spawn_local(async move {
            // Let go of by the browser, with the page.
            std::mem::forget(lock(&lock_of(device), Patience::Wait).await);
        });
        self.connection.set_value(Connection::in_memory());
        // Memory takes everything.
        self.open(vault::fleeting(), identity).await.map_err(|_| SignInError::Unavailable)?;
        let session = *self;
        let window = platform::window();
        platform::listen(&window, "pagehide", move |_| session.close_leaving());
        platform::listen(&window, "pageshow", |event| {
            let event: Result<web_sys::PageTransitionEvent, _> = event.dyn_into();
            if event.is_ok_and(|event| event.persisted()) {
                // Whoever comes back to this page by the history signs in first.
                platform::reload();
            }
        });
        Ok(())
    }

    /// The tab closes. Where something has not reached the server, the device may still bring it: it is ended by whoever
    /// opens the tab next, or by the server in a day.
    fn close_leaving(&self) {
        self.device.with(|running| {
            if running.waiting_count() == 0 {
                api::sign_out_leaving(running.identity.me.device);
            }
        });
    }

    /// Nobody has touched this device for a while: it ends, as soon as the server has everything. Until then nothing of it
    /// is shown.
    pub(super) fn leave_alone(&self) {
        let session = *self;
        session.phase.set(Phase::Held);
        wasm_bindgen_futures::spawn_local(async move {
            // What the server lacks is brought there meanwhile; then it is tried again.
            let _ = session.end(WipeReason::LeftAlone).await;
        });
    }

    /// Whether the device is held, and then whether it can end by now.
    pub(super) fn goes_on_ending(&self) -> bool {
        let is_held = self.phase.get_untracked() == Phase::Held;
        if is_held && self.device.get().is_some_and(|running| running.waiting_count() == 0) {
            self.leave_alone();
        }
        is_held
    }

    /// Empties this device and starts the page anew, which tells the server where this page could not.
    pub(super) async fn empty_untold(&self, reason: WipeReason) {
        let running = self.device.get();
        let device = running.as_ref().map(|it| it.identity.me.device);
        wipe::empty(running, reason).await;
        device.into_iter().for_each(note);
        platform::reload();
    }
}
