//! Connections: frames on their way, ends that one side does not hear of, and silence.

use std::collections::{BTreeSet, VecDeque};

use shared::ids::{DeviceId, DocId, UserId};
use shared::sync::codec;
use shared::sync::device::Event;
use shared::sync::message::{ServerMessage, close};
use shared::sync::session::{Ask, Output, Session, Transport};

use super::agenda::{Happening, Run};
use super::settings::Fault;
use super::world::World;

/// The code of a socket that ended without one.
pub const NO_CODE: u16 = 1006;

/// A connection: both of its ends and what is under way.
pub struct Conn {
    /// The tab at its other end and the number of its attempt; none for a last flush.
    pub tab: Option<(Run, u64)>,
    /// Whose it is.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// The server's machine.
    pub session: Session,
    /// Whether the server still has it.
    pub server_open: bool,
    /// Whether the device still has it.
    pub client_open: bool,
    /// Frames on their way to the server, and when the last one arrives.
    pub up: VecDeque<Vec<u8>>,
    up_due: u64,
    /// Frames on their way to the device, and when the last one arrives.
    pub down: VecDeque<Vec<u8>>,
    down_due: u64,
    /// Frames that the server has not turned to.
    pub arrived: VecDeque<Vec<u8>>,
    /// Hints that the server has not turned to.
    pub mail: Mail,
    /// What is still to be done of a step.
    pub outputs: VecDeque<Output>,
    /// What the session has asked.
    pub asking: Option<Ask>,
    /// Counts the sections in which something is read and handed over.
    pub section: u64,
    /// Whether one is under way.
    pub in_section: bool,
    /// What it listens to.
    pub listens: BTreeSet<DocId>,
    /// Nothing gets through, and nobody is told.
    pub hole: bool,
    /// Nothing more is put on its way: both ends will hear that it is over.
    pub is_cut: bool,
    /// How long the device takes for each frame, in ms.
    pub slow_ms: u64,
    /// Bytes handed over that the device has not taken.
    pub unwritten: usize,
    /// Whether the server waits for the device to take some.
    pub blocked: bool,
    /// Whether a turn of the server is put down.
    pub turn_due: bool,
}

/// A connection's hints; they coalesce, so that they never grow past what is open.
#[derive(Debug, Default)]
pub struct Mail {
    /// The device was revoked.
    pub wipe: bool,
    /// The session has ended.
    pub signed_out: bool,
    /// The directory has changed.
    pub directory: bool,
    /// Documents to look at.
    pub woken: VecDeque<DocId>,
    /// Where others are.
    pub presence: VecDeque<(DocId, UserId, DeviceId, Vec<u8>)>,
}

impl Conn {
    /// A new connection.
    #[must_use]
    pub fn new(tab: Option<(Run, u64)>, user: UserId, device: DeviceId, now_ms: u64) -> Self {
        let transport = if tab.is_some() { Transport::WebSocket } else { Transport::Http };
        Self {
            tab,
            user,
            device,
            session: Session::new(user, device, transport, now_ms),
            server_open: true,
            client_open: tab.is_some(),
            up: VecDeque::new(),
            up_due: 0,
            down: VecDeque::new(),
            down_due: 0,
            arrived: VecDeque::new(),
            mail: Mail::default(),
            outputs: VecDeque::new(),
            asking: None,
            section: 0,
            in_section: false,
            listens: BTreeSet::new(),
            hole: false,
            is_cut: false,
            slow_ms: 0,
            unwritten: 0,
            blocked: false,
            turn_due: false,
        }
    }

    fn is_done(&self) -> bool {
        !self.server_open && !self.client_open && self.down.is_empty()
    }
}

impl World {
    pub(super) fn latency(&mut self) -> u64 {
        let most = if self.calm { 20 } else { self.settings.latency_ms };
        self.random.between(1, most)
    }

    /// A socket opens, or it does not.
    pub(super) fn opens(&mut self, run: Run, attempt: u64) {
        if self.page(run).is_none_or(|page| page.attempt != attempt) {
            return;
        }
        let tablet = self.tablet(run);
        let (user, device, online) = (tablet.user, tablet.id(), tablet.online);
        if !online || !self.server.up {
            // A refusal is told at once; what gets lost on the way is not.
            if !online && self.random.in_thousand(500) {
                return;
            }
            return self.feed(run, Event::Disconnected { attempt, code: NO_CODE });
        }
        if self.memory.is_revoked(device) {
            self.feed(run, Event::Connected { attempt });
            self.feed(run, Event::Frame { attempt, bytes: codec::server(&ServerMessage::Wipe) });
            return self.feed(run, Event::Disconnected { attempt, code: close::SIGNED_OUT });
        }
        if !self.server.signed_in.contains(&device) || self.memory.owner(device) != Some(user) {
            self.feed(run, Event::Connected { attempt });
            return self.feed(run, Event::Disconnected { attempt, code: close::SIGNED_OUT });
        }
        let conn = self.connect(Conn::new(Some((run, attempt)), user, device, self.server_clock()));
        if let Some(page) = self.page(run) {
            page.conn = Some(conn);
        }
        self.agenda.put(self.now + 5_000, Happening::SessionTick(conn));
        self.feed(run, Event::Connected { attempt });
    }

    /// Takes a connection in.
    pub(super) fn connect(&mut self, conn: Conn) -> usize {
        let number = self.next_conn;
        self.next_conn += 1;
        self.conns.insert(number, conn);
        number
    }

    pub(super) fn send_up(&mut self, run: Run, bytes: Vec<u8>) {
        let latency = self.latency();
        let now = self.now;
        let Some(number) = self.page(run).and_then(|page| page.conn) else { return };
        self.trace.bytes(&bytes);
        let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.client_open && !conn.is_cut) else {
            return;
        };
        conn.up.push_back(bytes);
        conn.up_due = conn.up_due.max(now + latency);
        self.agenda.put(conn.up_due, Happening::Up(number));
    }

    /// The next frame reaches the server.
    pub(super) fn up(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        let Some(bytes) = conn.up.pop_front() else { return };
        if conn.server_open && !conn.hole {
            conn.arrived.push_back(bytes);
            self.turn_to(number);
        }
    }

    /// The next frame reaches the device.
    pub(super) fn down(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        if conn.hole {
            return;
        }
        let Some(bytes) = conn.down.pop_front() else { return };
        conn.unwritten -= bytes.len();
        if conn.blocked && conn.unwritten == 0 {
            conn.blocked = false;
            self.turn_to(number);
        }
        let Some(conn) = self.conns.get(&number) else { return };
        let (tab, open) = (conn.tab, conn.client_open);
        if let (true, Some((run, attempt))) = (open, tab) {
            let bytes = if !self.calm && self.settings.has(Fault::Lie) && self.has_lies() {
                self.lie(run, bytes)
            } else {
                bytes
            };
            self.feed(run, Event::Frame { attempt, bytes });
        }
        self.forget_if_done(number);
    }

    /// Puts a frame on its way to the device.
    pub(super) fn send_down(&mut self, number: usize, bytes: Vec<u8>) {
        let latency = self.latency();
        self.trace.bytes(&bytes);
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&number).filter(|conn| !conn.is_cut) else { return };
        conn.unwritten += bytes.len();
        conn.down.push_back(bytes);
        conn.down_due = conn.down_due.max(now + latency) + conn.slow_ms;
        self.agenda.put(conn.down_due, Happening::Down(number));
    }

    /// The server ends a connection: the device hears so after everything else.
    pub(super) fn server_ends(&mut self, number: usize, code: u16) {
        let latency = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&number) else { return };
        let due = conn.down_due.max(now) + latency;
        if !conn.hole {
            self.agenda.put(due, Happening::Ended(number, code));
        }
        self.server_lets_go(number);
    }

    /// The server has nothing to do with a connection any more.
    pub(super) fn server_lets_go(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        conn.server_open = false;
        conn.outputs.clear();
        conn.asking = None;
        conn.in_section = false;
        for doc in std::mem::take(&mut conn.listens) {
            if let Some(listeners) = self.server.listeners.get_mut(&doc) {
                listeners.remove(&number);
            }
        }
        self.section_ended(number);
        self.forget_if_done(number);
    }

    /// The device leaves a connection; the server hears so later, if ever.
    pub(super) fn leave(&mut self, run: Run) {
        let latency = self.latency();
        let now = self.now;
        let Some(number) = self.page(run).and_then(|page| page.conn.take()) else { return };
        let Some(conn) = self.conns.get_mut(&number) else { return };
        conn.client_open = false;
        if !conn.hole {
            self.agenda.put(conn.up_due.max(now) + latency, Happening::HungUp(number));
        }
        self.forget_if_done(number);
    }

    /// A tab is gone, and its connection with it.
    pub(super) fn abandon(&mut self, page: &super::page::Page) {
        let Some(number) = page.conn else { return };
        let (latency, silent) = (self.latency(), !self.calm && self.random.in_thousand(200));
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&number) else { return };
        conn.client_open = false;
        conn.hole |= silent;
        if !conn.hole {
            self.agenda.put(conn.up_due.max(now) + latency, Happening::HungUp(number));
        }
    }

    /// Both ends lose a connection; of what is under way, only the first part arrives.
    pub(super) fn cut(&mut self, number: usize) {
        let (up, down) = (self.random.next(), self.random.next());
        let latency = self.latency();
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&number) else { return };
        conn.is_cut = true;
        let keep = |queue: &VecDeque<Vec<u8>>, chance: u64| (chance % (queue.len() as u64 + 1)) as usize;
        conn.up.truncate(keep(&conn.up, up));
        let kept = keep(&conn.down, down);
        conn.unwritten -= conn.down.drain(kept..).map(|bytes| bytes.len()).sum::<usize>();
        let (up_due, down_due) = (conn.up_due.max(now) + latency, conn.down_due.max(now) + latency);
        self.agenda.put(down_due, Happening::Ended(number, NO_CODE));
        self.agenda.put(up_due, Happening::HungUp(number));
    }

    /// The device notices that a connection ended.
    pub(super) fn ended(&mut self, number: usize, code: u16) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        let (was_open, tab) = (std::mem::take(&mut conn.client_open), conn.tab);
        conn.unwritten = 0;
        conn.down.clear();
        if let (true, Some((run, attempt))) = (was_open, tab) {
            if let Some(page) = self.page(run)
                && page.conn == Some(number)
            {
                page.conn = None;
            }
            self.feed(run, Event::Disconnected { attempt, code });
        }
        self.forget_if_done(number);
    }

    pub(super) fn forget_if_done(&mut self, number: usize) {
        if self.conns.get(&number).is_some_and(Conn::is_done) {
            self.conns.remove(&number);
        }
    }
}
