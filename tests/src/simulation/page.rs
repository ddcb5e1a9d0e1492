//! A device with its tabs, and what a page does for its machine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use automerge::{AutoCommit, Change};
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId, UserId};
use shared::sync::device::{CheckedItem, Device, Effect, Event, Safety};
use shared::sync::limits;
use shared::sync::message::{ClientMessage, PushItem};
use shared::sync::signature::DeviceKey;

use super::agenda::{Happening, Run, Tidings};
use super::disk::{Disk, Stored, Write};
use super::ledger::order_of;
use super::snapshots::Taking;
use super::world::World;
use super::writer::{Done, Job};

/// One browser profile of one person.
pub struct Tablet {
    /// Whose it is.
    pub user: UserId,
    /// Its key.
    pub key: DeviceKey,
    /// Its disk.
    pub disk: Disk,
    /// An older state of its disk, to go back to.
    pub image: Option<Disk>,
    /// How far its clock is off, in ms.
    pub skew: i64,
    /// Whether it has the network.
    pub online: bool,
    /// Whether its browser refuses every write.
    pub full: bool,
    /// Until when its disk refuses some writes.
    pub flaky_until: u64,
    /// Whether it was emptied for good.
    pub gone: bool,
    /// Whether a tab died with something on disk that its other tab was not told of.
    pub untold: bool,
    /// Its two tabs, by their places.
    pub tabs: [usize; 2],
    /// What was shown as saved here, and must therefore be found at the next start.
    pub saved: BTreeSet<(DocId, ChangeHash)>,
    /// Whether it is killed at its next write, which is torn.
    pub torn: bool,
    /// Which of its tabs is at work with snapshots.
    pub lock: Option<Run>,
}

impl Tablet {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.key.id()
    }
}

/// A tab, open or closed.
pub struct Tab {
    /// The place of its device among all.
    pub device: usize,
    /// How often it was opened.
    pub run: u64,
    /// What is in it while it is open.
    pub page: Option<Page>,
}

/// An open tab.
pub struct Page {
    /// Its machine.
    pub machine: Device,
    /// The actor of this run.
    pub actor: ActorId,
    /// Events that wait for the present one to be dealt with.
    pub events: VecDeque<Event>,
    /// Whether one is being dealt with.
    pub stepping: bool,
    /// The documents that were written in, as they are in memory.
    pub copies: BTreeMap<DocId, AutoCommit>,
    /// Documents that the server has taken away.
    pub gone: BTreeSet<DocId>,
    /// Snapshots that are to be opened and written, by document.
    pub takings: BTreeMap<DocId, u64>,
    /// The kinds of documents.
    pub kinds: BTreeMap<DocId, DocKind>,
    /// Its connection.
    pub conn: Option<usize>,
    /// The connection that is wanted, by its number: an earlier one that opens late is closed unheard.
    pub attempt: u64,
    /// What was made here and goes to disk.
    pub own: VecDeque<Job>,
    /// What came from the server and goes to disk.
    pub foreign: VecDeque<Job>,
    /// The transaction under way, and whether it is of things made here.
    pub writing: Option<(bool, Vec<Job>)>,
    /// Whether something is on its way to the disk, or waits to be tried again.
    pub disk_busy: bool,
    /// Whether the directory is being fetched, and whether once more afterwards.
    pub fetching: Option<bool>,
    /// The directory's version in this tab.
    pub directory: Option<String>,
    /// Changes that this run knows to be in the server's log.
    pub logged: BTreeSet<ChangeHash>,
    /// The marks of documents on the disk that this tab writes beside, and whether they are known to be there.
    pub lives: BTreeMap<DocId, (u64, bool)>,
    /// Documents whose deletion is on its way to the disk.
    pub deleting: BTreeSet<DocId>,
    /// How often a document was taken away in this run.
    pub times_deleted: BTreeMap<DocId, u8>,
    /// Changes of this device that the machine was told of and that may not be on the server yet.
    pub told: BTreeMap<ChangeHash, DocId>,
    /// Orders what is made here.
    pub order: u64,
}

impl World {
    /// The open tab of that run.
    pub(super) fn page(&mut self, run: Run) -> Option<&mut Page> {
        self.tabs.get_mut(run.tab).filter(|tab| tab.run == run.run)?.page.as_mut()
    }

    pub(super) fn tablet(&mut self, run: Run) -> &mut Tablet {
        &mut self.devices[self.tabs[run.tab].device]
    }

    /// Feeds an event and does what the machine says, in order; events that come up meanwhile wait.
    pub(super) fn feed(&mut self, run: Run, event: Event) {
        let now = self.device_clock(self.tabs[run.tab].device);
        let Some(page) = self.page(run) else { return };
        page.events.push_back(event);
        if std::mem::replace(&mut page.stepping, true) {
            return;
        }
        while let Some(page) = self.page(run) {
            let Some(event) = page.events.pop_front() else {
                page.stepping = false;
                return;
            };
            page.note_told(&event);
            for effect in page.machine.step(event, now) {
                self.perform(run, effect);
                if self.page(run).is_none() {
                    return;
                }
                if !self.calm
                    && self.settings.killed_between > 0
                    && self.random.in_thousand(self.settings.killed_between)
                {
                    self.trace.tell(|| "killed between two effects".to_owned());
                    self.kill_tab(run.tab);
                    self.reopen(run.tab);
                    return;
                }
            }
        }
    }

    fn perform(&mut self, run: Run, effect: Effect) {
        self.trace.tell(|| format!("tab {}: {}", run.tab, brief(&effect)));
        match effect {
            Effect::Connect { attempt } => {
                if let Some(page) = self.page(run) {
                    page.attempt = attempt;
                }
                let wait = self.latency();
                self.agenda.put(self.now + wait, Happening::Opens(run, attempt));
            }
            Effect::Send(bytes) => {
                let length = bytes.len();
                self.require(7, length <= limits::FRAME, || format!("a client's frame of {length} bytes"));
                self.send_up(run, bytes);
            }
            Effect::Disconnect => self.leave(run),
            Effect::FetchDirectory => self.fetch_directory(run),
            Effect::SignedOut => {
                let device = self.tabs[run.tab].device;
                let wait = self.random.between(500, 20_000);
                self.agenda.put(self.now + wait, Happening::SignIn(device));
            }
            Effect::ResendCommands => {
                let wait = self.latency();
                self.agenda.put(self.now + wait, Happening::Redo);
            }
            Effect::Wipe => self.wipe(self.tabs[run.tab].device),
            Effect::Opened { doc, kind, .. } => {
                if let Some(page) = self.page(run) {
                    page.kinds.insert(doc, kind);
                    page.gone.remove(&doc);
                }
            }
            Effect::Persist { doc, batch, items, cursor, chain, owes } => {
                self.persist(run, doc, batch, items, (cursor, chain, owes));
            }
            Effect::TakeSnapshot { doc, batch, snapshot, new, whole, owes } => {
                // First a note, in a transaction of its own.
                if let Some(page) = self.page(run) {
                    page.takings.insert(doc, batch);
                }
                let taking = Taking { doc, batch, snapshot, new, whole, owes };
                self.write_foreign(run, Vec::new(), Done::Noted(Box::new(taking)));
            }
            Effect::Apply { doc, batch, changes, .. } if changes.is_empty() => {
                self.apply_from_disk(run, doc);
                if let Some(page) = self.page(run) {
                    page.events.push_back(Event::Applied { doc, batch });
                }
            }
            Effect::Apply { doc, batch, changes, .. } => {
                self.apply(run, doc, &changes, true);
                if let Some(page) = self.page(run) {
                    page.events.push_back(Event::Applied { doc, batch });
                }
            }
            Effect::Acked { doc, hashes } => {
                for hash in &hashes {
                    let committed = self.ledger.committed.contains(hash);
                    self.require(2, committed, || {
                        format!("{hash} of {doc} counts as acked and is not stored")
                    });
                }
                let writes = hashes.iter().map(|hash| Write::WaitsNoLonger(doc, *hash)).collect();
                if let Some(page) = self.page(run) {
                    page.logged.extend(&hashes);
                }
                self.write_own(run, writes, Done::Nothing);
                self.tell(run, &Tidings::Acknowledged(hashes));
            }
            Effect::Offer { doc, what } => {
                let wait = self.random.between(0, 20);
                self.agenda.put(self.now + wait, Happening::Offer(run, doc, what));
            }
            Effect::Aside { doc, items } => {
                if let Some(page) = self.page(run) {
                    page.told.retain(|hash, _| !items.iter().any(|(aside, _)| aside == hash));
                }
                let writes = items.into_iter().map(|(hash, code)| Write::Refused(doc, hash, code)).collect();
                self.write_own(run, writes, Done::Nothing);
            }
            Effect::Recover { doc, hashes } => self.recover(run, doc, &hashes),
            Effect::Delete { doc } => {
                if let Some(page) = self.page(run) {
                    page.forget(doc);
                    page.deleting.insert(doc);
                }
                // Behind what the server sent of it before, which would bring it back.
                self.write_foreign(run, vec![Write::Delete(doc)], Done::Gone(doc));
            }
            Effect::Changed => self.check_shown(run),
            // Nothing is void in these worlds.
            Effect::ClearNote { .. } | Effect::Presence { .. } | Effect::Void { .. } => {}
        }
    }

    fn persist(
        &mut self,
        run: Run,
        doc: DocId,
        batch: u64,
        items: Vec<CheckedItem>,
        (cursor, chain, owes): (u64, shared::ids::Chain, bool),
    ) {
        let me = self.tablet(run).id();
        // What is from elsewhere and new never waited.
        let waited = items.iter().filter(|item| item.data.is_none() || item.by == me);
        let waited: Vec<_> = waited.map(|item| Write::WaitsNoLonger(doc, item.hash)).collect();
        let mut writes = Vec::with_capacity(items.len() + 1);
        let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
        for CheckedItem { hash, by, sig, data, .. } in items {
            let Some(data) = data else { continue };
            if let Err(wrong) = self.ledger.is_authentic(doc, hash, by, &sig) {
                self.fail(8, &format!("a device takes {hash} of {doc} in, {wrong}"));
            }
            let order = order_of(&data);
            writes.push(Write::Item(doc, hash, Rc::new(Stored { by, sig, data, order })));
        }
        let Some(page) = self.page(run) else { return };
        page.logged.extend(hashes);
        page.gone.remove(&doc);
        writes.extend(waited);
        writes.push(Write::Cursor(doc, cursor, chain, page.kinds.get(&doc).copied(), owes));
        self.write_foreign(run, writes, Done::Persisted(doc, batch));
    }

    /// Takes changes into the copy in memory, if there is one.
    pub(super) fn apply(&mut self, run: Run, doc: DocId, changes: &[Vec<u8>], is_persisted: bool) {
        for data in changes {
            let Ok(parsed) = shared::sync::change::parse(data) else { continue };
            let shelf = self.tablet(run).disk.docs.get(&doc);
            let on_disk = shelf.is_some_and(|shelf| shelf.has(&parsed.hash));
            // Another tab may have deleted the document in between.
            let excused = !is_persisted || shelf.is_none();
            self.require(2, on_disk || excused, || {
                format!("{} of {doc} is shown before it is on disk", parsed.hash)
            });
        }
        let Some(copy) = self.page(run).and_then(|page| page.copies.get_mut(&doc)) else { return };
        let changes = changes.iter().map(|data| Change::from_bytes(data.clone()).unwrap());
        copy.apply_changes(changes).unwrap();
    }

    /// Takes all that is on disk into the copy in memory, if there is one.
    pub(super) fn apply_from_disk(&mut self, run: Run, doc: DocId) {
        let changes = self.tablet(run).disk.docs.get(&doc).map(super::disk::Shelf::changes);
        let copy = self.page(run).and_then(|page| page.copies.get_mut(&doc));
        if let (Some(changes), Some(copy)) = (changes, copy) {
            copy.apply_changes(changes).unwrap();
        }
    }

    /// What the page shows as safe must be so.
    fn check_shown(&mut self, run: Run) {
        let Some(page) = self.page(run) else { return };
        if !matches!(page.machine.safety(), Safety::Synchronised { .. }) {
            return;
        }
        let told = std::mem::take(&mut page.told);
        for (hash, doc) in told {
            let committed = self.ledger.committed.contains(&hash)
                // Said again in a newer change, which the other tab may have made and not told of yet.
                || self.ledger.heirs.contains_key(&hash);
            self.require(2, committed, || {
                format!("synchronised is shown, and {hash} of {doc} is not stored")
            });
        }
    }
}

impl Page {
    /// Drops a document that was deleted from memory. It may come back: then with another actor, since what this one
    /// wrote last may be lost, and its numbers would be given twice.
    pub(super) fn forget(&mut self, doc: DocId) {
        self.copies.remove(&doc);
        self.gone.insert(doc);
        self.takings.remove(&doc);
        self.told.retain(|_, of| *of != doc);
        *self.times_deleted.entry(doc).or_default() += 1;
    }

    /// The actor that writes in a document.
    pub(super) fn actor_in(&self, doc: DocId) -> ActorId {
        let mut actor = self.actor;
        actor.0[15] ^= self.times_deleted.get(&doc).copied().unwrap_or_default();
        actor
    }

    fn note_told(&mut self, event: &Event) {
        match event {
            Event::Local { doc, item } => drop(self.told.insert(item.hash, *doc)),
            Event::Start { docs } => {
                for loaded in docs {
                    let aside = |item: &&PushItem| !loaded.aside.iter().any(|(hash, _)| *hash == item.hash);
                    self.told.extend(loaded.waiting.iter().filter(aside).map(|item| (item.hash, loaded.doc)));
                }
            }
            _ => {}
        }
    }
}

/// An effect in a line.
fn brief(effect: &Effect) -> String {
    match effect {
        Effect::Send(bytes) => match shared::sync::codec::decode_client(bytes) {
            Ok(ClientMessage::Push { id, doc, items }) => {
                let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
                format!("pushes {id} to {doc}: {hashes:?}")
            }
            Ok(message) => {
                let mut text = format!("says {message:?}");
                text.truncate(text.char_indices().nth(2000).map_or(text.len(), |(at, _)| at));
                text
            }
            Err(_) => "says something malformed".to_owned(),
        },
        Effect::Persist { doc, batch, items, cursor, .. } => {
            let hashes: Vec<_> =
                items.iter().map(|item| (item.seq, item.hash, item.data.is_some())).collect();
            format!("Persist {doc} batch {batch} to {cursor}: {hashes:?}")
        }
        Effect::Apply { doc, batch, .. } => format!("Apply {doc} batch {batch}"),
        Effect::TakeSnapshot { doc, batch, snapshot, new, whole, .. } => {
            format!("TakeSnapshot {doc} batch {batch} to {}, whole: {whole}, new: {new:?}", snapshot.seq)
        }
        other => format!("{other:?}"),
    }
}
