//! Who has stored something where just now: what is asked before a push is examined need not be asked again for each of
//! many that follow each other. Nothing is decided by it; the transaction that stores a push looks for itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::ids::{ChangeHash, DeviceId, DocId};
use shared::sync::signature::Verifier;
use store::{AuthorKey, BeforePush, Carrier};

/// Carriers and documents that are remembered; when there are more, all are forgotten and looked up anew.
const MOST: usize = 20_000;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Authors(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// The hub's count of revocations when all this was true.
    epoch: u64,
    known: HashMap<(Carrier, DocId), Vec<Author>>,
    /// Changes in quarantine: they are never tried again, whoever brings them.
    quarantined: HashSet<ChangeHash>,
}

/// Somebody whose changes can be stored.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) key: AuthorKey,
    /// The same key, read.
    pub(super) verifier: Arc<Verifier>,
}

impl Author {
    pub(super) fn new(key: AuthorKey) -> Self {
        Self { key, verifier: Arc::new(Verifier::new(&key.public_key)) }
    }
}

impl Authors {
    /// What [`before_push`](store::Store::before_push) would find, where it is known. Nothing outlives a revocation:
    /// `epoch` is the hub's count of them.
    pub(super) fn before_push(
        &self,
        epoch: u64,
        carrier: Carrier,
        doc: DocId,
        authors: &[DeviceId],
        hashes: &[ChangeHash],
    ) -> Option<(BeforePush, Vec<Author>)> {
        let mut memory = self.memory();
        if memory.epoch != epoch {
            memory.known.clear();
            memory.epoch = epoch;
        }
        let known = memory.known.get(&(carrier, doc))?;
        if hashes.iter().any(|hash| memory.quarantined.contains(hash)) {
            return None;
        }
        let author = |id: &DeviceId| known.iter().find(|author| author.key.id == *id).cloned();
        let authors = authors.iter().map(author).collect::<Option<Vec<_>>>()?;
        let keys = authors.iter().map(|author| author.key).collect();
        Some((BeforePush { carries: true, authors: keys, ..BeforePush::default() }, authors))
    }

    /// Everything that these signed was just stored for this carrier. `epoch` is the hub's count before they were
    /// looked up: what a revocation may have overtaken since is not remembered.
    pub(super) fn remember(&self, epoch: u64, carrier: Carrier, doc: DocId, authors: &[Author]) {
        let mut memory = self.memory();
        if memory.epoch != epoch {
            return;
        }
        if memory.known.len() >= MOST {
            memory.known.clear();
        }
        let known = memory.known.entry((carrier, doc)).or_default();
        for author in authors.iter().filter(|author| author.key.writes) {
            if !known.iter().any(|it| it.key.id == author.key.id) {
                known.push(author.clone());
            }
        }
    }

    /// Something was not stored: ask again.
    pub(super) fn forget(&self, carrier: Carrier, doc: DocId) {
        self.memory().known.remove(&(carrier, doc));
    }

    /// These are in quarantine.
    pub fn quarantined(&self, hashes: impl IntoIterator<Item = ChangeHash>) {
        self.memory().quarantined.extend(hashes);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // The maps stay usable whatever happened while they were locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
