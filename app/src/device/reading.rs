//! Documents read from disk: many in one transaction, damaged values set aside, and what brought the device
//! down left out.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use leptos::prelude::*;
use shared::ids::{ChangeHash, DocId};

use super::held::{Arrived, Held, LocalCopy};
use super::platform;
use super::running::Running;
use super::status::Problem;
use super::store::records::{StoredItem, item_prefix, parse_item_key, parse_outbox_key};
use super::store::{BLOBS, CURSORS, Found, ITEMS, OUTBOX, StoreError, Write};

/// How the names of notes about batches being applied begin: `applying/doc/actor/batch`. A note is its tries,
/// then the hashes.
pub(super) const APPLYING: &str = "applying/";
/// How the names of values set aside begin.
const ASIDE: &str = "aside/";
/// How often a wait for a document looks whether it has been read, in ms.
const READ_POLL_MS: u64 = 10;

/// What earlier runs of this device left to be known before a document is read.
#[derive(Default)]
pub struct Marks {
    /// Changes during whose application the device came down twice.
    noted: HashMap<DocId, HashSet<ChangeHash>>,
    /// Refused changes whose content is in newer ones.
    replaced: HashMap<DocId, HashSet<ChangeHash>>,
    /// Documents with a note of any kind.
    open: HashSet<DocId>,
    /// First notes of a document, as they count once it is applied again.
    counted: HashMap<DocId, Vec<Write>>,
}

impl Marks {
    /// The changes of a document during whose application the device came down twice.
    pub(super) fn noted(&self, doc: DocId) -> Vec<ChangeHash> {
        self.noted.get(&doc).into_iter().flatten().copied().collect()
    }

    /// The changes of a document whose content is in newer ones.
    pub(super) fn replaced(&self, doc: DocId) -> HashSet<ChangeHash> {
        self.replaced.get(&doc).cloned().unwrap_or_default()
    }

    /// Leaves more changes of a document out, as those are during which the device came down. Gives what keeps them
    /// out after the next start.
    pub(super) fn set_aside(&mut self, doc: DocId, hashes: impl IntoIterator<Item = ChangeHash>) -> Write {
        let noted = self.noted.entry(doc).or_default();
        noted.extend(hashes);
        let note = [1].into_iter().chain(noted.iter().flat_map(|hash| hash.0)).collect();
        Write::Put(BLOBS, format!("{APPLYING}{doc}/void"), note)
    }

    fn leaves_out(&self, doc: DocId, hash: ChangeHash) -> bool {
        [&self.noted, &self.replaced].into_iter().any(|it| it.get(&doc).is_some_and(|of| of.contains(&hash)))
    }

    pub(super) fn replace(&mut self, doc: DocId, hashes: impl IntoIterator<Item = ChangeHash>) {
        self.replaced.entry(doc).or_default().extend(hashes);
    }

    pub(super) fn is_replaced(&self, doc: DocId, hash: ChangeHash) -> bool {
        self.replaced.get(&doc).is_some_and(|of| of.contains(&hash))
    }
}

impl Running {
    /// Reads the marks. A tab that was closed at the wrong moment leaves a note without having crashed, so a
    /// note counts only once its document is made again: what was there twice is left out.
    pub(super) async fn read_marks(&self) -> Result<(), StoreError> {
        let mut marks = Marks::default();
        for (name, mut note) in self.store.all(BLOBS, APPLYING).await?.values {
            let Some(doc) = name.split('/').nth(1).and_then(|it| it.parse().ok()) else { continue };
            let Some((tries, hashes)) = note.split_first_mut() else { continue };
            marks.open.insert(doc);
            if *tries > 0 {
                let hashes = hashes.chunks_exact(32).filter_map(|it| ChangeHash::try_from(it).ok());
                marks.noted.entry(doc).or_default().extend(hashes);
            } else {
                *tries = 1;
                marks.counted.entry(doc).or_default().push(Write::Put(BLOBS, name, note));
            }
        }
        for (doc, hash) in
            self.store.keys(OUTBOX, "replaced/").await?.iter().filter_map(|key| parse_outbox_key(key))
        {
            marks.replace(doc, [hash]);
        }
        *self.marks.borrow_mut() = marks;
        Ok(())
    }

    /// Makes sure that a document is being read from disk. All that are wanted at the same moment are read
    /// together.
    pub(super) fn want(self: &Rc<Self>, held: &Rc<Held>) {
        {
            let Ok(mut copy) = held.copy.try_borrow_mut() else { return };
            if !matches!(*copy, LocalCopy::Unread) {
                return;
            }
            *copy = LocalCopy::Loading;
        }
        self.wanted.borrow_mut().push(held.clone());
        if self.wanted.borrow().len() > 1 {
            return;
        }
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let wanted = running.wanted.take();
            running.load(&wanted).await;
            wanted.iter().for_each(|held| held.changed.notify());
        });
    }

    async fn load(self: &Rc<Self>, wanted: &[Rc<Held>]) {
        let prefixes = wanted.iter().map(|held| item_prefix(held.id)).collect();
        match self.store.all_of(ITEMS, prefixes).await {
            Ok(found) => {
                for (held, found) in wanted.iter().zip(found) {
                    self.make(held, found).await;
                }
            }
            Err(StoreError::Closed) => {}
            Err(error) => {
                self.status.report(Problem::StorageFailed { message: error.to_string() });
                for held in wanted.iter().filter(|held| !matches!(*held.copy.borrow(), LocalCopy::Gone)) {
                    *held.copy.borrow_mut() = LocalCopy::Damaged;
                }
            }
        }
    }

    /// Makes a document of what was found on disk.
    async fn make(self: &Rc<Self>, held: &Rc<Held>, found: Found) {
        let doc = held.id;
        let mut damaged = found.damaged;
        let mut stored = Vec::new();
        for (key, bytes) in found.values {
            match (StoredItem::decode(&bytes), parse_item_key(&key)) {
                (Some(item), Some((_, hash))) => {
                    if !self.marks.borrow().leaves_out(doc, hash) {
                        stored.extend(item.data.map(|data| Arrived { by: item.by, data }));
                    }
                }
                _ => damaged.push(key),
            }
        }
        if !damaged.is_empty() {
            self.set_aside(doc, damaged).await;
        }
        let counted = self.marks.borrow_mut().counted.remove(&doc);
        if let Some(counted) = counted {
            // On the disk before the document is made. That it cannot be written keeps nobody from reading.
            let _ = self.store.write(counted).await;
        }
        // Deleted while it was being read: it stays deleted.
        if matches!(*held.copy.borrow(), LocalCopy::Gone) {
            return;
        }
        if held.loaded(stored, self.documents.actor, self.identity.me.device).is_err() {
            *held.copy.borrow_mut() = LocalCopy::Damaged;
            self.status.report(Problem::Damaged { document: Some(doc) });
        }
        let mut marks = self.marks.borrow_mut();
        if marks.open.remove(&doc) && !marks.noted.contains_key(&doc) {
            // It was made of everything, and the device still stands: earlier notes are settled.
            self.writer.foreign(vec![Write::DeletePrefix(BLOBS, format!("{APPLYING}{doc}/"))], || ());
        }
    }

    /// Sets damaged values aside and has the document fetched anew; nothing else of it is touched.
    async fn set_aside(self: &Rc<Self>, doc: DocId, keys: Vec<String>) {
        let mut writes = vec![Write::Delete(CURSORS, doc.to_string())];
        for key in keys {
            if let Ok(Some(bytes)) = self.store.sealed(ITEMS, &key).await {
                writes.push(Write::Put(BLOBS, format!("{ASIDE}{key}"), bytes));
            }
            writes.push(Write::Delete(ITEMS, key));
        }
        self.status.report(Problem::Damaged { document: Some(doc) });
        let running = self.clone();
        // Behind what is still to be written of it, or its cursor would come back. Then it is read anew from the
        // server: its cursor is gone.
        self.writer.foreign(writes, move || running.restart_machine());
    }

    /// What to delete so that nothing of a document is left in the store but its items and outbox.
    pub(super) fn delete_marks(&self, doc: DocId) -> Vec<Write> {
        let mut marks = self.marks.borrow_mut();
        marks.noted.remove(&doc);
        marks.replaced.remove(&doc);
        marks.open.remove(&doc);
        marks.counted.remove(&doc);
        vec![
            Write::DeletePrefix(BLOBS, format!("{ASIDE}{doc}/")),
            Write::DeletePrefix(BLOBS, format!("{APPLYING}{doc}/")),
            Write::DeletePrefix(OUTBOX, format!("refused/{doc}/")),
            Write::DeletePrefix(OUTBOX, format!("replaced/{doc}/")),
            Write::Delete(CURSORS, doc.to_string()),
        ]
    }

    /// Resolves once a document has been read from disk.
    pub(super) async fn read_now(self: &Rc<Self>, doc: DocId) {
        let held = self.held(doc);
        self.want(&held);
        while matches!(*held.copy.borrow(), LocalCopy::Loading) {
            platform::sleep(READ_POLL_MS).await;
        }
    }
}
