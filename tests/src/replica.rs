//! A device's copy of a document, as far as tests need one: it writes changes that build on its genesis.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ROOT, TextEncoding};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::message::PushItem;
use shared::sync::signature::DeviceKey;

/// A copy of a document with an actor of its own.
pub struct Replica {
    doc: DocId,
    key: DeviceKey,
    copy: AutoCommit,
}

impl Replica {
    /// A copy that holds the genesis alone, on the device with that key.
    #[must_use]
    pub fn new(doc: DocId, kind: DocKind, key: &DeviceKey) -> Self {
        let mut copy = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        copy.apply_changes([Change::from_bytes(genesis(kind).data.clone()).unwrap()]).unwrap();
        copy.set_actor(ActorId::of_device(key.id(), server::random::fresh()).0.into());
        Self { doc, key: key.clone(), copy }
    }

    /// The next change: a word at the root, which no view knows.
    pub fn write(&mut self, word: &str) -> PushItem {
        self.copy.put(ROOT, "word", word).unwrap();
        let hash = self.copy.commit_with(CommitOptions::default().with_time(0)).unwrap();
        let data = self.copy.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec();
        let hash = ChangeHash(hash.0);
        PushItem { hash, by: self.key.id(), sig: self.key.sign_change(self.doc, hash).0.to_vec(), data }
    }
}
