//! The organisation's own sign-in. Going there leaves the page: what is not on the disk is put there first, and the
//! vault is opened anew afterwards.

use gloo_storage::{SessionStorage, Storage as _};
use serde::Deserialize;

use crate::device::http::{self, Request};

/// Where it is noted that this tab has left for the provider. It says nothing of who or what.
const LEFT: &str = "loopbaanmaat.left";

/// Where it is noted that the device which comes back is to keep nothing.
const LEFT_SHARED: &str = "loopbaanmaat.left-shared";

/// Where a browser goes to sign in.
pub const START: &str = "/api/oidc/start";

/// What the door is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Offer {
    /// What the button says; none: there is no provider.
    pub label: Option<String>,
    /// Somebody has come back, and this device is to show its key.
    pub ready: bool,
    /// Why nobody came in.
    pub failed: Option<String>,
}

/// Asks whether there is a provider and what became of the last sign-in; none where the server is out of reach.
pub async fn offer() -> Option<Offer> {
    let get = Request { method: "GET", path: "/api/oidc", ..Request::default() };
    http::fetch(get).await.ok().filter(|answer| answer.status == 200)?.json()
}

/// Notes that this tab leaves, and whether the device that it comes back to keeps nothing.
pub fn leaves(shared: bool) {
    // Without it the person presses a button once more.
    let _ = SessionStorage::set(LEFT, true);
    let _ = SessionStorage::set(LEFT_SHARED, shared);
}

/// Whether this tab had left, asked once.
pub fn has_left() -> bool {
    let left = SessionStorage::get(LEFT).unwrap_or(false);
    SessionStorage::delete(LEFT);
    left
}

/// Whether it had left for a device that keeps nothing, asked once.
pub fn has_left_shared() -> bool {
    let shared = SessionStorage::get(LEFT_SHARED).unwrap_or(false);
    SessionStorage::delete(LEFT_SHARED);
    shared
}
