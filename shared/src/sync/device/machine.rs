//! The machine itself.

use super::{Effect, Event, Problem, Safety};
use crate::ids::{DeviceId, DocId};

/// The sync of one tab of one device.
#[derive(Debug)]
pub struct Device {
    id: DeviceId,
}

impl Device {
    /// A machine at rest until [`Event::Start`]. `client` is what the server's log calls it, at most 64 bytes;
    /// `random` spreads reconnects and must differ between tabs.
    #[must_use]
    pub fn new(id: DeviceId, client: &str, random: u64) -> Self {
        let _ = (client, random);
        Self { id }
    }

    /// Takes one event and says what to do.
    #[must_use]
    pub fn step(&mut self, event: Event, now_ms: u64) -> Vec<Effect> {
        let _ = (event, now_ms, self.id);
        Vec::new()
    }

    /// What is safe.
    #[must_use]
    pub fn safety(&self) -> Safety {
        Safety::Saved { waiting: 0 }
    }

    /// What is wrong with a document.
    #[must_use]
    pub fn problem(&self, doc: DocId) -> Option<Problem> {
        let _ = doc;
        None
    }

    /// How many changes of a document wait for the server.
    #[must_use]
    pub fn waiting(&self, doc: DocId) -> usize {
        let _ = doc;
        0
    }

    /// How many documents have been read to their head, of how many that this connection reads.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Whether the server answered within the last heartbeat.
    #[must_use]
    pub fn is_online(&self) -> bool {
        false
    }

    /// What a closing page sends to `POST /api/sync` with `keepalive`: as many waiting changes as fit. They stay
    /// waiting; the next connection hears whether they arrived.
    #[must_use]
    pub fn farewell(&self) -> Option<Vec<u8>> {
        None
    }
}
