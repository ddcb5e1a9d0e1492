//! Where a network lets no WebSocket through the app asks over and over with `POST /api/sync`, to which nothing
//! comes by itself.

use super::document::Phase;
use super::machine::Device;
use crate::sync::codec;
use crate::sync::limits;
use crate::sync::message::{ClientMessage, Place};

impl Device {
    /// What asks for news of every open document from its place: messages for `POST /api/sync`, behind its
    /// `hello`. Nothing else of this connection may be under way meanwhile. With `behind` only documents that are
    /// known to be read short are asked for. The answers go into the machine like those of a socket.
    #[must_use]
    pub fn poll(&self, behind: bool) -> Vec<Vec<u8>> {
        let places: Vec<Place> = self
            .docs
            .values()
            .filter(|document| matches!(document.phase, Phase::Opening | Phase::Open))
            // What waits for a directory is here already.
            .filter(|document| document.unnamed.is_empty())
            .filter(|document| {
                !behind || document.phase == Phase::Opening || document.place.cursor < document.head
            })
            .map(|document| document.place)
            .collect();
        let most = usize::try_from(self.limits.open).unwrap_or(usize::MAX).clamp(1, limits::OPEN);
        places.chunks(most).map(|docs| codec::client(&ClientMessage::Open { docs: docs.to_vec() })).collect()
    }
}
