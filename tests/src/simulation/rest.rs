//! At rest: nothing goes wrong any more, everything under way arrives, and all promises are looked at.

use std::collections::BTreeSet;

use automerge::{AutoCommit, Change};
use shared::access::Access;
use shared::ids::{ChangeHash, DocId};
use shared::sync::device::{Problem, Safety};

use super::agenda::{Happening, Run};
use super::wire::Conn;
use super::world::World;

/// Long enough for every wait there is: back-off, retries, silence, patience.
const REST_MS: u64 = 150_000;
/// Long enough for everybody to be connected and heard.
const SETTLE_MS: u64 = 40_000;
/// The poll that repairs lost hints.
const POLL_MS: u64 = 30_000;

impl World {
    /// Ends all faults and lets everything arrive. With a document that stays unreadable, the others are looked at
    /// before it heals.
    pub fn come_to_rest(&mut self) {
        self.calm = true;
        self.server.storage_fails = false;
        (self.lies_left, self.lies_in_snapshots_left) = (0, 0);
        for device in 0..self.devices.len() {
            let id = self.devices[device].id();
            let tablet = &mut self.devices[device];
            (tablet.full, tablet.online) = (false, true);
            let [first, second] = tablet.tabs;
            let untold = std::mem::take(&mut tablet.untold);
            if untold {
                // What a tab that died has left is found when a page is opened.
                self.kill_tab(first);
                self.kill_tab(second);
            }
            self.agenda.put(self.now + 1, Happening::OpenTab(first));
            if !self.server.signed_in.contains(&id) && !self.memory.is_revoked(id) {
                self.agenda.put(self.now + 1, Happening::SignIn(device));
            }
        }
        // What is under way to a slow reader would take as long as all the rest.
        let slow =
            |(number, conn): (&usize, &mut Conn)| (std::mem::take(&mut conn.slow_ms) > 0).then_some(*number);
        for number in self.conns.iter_mut().filter_map(slow).collect::<Vec<_>>() {
            self.cut(number);
        }
        self.agenda.put(self.now, Happening::Redo);
        // Most lies come out as soon as everything arrives, the cleverest with the next item after it.
        for _ in 0..2 {
            self.reload_what_was_lied_to();
            self.pass(SETTLE_MS);
        }
        self.reload_what_was_lied_to();
        if let Some(failing) = self.server.failing {
            self.pass(REST_MS);
            self.check_at_rest(Some(failing));
            self.server.failing = None;
        }
        self.pass(REST_MS);
        self.check_at_rest(None);
    }

    /// A page that was lied to says so; its person opens it anew.
    fn reload_what_was_lied_to(&mut self) {
        if !self.ledger.counts.contains_key("lies told") {
            return;
        }
        for tab in 0..self.tabs.len() {
            let Some(page) = &self.tabs[tab].page else { continue };
            let lied = |doc: DocId| matches!(page.machine.problem(doc), Some(Problem::Untrusted { .. }));
            let (settled, all) = page.machine.progress();
            if settled < all || self.papers.iter().any(|paper| lied(paper.doc)) {
                self.kill_tab(tab);
                self.agenda.put(self.now + 10, Happening::OpenTab(tab));
            }
        }
    }

    /// Lets time pass, with a poll of every connection now and then.
    fn pass(&mut self, ms: u64) {
        let until = self.now + ms;
        let mut poll = self.now + 1_000;
        while self.agenda.next_at().is_some_and(|at| at <= until) {
            if self.now >= poll {
                poll = self.now + POLL_MS;
                let listening: Vec<_> = self
                    .conns
                    .iter()
                    .flat_map(|(number, conn)| conn.listens.iter().map(|doc| (*number, *doc)))
                    .collect();
                for (number, doc) in listening {
                    self.wake_one(number, doc);
                }
            }
            self.step();
        }
        self.now = until;
    }

    /// Looks at all promises. `failing` is a document that cannot be read just now.
    fn check_at_rest(&mut self, failing: Option<DocId>) {
        self.require(1, self.server.redo.is_empty(), || "commands were not carried out again".to_owned());
        let papers: Vec<_> = self.papers.iter().map(|paper| paper.doc).collect();
        for doc in papers.into_iter().filter(|doc| Some(*doc) != failing) {
            self.check_log(doc);
            self.check_devices(doc);
        }
        if failing.is_none() {
            self.check_safety();
        }
    }

    /// What was committed is in the log, unless a backup lacked it and nobody who may read held it any more.
    fn check_log(&mut self, doc: DocId) {
        let Some(log) = self.memory.log(doc).filter(|log| !log.is_destroyed()) else { return };
        for (hash, written) in &self.ledger.written {
            if written.doc == doc && self.ledger.committed.contains(hash) && !self.ledger.lost.contains(hash)
            {
                self.require(1, log.has(*hash), || format!("{hash} of {doc} was acknowledged and is lost"));
            }
        }
        for (device, tablet) in self.devices.iter().enumerate() {
            let reads = self.memory.access_of(tablet.user, doc) > Access::None;
            if !reads || !self.memory.carries(tablet.user, tablet.id()) {
                continue;
            }
            let Some(shelf) = tablet.disk.docs.get(&doc) else { continue };
            for hash in &shelf.hashes() {
                let Some(stored) = shelf.get(hash) else { continue };
                let said = self.ledger.heirs_of(*hash).any(|hash| log.has(hash));
                let promise = if self.ledger.lost.contains(hash) { 4 } else { 3 };
                let refused = shelf.refused.get(hash);
                if shelf.hangs_on_refused(*hash) && self.was_restored() {
                    // The backup did not know its author yet: kept aside, shown, and there to be exported.
                    continue;
                }
                self.require(promise, said, || {
                    let waits = shelf.waiting.contains_key(hash);
                    let (id, by) = (tablet.id(), stored.by);
                    format!("{id} holds {hash} of {doc} by {by}, and the log does not; {refused:?}, waits: {waits}{}", self.about(device))
                });
            }
        }
    }

    /// Everybody who may read a document holds the same.
    fn check_devices(&mut self, doc: DocId) {
        let (hashes, place, heads) = match self.memory.log(doc).filter(|log| !log.is_destroyed()) {
            Some(log) => {
                let hashes: BTreeSet<ChangeHash> = log.items().iter().map(|item| item.hash).collect();
                let mut whole = AutoCommit::new();
                let changes = log.items().iter().filter_map(|item| item.data.data());
                whole.apply_changes(changes.map(|data| Change::from_bytes(data.to_vec()).unwrap())).unwrap();
                let heads = whole.get_heads();
                // What anybody stored must load again.
                AutoCommit::load(&whole.save()).unwrap();
                (hashes, (log.head(), log.chain()), heads)
            }
            None => (BTreeSet::new(), (0, shared::sync::chain::start(doc)), Vec::new()),
        };
        // A change that was said again in a newer one and came into the log after all is in some copies twice.
        let again = self.ledger.heirs.keys().any(|hash| hashes.contains(hash));
        for device in 0..self.devices.len() {
            let tablet = &self.devices[device];
            let id = tablet.id();
            let reads = self.memory.access_of(tablet.user, doc) > Access::None
                && self.memory.carries(tablet.user, id)
                && !tablet.gone;
            let Some(shelf) = tablet.disk.docs.get(&doc) else {
                self.require(3, !reads, || {
                    format!("{id} may read {doc} and has nothing of it{}", self.about(device))
                });
                continue;
            };
            if !reads {
                // Who was never known to read it is told nothing; she keeps what she has, and is told so.
                let told = self.memory.readers(doc).contains(&tablet.user);
                self.require(5, !told, || format!("{id} may not read {doc} and still has it"));
                continue;
            }
            let here = shelf.cursor.map(|(cursor, chain, _)| (cursor, chain));
            self.require(3, here == Some(place), || {
                format!("{id} is elsewhere in {doc}: {here:?}, not {place:?}{}", self.about(device))
            });
            let missing = hashes.iter().find(|hash| !shelf.has(hash));
            self.require(3, missing.is_none(), || format!("{id} lacks {missing:?} of {doc}"));
            let excused = |hash: &ChangeHash| self.was_restored() && shelf.hangs_on_refused(*hash);
            let waiting = shelf.waiting.keys().find(|hash| !shelf.replaced.contains(*hash) && !excused(hash));
            self.require(3, waiting.is_none(), || format!("{waiting:?} of {doc} still waits on {id}"));
            for tab in tablet.tabs {
                let run = Run { tab, run: self.tabs[tab].run };
                if again {
                    continue;
                }
                let copy = self.page(run).and_then(|page| page.heads(doc));
                self.require(3, copy.as_ref().is_none_or(|copy| *copy == heads), || {
                    format!("{id} shows another {doc}: {copy:?}, not {heads:?}")
                });
            }
        }
    }

    fn was_restored(&self) -> bool {
        self.ledger.counts.contains_key("server restored")
    }

    /// How a device stands, for finding out how something came about.
    fn about(&self, device: usize) -> String {
        let tablet = &self.devices[device];
        let tabs: Vec<_> = tablet
            .tabs
            .iter()
            .filter_map(|tab| Some((tab, self.tabs[*tab].page.as_ref()?)))
            .map(|(tab, page)| {
                let busy = (page.disk_busy, page.own.len(), page.foreign.len());
                (
                    Run { tab: *tab, run: self.tabs[*tab].run },
                    page.conn,
                    page.machine.safety(),
                    page.machine.progress(),
                    page.fetching,
                    busy,
                )
            })
            .collect();
        format!("; device {device}, clock off by {} ms, {tabs:?}", tablet.skew)
    }

    /// What is shown at rest.
    fn check_safety(&mut self) {
        for tablet in &self.devices {
            let id = tablet.id();
            if self.memory.is_revoked(id) {
                self.require(5, tablet.gone && tablet.disk.docs.is_empty(), || {
                    format!("{id} is revoked and not empty")
                });
                continue;
            }
            for tab in tablet.tabs {
                let Some(page) = &self.tabs[tab].page else { continue };
                let safety = page.machine.safety();
                let sound = match &safety {
                    Safety::Synchronised { .. } => true,
                    Safety::Saved { .. } => false,
                    Safety::ActionNeeded { problems, .. } => problems.iter().all(|(doc, problem)| {
                        let unknown = !self.memory.readers(*doc).contains(&tablet.user);
                        (*problem == Problem::Denied && unknown)
                            || (matches!(problem, Problem::Refused { .. }) && self.was_restored())
                    }),
                };
                self.require(3, sound, || format!("{id} is in tab {tab} at rest {safety:?}"));
            }
        }
    }
}
