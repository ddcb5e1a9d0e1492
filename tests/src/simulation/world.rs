//! A world: people with their devices, one server, everything between them, and one thing after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::access::{Access, Relation, allowed};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, DocId, UserId};
use shared::sync::device::{Device, Event};
use shared::sync::memory::Memory;
use shared::sync::session::Input;
use shared::sync::signature::DeviceKey;

use super::agenda::{Agenda, Happening, Quiet, Run};
use super::disk::{Disk, Places};
use super::ledger::Ledger;
use super::page::{Page, Tab, Tablet};
use super::random::Random;
use super::server::Server;
use super::settings::Settings;
use super::trace::Trace;
use super::wire::Conn;

/// The moment at which every world begins, in ms since 1970.
const BEGINNING_MS: u64 = 1_800_000_000_000;

/// A document, as people stand to it.
pub struct Paper {
    /// Its id.
    pub doc: DocId,
    /// Its kind.
    pub kind: DocKind,
    /// How people stand to it at first.
    pub relations: BTreeMap<UserId, Relation>,
    /// Whether it belongs to a trajectory, which may close.
    pub closes: bool,
    /// Whether it was destroyed.
    pub destroyed: bool,
}

/// Everything there is.
pub struct World {
    /// Where it comes from.
    pub seed: u64,
    /// How many things have happened.
    pub steps: u64,
    /// What is known from outside.
    pub ledger: Ledger,
    /// What happened.
    pub trace: Trace,
    pub(super) settings: Settings,
    pub(super) random: Random,
    /// The world's own time, in ms since its beginning.
    pub(super) now: u64,
    pub(super) agenda: Agenda,
    pub(super) memory: Memory,
    pub(super) server: Server,
    pub(super) devices: Vec<Tablet>,
    pub(super) tabs: Vec<Tab>,
    pub(super) conns: BTreeMap<usize, Conn>,
    pub(super) next_conn: usize,
    pub(super) next_barrier: u64,
    /// The next mark of a document's life on a disk.
    pub(super) next_life: u64,
    pub(super) papers: Vec<Paper>,
    /// Whether nothing goes wrong any more.
    pub(super) calm: bool,
    /// Lies still to be told.
    pub(super) lies_left: u64,
    /// Lies still to be told in snapshots.
    pub(super) lies_in_snapshots_left: u64,
}

impl World {
    /// The world of a seed.
    #[must_use]
    pub fn new(seed: u64, settings: Settings, keeps_lines: bool) -> Self {
        let mut random = Random::new(seed);
        let mut world = Self {
            seed,
            steps: 0,
            ledger: Ledger::default(),
            trace: Trace::new(keeps_lines),
            random: Random::new(random.next()),
            now: 0,
            agenda: Agenda::default(),
            memory: Memory::default(),
            server: Server { up: true, ..Server::default() },
            devices: Vec::new(),
            tabs: Vec::new(),
            conns: BTreeMap::new(),
            next_conn: 0,
            next_barrier: 0,
            next_life: 0,
            papers: Vec::new(),
            calm: false,
            lies_left: 0,
            lies_in_snapshots_left: 0,
            settings,
        };
        world.memory.cut_snapshots_at(world.settings.piece_bytes);
        world.make_papers();
        world.make_people();
        let faults = world.settings.faults.clone();
        for (fault, mean) in faults {
            let first = world.random.between(0, mean * 2);
            world.agenda.put(first, Happening::Fault(fault));
        }
        world
    }

    fn user(n: usize) -> UserId {
        let mut id = [0x50; 16];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        UserId(id)
    }

    fn make_papers(&mut self) {
        for _ in 0..self.settings.documents {
            let doc = DocId(self.random.bytes());
            let kind = self.random.pick(&DocKind::ALL).unwrap_or(DocKind::SharedNotes);
            self.memory.create(doc, kind);
            self.ledger.geneses.insert(doc, genesis(kind).hash);
            let closes = !matches!(kind, DocKind::CoachProfile | DocKind::Programme | DocKind::Practice);
            let mut relations = BTreeMap::new();
            let could =
                |access| Relation::ALL.into_iter().filter(move |it| allowed(kind, *it, None) >= access);
            let writers: Vec<_> = could(Access::Write).collect();
            let readers: Vec<_> = could(Access::Read).collect();
            for n in 0..self.random.between(2, 5) {
                let user = Self::user(self.random.below(self.settings.people));
                // In small worlds most people write, or nothing would come of it.
                let among = if n < 2 || self.random.in_thousand(500) { &writers } else { &readers };
                let relation = self.random.pick(among).unwrap_or(Relation::Stranger);
                relations.insert(user, relation);
                self.memory.grant(doc, user, allowed(kind, relation, None));
            }
            self.papers.push(Paper { doc, kind, relations, closes, destroyed: false });
        }
    }

    fn make_people(&mut self) {
        for person in 0..self.settings.people {
            let count = 1 + self.random.below(self.settings.devices);
            for _ in 0..count {
                let (device, first) = (self.devices.len(), self.tabs.len());
                let key = DeviceKey::from_secret(&self.random.bytes());
                let user = Self::user(person);
                // Some devices are registered only when somebody signs in on them.
                if self.random.in_thousand(800) {
                    self.memory.add_device(user, key.id(), key.public());
                    self.server.signed_in.insert(key.id());
                }
                self.devices.push(Tablet {
                    user,
                    key,
                    disk: Disk::default(),
                    image: None,
                    skew: 0,
                    online: true,
                    full: false,
                    flaky_until: 0,
                    gone: false,
                    untold: false,
                    tabs: [first, first + 1],
                    saved: BTreeSet::new(),
                    torn: false,
                    lock: None,
                });
                for _ in 0..2 {
                    self.tabs.push(Tab { device, run: 0, page: None });
                }
                let wait = self.random.between(0, 3_000);
                self.agenda.put(wait, Happening::OpenTab(first));
            }
        }
    }

    /// The time by a device's clock, in ms since 1970.
    pub(super) fn device_clock(&self, device: usize) -> u64 {
        (BEGINNING_MS + self.now).saturating_add_signed(self.devices[device].skew)
    }

    /// The time by the server's clock, in ms since 1970.
    pub(super) fn server_clock(&self) -> u64 {
        (BEGINNING_MS + self.now).saturating_add_signed(self.server.skew)
    }

    /// How many machines there are at this moment, on both sides.
    #[must_use]
    pub fn machines(&self) -> usize {
        self.tabs.iter().filter(|tab| tab.page.is_some()).count() + self.conns.len()
    }

    /// Lets the next thing happen; none is left only in a world without anybody.
    pub fn step(&mut self) -> bool {
        let Some((at, happening)) = self.agenda.take() else { return false };
        self.now = self.now.max(at);
        self.steps += 1;
        self.trace.note(self.now, &happening);
        match happening {
            Happening::Tick(run) => {
                if self.page(run).is_some() {
                    self.feed(run, Event::Tick);
                    self.agenda.put(self.now + 1_000, Happening::Tick(run));
                }
            }
            Happening::Act(run) => {
                if !self.calm && self.page(run).is_some() {
                    self.act(run);
                    let wait = self.random.between(1, 2 * self.settings.acts_ms);
                    self.agenda.put(self.now + wait, Happening::Act(run));
                }
            }
            Happening::OpenTab(tab) => self.open_tab(tab),
            Happening::OpenRest(run, Quiet(places)) => {
                if self.tabs[run.tab].run == run.run {
                    self.open_rest(run.tab, places);
                }
            }
            Happening::Opens(run, attempt) => self.opens(run, attempt),
            Happening::Up(conn) => self.up(conn),
            Happening::Down(conn) => self.down(conn),
            Happening::Ended(conn, code) => self.ended(conn, code),
            Happening::HungUp(conn) => {
                if self.conns.get(&conn).is_some_and(|conn| conn.server_open) {
                    self.server_lets_go(conn);
                }
            }
            Happening::Serve(conn) => self.serve(conn),
            Happening::Answer(conn) => self.answer(conn),
            Happening::Pushed(conn, answer) => self.pushed(conn, answer.0),
            Happening::Patience(conn) => self.patience(conn),
            Happening::SessionTick(conn) => self.session_tick(conn),
            Happening::Begin => self.begin(),
            Happening::Commit(epoch) => self.commit(epoch),
            Happening::Barrier(id) => self.barrier(id),
            Happening::Redo => self.redo(),
            Happening::ServerUp => self.server.up = true,
            Happening::StorageHeals => self.server.storage_fails = false,
            Happening::DocumentHeals => self.server.failing = None,
            Happening::Disk(run) => self.disk(run),
            Happening::Room(device) => self.devices[device].full = false,
            Happening::Network(device) => self.network(device),
            Happening::SignIn(device) => self.sign_in(device),
            Happening::Tidings(run, tidings) => self.heard_from_tab(run, tidings),
            Happening::AskDirectory(run) => self.ask_directory(run),
            Happening::Directory(run, directory) => self.directory_came(run, directory.0),
            Happening::Offer(run, doc, what) => self.offer(run, doc, what),
            Happening::OfferRest(run, doc, what, items) => self.offer_rest(run, doc, &what, &items.0),
            Happening::Compact(run, doc) => self.compact(run, doc),
            Happening::CompactRest(run, doc, items) => self.compact_rest(run, doc, &items.0),
            Happening::TakeSnapshot(run, taking) => self.take_snapshot(run, taking.0),
            Happening::DropCovered(doc) => self.drop_covered(doc),
            Happening::Fault(fault) => self.fault(fault),
            Happening::Hostile(device) => self.hostile(device),
            Happening::Stranger => self.stranger(),
        }
        true
    }

    fn session_tick(&mut self, number: usize) {
        let Some(conn) = self.conns.get(&number).filter(|conn| conn.server_open) else { return };
        if !conn.in_section {
            if let Some(conn) = self.conns.get_mut(&number) {
                conn.in_section = true;
                conn.section += 1;
            }
            self.session_step(number, Input::Tick);
            self.turn_to(number);
        }
        self.agenda.put(self.now + 5_000, Happening::SessionTick(number));
    }

    /// A tab is opened: its machine starts from what is on disk.
    fn open_tab(&mut self, tab: usize) {
        let device = self.tabs[tab].device;
        if self.tabs[tab].page.is_some() || self.devices[device].gone {
            return;
        }
        self.devices[device].disk.tidy();
        let places = self.devices[device].disk.places();
        if self.compacts() && !self.calm {
            let wait = self.random.between(0, 30);
            let run = Run { tab, run: self.tabs[tab].run };
            self.agenda.put(self.now + wait, Happening::OpenRest(run, Quiet(places)));
        } else {
            self.open_rest(tab, places);
        }
    }

    /// A tab has read the places of documents, and now reads what there is of them: more may have come in between.
    fn open_rest(&mut self, tab: usize, places: Places) {
        let device = self.tabs[tab].device;
        if self.tabs[tab].page.is_some() || self.devices[device].gone {
            return;
        }
        self.tabs[tab].run += 1;
        let run = Run { tab, run: self.tabs[tab].run };
        let id = self.devices[device].id();
        let actor = ActorId::of_device(id, self.random.bytes());
        let machine = Device::new(id, "simulation", self.random.next());
        let tablet = &self.devices[device];
        let (docs, directory) = (tablet.disk.loaded(&places), tablet.disk.directory.clone());
        let missing = tablet
            .saved
            .iter()
            .find(|(doc, hash)| !tablet.disk.docs.get(doc).is_some_and(|shelf| shelf.has(hash)));
        self.require(2, missing.is_none(), || format!("{missing:?} was shown as saved and is not on disk"));
        let kinds = docs.iter().filter_map(|loaded| Some((loaded.doc, loaded.kind?))).collect();
        self.tabs[tab].page = Some(Page {
            machine,
            actor,
            events: VecDeque::new(),
            stepping: false,
            copies: BTreeMap::new(),
            gone: BTreeSet::new(),
            takings: BTreeMap::new(),
            kinds,
            conn: None,
            attempt: 0,
            own: VecDeque::new(),
            foreign: VecDeque::new(),
            writing: None,
            disk_busy: false,
            fetching: None,
            directory: directory.as_ref().map(|directory| directory.version.clone()),
            logged: BTreeSet::new(),
            lives: places.lives,
            deleting: BTreeSet::new(),
            times_deleted: BTreeMap::new(),
            told: BTreeMap::new(),
            order: 0,
        });
        self.feed(run, Event::Start { docs });
        match directory {
            Some(directory) => self.feed(run, directory.event()),
            None => self.fetch_directory(run),
        }
        let first = self.random.between(0, 1_000);
        self.agenda.put(self.now + first, Happening::Tick(run));
        if !self.calm {
            self.agenda.put(self.now + first * 2, Happening::Act(run));
        }
    }

    /// A promise must hold.
    pub(super) fn require(&self, promise: u8, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(promise, &what());
        }
    }

    /// A promise does not hold.
    ///
    /// # Panics
    /// Always: the run is over.
    pub(super) fn fail(&self, promise: u8, what: &str) -> ! {
        let lines = self.trace.lines();
        panic!(
            "{lines}promise {promise} is broken: {what} (seed {}, step {}, {} ms)",
            self.seed, self.steps, self.now
        );
    }
}
