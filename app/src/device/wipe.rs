//! Empties this device: database and preferences. What is left is why.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use shared::sync::codec;
use shared::sync::message::{MEDIA_TYPE, ServerMessage};

use super::http::{self, Request};
use super::running::Running;
use super::socket::Socket;
use super::store::Connection;
use super::tabs::Tidings;
use super::{keeping, link, platform, post};

/// Where the reason waits for the page that starts after the wipe.
const REASON: &str = "loopbaanmaat.wiped";
/// Where it is kept that the device is to be emptied, until it is.
const UNFINISHED: &str = "loopbaanmaat.wiping";

/// Why this device was emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WipeReason {
    /// Its owner or an administrator has revoked it.
    Revoked,
    /// Its passphrase was forgotten.
    Forgotten,
    /// Its person has signed out.
    SignedOut,
    /// It keeps nothing, and nobody has touched it for a while.
    LeftAlone,
}

impl WipeReason {
    fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Forgotten => "forgotten",
            Self::SignedOut => "signed_out",
            Self::LeftAlone => "left_alone",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        let all = [Self::Revoked, Self::Forgotten, Self::SignedOut, Self::LeftAlone];
        all.into_iter().find(|it| it.code() == code)
    }
}

/// How long to wait before a database that the browser does not delete is asked for again, in ms.
const AGAIN_MS: u64 = 1_000;
/// How often the browser is asked before the page starts anew, which goes on trying.
const ATTEMPTS: usize = 5;

/// Empties the device and starts the page anew.
pub fn wipe(running: Option<Rc<Running>>, reason: WipeReason) {
    wasm_bindgen_futures::spawn_local(async move {
        empty(running, reason).await;
        platform::reload();
    });
}

/// Empties the device. That it is empty is said only where it is: otherwise the page that starts next finds noted that it is
/// to be, and goes on.
pub async fn empty(running: Option<Rc<Running>>, reason: WipeReason) {
    let mut is_empty = false;
    keeping::keep(UNFINISHED, reason);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            platform::sleep(AGAIN_MS).await;
        }
        is_empty = match &running {
            Some(running) => {
                running.writer.stop();
                running.stop_driver();
                running.tabs.tell(&Tidings::Wiped { reason });
                running.store.destroy().await.is_ok()
            }
            None => Connection::default().destroy().await.is_ok(),
        };
        if is_empty {
            break;
        }
    }
    // What the service worker cached stays: it holds the program alone, and only a new version caches it anew.
    keeping::let_go_of_all();
    if is_empty {
        note_reason(reason);
    } else {
        keeping::keep(UNFINISHED, reason);
        forget_reason();
    }
}

/// Why this device is to be emptied, where a page before this one could not.
#[must_use]
pub fn unfinished() -> Option<WipeReason> {
    keeping::kept(UNFINISHED)
}

/// Tries once more what a page before this one could not do; whether the device is empty now.
pub async fn finish(reason: WipeReason) -> bool {
    let is_empty = Connection::default().destroy().await.is_ok();
    if is_empty {
        keeping::let_go_of_all();
        note_reason(reason);
    }
    is_empty
}

/// Leaves nothing in this tab's own storage but why.
pub(super) fn note_reason(reason: WipeReason) {
    if let Ok(Some(storage)) = platform::window().session_storage() {
        let _ = storage.clear();
        let _ = storage.set_item(REASON, reason.code());
    }
}

/// What a locked device says it is.
const LOCKED: &str = "loopbaanmaat-web/locked";

/// Asks the server, without opening the vault, whether this device was revoked, and empties it if so. A
/// locked device that was lost is emptied as soon as it meets a network, also one without WebSockets.
pub fn empty_if_revoked() {
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let (opened, heard, closed) = (socket.clone(), socket.clone(), socket.clone());
    let probe = Socket::open(
        move || {
            if let Some(socket) = &*opened.borrow() {
                socket.send(&link::hello(LOCKED));
            }
        },
        move |bytes| {
            empty_if_told(&bytes);
            heard.borrow_mut().take();
        },
        move |code| {
            closed.borrow_mut().take();
            if code == link::NO_CODE {
                wasm_bindgen_futures::spawn_local(ask_by_post());
            }
        },
    );
    *socket.borrow_mut() = probe;
}

async fn ask_by_post() {
    let body = codec::join(&[link::hello(LOCKED)]);
    let body = Some((MEDIA_TYPE, body.as_slice()));
    let request = Request { method: "POST", path: "/api/sync", body, ..Request::default() };
    if let Ok(answer) = http::fetch(request).await {
        post::messages(&answer.body).into_iter().flatten().for_each(|bytes| empty_if_told(&bytes));
    }
}

fn empty_if_told(bytes: &[u8]) {
    if matches!(codec::decode_server(bytes), Ok(Some(ServerMessage::Wipe))) {
        wipe(None, WipeReason::Revoked);
    }
}

/// Why the device was emptied just before this page started.
#[must_use]
pub fn reason() -> Option<WipeReason> {
    let storage = platform::window().session_storage().ok()??;
    WipeReason::from_code(&storage.get_item(REASON).ok()??)
}

/// The person has read the reason.
pub fn forget_reason() {
    if let Ok(Some(storage)) = platform::window().session_storage() {
        let _ = storage.remove_item(REASON);
    }
}
