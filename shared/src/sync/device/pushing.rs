//! What waits goes out, within the server's limits.

use super::document::Waiting;
use super::machine::{Device, InFlight};
use crate::sync::codec;
use crate::sync::limits;
use crate::sync::message::ClientMessage;

/// Bytes of a `push` besides its items.
const PUSH_OVERHEAD: usize = 128;
/// Bytes that an item takes in a `push` besides its data.
const ITEM_OVERHEAD: usize = 160;
/// Bytes that a `push` leaves of a message, so that it also fits a `POST` beside its `hello`.
const POST_OVERHEAD: usize = 256;

impl Device {
    /// What a closing page sends to `POST /api/sync` with `keepalive`: as many waiting changes as fit. They stay
    /// waiting; the next connection hears whether they arrived.
    #[must_use]
    pub fn farewell(&self) -> Option<Vec<u8>> {
        let mut messages = vec![codec::client(&self.hello())];
        let mut room = limits::KEEPALIVE - 16 - messages[0].len();
        for document in self.docs.values() {
            let mut items = Vec::new();
            for Waiting { item, .. } in document.waiting.iter().filter(|waiting| !waiting.logged) {
                let size = ITEM_OVERHEAD + item.data.len() + if items.is_empty() { PUSH_OVERHEAD } else { 0 };
                if size > room || items.len() == limits::PUSH {
                    break;
                }
                room -= size;
                items.push(item.clone());
            }
            if !items.is_empty() && messages.len() < limits::HTTP_MESSAGES {
                let id = messages.len() as u64;
                messages.push(codec::client(&ClientMessage::Push { id, doc: document.id, items }));
            }
        }
        (messages.len() > 1).then(|| codec::join(&messages))
    }

    /// Sends what waits, as far as the server's limits let it.
    pub(super) fn push(&mut self, now_ms: u64) {
        if !self.connection.is_live() {
            return;
        }
        let unacked = usize::try_from(self.limits.unacked).unwrap_or(usize::MAX);
        let frame =
            usize::try_from(self.limits.frame).unwrap_or(usize::MAX).min(limits::FRAME - POST_OVERHEAD);
        let most = usize::try_from(self.limits.push).unwrap_or(usize::MAX).clamp(1, limits::PUSH);
        let mut in_flight: usize = self.pushes.values().map(|push| push.bytes).sum();
        let mut pushes = Vec::new();
        for document in self.docs.values_mut().filter(|document| document.may_push(now_ms)) {
            loop {
                let mut items = Vec::new();
                let mut bytes = PUSH_OVERHEAD;
                for waiting in document.waiting.iter_mut().filter(|waiting| !waiting.sent) {
                    let size = ITEM_OVERHEAD + waiting.item.data.len();
                    let full =
                        items.len() == most || bytes + size > frame || in_flight + bytes + size > unacked;
                    if full && !(items.is_empty() && in_flight == 0) {
                        break;
                    }
                    bytes += size;
                    waiting.sent = true;
                    items.push(waiting.item.clone());
                }
                if items.is_empty() {
                    break;
                }
                in_flight += bytes;
                pushes.push((document.id, items, bytes));
            }
        }
        for (doc, items, bytes) in pushes {
            let id = self.next_push;
            self.next_push += 1;
            let hashes = items.iter().map(|item| item.hash).collect();
            self.pushes.insert(id, InFlight { doc, hashes, bytes });
            self.say(&ClientMessage::Push { id, doc, items });
        }
    }
}
