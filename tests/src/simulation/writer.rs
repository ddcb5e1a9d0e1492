//! The way to a device's disk: in order, in transactions, tried again until the browser takes them; and what a tab
//! does with what is on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{Change, ROOT};
use shared::access::Access;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::device::{Device, Event, Offered};
use shared::sync::message::PushItem;

use super::agenda::{Happening, Quiet, Run, Tidings};
use super::disk::{Directory, Stored, Write};
use super::edits::Hand;
use super::ledger::order_of;
use super::page::{Page, Tablet};
use super::snapshots::Taking;
use super::world::World;

/// Jobs in one transaction at most.
const GATHER: usize = 64;
/// How long a page waits before it tries a refused write again, in ms.
const RETRY_MS: u64 = 3_000;

/// Writes that belong together, and what follows once they are on disk.
#[derive(Debug)]
pub struct Job {
    /// The mark that must be there in the same transaction: without it the document is not the one that was meant.
    life: Option<(DocId, u64)>,
    writes: Vec<Write>,
    done: Done,
}

/// What follows once writes are on disk.
#[derive(Debug)]
pub enum Done {
    /// Nothing.
    Nothing,
    /// A change made here counts as saved.
    Kept(DocId, PushItem),
    /// A batch of the server's is there.
    Persisted(DocId, u64),
    /// A snapshot has been noted, and can be opened.
    Noted(Box<Taking>),
    /// A snapshot of the server's is there; the changes that it brought.
    Taken(DocId, u64, Vec<Vec<u8>>),
    /// A snapshot is in place of items.
    Compacted,
    /// A directory is there.
    Directory(Directory),
    /// A document is deleted.
    Gone(DocId),
    /// Refused items are replaced.
    Recovered(DocId),
}

impl World {
    pub(super) fn write_own(&mut self, run: Run, writes: Vec<Write>, done: Done) {
        if let Some(job) = self.job(run, writes, done)
            && let Some(page) = self.page(run)
        {
            page.own.push_back(job);
            self.kick(run);
        }
    }

    /// A job beside the mark of its document; with the mark, where it may be the first. None where it is about a
    /// document that this tab has nothing of.
    fn job(&mut self, run: Run, mut writes: Vec<Write>, done: Done) -> Option<Job> {
        let Some(doc) = writes.iter().find_map(Write::doc) else {
            return Some(Job { life: None, writes, done });
        };
        let begins = writes.iter().any(|write| matches!(write, Write::Cursor(..)));
        let new = self.next_life;
        let page = self.page(run)?;
        let known = page.lives.get(&doc).copied().or(begins.then_some((new, false)));
        let life = match (&writes[..], known) {
            ([Write::Delete(_)], _) => page.lives.remove(&doc).filter(|(_, is_there)| *is_there),
            (_, Some(known)) => {
                page.lives.insert(doc, known);
                Some(known)
            }
            (_, None) => {
                if matches!(done, Done::Compacted) {
                    self.unlock(run);
                }
                return None;
            }
        };
        if let Some((life, false)) = life {
            writes.insert(0, Write::Life(doc, life));
        }
        self.next_life += 1;
        let life = life.filter(|(_, is_there)| *is_there).map(|(life, _)| (doc, life));
        Some(Job { life, writes, done })
    }

    pub(super) fn write_foreign(&mut self, run: Run, writes: Vec<Write>, done: Done) {
        if let Some(job) = self.job(run, writes, done)
            && let Some(page) = self.page(run)
        {
            page.foreign.push_back(job);
            self.kick(run);
        }
    }

    fn kick(&mut self, run: Run) {
        let Some(page) = self.page(run) else { return };
        if !std::mem::replace(&mut page.disk_busy, true) {
            self.agenda.put(self.now, Happening::Disk(run));
        }
    }

    /// The disk goes on: a transaction completes or fails, or the next one begins.
    pub(super) fn disk(&mut self, run: Run) {
        let is_writing = self.page(run).is_some_and(|page| page.writing.is_some());
        if is_writing && !self.calm && std::mem::take(&mut self.tablet(run).torn) {
            for tab in self.tablet(run).tabs {
                if self.tabs[tab].page.is_some() {
                    self.kill_torn(tab);
                    self.reopen(tab);
                }
            }
            return;
        }
        let Some(page) = self.page(run) else { return };
        if let Some((own, jobs)) = page.writing.take() {
            let (now, calm) = (self.now, self.calm);
            let flaky = self.tablet(run).flaky_until > now && self.random.in_thousand(500);
            if !calm && (self.tablet(run).full || flaky) {
                return self.refused(run, own, jobs);
            }
            self.landed(run, jobs);
        }
        let wait = self.random.between(1, 20);
        let Some(page) = self.page(run) else { return };
        let own = !page.own.is_empty();
        let queue = if own { &mut page.own } else { &mut page.foreign };
        let count = queue.len().min(GATHER);
        if count == 0 {
            page.disk_busy = false;
            return;
        }
        page.writing = Some((own, queue.drain(..count).collect()));
        self.agenda.put(self.now + wait, Happening::Disk(run));
    }

    fn refused(&mut self, run: Run, own: bool, jobs: Vec<Job>) {
        let reports = !own && self.random.in_thousand(300);
        let Some(page) = self.page(run) else { return };
        let queue = if own { &mut page.own } else { &mut page.foreign };
        for job in jobs.into_iter().rev() {
            queue.push_front(job);
        }
        self.agenda.put(self.now + RETRY_MS, Happening::Disk(run));
        if !reports {
            return;
        }
        // The page may also say so: then nothing that came after it for the same document may reach the disk.
        let Some(page) = self.page(run) else { return };
        let failed = page.foreign.iter().find_map(|job| job.done.batch());
        if let Some((doc, batch)) = failed {
            let of_doc = |done: &Done| done.batch().is_some_and(|(of, _)| of == doc);
            let lets_go =
                page.foreign.iter().any(|it| of_doc(&it.done) && matches!(it.done, Done::Taken(..)));
            page.foreign.retain(|job| !of_doc(&job.done));
            if lets_go {
                self.unlock(run);
            }
            self.feed(run, Event::PersistFailed { doc, batch });
        }
    }

    /// All of it is on disk.
    fn landed(&mut self, run: Run, jobs: Vec<Job>) {
        let mut overtaken = BTreeSet::new();
        for Job { life, writes, done } in jobs {
            let born = writes.iter().find_map(|write| match write {
                Write::Life(doc, life) => Some((*doc, *life)),
                _ => None,
            });
            let is_written = self.commit_to_disk(self.tabs[run.tab].device, life, writes);
            let Some(page) = self.page(run) else {
                // It died while it told of the others.
                self.tablet(run).untold = true;
                continue;
            };
            if let Done::Gone(doc) = done {
                page.deleting.remove(&doc);
            }
            if let Some((doc, life)) = born
                && let Some(known) = page.lives.get_mut(&doc).filter(|(known, _)| *known == life)
            {
                known.1 = true;
            }
            if !is_written {
                overtaken.extend(life);
                if matches!(done, Done::Taken(..) | Done::Compacted) {
                    self.unlock(run);
                }
                continue;
            }
            match done {
                Done::Nothing => {}
                Done::Kept(doc, item) => {
                    self.tablet(run).saved.insert((doc, item.hash));
                    self.tell(run, &Tidings::Items(doc, vec![item.hash]));
                    self.feed(run, Event::Local { doc, item });
                }
                Done::Persisted(doc, batch) => self.feed(run, Event::Persisted { doc, batch }),
                Done::Noted(taking) => self.take_snapshot(run, *taking),
                Done::Taken(doc, batch, changes) => {
                    self.unlock(run);
                    self.feed(run, Event::SnapshotTaken { doc, batch, changes });
                }
                Done::Compacted => {
                    self.ledger.count("compactions");
                    self.unlock(run);
                }
                Done::Directory(directory) => {
                    if let Some(page) = self.page(run) {
                        page.directory = Some(directory.version.clone());
                    }
                    self.feed(run, directory.event());
                    self.tell(run, &Tidings::Directory);
                }
                Done::Gone(doc) => self.tell(run, &Tidings::Gone(doc)),
                Done::Recovered(doc) => self.feed(run, Event::Recovered { doc }),
            }
        }
        self.overtaken(run, overtaken);
    }

    /// Another tab has deleted these documents meanwhile: what this one knows of them is not what is on the disk.
    fn overtaken(&mut self, run: Run, documents: BTreeSet<(DocId, u64)>) {
        let Some(page) = self.page(run) else { return };
        let mut any = false;
        for (doc, life) in documents {
            if page.lives.get(&doc).is_none_or(|(known, _)| *known == life) {
                page.forget(doc);
                any = true;
            }
        }
        if any {
            self.ledger.count("tabs overtaken");
            self.restart(run);
        }
    }

    /// A tab drops its machine, and starts a new one from what is on the disk.
    fn restart(&mut self, run: Run) {
        self.leave(run);
        self.unlock(run);
        let device = self.tabs[run.tab].device;
        let machine = Device::new(self.devices[device].id(), "simulation", self.random.next());
        let known = self.page(run).map(|page| page.lives.clone()).unwrap_or_default();
        let disk = &self.devices[device].disk;
        let is_dead =
            |(doc, (life, is_there)): &(DocId, (u64, bool))| *is_there && !disk.lives_on(*doc, *life);
        let dead: Vec<_> = known.into_iter().filter(is_dead).map(|(doc, _)| doc).collect();
        let (mut docs, directory, lives) =
            (disk.loaded(&disk.places()), disk.directory.clone(), disk.lives());
        let Some(page) = self.page(run) else { return };
        docs.retain(|loaded| !page.deleting.contains(&loaded.doc));
        page.machine = machine;
        page.events.clear();
        (page.fetching, page.stepping) = (None, false);
        page.takings.clear();
        for doc in dead {
            page.lives.remove(&doc);
            page.forget(doc);
        }
        for (doc, known) in &lives {
            // One that is not on the disk yet goes there with the next write.
            page.lives.entry(*doc).or_insert(*known);
        }
        for loaded in &docs {
            if loaded.cursor > 0 {
                page.gone.remove(&loaded.doc);
            }
        }
        // What the machine before asked for is written, and answered to nobody.
        let under_way = page.writing.iter_mut().flat_map(|(_, jobs)| jobs);
        for job in page.own.iter_mut().chain(&mut page.foreign).chain(under_way) {
            if job.done.batch().is_some() || matches!(job.done, Done::Recovered(_)) {
                job.done = Done::Nothing;
            }
        }
        page.foreign.retain(|job| !job.writes.is_empty() || !matches!(job.done, Done::Nothing));
        let (busy, doing) = (page.disk_busy, !self.calm);
        self.tabs[run.tab].run += 1;
        let run = Run { tab: run.tab, run: self.tabs[run.tab].run };
        self.agenda.put(self.now + 1, Happening::Tick(run));
        if busy {
            self.agenda.put(self.now + 1, Happening::Disk(run));
        }
        if doing {
            self.agenda.put(self.now + 500, Happening::Act(run));
        }
        // What the machine before would have said to be taken in is held, for this one.
        let copies: Vec<_> = self.page(run).iter().flat_map(|page| page.copies.keys().copied()).collect();
        for doc in copies {
            self.apply_from_disk(run, doc);
        }
        self.feed(run, Event::Start { docs });
        match directory {
            Some(directory) => self.feed(run, directory.event()),
            None => self.fetch_directory(run),
        }
    }

    /// Carries out a transaction, or the part of it that a crash left; whether it found the mark beside which it was
    /// to be written.
    fn commit_to_disk(&mut self, device: usize, life: Option<(DocId, u64)>, writes: Vec<Write>) -> bool {
        if life.is_some_and(|(doc, life)| !self.devices[device].disk.lives_on(doc, life)) {
            self.trace.tell(|| format!("not on the disk of device {device}: {}", brief(&writes)));
            return false;
        }
        self.trace.tell(|| format!("on the disk of device {device}: {}", brief(&writes)));
        for write in writes {
            let tablet = &mut self.devices[device];
            if let Write::Delete(doc) = write {
                tablet.saved.retain(|(of, _)| *of != doc);
            }
            let covers = match &write {
                Write::Keep(doc, _) | Write::Compact(doc, _) => Some(*doc),
                _ => None,
            };
            let shelf = |tablet: &Tablet| Some(tablet.disk.docs.get(&covers?)?.hashes());
            let before = shelf(tablet);
            tablet.disk.write(write);
            let lost = before
                .zip(shelf(tablet))
                .and_then(|(before, after)| before.difference(&after).next().copied());
            self.require(4, lost.is_none(), || format!("device {device} has lost {lost:?} to a snapshot"));
        }
        true
    }

    /// A tab dies. What was on its way to the disk is there whole or not at all.
    pub(super) fn kill_tab(&mut self, tab: usize) {
        let device = self.tabs[tab].device;
        if let Some(jobs) = self.tear_down(tab)
            && !self.devices[device].full
            && self.random.in_thousand(500)
        {
            self.devices[device].untold = true;
            for job in jobs {
                self.commit_to_disk(device, job.life, job.writes);
            }
        }
    }

    /// A tab dies, and what was on its way to the disk is torn: its first records are there, the others are not.
    pub(super) fn kill_torn(&mut self, tab: usize) {
        let device = self.tabs[tab].device;
        let Some(jobs) = self.tear_down(tab) else { return };
        let count = jobs.iter().map(|job| job.writes.len()).sum::<usize>();
        let mut left = self.random.below(count + 1);
        if left > 0 {
            self.ledger.count("writes torn");
            self.devices[device].untold = true;
        }
        for Job { life, mut writes, .. } in jobs {
            writes.truncate(left);
            left -= writes.len();
            if !writes.is_empty() {
                self.commit_to_disk(device, life, writes);
            }
        }
    }

    /// Takes a tab away; gives back what was on its way to the disk.
    fn tear_down(&mut self, tab: usize) -> Option<Vec<Job>> {
        let page = self.tabs[tab].page.take()?;
        self.tabs[tab].run += 1;
        self.abandon(&page);
        page.writing.map(|(_, jobs)| jobs)
    }

    /// Tells the other tab of the device.
    pub(super) fn tell(&mut self, run: Run, tidings: &Tidings) {
        let tabs = self.tablet(run).tabs;
        for tab in tabs.into_iter().filter(|tab| *tab != run.tab) {
            if self.tabs[tab].page.is_some() {
                let (other, wait) = (Run { tab, run: self.tabs[tab].run }, self.random.between(0, 30));
                self.agenda.put(self.now + wait, Happening::Tidings(other, tidings.clone()));
            }
        }
    }

    pub(super) fn heard_from_tab(&mut self, run: Run, tidings: Tidings) {
        if self.page(run).is_none() {
            return;
        }
        match tidings {
            Tidings::Items(doc, hashes) => {
                for hash in hashes {
                    let Some(shelf) = self.tablet(run).disk.docs.get(&doc) else { continue };
                    let (stored, waits) = (shelf.get(&hash).cloned(), shelf.waiting.contains_key(&hash));
                    let Some(stored) = stored else { continue };
                    let logged = self.page(run).is_some_and(|page| page.logged.contains(&hash));
                    let (by, sig, data) = (stored.by, stored.sig.clone(), stored.data.clone());
                    if waits && !logged {
                        self.feed(run, Event::Local { doc, item: PushItem { hash, by, sig, data } });
                    }
                    self.apply(run, doc, std::slice::from_ref(&stored.data), false);
                }
            }
            Tidings::Acknowledged(hashes) => {
                if let Some(page) = self.page(run) {
                    page.logged.extend(hashes);
                }
            }
            Tidings::Gone(doc) => {
                let known = self.page(run).and_then(|page| Some((doc, page.lives.get(&doc)?.0)));
                let disk = &self.tablet(run).disk;
                let gone = known.filter(|(doc, life)| !disk.lives_on(*doc, *life));
                self.overtaken(run, gone.into_iter().collect());
            }
            Tidings::Directory => {
                if let Some(directory) = self.tablet(run).disk.directory.clone() {
                    if let Some(page) = self.page(run) {
                        page.directory = Some(directory.version.clone());
                    }
                    self.feed(run, directory.event());
                }
            }
        }
    }

    /// The machine's offer: first the items are read, and then the snapshot, so that what a compaction moves in between
    /// is found in one of them.
    pub(super) fn offer(&mut self, run: Run, doc: DocId, what: Offered) {
        if self.page(run).is_none() {
            return;
        }
        let items = self.tablet(run).disk.docs.get(&doc).map(|shelf| shelf.items.clone()).unwrap_or_default();
        if self.compacts() {
            let wait = self.random.between(0, 30);
            self.agenda.put(self.now + wait, Happening::OfferRest(run, doc, what, Quiet(items)));
        } else {
            self.offer_rest(run, doc, &what, &items);
        }
    }

    /// The machine's offer, with what is in the snapshot now.
    pub(super) fn offer_rest(
        &mut self,
        run: Run,
        doc: DocId,
        what: &Offered,
        items: &BTreeMap<ChangeHash, Rc<Stored>>,
    ) {
        if self.page(run).is_none() {
            return;
        }
        let shelf = self.tablet(run).disk.docs.get(&doc);
        let items = shelf.map(|shelf| shelf.held(items, what)).unwrap_or_default();
        for PushItem { hash, by, sig, data } in &items {
            let named = shared::sync::change::parse(data).is_ok_and(|parsed| parsed.hash == *hash);
            let wrong = self.ledger.is_authentic(doc, *hash, *by, sig).err();
            let wrong = wrong.or((!named).then_some("with another content"));
            self.require(4, wrong.is_none(), || format!("a device offers {hash} of {doc}, {wrong:?}"));
        }
        self.feed(run, Event::Held { doc, items });
    }

    /// A person writes something in one of her documents.
    pub(super) fn act(&mut self, run: Run) {
        let Some(page) = self.page(run) else { return };
        let gone = page.gone.clone();
        let tablet = self.tablet(run);
        let may_write = |doc: &DocId| {
            let listed = tablet.disk.directory.iter().flat_map(|directory| &directory.documents);
            listed.into_iter().any(|(each, access)| each == doc && *access == Access::Write)
        };
        let writable = |(doc, shelf): (&DocId, &super::disk::Shelf)| {
            let kind = shelf.cursor.and_then(|(cursor, _, kind)| kind.filter(|_| cursor > 0))?;
            (may_write(doc) && !gone.contains(doc)).then_some((*doc, kind))
        };
        let writable: Vec<_> = tablet.disk.docs.iter().filter_map(writable).collect();
        let me = tablet.user;
        let Some((doc, kind)) = self.random.pick(&writable) else { return };
        let now = self.device_clock(self.tabs[run.tab].device);
        let mut copy = self.copy(run, doc);
        let mut hand = Hand { document: &mut copy, me, now, random: &mut self.random };
        if let Err(error) = hand.write(kind) {
            self.fail(3, &format!("{kind:?} {doc} cannot be written in: {error}"));
        }
        let change = commit(&mut copy, now);
        if let Some(page) = self.page(run) {
            page.copies.insert(doc, copy);
        }
        if let Some(change) = change {
            self.keep(run, doc, &change);
        }
    }

    /// The copy in memory, read from disk if it is not there; the caller puts it back.
    fn copy(&mut self, run: Run, doc: DocId) -> automerge::AutoCommit {
        let lives = self.tablet(run).disk.lives();
        let (held, actor) = match self.page(run) {
            Some(page) => (page.copies.remove(&doc), page.actor_in(doc)),
            None => return automerge::AutoCommit::new(),
        };
        held.unwrap_or_else(|| {
            if let (Some(page), Some(life)) = (self.page(run), lives.get(&doc)) {
                // What is written in it is written beside that.
                page.lives.entry(doc).or_insert(*life);
            }
            self.tablet(run).disk.docs.get(&doc).cloned().unwrap_or_default().document(actor)
        })
    }

    /// Signs a change made here and takes it to disk.
    fn keep(&mut self, run: Run, doc: DocId, change: &Change) -> ChangeHash {
        let (hash, data) = (ChangeHash(change.hash().0), change.raw_bytes().to_vec());
        let clock = self.device_clock(self.tabs[run.tab].device);
        let tablet = self.tablet(run);
        let (by, sig) = (tablet.id(), tablet.key.sign_change(doc, hash).0.to_vec());
        self.ledger.write(doc, hash, by, &sig);
        let stored = Rc::new(Stored { by, sig: sig.clone(), data: data.clone(), order: order_of(&data) });
        let Some(page) = self.page(run) else { return hash };
        page.order = (clock << 12).max(page.order + 1);
        // A change without its mark would be taken for one that the log has.
        let writes = vec![Write::Waits(doc, hash, page.order), Write::Item(doc, hash, stored)];
        self.write_own(run, writes, Done::Kept(doc, PushItem { hash, by, sig, data }));
        hash
    }

    /// Copies what the refused items said into a new change of a new actor.
    pub(super) fn recover(&mut self, run: Run, doc: DocId, refused: &[ChangeHash]) {
        let actor = ActorId::of_device(self.tablet(run).id(), self.random.bytes());
        let now = self.device_clock(self.tabs[run.tab].device);
        let mut shelf = self.tablet(run).disk.docs.get(&doc).cloned().unwrap_or_default();
        let lost: BTreeSet<_> =
            refused.iter().filter(|hash| !shelf.replaced.contains(*hash)).copied().collect();
        shelf.replaced.extend(&lost);
        let mut copy = shelf.document(actor);
        if let Some(mut before) = self.page(run).and_then(|page| page.copies.remove(&doc)) {
            // What was written since may not be on the disk yet.
            let changes = before.get_changes(&[]);
            let stays = |change: &Change| !shelf.replaced.contains(&ChangeHash(change.hash().0));
            copy.apply_changes(changes.into_iter().filter(stays)).unwrap();
        }
        for hash in &lost {
            // A word that stands for the content: what matters here is that it goes on in the new change.
            copy.put(ROOT, format!("again {hash}"), true).unwrap();
        }
        let heir = commit(&mut copy, now).map(|change| self.keep(run, doc, &change));
        if let Some(page) = self.page(run) {
            page.copies.insert(doc, copy);
        }
        if let Some(heir) = heir {
            self.ledger.heirs.extend(lost.iter().map(|hash| (*hash, heir)));
        }
        let writes = lost.into_iter().map(|hash| Write::Replaced(doc, hash)).collect();
        self.write_own(run, writes, Done::Recovered(doc));
    }
}

/// Writes in a line.
fn brief(writes: &[Write]) -> String {
    let each = |write: &Write| match write {
        Write::Item(_, hash, _) => format!("item {hash}"),
        Write::Directory(_) => "directory".to_owned(),
        Write::Keep(doc, kept) | Write::Compact(doc, kept) => {
            format!("snapshot of {doc}: {:?}", kept.changes.keys())
        }
        other => format!("{other:?}"),
    };
    writes.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn commit(copy: &mut automerge::AutoCommit, now_ms: u64) -> Option<Change> {
    if copy.pending_ops() == 0 {
        return None;
    }
    let seconds = i64::try_from(now_ms / 1_000).unwrap_or_default();
    let hash = copy.commit_with(CommitOptions::default().with_time(seconds))?;
    copy.get_change_by_hash(&hash)
}

impl Done {
    /// The batch of the server's that it is about.
    fn batch(&self) -> Option<(DocId, u64)> {
        match self {
            Self::Persisted(doc, batch) | Self::Taken(doc, batch, _) => Some((*doc, *batch)),
            Self::Noted(taking) => Some((taking.doc, taking.batch)),
            _ => None,
        }
    }
}

impl Page {
    /// Every copy in memory must be able to be asked for its heads.
    pub(super) fn heads(&mut self, doc: DocId) -> Option<Vec<automerge::ChangeHash>> {
        self.copies.get_mut(&doc).map(automerge::AutoCommit::get_heads)
    }
}
