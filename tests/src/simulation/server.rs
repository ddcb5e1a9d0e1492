//! The server around its session machines: turns, hints, deliveries and what may go out in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::ids::{ChangeHash, DeviceId, DocId, UserId};
use shared::sync::codec;
use shared::sync::limits;
use shared::sync::message::{ErrorCode, PushItem, ServerMessage, close};
use shared::sync::session::{Answer, Ask, Input, Output, PushAnswer, ReadAnswer};

use super::agenda::Happening;
use super::commands::{Backup, Barrier, Command};
use super::settings::Fault;
use super::world::World;

/// Bytes that wait for a slow reader before the server waits too: small, as the documents are.
pub const MOST_UNWRITTEN: usize = 16 * 1024;
/// How long the server waits for a reader, in ms.
const PATIENCE_MS: u64 = 30_000;
/// Presence that waits for one connection at most.
const MOST_PRESENCE: usize = 8;

/// A push that waits for the writer.
#[derive(Debug)]
pub struct Push {
    /// The connection that asked.
    pub conn: usize,
    /// Whose it is.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// To which document.
    pub doc: DocId,
    /// What.
    pub items: Vec<PushItem>,
}

/// The server but for its log.
#[derive(Default)]
pub struct Server {
    /// Whether it runs.
    pub up: bool,
    /// Counts its runs.
    pub epoch: u64,
    /// Devices with a session.
    pub signed_in: BTreeSet<DeviceId>,
    /// Who listens to which document.
    pub listeners: BTreeMap<DocId, BTreeSet<usize>>,
    /// Pushes that wait for the writer.
    pub pushes: VecDeque<Push>,
    /// Pushes in the open transaction: the connection, the document, the answer, and what is to be stored.
    pub staged: Vec<(usize, DocId, PushAnswer, Vec<ChangeHash>)>,
    /// Whether storage refuses writes.
    pub storage_fails: bool,
    /// A document that cannot be read.
    pub failing: Option<DocId>,
    /// Whether the server dies at its next commit.
    pub torn: bool,
    /// Commits that fail on their face only, still to come.
    pub doubtful: u64,
    /// How far its clock is off, in ms.
    pub skew: i64,
    /// Commands that were carried out, in order.
    pub commands: Vec<Command>,
    /// Commands that a restored backup lacks.
    pub redo: VecDeque<Command>,
    /// Commands whose answer waits for deliveries to end.
    pub barriers: BTreeMap<u64, Barrier>,
    /// The newest backup.
    pub backup: Option<Backup>,
}

impl World {
    /// The server is to turn to a connection, if it is not about to.
    pub(super) fn turn_to(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        if conn.server_open && !std::mem::replace(&mut conn.turn_due, true) {
            self.agenda.put(self.now, Happening::Serve(number));
        }
    }

    /// The server turns to a connection: one input, or the rest of an earlier one.
    pub(super) fn serve(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        conn.turn_due = false;
        if !conn.server_open || conn.asking.is_some() || conn.blocked {
            return;
        }
        if !conn.in_section {
            let Some(input) = conn.next_input() else { return };
            conn.in_section = true;
            conn.section += 1;
            self.session_step(number, input);
        }
        self.go_on(number);
    }

    pub(super) fn session_step(&mut self, number: usize, input: Input) {
        let clock = self.server_clock();
        if let Some(conn) = self.conns.get_mut(&number) {
            conn.outputs.extend(conn.session.step(input, clock));
        }
    }

    /// Does what the session says until it asks, ends, or its reader takes no more.
    fn go_on(&mut self, number: usize) {
        loop {
            let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.server_open) else { return };
            if conn.asking.is_some() {
                return;
            }
            if conn.unwritten > MOST_UNWRITTEN && conn.tab.is_some() {
                conn.blocked = true;
                self.agenda.put(self.now + PATIENCE_MS, Happening::Patience(number));
                return;
            }
            match conn.outputs.pop_front() {
                Some(Output::Send(message)) => self.hand_over(number, &message),
                Some(Output::Close(code)) => return self.server_ends(number, code),
                Some(Output::Subscribe(doc)) => {
                    conn.listens.insert(doc);
                    self.server.listeners.entry(doc).or_default().insert(number);
                }
                Some(Output::Unsubscribe(doc)) => {
                    conn.listens.remove(&doc);
                    if let Some(listeners) = self.server.listeners.get_mut(&doc) {
                        listeners.remove(&number);
                    }
                }
                Some(Output::Relay { doc, data }) => {
                    let (user, device) = (conn.user, conn.device);
                    self.relay(number, &(doc, user, device, data));
                }
                Some(Output::Ask(ask)) => return self.ask(number, ask),
                None => {
                    conn.in_section = false;
                    let over = conn.tab.is_none() && conn.arrived.is_empty();
                    self.section_ended(number);
                    if over {
                        self.server_lets_go(number);
                    } else {
                        self.turn_to(number);
                    }
                    return;
                }
            }
        }
    }

    /// Hands a message to the socket.
    fn hand_over(&mut self, number: usize, message: &ServerMessage) {
        let Some(conn) = self.conns.get(&number) else { return };
        let (user, device, is_socket) = (conn.user, conn.device, conn.tab.is_some());
        if let Some(doc) = told_of(message) {
            let barred =
                self.ledger.barred.contains(&(user, doc)) || self.ledger.barred_devices.contains(&device);
            self.require(5, !barred, || format!("after the revocation was answered: {message:?} to {user}"));
        }
        match message {
            ServerMessage::Gone { doc, .. } => {
                let once_read = self.memory.readers(*doc).contains(&user);
                self.require(6, once_read, || format!("a stranger is told that {doc} is gone"));
            }
            ServerMessage::Error {
                code: ErrorCode::BadMessage | ErrorCode::BadOrder | ErrorCode::TooLarge,
                ..
            } => {
                self.fail(3, &format!("an honest device is told {message:?}"));
            }
            _ => {}
        }
        let bytes = codec::server(message);
        let length = bytes.len();
        self.require(7, length <= limits::FRAME, || format!("a server's frame of {length} bytes"));
        if is_socket {
            self.trace.tell(|| {
                let mut text = format!("to {number}: {message:?}");
                text.truncate(text.char_indices().nth(20_000).map_or(text.len(), |(at, _)| at));
                text
            });
            self.send_down(number, bytes);
            let waits = self.conns.get(&number).map_or(0, |conn| conn.unwritten);
            self.require(7, waits <= MOST_UNWRITTEN + limits::FRAME, || {
                format!("{waits} bytes wait for a reader")
            });
        }
    }

    fn ask(&mut self, number: usize, ask: Ask) {
        let Some(conn) = self.conns.get_mut(&number) else { return };
        let (user, device) = (conn.user, conn.device);
        if let Ask::Push { doc, items, .. } = &ask {
            let (doc, items) = (*doc, items.clone());
            self.server.pushes.push_back(Push { conn: number, user, device, doc, items });
            self.agenda.put(self.now, Happening::Begin);
        } else {
            let wait = self.random.between(0, 4);
            self.agenda.put(self.now + wait, Happening::Answer(number));
        }
        if let Some(conn) = self.conns.get_mut(&number) {
            conn.asking = Some(ask);
        }
    }

    /// The store answers a question that stores nothing.
    pub(super) fn answer(&mut self, number: usize) {
        let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.server_open) else { return };
        let Some(ask) = conn.asking.take() else { return };
        let (user, device) = (conn.user, conn.device);
        let answer = if self.server.storage_fails && self.random.in_thousand(100) {
            Answer::Unavailable
        } else {
            match (self.memory.answer_to(user, device, &ask), &ask) {
                (Answer::Read(mut answers), Ask::Read { places, .. }) => {
                    for (answer, place) in answers.iter_mut().zip(places) {
                        if Some(place.doc) == self.server.failing
                            && matches!(answer, ReadAnswer::Batch { .. } | ReadAnswer::Snapshot { .. })
                        {
                            *answer = ReadAnswer::Failed;
                        }
                    }
                    Answer::Read(answers)
                }
                (answer, _) => answer,
            }
        };
        self.session_step(number, Input::Answer(answer));
        self.go_on(number);
    }

    /// The store answers a push.
    pub(super) fn pushed(&mut self, number: usize, answer: Answer) {
        let Some(conn) = self.conns.get_mut(&number).filter(|conn| conn.server_open) else { return };
        if conn.asking.take().is_some() {
            self.session_step(number, Input::Answer(answer));
            self.go_on(number);
        }
    }

    /// The reader had its time.
    pub(super) fn patience(&mut self, number: usize) {
        if self.conns.get(&number).is_some_and(|conn| conn.blocked && conn.server_open) {
            self.ledger.count("slow readers cut");
            self.server_ends(number, close::TRY_LATER);
        }
    }

    /// Tells connections that a document may have changed; a hint may get lost.
    pub(super) fn wake(&mut self, doc: DocId) {
        let listeners: Vec<_> = self.server.listeners.get(&doc).into_iter().flatten().copied().collect();
        let loses = !self.calm && self.settings.has(Fault::LostHint);
        for number in listeners {
            if loses && self.random.in_thousand(200) {
                continue;
            }
            self.wake_one(number, doc);
        }
    }

    /// Tells one connection that a document may have changed.
    pub(super) fn wake_one(&mut self, number: usize, doc: DocId) {
        if let Some(conn) = self.conns.get_mut(&number)
            && !conn.mail.woken.contains(&doc)
        {
            conn.mail.woken.push_back(doc);
            self.turn_to(number);
        }
    }

    fn relay(&mut self, from: usize, presence: &(DocId, UserId, DeviceId, Vec<u8>)) {
        let listeners: Vec<_> =
            self.server.listeners.get(&presence.0).into_iter().flatten().copied().collect();
        for number in listeners.into_iter().filter(|number| *number != from) {
            if let Some(conn) = self.conns.get_mut(&number)
                && conn.mail.presence.len() < MOST_PRESENCE
            {
                conn.mail.presence.push_back(presence.clone());
                self.turn_to(number);
            }
        }
    }
}

impl super::wire::Conn {
    /// What the server turns to next: what is most urgent first.
    fn next_input(&mut self) -> Option<Input> {
        if std::mem::take(&mut self.mail.wipe) {
            return Some(Input::Wipe);
        }
        if std::mem::take(&mut self.mail.signed_out) {
            return Some(Input::SignedOut);
        }
        if std::mem::take(&mut self.mail.directory) {
            return Some(Input::DirectoryWoken);
        }
        if let Some(doc) = self.mail.woken.pop_front() {
            return Some(Input::Woken { doc, head: None });
        }
        if let Some((doc, user, device, data)) = self.mail.presence.pop_front() {
            return Some(Input::Presence { doc, user, device, data });
        }
        self.arrived.pop_front().map(Input::Frame)
    }
}

/// The document that a message tells something of, beyond that it is closed to the one who is told.
fn told_of(message: &ServerMessage) -> Option<DocId> {
    match message {
        ServerMessage::Opened { doc, .. }
        | ServerMessage::Reset { doc }
        | ServerMessage::Changes { doc, .. }
        | ServerMessage::Snapshot { doc, .. }
        | ServerMessage::Void { doc, .. }
        | ServerMessage::Ack { doc, .. }
        | ServerMessage::Reject { doc, .. }
        | ServerMessage::Presence { doc, .. } => Some(*doc),
        _ => None,
    }
}
