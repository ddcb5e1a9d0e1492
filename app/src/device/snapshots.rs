//! Snapshots on disk: one document chunk in place of many items, with a list of whose each of its changes is.
//!
//! Whoever reads a document reads its items first and its snapshot afterwards: what another tab moves from the one to
//! the other meanwhile is then read twice, never missed.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use automerge::Change;
use shared::ids::{ChangeHash, DeviceId, DocId};
use shared::sync::device::Event;
use shared::sync::message::SnapshotItem;
use shared::sync::snapshot::{self, Snapshot, Unsound};

use super::locks::{self, Patience};
use super::reading::{self, APPLYING};
use super::running::Running;
use super::store::records::{
    Listed, SNAPSHOT_LIST, StoredCursor, StoredItem, StoredList, item_key, item_prefix, parse_item_key,
    parse_outbox_key, snapshot_data_key, snapshot_list_key,
};
use super::store::{BLOBS, CURSORS, ITEMS, OUTBOX, SNAPSHOTS, Store, StoreError, Write};

/// How the names of notes about snapshots being opened begin; the document follows. A note is its tries, then the
/// heads.
pub(super) const OPENING: &str = "opening/";
/// The lock of whoever puts snapshots on this device's disk.
pub(super) const LOCK: &str = "loopbaanmaat-snapshots";

/// A snapshot as it lies on disk.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The document chunk.
    pub(super) data: Vec<u8>,
    /// Whose its changes are.
    pub(super) list: StoredList,
}

/// What was found in place of a document's snapshot.
#[derive(Debug, Default)]
pub struct FoundSnapshot {
    /// It, where it is whole.
    pub(super) kept: Option<Kept>,
    /// The keys of its values, where one of them cannot be read.
    pub(super) damaged: Vec<String>,
}

impl Kept {
    /// Its changes one by one, each with its author and signature.
    ///
    /// # Errors
    /// When the chunk is none.
    pub(super) fn changes(&self) -> Result<Vec<(Change, StoredItem)>, Unsound> {
        let mut whose: HashMap<ChangeHash, &Listed> =
            self.list.items.iter().map(|item| (item.hash, item)).collect();
        let mut doc = snapshot::load(&self.data)?;
        let change = |change: Change| {
            let item = whose.remove(&ChangeHash(change.hash().0))?;
            let data = Some(change.raw_bytes().to_vec());
            Some((change, StoredItem { by: item.by, sig: item.sig.clone(), data }))
        };
        Ok(doc.get_changes(&[]).into_iter().filter_map(change).collect())
    }

    /// Puts it on the disk.
    pub(super) fn writes(self, doc: DocId) -> [Write; 2] {
        [
            Write::Put(SNAPSHOTS, snapshot_data_key(doc), self.data),
            Write::Put(SNAPSHOTS, snapshot_list_key(doc), self.list.encode()),
        ]
    }
}

/// Takes a document's snapshot off the disk.
pub(super) fn deletion(doc: DocId) -> [Write; 2] {
    [Write::Delete(SNAPSHOTS, snapshot_data_key(doc)), Write::Delete(SNAPSHOTS, snapshot_list_key(doc))]
}

/// The snapshots of documents, in their order; to be read after their items.
///
/// # Errors
/// When the disk cannot be read.
pub(super) async fn of(store: &Store, docs: &[DocId]) -> Result<Vec<FoundSnapshot>, StoreError> {
    let keys = docs.iter().flat_map(|doc| [snapshot_data_key(*doc), snapshot_list_key(*doc)]).collect();
    let found = store.all_of(SNAPSHOTS, keys).await?;
    let snapshot = |pair: &[super::store::Found], doc: DocId| {
        let (keys, value) =
            ([snapshot_data_key(doc), snapshot_list_key(doc)], |found: &super::store::Found| {
                found.values.first().map(|(_, bytes)| bytes.clone())
            });
        let (data, list) = (value(&pair[0]), value(&pair[1]));
        let is_absent = pair.iter().all(|it| it.values.is_empty() && it.damaged.is_empty());
        match (data, list.and_then(|it| StoredList::decode(&it))) {
            (Some(data), Some(list)) => {
                FoundSnapshot { kept: Some(Kept { data, list }), damaged: Vec::new() }
            }
            _ if is_absent => FoundSnapshot::default(),
            _ => FoundSnapshot { kept: None, damaged: keys.into() },
        }
    };
    Ok(found.chunks_exact(2).zip(docs).map(|(pair, doc)| snapshot(pair, *doc)).collect())
}

/// A document's snapshot; one that is damaged is as if absent. To be read after its items.
///
/// # Errors
/// When the disk cannot be read.
pub(super) async fn of_one(store: &Store, doc: DocId) -> Result<Option<Kept>, StoreError> {
    Ok(of(store, &[doc]).await?.pop().and_then(|found| found.kept))
}

/// The hashes in all snapshots; to be read after the items. A damaged one is as if absent.
///
/// # Errors
/// When the disk cannot be read.
pub(super) async fn hashes(store: &Store) -> Result<Vec<(DocId, Vec<ChangeHash>)>, StoreError> {
    let found = store.all(SNAPSHOTS, SNAPSHOT_LIST).await?;
    let list = |(key, bytes): (String, Vec<u8>)| {
        let doc = key.strip_prefix(SNAPSHOT_LIST)?.parse().ok()?;
        let list = StoredList::decode(&bytes)?;
        Some((doc, list.items.into_iter().map(|item| item.hash).collect()))
    };
    Ok(found.values.into_iter().filter_map(list).collect())
}

/// The newest change of those of other devices.
pub(super) fn newest<'a>(
    changes: impl IntoIterator<Item = (&'a Change, DeviceId)>,
    own: DeviceId,
) -> Option<(DeviceId, u64)> {
    let mut newest: Option<(DeviceId, u64)> = None;
    for (change, by) in changes {
        let at = u64::try_from(change.timestamp()).unwrap_or_default() * 1_000;
        if by != DeviceId::GENESIS && by != own && newest.is_none_or(|(_, last)| last <= at) {
            newest = Some((by, at));
        }
    }
    newest
}

/// A snapshot that the server has sent, with what the sync machine says of it.
pub struct Received {
    pub(super) doc: DocId,
    pub(super) batch: u64,
    pub(super) snapshot: Snapshot,
    /// Those of its items that this device does not hold, in log order.
    pub(super) new: Vec<ChangeHash>,
    /// Whether this device holds nothing of the document.
    pub(super) whole: bool,
    /// Whether the log may lack something of what is on this device.
    pub(super) owes: bool,
    /// How often the document had been dropped when this was asked for.
    pub(super) dropped: u64,
}

impl Running {
    /// Takes a snapshot that the server has sent: noted, opened, on disk, and only then answered.
    pub(super) async fn take_snapshot(self: &Rc<Self>, run: u64, received: Received) {
        let Received { doc, batch, snapshot, new, whole, owes, dropped } = received;
        // Another tab that opens the same one is waited for: a note that is found then is of one that died.
        let lock = locks::lock(LOCK, Patience::Wait).await;
        let failed = |running: &Rc<Self>| running.answer(run, Event::PersistFailed { doc, batch });
        let name = format!("{OPENING}{doc}");
        let tries = match self.store.get(BLOBS, &name).await {
            Ok(note) => note.and_then(|note| tries(&note, &snapshot.heads)).unwrap_or(0),
            Err(StoreError::Damaged { .. }) => 0,
            Err(_) => return failed(self),
        };
        if tries >= reading::TRIES {
            let noted = snapshot.heads;
            return self.answer(run, Event::SnapshotUnsound { doc, batch, noted });
        }
        let note = [tries + 1].into_iter().chain(snapshot.heads.iter().flat_map(|head| head.0)).collect();
        if self.store.write(vec![Write::Put(BLOBS, name.clone(), note)]).await.is_err() {
            return failed(self);
        }
        let opened = snapshot::open(&snapshot);
        // The device still stands. What is refused from here on says nothing about the snapshot.
        if self.store.write(vec![Write::Delete(BLOBS, name.clone())]).await.is_err() {
            self.writer.foreign(vec![Write::Delete(BLOBS, name)], || ());
        }
        let Ok(opened) = opened else {
            return self.answer(run, Event::SnapshotUnsound { doc, batch, noted: Vec::new() });
        };
        // The machine knows of what another tab has put on disk only once it has read it.
        let Ok(on_disk) = self.on_disk(doc).await else { return failed(self) };
        // What is waited for here was not that the log has it: it was pushed long before there was a snapshot of it.
        let Ok(marks) = self.marks_of(doc, &snapshot.items).await else { return failed(self) };
        if self.held(doc).dropped.get() != dropped {
            // Deleted meanwhile; nobody waits for an answer.
            return;
        }
        let whole = whole && on_disk.is_empty() && lock.is_some();
        let Snapshot { seq, chain, items, data, .. } = snapshot;
        self.logged.borrow_mut().extend(items.iter().map(|item| item.hash));
        let cursor = StoredCursor { cursor: seq, chain: Some(chain), kind: self.driver.kind(doc), owes };
        let mut writes = marks;
        writes.push(Write::Put(CURSORS, doc.to_string(), cursor.encode()));
        let mut changes = Vec::new();
        if whole {
            writes.extend(kept(&opened.changes, items, data, self.identity.me.device).writes(doc));
        } else {
            let whose: HashMap<ChangeHash, SnapshotItem> =
                items.into_iter().map(|item| (item.hash, item)).collect();
            let new: HashSet<ChangeHash> = new.into_iter().collect();
            let mut note = vec![0];
            for change in opened.changes.iter().filter(|it| new.contains(&ChangeHash(it.hash().0))) {
                let hash = ChangeHash(change.hash().0);
                let data = change.raw_bytes().to_vec();
                if let Some(item) = whose.get(&hash).filter(|_| !on_disk.contains(&hash)) {
                    let stored = StoredItem { by: item.by, sig: item.sig.clone(), data: Some(data.clone()) };
                    writes.push(Write::Put(ITEMS, item_key(doc, hash), stored.encode()));
                    self.count_records(doc, 1);
                }
                note.extend(hash.0);
                changes.push(data);
            }
            if !changes.is_empty() {
                writes.push(Write::Put(BLOBS, self.note_name(doc, batch), note));
            }
        }
        let (done, outcome) = locks::told();
        let failed = done.clone();
        self.received_in(doc, writes, move || done(true), move || failed(false));
        let is_written = outcome.await;
        drop(lock);
        if !is_written {
            return self.answer(run, Event::PersistFailed { doc, batch });
        }
        if whole {
            self.read_anew(doc);
        }
        self.answer(run, Event::SnapshotTaken { doc, batch, changes });
    }

    /// Deletes the marks of what waits or was refused of a document and is in a log of these items.
    async fn marks_of(&self, doc: DocId, items: &[SnapshotItem]) -> Result<Vec<Write>, StoreError> {
        let mut keys = self.store.keys(OUTBOX, &format!("change/{doc}/")).await?;
        keys.extend(self.store.keys(OUTBOX, &format!("refused/{doc}/")).await?);
        let logged: HashSet<ChangeHash> = items.iter().map(|item| item.hash).collect();
        let is_logged = |key: &String| parse_outbox_key(key).is_some_and(|(_, hash)| logged.contains(&hash));
        Ok(keys.into_iter().filter(is_logged).map(|key| Write::Delete(OUTBOX, key)).collect())
    }

    /// The hashes of everything that lies on disk of a document.
    async fn on_disk(&self, doc: DocId) -> Result<HashSet<ChangeHash>, StoreError> {
        let keys = self.store.keys(ITEMS, &item_prefix(doc)).await?;
        let mut found: HashSet<ChangeHash> =
            keys.iter().filter_map(|key| parse_item_key(key)).map(|(_, hash)| hash).collect();
        let kept = of_one(&self.store, doc).await?;
        found.extend(kept.into_iter().flat_map(|kept| kept.list.items).map(|item| item.hash));
        Ok(found)
    }

    /// The name of the note about a batch being applied.
    pub(super) fn note_name(&self, doc: DocId, batch: u64) -> String {
        format!("{APPLYING}{doc}/{}/{batch}", self.documents.actor)
    }
}

/// What is kept of a snapshot of these changes.
fn kept(changes: &[Change], items: Vec<SnapshotItem>, data: Vec<u8>, own: DeviceId) -> Kept {
    let mut listed: Vec<Listed> = items
        .into_iter()
        .filter(|item| !item.void)
        .map(|item| Listed { hash: item.hash, by: item.by, sig: item.sig })
        .collect();
    let newest = newest(
        changes
            .iter()
            .zip(&listed)
            .filter(|(_, item)| item.by != DeviceId::GENESIS)
            .map(|(it, item)| (it, item.by)),
        own,
    );
    listed.sort_unstable_by_key(|item| item.hash);
    Kept { data, list: StoredList { items: listed, newest } }
}

/// The tries of a note, where it is about these heads.
fn tries(note: &[u8], heads: &[ChangeHash]) -> Option<u8> {
    let (tries, noted) = note.split_first()?;
    noted.chunks_exact(32).eq(heads.iter().map(|head| head.0.as_slice())).then_some(*tries)
}

#[cfg(test)]
mod tests {
    use automerge::transaction::Transactable as _;
    use automerge::{AutoCommit, ROOT, TextEncoding};
    use shared::ids::ActorId;

    use super::*;

    const OWN: DeviceId = DeviceId([7; 16]);
    const OTHER: DeviceId = DeviceId([8; 16]);

    /// Three changes, a minute after each other: of nobody, of another device, of this one.
    fn three() -> Vec<(Change, DeviceId)> {
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        let of = |(by, minute): (DeviceId, i64)| {
            let actor = ActorId::of_device(by, [1; 8]);
            doc.set_actor(automerge::ActorId::from(actor.0.as_slice()));
            doc.put(ROOT, format!("{minute}"), 1).unwrap();
            let options = automerge::transaction::CommitOptions::default().with_time(minute * 60);
            let hash = doc.commit_with(options).unwrap();
            (doc.get_change_by_hash(&hash).unwrap(), by)
        };
        [(DeviceId::GENESIS, 9), (OTHER, 1), (OWN, 2)].into_iter().map(of).collect()
    }

    fn listed((change, by): &(Change, DeviceId), void: bool) -> SnapshotItem {
        SnapshotItem { hash: hash(change), by: *by, sig: change.hash().0.to_vec(), void }
    }

    fn hash(change: &Change) -> ChangeHash {
        ChangeHash(change.hash().0)
    }

    #[test]
    fn a_note_counts_for_the_snapshot_that_it_is_about() {
        let heads = [ChangeHash([1; 32]), ChangeHash([2; 32])];
        let note = |tries: u8, heads: &[ChangeHash]| -> Vec<u8> {
            [tries].into_iter().chain(heads.iter().flat_map(|head| head.0)).collect()
        };
        assert_eq!(tries(&note(2, &heads), &heads), Some(2));
        for other in [&heads[..1], &[heads[0], ChangeHash([3; 32])], &[]] {
            assert_eq!(tries(&note(2, other), &heads), None);
        }
        assert_eq!(tries(&[], &heads), None);
    }

    #[test]
    fn what_is_void_is_not_listed_among_what_a_snapshot_holds() {
        let changes = three();
        let chunks: Vec<&[u8]> = changes.iter().map(|(change, _)| change.raw_bytes()).collect();
        let data = snapshot::make(None, &chunks).unwrap().data;
        let gone = SnapshotItem { hash: ChangeHash([9; 32]), by: OTHER, sig: vec![1], void: true };
        let mut items: Vec<_> = changes.iter().map(|it| listed(it, false)).collect();
        items.insert(1, gone);
        let plain: Vec<Change> = changes.iter().map(|(change, _)| change.clone()).collect();
        let kept = kept(&plain, items, data, OWN);
        // In the order of their hashes, and the newest is one that somebody else has made.
        let mut hashes: Vec<_> = plain.iter().map(hash).collect();
        hashes.sort_unstable();
        assert_eq!(kept.list.items.iter().map(|item| item.hash).collect::<Vec<_>>(), hashes);
        assert_eq!(kept.list.newest, Some((OTHER, 60_000)));
        // Each of its changes comes back with its own author and signature.
        let back = kept.changes().unwrap();
        assert_eq!(back.len(), changes.len());
        for (change, item) in &back {
            let (_, by) = changes.iter().find(|(it, _)| it.hash() == change.hash()).unwrap();
            assert_eq!((item.by, item.sig.as_slice()), (*by, &change.hash().0[..]));
            assert_eq!(item.data.as_deref(), Some(change.raw_bytes()));
        }
    }

    #[test]
    fn a_chunk_that_is_none_gives_no_changes() {
        let list = StoredList { items: Vec::new(), newest: None };
        assert!(Kept { data: b"no chunk".to_vec(), list }.changes().is_err());
    }
}
