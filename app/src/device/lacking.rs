//! What the server lacks of what this device holds, or may lack: what would be lost by emptying the device.

use std::collections::{BTreeSet, HashSet};

use leptos::prelude::*;
use shared::ids::{ChangeHash, DocId};
use shared::sync::device::Device as Machine;

use super::running::Running;
use super::store::records::{StoredCursor, parse_outbox_key};
use super::store::{CURSORS, OUTBOX, StoreError};

/// What the disk tells of it, beside what waits.
struct Kept {
    /// Changes that the server has refused, and whose content is in no other ones.
    refused: Vec<(DocId, ChangeHash)>,
    /// Documents of which the log has to be compared with what is held.
    owing: Vec<DocId>,
}

/// How many would be lost. The same changes are counted by the pages, by the machine and on the disk, where none of
/// the three knows of all: what counts most is nearest.
fn count(waiting: usize, to_offer: usize, owing: usize, refused: usize, commands: usize) -> usize {
    waiting.max(to_offer).max(owing) + refused + commands
}

/// The refused changes among these keys of the outbox, but for those that are `settled`.
fn refused(keys: &[String], settled: impl Fn(DocId) -> HashSet<ChangeHash>) -> Vec<(DocId, ChangeHash)> {
    let found = keys.iter().filter_map(|key| parse_outbox_key(key));
    found.filter(|(doc, hash)| !settled(*doc).contains(hash)).collect()
}

impl Running {
    /// How many changes the sync machine has still to bring to the server; after the server went back to a backup also
    /// such as once were there. To be asked before the machine is stopped.
    pub(crate) fn to_offer(&self) -> usize {
        let lacking = self.driver.with_machine(Machine::lacking).unwrap_or_default();
        self.status.to_push.get_untracked().max(lacking.len())
    }

    /// How many changes and commands would be lost if this device were emptied now, with what the machine had
    /// [to offer](Self::to_offer).
    pub(crate) async fn lacked_count(&self, to_offer: usize) -> usize {
        // What cannot be read may be anything.
        let Ok(Kept { refused, owing }) = self.kept().await else { return self.waiting_count().max(1) };
        let waiting = self.waiting.borrow().values().map(HashSet::len).sum();
        count(waiting, to_offer, owing.len(), refused.len(), self.outbox.unanswered())
    }

    /// The documents of which the server lacks something, or may lack it.
    pub(super) async fn lacked_documents(&self) -> BTreeSet<DocId> {
        let mut docs: BTreeSet<DocId> = self.waiting.borrow().keys().copied().collect();
        docs.extend(self.driver.with_machine(Machine::lacking).unwrap_or_default());
        if let Ok(Kept { refused, owing }) = self.kept().await {
            docs.extend(refused.into_iter().map(|(doc, _)| doc).chain(owing));
        }
        docs
    }

    async fn kept(&self) -> Result<Kept, StoreError> {
        let keys = self.store.keys(OUTBOX, "refused/").await?;
        // What is replaced is in newer changes; what is left out was offered to the person.
        let settled = |doc| &self.marks.borrow().replaced(doc) | &self.offered(doc);
        let refused = refused(&keys, settled);
        let cursors = self.store.all(CURSORS, "").await?.values;
        let owes = |bytes: &[u8]| StoredCursor::decode(bytes).is_some_and(|it| it.owes);
        let owing = cursors.iter().filter(|(_, bytes)| owes(bytes)).filter_map(|(key, _)| key.parse().ok());
        Ok(Kept { refused, owing: owing.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::records::refused_key;
    use super::*;

    #[test]
    fn what_was_refused_and_is_nowhere_else_would_be_lost() {
        let (doc, other) = (DocId([1; 16]), DocId([2; 16]));
        let [one, two] = [ChangeHash([1; 32]), ChangeHash([2; 32])];
        let keys = [refused_key(doc, one), refused_key(doc, two), refused_key(other, one)];
        let settled = |it| if it == doc { HashSet::from([one]) } else { HashSet::new() };
        assert_eq!(refused(&keys, settled), [(doc, two), (other, one)]);
    }

    #[test]
    fn whatever_knows_of_most_counts_and_what_was_refused_and_asked_comes_on_top() {
        assert_eq!(count(0, 0, 0, 0, 0), 0);
        assert_eq!(count(2, 1, 0, 0, 0), 2);
        // The machine offers again what once was at the server, and the disk knows that it must be compared.
        assert_eq!(count(0, 3, 1, 0, 0), 3);
        assert_eq!(count(0, 0, 1, 0, 0), 1);
        assert_eq!(count(1, 0, 0, 2, 4), 7);
    }
}
