//! Several tabs of one device: what one puts on disk, the others hear of.

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use shared::ids::{ChangeHash, DocId};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::closure::Closure;
use web_sys::{BroadcastChannel, MessageEvent};

use super::leaving::Leaving;
use super::running::Running;
use super::wipe::WipeReason;
use super::{platform, wipe};

const CHANNEL: &str = "loopbaanmaat";

/// What a tab tells the others. Ids and hashes alone: content goes by the sealed disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Tidings {
    /// New items are on disk.
    Items {
        /// Of which document.
        doc: DocId,
        /// Which.
        hashes: Vec<ChangeHash>,
    },
    /// The server has items.
    Acknowledged {
        /// Of which document.
        doc: DocId,
        /// Which.
        hashes: Vec<ChangeHash>,
    },
    /// What the server refused of a document is in new changes.
    Replaced {
        /// Of which document.
        doc: DocId,
    },
    /// Changes of a document were left out.
    LeftOut {
        /// Of which document.
        doc: DocId,
    },
    /// What was lost has been taken over, or is done without.
    Lost,
    /// A document was deleted.
    Gone {
        /// Which.
        doc: DocId,
    },
    /// The commands on disk have changed.
    Commands,
    /// The directory on disk has changed.
    Directory,
    /// Someone signed in again.
    SignedIn,
    /// The device was locked.
    Locked,
    /// The device was emptied.
    Wiped {
        /// Why.
        reason: WipeReason,
    },
}

/// The channel to the other tabs.
pub struct Tabs {
    channel: Option<BroadcastChannel>,
}

impl Tabs {
    /// `alone`: a tab that keeps nothing is a device of its own, and hears of no other.
    pub(super) fn open(alone: bool) -> Self {
        Self { channel: if alone { None } else { BroadcastChannel::new(CHANNEL).ok() } }
    }

    /// Tells the other tabs.
    pub(super) fn tell(&self, tidings: &Tidings) {
        if let (Some(channel), Ok(text)) = (&self.channel, serde_json::to_string(tidings)) {
            let _ = channel.post_message(&text.into());
        }
    }

    fn hear(&self, f: impl Fn(Tidings) + 'static) {
        let Some(channel) = &self.channel else { return };
        let closure = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string();
            if let Some(tidings) = text.and_then(|it| serde_json::from_str(&it).ok()) {
                f(tidings);
            }
        });
        channel.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        closure.forget();
    }
}

impl Running {
    pub(super) fn hear_tabs(self: &Rc<Self>) {
        let running = Rc::downgrade(self);
        self.tabs.hear(move |tidings| {
            if let Some(running) = running.upgrade() {
                running.heard(tidings);
            }
        });
    }

    fn heard(self: &Rc<Self>, tidings: Tidings) {
        let running = self.clone();
        match tidings {
            Tidings::Items { doc, hashes } => {
                wasm_bindgen_futures::spawn_local(async move { running.items_from_tab(doc, hashes).await });
            }
            Tidings::Acknowledged { doc, hashes } => drop(self.no_longer_waiting(doc, &hashes)),
            Tidings::Replaced { doc } => {
                wasm_bindgen_futures::spawn_local(async move { running.replaced_by_tab(doc).await });
            }
            Tidings::LeftOut { doc } => {
                wasm_bindgen_futures::spawn_local(async move { running.left_out_by_tab(doc).await });
            }
            Tidings::Lost => {
                wasm_bindgen_futures::spawn_local(async move {
                    // What cannot be read now is read at the next start.
                    let _ = running.read_lost().await;
                });
            }
            Tidings::Gone { doc } => {
                wasm_bindgen_futures::spawn_local(async move { running.deleted_by_tab(doc).await });
            }
            Tidings::Commands => {
                wasm_bindgen_futures::spawn_local(async move {
                    // What cannot be read now is read at the next start.
                    let _ = running.read_commands().await;
                });
            }
            Tidings::Directory => {
                wasm_bindgen_futures::spawn_local(async move { running.reread_directory().await });
            }
            Tidings::SignedIn => self.signed_in(),
            Tidings::Locked => {
                // This tab's own unsaved words go to disk before the key is dropped.
                wasm_bindgen_futures::spawn_local(async move {
                    if running.may_leave(Leaving::Lock).await {
                        running.store.close();
                        platform::reload();
                    }
                });
            }
            Tidings::Wiped { reason } => {
                wipe::note_reason(reason);
                self.writer.stop();
                self.stop_driver();
                self.store.close();
                platform::reload();
            }
        }
    }
}
