//! Snapshots: gathered piece by piece, checked as far as that goes without opening them, and handed to the app.

use super::document::{Arrived, Batch, Document, Fault, Taking};
use super::machine::Device;
use super::{CheckedItem, Effect, Problem};
use crate::ids::{ChangeHash, DeviceId, DocId, PublicKey};
use crate::sync::message::{Place, SnapshotItem, SnapshotPart, SnapshotPiece};
use crate::sync::snapshot::Snapshot;
use crate::sync::{chain, limits, signature};

use std::collections::{BTreeMap, BTreeSet};

impl Device {
    /// Takes a piece of a snapshot; `asks` says whether an unknown author is worth asking for. Whether to go on with
    /// what has arrived after it.
    pub(super) fn take_piece(&mut self, doc: DocId, piece: SnapshotPiece, asks: bool) -> bool {
        let Some(document) = self.docs.get_mut(&doc) else { return false };
        match document.gather(&piece, &self.keys) {
            Ok(None) => true,
            Ok(Some(snapshot)) => {
                self.take_snapshot(doc, snapshot);
                true
            }
            Err(Fault::UnknownAuthor) => {
                document.unnamed.push_front(Arrived::Piece(piece));
                if asks {
                    self.out.push(Effect::FetchDirectory);
                }
                false
            }
            Err(fault) => {
                let reason = match fault {
                    Fault::Untrusted(reason) => reason,
                    _ => "a snapshot that does not fit",
                };
                document.gathered = None;
                document.place.part = None;
                document.problem = Some(Problem::Untrusted { reason });
                self.shut(doc, None);
                false
            }
        }
    }

    fn take_snapshot(&mut self, doc: DocId, snapshot: Snapshot) {
        let number = self.batch_number();
        let Some(document) = self.docs.get_mut(&doc) else { return };
        let (mut new, mut authors) = (Vec::new(), Vec::new());
        let (mut void, mut leave_out) = (BTreeSet::new(), Vec::new());
        for (seq, item) in (1..).zip(&snapshot.items) {
            let is_held = document.held.contains(&item.hash);
            if item.void {
                void.insert(seq);
                leave_out.extend(is_held.then_some(item.hash));
            } else if !is_held {
                new.push(item.hash);
                authors.push(item.by);
            }
        }
        if new.is_empty() {
            self.leave_out(doc, &void, leave_out);
            return self.take_held_log(doc, snapshot.items);
        }
        let is_noted = |item: &SnapshotItem| !item.void && document.noted.contains(&item.hash);
        if snapshot.items.iter().any(is_noted) {
            // It brought the app down before. What is here already stays usable.
            document.problem = Some(Problem::SetAside { hashes: document.noted.clone() });
            return self.shut(doc, None);
        }
        let whole = document.held.is_empty();
        document.held.extend(&new);
        document.place = Place { doc, cursor: snapshot.seq, chain: Some(snapshot.chain), part: None };
        let hashes = snapshot.items.iter().map(|item| item.hash).collect();
        if let Some(seen) = &mut document.seen {
            seen.extend(&hashes);
        }
        document.read(&hashes);
        document.batches.push_back(Batch {
            number,
            place: document.place,
            hashes,
            new: new.clone(),
            changes: Vec::new(),
            authors,
            snapshot: Some(Taking { whole, void, leave_out }),
        });
        let at = self.out.len();
        self.look_for_the_end_of_a_reset(doc);
        let owes = self.docs.get(&doc).is_some_and(Document::owes);
        self.out.insert(at, Effect::TakeSnapshot { doc, batch: number, snapshot, new, whole, owes });
    }

    /// Of a log of which everything is held only the place is new: there is nothing to open.
    fn take_held_log(&mut self, doc: DocId, items: Vec<SnapshotItem>) {
        let Some(document) = self.docs.get(&doc) else { return };
        let ahead = (1..).zip(items).filter(|(seq, _)| *seq > document.place.cursor);
        let checked = ahead.map(|(seq, SnapshotItem { hash, by, sig, .. })| CheckedItem {
            seq,
            hash,
            by,
            sig,
            data: None,
        });
        self.take_checked(doc, checked.collect());
    }

    /// A snapshot is on the disk.
    pub(super) fn snapshot_taken(&mut self, doc: DocId, number: u64, changes: Vec<Vec<u8>>, now_ms: u64) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        let Some(batch) = document.batches.front_mut().filter(|batch| batch.number == number) else { return };
        let Some(taking) = &mut batch.snapshot else { return };
        if taking.whole {
            batch.authors.clear();
        } else {
            batch.changes = changes;
        }
        let (void, leave_out) = (std::mem::take(&mut taking.void), std::mem::take(&mut taking.leave_out));
        self.leave_out(doc, &void, leave_out);
        self.persisted(doc, number);
        self.take_arrived(doc, now_ms);
    }

    /// What was gathered is no snapshot of the log that it stands for, or opening it brought the app down before.
    pub(super) fn snapshot_unsound(&mut self, doc: DocId, number: u64, noted: Vec<ChangeHash>) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if !document.batches.iter().any(|batch| batch.number == number && batch.snapshot.is_some()) {
            return;
        }
        document.back_to_the_disk();
        document.problem = Some(if noted.is_empty() {
            Problem::Untrusted { reason: "a snapshot is not what it says" }
        } else {
            Problem::SetAside { hashes: noted }
        });
        self.shut(doc, None);
    }
}

impl Document {
    /// Adds a piece to what there is; the snapshot, where that was the last one. What is taken has been checked as far
    /// as that goes without opening it: bounds, chain and signatures.
    fn gather(
        &mut self,
        piece: &SnapshotPiece,
        keys: &BTreeMap<DeviceId, PublicKey>,
    ) -> Result<Option<Snapshot>, Fault> {
        if piece.seq <= self.place.cursor || piece.size > limits::SNAPSHOT || piece.seq > limits::SNAPSHOT {
            return Err(Fault::Untrusted("a snapshot beyond all bounds"));
        }
        let mut so_far = match self.gathered.take() {
            _ if piece.offset == 0 => {
                // Whatever there was of another one is of no use any more.
                self.place.part = None;
                Snapshot {
                    seq: piece.seq,
                    chain: piece.chain,
                    heads: piece.heads.clone(),
                    items: Vec::new(),
                    data: Vec::new(),
                }
            }
            Some(so_far)
                if so_far.data.len() as u64 == piece.offset
                    && (so_far.seq, so_far.chain) == (piece.seq, piece.chain)
                    && so_far.heads == piece.heads =>
            {
                so_far
            }
            _ => return Err(Fault::Untrusted("a snapshot with a gap")),
        };
        let bytes = (so_far.data.len() + piece.data.len()) as u64;
        let items = (so_far.items.len() + piece.items.len()) as u64;
        if bytes > piece.size || items > piece.seq || (piece.data.is_empty() && piece.size > 0) {
            return Err(Fault::Untrusted("a snapshot beyond its own bounds"));
        }
        for (index, item) in (so_far.items.len()..).zip(&piece.items) {
            if let Err(fault) = self.check_author(index, item, keys) {
                // What there was stays, for when the author is known.
                self.gathered = Some(so_far);
                return Err(fault);
            }
        }
        so_far.data.extend(&piece.data);
        so_far.items.extend(piece.items.iter().cloned());
        if bytes < piece.size {
            self.gathered = Some(so_far);
            self.place.part = Some(SnapshotPart { seq: piece.seq, offset: bytes });
            return Ok(None);
        }
        self.place.part = None;
        let is_ascending = so_far.heads.windows(2).all(|pair| pair[0] < pair[1]);
        if items != piece.seq || !is_ascending || !self.is_chained(&so_far) {
            return Err(Fault::Untrusted("a snapshot of another chain"));
        }
        Ok(Some(so_far))
    }

    /// Whether its items make its chain, and on the way there the one up to which the log was read.
    fn is_chained(&self, snapshot: &Snapshot) -> bool {
        let read = usize::try_from(self.place.cursor).unwrap_or(usize::MAX);
        let Some((known, ahead)) = snapshot.items.split_at_checked(read) else { return false };
        let after = |start, items: &[SnapshotItem]| chain::after(start, items.iter().map(|item| item.hash));
        let here = after(chain::start(self.id), known);
        self.place.chain.is_none_or(|chain| chain == here) && after(here, ahead) == snapshot.chain
    }

    fn check_author(
        &self,
        index: usize,
        item: &SnapshotItem,
        keys: &BTreeMap<DeviceId, PublicKey>,
    ) -> Result<(), Fault> {
        if item.void || self.held.contains(&item.hash) {
            return Ok(());
        }
        if item.by == DeviceId::GENESIS {
            return if index == 0 { Ok(()) } else { Err(Fault::Untrusted("an item without an author")) };
        }
        let key = keys.get(&item.by).ok_or(Fault::UnknownAuthor)?;
        if signature::verify_change(key, self.id, item.by, item.hash, &item.sig) {
            Ok(())
        } else {
            Err(Fault::Untrusted("an item that its author did not sign"))
        }
    }
}
