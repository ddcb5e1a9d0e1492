//! Many small items become one snapshot: the page then starts from one chunk in place of thousands of changes.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use automerge::Change;
use leptos::prelude::*;
use shared::ids::{ChangeHash, DeviceId, DocId};
use shared::sync::snapshot;

use super::held::LocalCopy;
use super::locks::{self, Patience};
use super::platform;
use super::reading::APPLYING;
use super::running::Running;
use super::snapshots::{self, Kept, LOCK};
use super::store::records::{
    Listed, StoredItem, StoredList, item_key, item_prefix, parse_item_key, parse_outbox_key,
};
use super::store::{BLOBS, ITEMS, OUTBOX, Part, StoreError, Write};

/// Item records of a document beyond which they become a snapshot. Reading and opening so many takes as long as
/// loading a chunk of a hundred times as many, and making a chunk takes less than a glance.
pub const COMPACT_AT: usize = 500;
/// How long nothing was typed or received before the disk is tidied, in ms.
const QUIET_MS: u64 = 5_000;

/// What is known of the disk's need for tidying.
#[derive(Default)]
pub struct Records {
    /// Item records by document, beyond those that could not be covered the last time.
    counted: RefCell<HashMap<DocId, usize>>,
    compacting: Cell<bool>,
    /// When something was last typed or received.
    stirred: Cell<u64>,
}

impl Records {
    /// The document with the most item records, if those are too many.
    fn most(&self) -> Option<DocId> {
        let counted = self.counted.borrow();
        let (doc, count) = counted.iter().max_by_key(|(_, count)| **count)?;
        (*count > COMPACT_AT).then_some(*doc)
    }
}

impl Running {
    /// Counts item records of a document; that any came keeps compaction off for a while.
    pub(super) fn count_records(&self, doc: DocId, more: usize) {
        self.stir();
        *self.records.counted.borrow_mut().entry(doc).or_default() += more;
    }

    /// The item records that a start has found, by document.
    pub(super) fn records_found(&self, found: impl Iterator<Item = (DocId, usize)>) {
        *self.records.counted.borrow_mut() = found.collect();
        self.stir();
    }

    /// Something is being typed or received: not now.
    pub(super) fn stir(&self) {
        self.records.stirred.set(platform::now_ms());
    }

    /// Looks whether it is time to make a snapshot of something; to be called every second.
    pub(super) fn look_at_records(self: &Rc<Self>) {
        let quiet = platform::now_ms().saturating_sub(self.records.stirred.get()) >= QUIET_MS;
        let is_busy = || self.unsaved_count() > 0 || self.status.download.get_untracked().is_some();
        if !quiet || self.records.most().is_none() || is_busy() || self.records.compacting.replace(true) {
            return;
        }
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            platform::idle().await;
            // Another tab that does the same is as good.
            if let Some(lock) = locks::lock(LOCK, Patience::IfAvailable).await {
                if let Some(doc) = running.records.most() {
                    // Whatever came of it: not again before as many more have come.
                    running.records.counted.borrow_mut().remove(&doc);
                    // A disk that does not take it keeps what it has.
                    let _ = running.compact(doc).await;
                }
                drop(lock);
            }
            running.records.compacting.set(false);
        });
    }

    /// Makes a snapshot of what lies on disk of a document and is settled, in place of its items.
    async fn compact(self: &Rc<Self>, doc: DocId) -> Result<(), StoreError> {
        let held = self.held(doc);
        // What nobody has read yet is tried first, with notes that tell what brings the device down.
        self.read_now(doc).await;
        if !matches!(*held.copy.borrow(), LocalCopy::Ready(_)) {
            return Ok(());
        }
        let Some(life) = self.lives.of(doc).filter(|mark| mark.is_there) else { return Ok(()) };
        let items = self.store.all(ITEMS, &item_prefix(doc)).await?;
        let kept = snapshots::of_one(&self.store, doc).await?;
        let out = self.left_out(doc).await?;
        platform::idle().await;
        let Some(writes) = covered(doc, items.values, kept, &out, self.identity.me.device) else {
            return Ok(());
        };
        // Deleted meanwhile: it stays deleted.
        self.store.write_parts(vec![Part { beside: Some((BLOBS, life.name)), writes }]).await?;
        Ok(())
    }

    /// What may not go into a snapshot: what waits, was refused or replaced, is being tried, or was left out.
    async fn left_out(&self, doc: DocId) -> Result<HashSet<ChangeHash>, StoreError> {
        let mut out = HashSet::new();
        for kind in ["change", "refused", "replaced"] {
            let keys = self.store.keys(OUTBOX, &format!("{kind}/{doc}/")).await?;
            out.extend(keys.iter().filter_map(|key| parse_outbox_key(key)).map(|(_, hash)| hash));
        }
        for (_, note) in self.store.all(BLOBS, &format!("{APPLYING}{doc}/")).await?.values {
            let hashes = note.get(1..).unwrap_or_default().chunks_exact(32);
            out.extend(hashes.filter_map(|it| ChangeHash::try_from(it).ok()));
        }
        out.extend(self.waiting.borrow().get(&doc).into_iter().flatten());
        let marks = self.marks.borrow();
        out.extend(marks.noted(doc));
        out.extend(marks.replaced(doc));
        Ok(out)
    }
}

/// One change on its way into a snapshot.
struct Candidate {
    change: Change,
    item: StoredItem,
    /// Whether it is an item record; else it is in the snapshot that there is.
    is_record: bool,
}

/// The writes that put a snapshot in place of what there is, all but what is `out` and what depends on that; `None`
/// where it changes nothing or would not be sound.
fn covered(
    doc: DocId,
    records: Vec<(String, Vec<u8>)>,
    kept: Option<Kept>,
    out: &HashSet<ChangeHash>,
    own: DeviceId,
) -> Option<Vec<Write>> {
    let is_out = |kept: &Kept| kept.list.items.iter().any(|item| out.contains(&item.hash));
    // What has come to be left out is taken out of the snapshot that there is: it is made anew then.
    let (base, opened) = match kept {
        Some(kept) if is_out(&kept) => (None, kept.changes().ok()?),
        kept => (kept, Vec::new()),
    };
    let mut inside: HashSet<ChangeHash> =
        base.iter().flat_map(|kept| &kept.list.items).map(|item| item.hash).collect();
    let (mut writes, mut candidates) = (Vec::new(), Vec::new());
    for (change, item) in opened {
        candidates.push(Candidate { change, item, is_record: false });
    }
    let mut known: HashSet<ChangeHash> = candidates.iter().map(|it| hash(&it.change)).collect();
    for (key, bytes) in records {
        let (Some((_, hash)), Some(item)) = (parse_item_key(&key), StoredItem::decode(&bytes)) else {
            continue;
        };
        let Some(Ok(change)) = item.data.clone().map(Change::from_bytes) else { continue };
        if inside.contains(&hash) {
            // Received once more after it had been covered.
            writes.push(Write::Delete(ITEMS, key));
        } else if known.insert(hash) {
            candidates.push(Candidate { change, item, is_record: true });
        }
    }
    // An operation has a higher number than all it depends on, which makes this an order of dependencies.
    candidates.sort_by_key(|it| (it.change.start_op(), it.change.seq(), it.change.hash()));
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for candidate in candidates {
        let hash = hash(&candidate.change);
        let is_closed = candidate.change.deps().iter().all(|dep| inside.contains(&ChangeHash(dep.0)));
        if is_closed && !out.contains(&hash) {
            inside.insert(hash);
            taken.push(candidate);
        } else {
            left.push(candidate);
        }
    }
    if taken.is_empty() {
        return None;
    }
    let chunks: Vec<&[u8]> = taken.iter().map(|it| it.change.raw_bytes()).collect();
    let made = snapshot::make(base.as_ref().map(|kept| kept.data.as_slice()), &chunks).ok()?;
    let before = base.as_ref().and_then(|kept| kept.list.newest);
    let newest = snapshots::newest(taken.iter().map(|it| (&it.change, it.item.by)), own);
    let newest = [before, newest].into_iter().flatten().max_by_key(|(_, at)| *at);
    for Candidate { change, item, .. } in left.into_iter().filter(|it| !it.is_record) {
        writes.push(Write::Put(ITEMS, item_key(doc, hash(&change)), item.encode()));
    }
    let mut items = base.map(|kept| kept.list.items).unwrap_or_default();
    for Candidate { change, item, is_record } in taken {
        let hash = hash(&change);
        if is_record {
            writes.push(Write::Delete(ITEMS, item_key(doc, hash)));
        }
        items.push(Listed { hash, by: item.by, sig: item.sig });
    }
    items.sort_unstable_by_key(|item| item.hash);
    if items.len() != made.changes {
        return None;
    }
    writes.extend(Kept { data: made.data, list: StoredList { items, newest } }.writes(doc));
    Some(writes)
}

fn hash(change: &Change) -> ChangeHash {
    ChangeHash(change.hash().0)
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable as _;
    use automerge::{AutoCommit, ROOT, TextEncoding};
    use shared::ids::ActorId;

    use super::*;

    const DOC: DocId = DocId([1; 16]);
    const OWN: DeviceId = DeviceId([7; 16]);
    const OTHER: DeviceId = DeviceId([8; 16]);

    /// What a disk holds after some writes.
    #[derive(Default)]
    struct Disk {
        items: std::collections::BTreeMap<String, Vec<u8>>,
        kept: Option<Kept>,
    }

    impl Disk {
        fn of(changes: &[(Change, DeviceId)]) -> Self {
            let mut disk = Self::default();
            changes.iter().for_each(|(change, by)| disk.receive(change, *by));
            disk
        }

        fn receive(&mut self, change: &Change, by: DeviceId) {
            let item =
                StoredItem { by, sig: change.hash().0.to_vec(), data: Some(change.raw_bytes().to_vec()) };
            self.items.insert(item_key(DOC, hash(change)), item.encode());
        }

        fn compact(&mut self, out: &[&Change]) -> bool {
            let out = out.iter().map(|change| hash(change)).collect();
            let Some(writes) =
                covered(DOC, self.items.clone().into_iter().collect(), self.kept.clone(), &out, OWN)
            else {
                return false;
            };
            let (mut data, mut list) = (None, None);
            for write in writes {
                match write {
                    Write::Put(ITEMS, key, bytes) => drop(self.items.insert(key, bytes)),
                    Write::Delete(ITEMS, key) => drop(self.items.remove(&key)),
                    Write::Put(_, key, bytes) if key.starts_with("data/") => data = Some(bytes),
                    Write::Put(_, _, bytes) => list = StoredList::decode(&bytes),
                    other => panic!("{other:?}"),
                }
            }
            self.kept = data.zip(list).map(|(data, list)| Kept { data, list });
            true
        }

        /// Everything there is, with authors, as somebody reads it.
        fn all(&self) -> Vec<(ChangeHash, DeviceId, Vec<u8>)> {
            let item = |(key, bytes): (&String, &Vec<u8>)| {
                let item = StoredItem::decode(bytes).unwrap();
                (parse_item_key(key).unwrap().1, item.by, item.sig)
            };
            let kept = self.kept.iter().flat_map(|kept| kept.changes().unwrap());
            let mut all: Vec<_> = kept
                .map(|(change, item)| (hash(&change), item.by, item.sig))
                .chain(self.items.iter().map(item))
                .collect();
            all.sort();
            all
        }
    }

    fn writer(by: DeviceId) -> AutoCommit {
        let actor = ActorId::of_device(by, [1; 8]);
        AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
            .with_actor(automerge::ActorId::from(actor.0.as_slice()))
    }

    fn put(doc: &mut AutoCommit, key: &str) -> Change {
        doc.put(ROOT, key, 1).unwrap();
        let hash = doc.commit().unwrap();
        doc.get_change_by_hash(&hash).unwrap()
    }

    /// Changes of this device and of another, by turns, each on top of the one before.
    fn changes(count: usize) -> Vec<(Change, DeviceId)> {
        let mut docs = [(writer(OWN), OWN), (writer(OTHER), OTHER)];
        (0..count)
            .map(|n| {
                let change = put(&mut docs[n % 2].0, &format!("{n}"));
                docs[(n + 1) % 2].0.apply_changes([change.clone()]).unwrap();
                (change, docs[n % 2].1)
            })
            .collect()
    }

    #[test]
    fn every_change_keeps_its_author_and_signature_in_a_snapshot() {
        let changes = changes(20);
        let mut disk = Disk::of(&changes[..12]);
        let before = Disk::of(&changes).all();
        assert!(disk.compact(&[]));
        assert!(disk.items.is_empty());
        changes[10..].iter().for_each(|(change, by)| disk.receive(change, *by));
        // What came once more is there twice, and then once.
        assert!(disk.compact(&[]));
        assert!(disk.items.is_empty());
        assert_eq!(disk.all(), before);
        let newest = disk.kept.as_ref().unwrap().list.newest;
        assert_eq!(newest.map(|(by, _)| by), Some(OTHER));
        assert!(!disk.compact(&[]), "nothing is left to do");
    }

    #[test]
    fn what_waits_stays_an_item_with_all_that_depends_on_it() {
        let changes = changes(9);
        let mut disk = Disk::of(&changes);
        let before = disk.all();
        assert!(disk.compact(&[&changes[6].0]));
        assert_eq!(disk.items.len(), 3);
        assert_eq!(disk.all(), before);
        assert!(!disk.compact(&[&changes[6].0]));
        assert!(disk.compact(&[]));
        assert!(disk.items.is_empty());
        assert_eq!(disk.all(), before);
    }

    #[test]
    fn a_record_that_cannot_be_read_stays_where_it_is() {
        let changes = changes(9);
        let mut disk = Disk::of(&changes);
        let rotten = item_key(DOC, hash(&changes[4].0));
        disk.items.insert(rotten.clone(), b"rotten".to_vec());
        assert!(disk.compact(&[]));
        // Neither it nor what depends on it is in the snapshot.
        assert_eq!(disk.kept.as_ref().unwrap().list.items.len(), 4);
        assert_eq!(disk.items.len(), 5);
        assert_eq!(disk.items[&rotten], b"rotten");
    }

    #[test]
    fn nothing_is_put_in_place_of_a_snapshot_that_is_not_what_it_says() {
        let changes = changes(12);
        let mut disk = Disk::of(&changes[..6]);
        assert!(disk.compact(&[]));
        changes[6..].iter().for_each(|(change, by)| disk.receive(change, *by));
        let sound = disk.kept.clone().unwrap();
        let mut rotten = sound.clone();
        rotten.data.truncate(20);
        let mut longer = sound.clone();
        longer.list.items.push(Listed { hash: ChangeHash([0; 32]), by: OTHER, sig: vec![] });
        for kept in [rotten, longer] {
            disk.kept = Some(kept);
            assert!(!disk.compact(&[]));
            assert_eq!(disk.items.len(), 6, "the items are all there");
        }
        disk.kept = Some(sound);
        assert!(disk.compact(&[]));
    }

    #[test]
    fn a_document_is_tidied_once_it_has_more_records_than_may_be() {
        let records = Records::default();
        assert_eq!(records.most(), None);
        records.counted.borrow_mut().insert(DOC, COMPACT_AT);
        assert_eq!(records.most(), None);
        records.counted.borrow_mut().insert(DocId([2; 16]), COMPACT_AT + 1);
        assert_eq!(records.most(), Some(DocId([2; 16])));
    }

    #[test]
    fn what_comes_to_be_void_is_taken_out_of_a_snapshot_again() {
        let changes = changes(9);
        let mut disk = Disk::of(&changes);
        let before = disk.all();
        assert!(disk.compact(&[]));
        assert!(disk.compact(&[&changes[5].0]));
        let kept: HashSet<_> = disk.kept.as_ref().unwrap().list.items.iter().map(|item| item.hash).collect();
        assert_eq!(kept, changes[..5].iter().map(|(change, _)| hash(change)).collect());
        assert_eq!(disk.items.len(), 4);
        assert_eq!(disk.all(), before);
    }
}
