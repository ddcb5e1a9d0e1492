//! Snapshots at work: a server makes them of its logs, a page takes them in, and the tabs of a device make their own
//! of what lies on their disk.

use std::collections::BTreeMap;
use std::rc::Rc;

use shared::ids::{ChangeHash, DocId};
use shared::sync::device::Event;
use shared::sync::snapshot::Snapshot;

use super::agenda::{Happening, Quiet, Run};
use super::disk::{Stored, Write};
use super::kept::{Kept, compact};
use super::page::Page;
use super::settings::Fault;
use super::world::World;
use super::writer::Done;

/// How long a tab waits before it looks again whether the other one has done with snapshots, in ms.
const LOCKED_MS: u64 = 20;
/// The longest time that a tab takes to make a snapshot, in ms.
const COMPACT_MS: u64 = 2_000;
/// The longest time that a server keeps what a snapshot covers, in ms.
const GRACE_MS: u64 = 20_000;

/// What the machine asks with [`Effect::TakeSnapshot`](shared::sync::device::Effect::TakeSnapshot).
#[derive(Debug, Clone)]
pub struct Taking {
    /// Of which document.
    pub doc: DocId,
    /// Its number.
    pub batch: u64,
    /// What has been checked, but not opened.
    pub snapshot: Snapshot,
    /// What this device does not hold.
    pub new: Vec<ChangeHash>,
    /// Whether it holds nothing.
    pub whole: bool,
    /// Whether the log may lack something of what is here.
    pub owes: bool,
}

impl World {
    /// The server makes a snapshot of a log, and drops what it covers a while later.
    pub(super) fn snapshot_log(&mut self) {
        if !self.server.up || self.server.storage_fails {
            return;
        }
        let doc = self.any_paper();
        if self.memory.take_snapshot(doc).is_some() {
            self.ledger.count("snapshots of logs");
            let grace = self.random.between(0, GRACE_MS);
            self.agenda.put(self.now + grace, Happening::DropCovered(doc));
        }
    }

    /// The grace is over; where the server is down, it finds out when it is asked to make the next one.
    pub(super) fn drop_covered(&mut self, doc: DocId) {
        if self.server.up && !self.server.storage_fails {
            self.memory.drop_covered(doc);
        }
    }

    /// Tabs of a device make a snapshot of what lies on its disk, mostly both at the same time.
    pub(super) fn compact_somewhere(&mut self) {
        let device = self.random.below(self.devices.len());
        let docs = &self.devices[device].disk.docs;
        let docs: Vec<_> = docs.iter().filter(|(_, it)| it.items.len() > 1).map(|(doc, _)| *doc).collect();
        let Some(doc) = self.random.pick(&docs) else { return };
        let [_, second] = self.devices[device].tabs;
        if self.tabs[second].page.is_none() && self.random.in_thousand(500) {
            self.agenda.put(self.now, Happening::OpenTab(second));
        }
        for tab in self.devices[device].tabs {
            let run = Run { tab, run: self.tabs[tab].run };
            if self.page(run).is_some() && self.random.in_thousand(800) {
                let wait = self.random.between(0, 40);
                self.agenda.put(self.now + wait, Happening::Compact(run, doc));
            }
        }
    }

    /// Takes the lock of a device for one of its tabs. It is free again when that tab is gone.
    fn lock(&mut self, run: Run) -> bool {
        let holder = self.tablet(run).lock;
        let is_free = holder.is_none_or(|holder| self.page(holder).is_none());
        if is_free {
            self.tablet(run).lock = Some(run);
        }
        is_free
    }

    pub(super) fn unlock(&mut self, run: Run) {
        let tablet = self.tablet(run);
        if tablet.lock == Some(run) {
            tablet.lock = None;
        }
    }

    /// A tab begins to compact a document: it reads its items.
    pub(super) fn compact(&mut self, run: Run, doc: DocId) {
        if self.page(run).is_none() || !self.lock(run) {
            return;
        }
        let items = self.tablet(run).disk.docs.get(&doc).map(|shelf| shelf.items.clone()).unwrap_or_default();
        let wait = self.random.between(0, COMPACT_MS);
        self.agenda.put(self.now + wait, Happening::CompactRest(run, doc, Quiet(items)));
    }

    /// It reads the snapshot that there is, and writes the one in place of all.
    pub(super) fn compact_rest(&mut self, run: Run, doc: DocId, items: &BTreeMap<ChangeHash, Rc<Stored>>) {
        if self.page(run).is_none() {
            return;
        }
        let compacted = self.tablet(run).disk.docs.get(&doc).map(|shelf| compact(items, shelf));
        match compacted {
            Some(Ok(Some(compacted))) => {
                let mut writes: Vec<_> =
                    compacted.left.into_iter().map(|(hash, stored)| Write::Item(doc, hash, stored)).collect();
                writes.push(Write::Compact(doc, Rc::new(compacted.kept)));
                self.write_foreign(run, writes, Done::Compacted);
            }
            Some(Err(error)) => self.fail(4, &format!("{doc} cannot be compacted: {error}")),
            Some(Ok(None)) | None => self.unlock(run),
        }
    }

    /// A snapshot that has been noted is opened and written.
    pub(super) fn take_snapshot(&mut self, run: Run, taking: Taking) {
        // Deleted in between: it stays deleted.
        let is_wanted = |page: &mut Page| page.takings.get(&taking.doc) == Some(&taking.batch);
        if !self.page(run).is_some_and(is_wanted) {
            return;
        }
        if !self.lock(run) {
            return self.agenda.put(self.now + LOCKED_MS, Happening::TakeSnapshot(run, Quiet(taking)));
        }
        let Taking { doc, batch, snapshot, new, whole, owes } = taking;
        let kept = match Kept::open(&snapshot) {
            Ok(kept) => kept,
            Err(error) => {
                let lied_to = self.ledger.counts.contains_key("lies told");
                self.require(3, lied_to, || format!("the snapshot of {doc} is unsound: {error}"));
                self.ledger.count("snapshots found unsound");
                self.unlock(run);
                return self.feed(run, Event::SnapshotUnsound { doc, batch, noted: vec![] });
            }
        };
        self.ledger.count("snapshots taken");
        for hash in &new {
            let Some(stored) = kept.changes.get(hash) else {
                self.fail(8, &format!("{hash} of {doc} is said to be in a snapshot and is not"));
            };
            if let Err(wrong) = self.ledger.is_authentic(doc, *hash, stored.by, &stored.sig) {
                self.fail(8, &format!("a device takes {hash} of {doc} in, {wrong}"));
            }
        }
        let held: Vec<_> = kept.changes.iter().filter(|(hash, _)| new.contains(hash)).collect();
        let mut held: Vec<_> = held.into_iter().map(|(hash, stored)| (*hash, stored.clone())).collect();
        held.sort_by_key(|(hash, stored)| (stored.order, *hash));
        let changes = if whole { Vec::new() } else { held.iter().map(|(_, it)| it.data.clone()).collect() };
        // The other tab may have made or taken one in between: then this one adds what it brings.
        let is_first = self.tablet(run).disk.docs.get(&doc).is_none_or(|shelf| shelf.kept.is_none());
        let mut writes: Vec<_> = if whole && is_first {
            vec![Write::Keep(doc, Rc::new(kept))]
        } else {
            held.into_iter().map(|(hash, stored)| Write::Item(doc, hash, stored)).collect()
        };
        let Some(page) = self.page(run) else { return };
        page.logged.extend(snapshot.items.iter().map(|item| item.hash));
        page.gone.remove(&doc);
        let held = snapshot.items.iter().filter(|item| !new.contains(&item.hash));
        writes.extend(held.map(|item| Write::WaitsNoLonger(doc, item.hash)));
        writes.push(Write::Cursor(doc, snapshot.seq, snapshot.chain, page.kinds.get(&doc).copied(), owes));
        self.write_foreign(run, writes, Done::Taken(doc, batch, changes));
    }

    /// Whether tabs of this world compact.
    pub(super) fn compacts(&self) -> bool {
        self.settings.has(Fault::Compact)
    }
}
