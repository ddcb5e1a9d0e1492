//! Somebody who types.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ObjId, ObjType, ROOT, TextEncoding};
use shared::domain::genesis::genesis;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::message::PushItem;
use shared::sync::signature::DeviceKey;

use super::seed::{Device, KIND};

/// A copy of a document in which one device types at the end of one text.
pub struct Author {
    doc: DocId,
    key: DeviceKey,
    copy: AutoCommit,
    text: Option<ObjId>,
    length: usize,
    pasted: usize,
}

impl Author {
    /// On a new actor of `device`, with nothing but the genesis in its copy.
    #[must_use]
    pub fn new(doc: DocId, device: &Device) -> Self {
        let mut copy = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        copy.apply_changes([Change::from_bytes(genesis(KIND).data.clone()).unwrap()]).unwrap();
        copy.set_actor(ActorId::of_device(device.key.id(), server::random::fresh()).0.into());
        Self { doc, key: device.key.clone(), copy, text: None, length: 0, pasted: 0 }
    }

    /// Types `words` as one signed change, which builds on the author's previous one.
    pub fn edit(&mut self, words: &str) -> PushItem {
        let Self { copy, text, .. } = self;
        let text = text.get_or_insert_with(|| {
            let actor = copy.get_actor().to_hex_string();
            copy.put_object(ROOT, actor, ObjType::Text).unwrap()
        });
        copy.splice_text(&*text, self.length, 0, words).unwrap();
        self.length += words.encode_utf16().count();
        self.signed()
    }

    /// Puts `words` in the place of what it put there before, as one signed change with one operation.
    pub fn paste(&mut self, words: &str) -> PushItem {
        // The same again would be no change.
        self.pasted += 1;
        self.copy.put(ROOT, "paste", format!("{} {words}", self.pasted)).unwrap();
        self.signed()
    }

    fn signed(&mut self) -> PushItem {
        let copy = &mut self.copy;
        let hash = copy.commit_with(CommitOptions::default().with_time(0)).unwrap();
        let data = copy.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec();
        let hash = ChangeHash(hash.0);
        PushItem { hash, by: self.key.id(), sig: self.key.sign_change(self.doc, hash).0.to_vec(), data }
    }
}
