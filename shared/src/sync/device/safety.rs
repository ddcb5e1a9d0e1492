//! What is safe, in the three states that are always in view.

use super::Effect;
use super::document::Document;
use super::machine::Device;
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

/// What [`Effect::Changed`] was last said about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    online: bool,
    waiting: usize,
    settled: usize,
    documents: usize,
    problems: Vec<(DocId, Problem)>,
    minute: Option<u64>,
}

impl Device {
    /// What is safe.
    #[must_use]
    pub fn safety(&self) -> Safety {
        let problems = self.problems();
        let waiting = self.docs.values().map(Document::waiting_count).sum();
        if !problems.is_empty() {
            return Safety::ActionNeeded { problems, waiting };
        }
        match self.synced_at {
            Some(at) if waiting == 0 => Safety::Synchronised { at },
            _ => Safety::Saved { waiting },
        }
    }

    /// What is wrong with a document.
    #[must_use]
    pub fn problem(&self, doc: DocId) -> Option<Problem> {
        self.docs.get(&doc)?.trouble()
    }

    /// How many changes of a document wait for the server.
    #[must_use]
    pub fn waiting(&self, doc: DocId) -> usize {
        self.docs.get(&doc).map_or(0, Document::waiting_count)
    }

    /// How many documents have been read to their head on this connection, of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.docs.values().filter(|doc| doc.is_settled()).count(), self.docs.len())
    }

    /// The documents of which the server lacks something that is held here, or may lack it: what waits, and what a log
    /// that went back to a backup owes.
    #[must_use]
    pub fn lacking(&self) -> Vec<DocId> {
        let lacks = |document: &Document| document.waiting_count() > 0 || document.owes();
        self.docs.iter().filter(|(_, document)| lacks(document)).map(|(doc, _)| *doc).collect()
    }

    /// Whether the server answered within the last heartbeat.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.connection.is_live()
    }

    fn problems(&self) -> Vec<(DocId, Problem)> {
        self.docs.iter().filter_map(|(&doc, document)| Some((doc, document.trouble()?))).collect()
    }

    pub(super) fn note_safety(&mut self, now_ms: u64) {
        const MINUTE_MS: u64 = 60_000;
        let (settled, documents) = self.progress();
        let waiting = self.docs.values().map(Document::waiting_count).sum();
        // A document that the server does not give or that cannot be trusted is shown as such, and does not keep
        // the others from being in step.
        let open_ends =
            self.docs.values().any(|document| !document.is_settled() && document.problem.is_none());
        if self.connection.is_live() && self.directory.is_some() && !open_ends && waiting == 0 {
            self.synced_at = Some(now_ms);
        }
        let shown = Shown {
            online: self.is_online(),
            waiting,
            settled,
            documents,
            problems: self.problems(),
            minute: self.synced_at.map(|at| at / MINUTE_MS),
        };
        if shown != self.shown {
            self.shown = shown;
            self.out.push(Effect::Changed);
        }
    }
}
