//! Documents read from disk: many in one transaction, damaged values set aside, and what brought the device
//! down left out.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use leptos::prelude::*;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::snapshot::{self, Unsound};

use super::held::{Arrived, Base, Held, LocalCopy};
use super::running::Running;
use super::snapshots::{self, FoundSnapshot, Kept, OPENING};
use super::status::Problem;
use super::store::records::{
    StoredItem, item_prefix, parse_item_key, parse_outbox_key, snapshot_data_key, snapshot_list_key,
};
use super::store::{BLOBS, CURSORS, Found, ITEMS, OUTBOX, SNAPSHOTS, StoreError, Write};
use super::{left_out, platform};

/// How the names of notes about batches being applied begin: `applying/doc/actor/batch`. A note is its tries,
/// then the hashes.
pub(super) const APPLYING: &str = "applying/";
/// The last part of the name of the note of what was left out for good.
const LEFT_OUT: &str = "void";
/// How often something may bring the device down before it is left out.
pub(super) const TRIES: u8 = 2;
/// How the names of values set aside begin.
const ASIDE: &str = "aside/";
/// How long to wait before a document that could not be read may be read again, in ms.
const REREAD_MS: u64 = 3_000;
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
    /// The heads of snapshots that brought the device down as often as it is tried.
    unopened: HashMap<DocId, Vec<ChangeHash>>,
    /// First notes of a document, as they count once it is applied again.
    counted: HashMap<DocId, Vec<Write>>,
    /// Documents that could not be made and were fetched anew: once in a run, or it might never end.
    unfit: HashSet<DocId>,
}

impl Marks {
    /// The changes of a document during whose application the device came down twice.
    pub(super) fn noted(&self, doc: DocId) -> Vec<ChangeHash> {
        self.noted.get(&doc).into_iter().flatten().copied().collect()
    }

    /// The heads of a snapshot of a document that is not opened any more.
    pub(super) fn unopened(&self, doc: DocId) -> Vec<ChangeHash> {
        self.unopened.get(&doc).cloned().unwrap_or_default()
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
        Write::Put(BLOBS, format!("{APPLYING}{doc}/{LEFT_OUT}"), note)
    }

    pub(super) fn leaves_out(&self, doc: DocId, hash: ChangeHash) -> bool {
        [&self.noted, &self.replaced].into_iter().any(|it| it.get(&doc).is_some_and(|of| of.contains(&hash)))
    }

    pub(super) fn replace(&mut self, doc: DocId, hashes: impl IntoIterator<Item = ChangeHash>) {
        self.replaced.entry(doc).or_default().extend(hashes);
    }

    pub(super) fn is_replaced(&self, doc: DocId, hash: ChangeHash) -> bool {
        self.replaced.get(&doc).is_some_and(|of| of.contains(&hash))
    }
}

/// What a snapshot on disk gives.
enum Opened {
    /// Its document.
    Whole(Base),
    /// Those of its changes that are not left out.
    Apart(Vec<Arrived>),
}

/// The name of a damaged value that is set aside.
fn aside_name(doc: DocId, store: &str, key: &str) -> String {
    // The keys of items begin with their document.
    if store == ITEMS { format!("{ASIDE}{key}") } else { format!("{ASIDE}{doc}/{store}/{key}") }
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
        for (name, note) in self.store.all(BLOBS, OPENING).await?.values {
            let Some(doc) = name.strip_prefix(OPENING).and_then(|it| it.parse().ok()) else { continue };
            if let Some((tries, heads)) = note.split_first()
                && *tries >= TRIES
            {
                let heads = heads.chunks_exact(32).filter_map(|it| ChangeHash::try_from(it).ok());
                marks.unopened.insert(doc, heads.collect());
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

    /// Another tab has left out changes of a document: so does this one.
    pub(super) async fn left_out_by_tab(self: &Rc<Self>, doc: DocId) {
        let name = format!("{APPLYING}{doc}/{LEFT_OUT}");
        // What cannot be read now is told by the server too.
        let Ok(Some(note)) = self.store.get(BLOBS, &name).await else { return };
        let hashes = note.get(1..).unwrap_or_default().chunks_exact(32);
        let hashes: Vec<_> = hashes.filter_map(|it| ChangeHash::try_from(it).ok()).collect();
        left_out::leave_out(self, doc, &hashes).await;
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
        match self.read_all(wanted).await {
            Ok(found) => {
                if !self.writer.is_in_trouble() {
                    self.status.solve_where(|problem| matches!(problem, Problem::StorageFailed { .. }));
                }
                for (held, (items, snapshot)) in wanted.iter().zip(found) {
                    self.make(held, items, snapshot).await;
                }
            }
            Err(StoreError::Closed) => {}
            Err(error) => {
                self.status.report(Problem::StorageFailed { message: error.to_string() });
                platform::sleep(REREAD_MS).await;
                // Whoever shows it wants it again.
                for held in wanted.iter().filter(|held| matches!(*held.copy.borrow(), LocalCopy::Loading)) {
                    *held.copy.borrow_mut() = LocalCopy::Unread;
                }
            }
        }
    }

    /// What lies on disk of documents: their items first, then their snapshots.
    async fn read_all(&self, wanted: &[Rc<Held>]) -> Result<Vec<(Found, FoundSnapshot)>, StoreError> {
        for held in wanted {
            self.read_life(held.id).await?;
        }
        let prefixes = wanted.iter().map(|held| item_prefix(held.id)).collect();
        let items = self.store.all_of(ITEMS, prefixes).await?;
        let docs: Vec<DocId> = wanted.iter().map(|held| held.id).collect();
        let snapshots = snapshots::of(&self.store, &docs).await?;
        Ok(items.into_iter().zip(snapshots).collect())
    }

    /// Makes a document of what was found on disk.
    async fn make(self: &Rc<Self>, held: &Rc<Held>, found: Found, snapshot: FoundSnapshot) {
        let doc = held.id;
        let mut damaged: Vec<_> = found.damaged.into_iter().map(|key| (ITEMS, key)).collect();
        let mut stored = Vec::new();
        for (key, bytes) in found.values {
            match (StoredItem::decode(&bytes), parse_item_key(&key)) {
                (Some(item), Some((_, hash))) => {
                    if !self.marks.borrow().leaves_out(doc, hash) {
                        stored.extend(item.data.map(|data| Arrived { by: item.by, data }));
                    }
                }
                _ => damaged.push((ITEMS, key)),
            }
        }
        let counted = self.marks.borrow_mut().counted.remove(&doc);
        if let Some(counted) = counted {
            // On the disk before the document is made. That it cannot be written keeps nobody from reading.
            let _ = self.store.write(counted).await;
        }
        let mut base = None;
        damaged.extend(snapshot.damaged.into_iter().map(|key| (SNAPSHOTS, key)));
        if let Some(kept) = snapshot.kept {
            match self.opened(doc, &kept) {
                Ok(Opened::Whole(opened)) => base = Some(opened),
                Ok(Opened::Apart(changes)) => stored.extend(changes),
                Err(_) => {
                    damaged
                        .extend([(SNAPSHOTS, snapshot_data_key(doc)), (SNAPSHOTS, snapshot_list_key(doc))]);
                }
            }
        }
        if !damaged.is_empty() {
            self.set_aside(doc, damaged).await;
        }
        // Deleted while it was being read: it stays deleted.
        if !matches!(*held.copy.borrow(), LocalCopy::Loading) {
            return;
        }
        if held.loaded(base, stored, self.actor_in(held), self.identity.me.device).is_err() {
            *held.copy.borrow_mut() = LocalCopy::Damaged;
            self.status.report(Problem::Damaged { document: Some(doc) });
            let is_first = self.marks.borrow_mut().unfit.insert(doc);
            if is_first {
                self.set_unfit_aside(doc).await;
            }
        }
        self.tried(doc);
        if held.is_stale.take() {
            self.read_anew(doc);
        }
        let mut marks = self.marks.borrow_mut();
        if marks.open.remove(&doc) && !marks.noted.contains_key(&doc) {
            // It was made of everything, and the device still stands: earlier notes are settled.
            self.writer.foreign(vec![Write::DeletePrefix(BLOBS, format!("{APPLYING}{doc}/"))], || ());
        }
    }

    /// The document of a snapshot; its changes one by one where some of them are to be left out.
    fn opened(&self, doc: DocId, kept: &Kept) -> Result<Opened, Unsound> {
        let leaves_out = |hash| self.marks.borrow().leaves_out(doc, hash);
        if !kept.list.items.iter().any(|item| leaves_out(item.hash)) {
            let document = Box::new(snapshot::load(&kept.data)?);
            return Ok(Opened::Whole(Base { doc: document, newest: kept.list.newest }));
        }
        let changes = kept.changes()?.into_iter();
        let stays = changes.filter(|(change, _)| !leaves_out(ChangeHash(change.hash().0)));
        let arrived = |item: StoredItem| Some(Arrived { by: item.by, data: item.data? });
        Ok(Opened::Apart(stays.filter_map(|(_, item)| arrived(item)).collect()))
    }

    /// What is in memory of a document is behind the disk: it is read from there when it is next wanted.
    pub(super) fn read_anew(self: &Rc<Self>, doc: DocId) {
        let held = self.held(doc);
        let Ok(mut copy) = held.copy.try_borrow_mut() else { return };
        match *copy {
            LocalCopy::Loading => held.is_stale.set(true),
            LocalCopy::Absent | LocalCopy::Damaged => *copy = LocalCopy::Unread,
            LocalCopy::Unread | LocalCopy::Ready(_) | LocalCopy::Gone => {}
        }
        drop(copy);
        held.changed.notify();
    }

    /// Sets damaged values aside and has the document fetched anew; nothing else of it is touched.
    pub(super) async fn set_aside(self: &Rc<Self>, doc: DocId, keys: Vec<(&'static str, String)>) {
        let mut writes = vec![Write::Delete(CURSORS, doc.to_string())];
        for (store, key) in keys {
            if let Ok(Some(bytes)) = self.store.sealed(store, &key).await {
                writes.push(Write::Put(BLOBS, aside_name(doc, store, &key), bytes));
            }
            writes.push(Write::Delete(store, key));
        }
        self.status.report(Problem::Damaged { document: Some(doc) });
        let running = self.clone();
        // Behind what is still to be written of it, and in a life of its own, or its cursor would come back from this
        // tab or another one. Then it is read anew from the server: its cursor is gone.
        self.renew_life(doc, writes, move || running.restart_machine());
    }

    /// The actor that writes in a document from now on. Where it was deleted in this run it is another one: what the
    /// one before wrote last may be lost, and its numbers would be given twice.
    fn actor_in(&self, held: &Held) -> ActorId {
        match held.dropped.get() {
            0 => self.documents.actor,
            _ => ActorId::of_device(self.identity.me.device, platform::random()),
        }
    }

    /// What to delete so that nothing of a document is left in the store but its items and outbox.
    pub(super) fn delete_marks(&self, doc: DocId) -> Vec<Write> {
        let mut marks = self.marks.borrow_mut();
        marks.noted.remove(&doc);
        marks.replaced.remove(&doc);
        marks.open.remove(&doc);
        marks.counted.remove(&doc);
        marks.unopened.remove(&doc);
        let mut writes = vec![
            Write::DeletePrefix(BLOBS, format!("{ASIDE}{doc}/")),
            Write::DeletePrefix(BLOBS, format!("{APPLYING}{doc}/")),
            Write::DeletePrefix(OUTBOX, format!("refused/{doc}/")),
            Write::DeletePrefix(OUTBOX, format!("replaced/{doc}/")),
            Write::Delete(BLOBS, format!("{OPENING}{doc}")),
            Write::Delete(BLOBS, Self::lost_name(doc)),
            Write::Delete(CURSORS, doc.to_string()),
        ];
        writes.extend(snapshots::deletion(doc));
        writes
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
