//! Authors for tests: a device with its key and its copy of one document, whose changes are real.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ROOT, TextEncoding};

use super::chain;
use super::message::{PushItem, SnapshotItem, SnapshotPiece};
use super::signature::DeviceKey;
use super::snapshot::{self, Snapshot};
use crate::domain::genesis::genesis;
use crate::domain::kind::DocKind;
use crate::ids::{ActorId, ChangeHash, DeviceId, DocId, UserId};

/// A device that writes one document.
pub struct Author {
    pub key: DeviceKey,
    pub doc: DocId,
    pub copy: AutoCommit,
    written: u32,
}

pub const DOC: DocId = DocId([0xd0; 16]);

pub fn user(n: u8) -> UserId {
    UserId([n; 16])
}

pub fn key(n: u8) -> DeviceKey {
    DeviceKey::from_secret(&[n; 32])
}

impl Author {
    /// The device of number `n`, with the genesis of `DOC`.
    pub fn new(n: u8) -> Self {
        Self::of(DOC, n)
    }

    pub fn of(doc: DocId, n: u8) -> Self {
        let key = key(n);
        let mut copy = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        copy.apply_changes([Change::from_bytes(genesis(DocKind::SharedNotes).data.clone()).unwrap()])
            .unwrap();
        copy.set_actor(automerge::ActorId::from(ActorId::of_device(key.id(), [n; 8]).0));
        Self { key, doc, copy, written: 0 }
    }

    pub fn id(&self) -> DeviceId {
        self.key.id()
    }

    /// Writes something and signs it.
    pub fn write(&mut self) -> PushItem {
        self.written += 1;
        let key = format!("{}-{}", self.id(), self.written);
        self.copy.put(ROOT, key, i64::from(self.written)).unwrap();
        self.copy.commit_with(CommitOptions::default().with_time(0));
        let change = self.copy.get_last_local_change().unwrap();
        self.sign(change.raw_bytes())
    }

    pub fn writes(&mut self, count: usize) -> Vec<PushItem> {
        (0..count).map(|_| self.write()).collect()
    }

    /// Writes a change with that many bytes of content.
    pub fn write_long(&mut self, bytes: usize) -> PushItem {
        self.written += 1;
        let key = format!("{}-{}", self.id(), self.written);
        self.copy.put(ROOT, key, "x".repeat(bytes)).unwrap();
        self.copy.commit_with(CommitOptions::default().with_time(0));
        let change = self.copy.get_last_local_change().unwrap();
        self.sign(change.raw_bytes())
    }

    /// Writes a change with that many bytes that do not get shorter by compressing them.
    pub fn write_noise(&mut self, bytes: usize) -> PushItem {
        use sha2::Digest as _;
        self.written += 1;
        let key = format!("{}-{}", self.id(), self.written);
        let block = |n: usize| <[u8; 32]>::from(sha2::Sha256::digest(format!("{key} {n}")));
        let noise: Vec<u8> = (0..bytes.div_ceil(32)).flat_map(block).take(bytes).collect();
        self.copy.put(ROOT, key, automerge::ScalarValue::Bytes(noise)).unwrap();
        self.copy.commit_with(CommitOptions::default().with_time(0));
        let change = self.copy.get_last_local_change().unwrap();
        self.sign(change.raw_bytes())
    }

    /// Signs a chunk, whatever it is; one that cannot be read gets the hash of its bytes.
    pub fn sign(&self, data: &[u8]) -> PushItem {
        use sha2::Digest as _;
        let hash = super::change::parse(data)
            .map_or_else(|_| ChangeHash(sha2::Sha256::digest(data).into()), |parsed| parsed.hash);
        let sig = self.key.sign_change(self.doc, hash).0.to_vec();
        PushItem { hash, by: self.id(), sig, data: data.to_vec() }
    }

    /// Takes others' changes in.
    pub fn take(&mut self, items: &[PushItem]) {
        let changes: Vec<_> =
            items.iter().map(|item| Change::from_bytes(item.data.clone()).unwrap()).collect();
        self.copy.apply_changes(changes).unwrap();
    }
}

/// The snapshot of a log of these items after the genesis of `DOC`; those at the places `void` are void.
pub fn snapshot_with_void(items: &[PushItem], void: &[u64]) -> Snapshot {
    let genesis = genesis(DocKind::SharedNotes);
    let mut named =
        vec![SnapshotItem { hash: genesis.hash, by: DeviceId::GENESIS, sig: vec![], void: false }];
    named.extend((2..).zip(items).map(|(seq, item)| SnapshotItem {
        hash: item.hash,
        by: item.by,
        sig: item.sig.clone(),
        void: void.contains(&seq),
    }));
    let all = std::iter::once(genesis.data.as_slice()).chain(items.iter().map(|item| item.data.as_slice()));
    let sound: Vec<_> = named.iter().zip(all).filter(|(item, _)| !item.void).map(|(_, data)| data).collect();
    let made = snapshot::make(None, &sound).unwrap();
    let chain = chain::after(chain::start(DOC), named.iter().map(|item| item.hash));
    Snapshot { seq: named.len() as u64, chain, heads: made.heads, items: named, data: made.data }
}

pub fn snapshot(items: &[PushItem]) -> Snapshot {
    snapshot_with_void(items, &[])
}

/// A snapshot in that many pieces, whatever its size.
pub fn in_pieces(snapshot: &Snapshot, count: usize) -> Vec<SnapshotPiece> {
    let share = |whole: usize, index: usize| whole * index / count;
    let extent = |index: usize| snapshot::Extent {
        data: share(snapshot.data.len(), index)..share(snapshot.data.len(), index + 1),
        items: share(snapshot.items.len(), index)..share(snapshot.items.len(), index + 1),
    };
    (0..count).map(|index| snapshot.piece(&extent(index))).collect()
}
