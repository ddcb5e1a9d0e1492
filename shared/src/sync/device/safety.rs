//! What is safe, in the three states that are always in view.

use crate::ids::{ChangeHash, DocId};
use crate::sync::message::RejectCode;

/// What is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Safety {
    /// Saved on this device; so many changes wait for the server.
    Saved {
        /// How many.
        waiting: usize,
    },
    /// Everything here is on the server, and everything there was here at that moment.
    Synchronised {
        /// In ms since 1970, by this device's clock.
        at: u64,
    },
    /// Something needs a person, per document.
    ActionNeeded {
        /// What, in ascending order of documents.
        problems: Vec<(DocId, Problem)>,
        /// How many changes wait for the server.
        waiting: usize,
    },
}

/// Why a document needs a person. Everything that it holds is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The server does not give access to it (any more); it can be exported.
    Denied,
    /// The server refuses what was written here for good; it can be exported, or taken over by hand.
    Refused {
        /// Why.
        code: RejectCode,
        /// Which items.
        hashes: Vec<ChangeHash>,
    },
    /// What the server sent is not what its authors signed.
    Untrusted {
        /// What was wrong, for a developer.
        reason: &'static str,
    },
    /// A batch brought the app down and is set aside.
    SetAside {
        /// Which items.
        hashes: Vec<ChangeHash>,
    },
    /// This device's storage did not take what arrived.
    Storage,
}
