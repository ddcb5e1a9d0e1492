//! The way to a device's disk: in order, in transactions, each part beside a mark of its document's life, tried again
//! until the browser takes them; and what becomes of a tab whose document another one has deleted.

use std::collections::BTreeSet;

use shared::ids::DocId;
use shared::sync::device::{Device, Event};
use shared::sync::message::PushItem;

use super::agenda::{Happening, Run, Tidings};
use super::disk::{Directory, Write};
use super::page::Tablet;
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
    pub(super) fn overtaken(&mut self, run: Run, documents: BTreeSet<(DocId, u64)>) {
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
