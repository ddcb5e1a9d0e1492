//! The machine itself: what each event does.

use std::collections::{BTreeMap, BTreeSet};

use super::connection::{Connection, Due};
use super::document::{Document, Pause, Phase, Waiting};
use super::safety::Shown;
use super::{Effect, Event, Problem};
use crate::ids::{ChangeHash, DeviceId, DocId, PublicKey};
use crate::sync::codec;
use crate::sync::limits::{self, Limits};
use crate::sync::message::{ClientMessage, PushItem, RejectCode, VERSION, close};

/// The code of a socket that closed without one.
pub(super) const NO_CODE: u16 = 1006;

/// The sync of one tab of one device.
#[derive(Debug)]
pub struct Device {
    pub(super) id: DeviceId,
    client: String,
    pub(super) wiped: bool,
    pub(super) connection: Connection,
    pub(super) limits: Limits,
    pub(super) keys: BTreeMap<DeviceId, PublicKey>,
    pub(super) directory: Option<String>,
    pub(super) docs: BTreeMap<DocId, Document>,
    /// The order in which documents are opened.
    order: Vec<DocId>,
    pub(super) next_push: u64,
    next_ping: u64,
    pub(super) pushes: BTreeMap<u64, InFlight>,
    next_batch: u64,
    /// Whether commands were asked for again on this connection.
    pub(super) resent_commands: bool,
    pub(super) synced_at: Option<u64>,
    pub(super) shown: Shown,
    clock: Clock,
    pub(super) out: Vec<Effect>,
}

/// Time as every wait is measured in: the device's clock, but never back. A clock that is set back by a day would
/// otherwise make each wait a day longer.
#[derive(Debug, Default)]
struct Clock {
    seen_ms: Option<u64>,
    passed_ms: u64,
}

impl Clock {
    fn at(&mut self, now_ms: u64) -> u64 {
        let passed = self.seen_ms.replace(now_ms).map_or(now_ms, |seen| now_ms.saturating_sub(seen));
        self.passed_ms += passed;
        self.passed_ms
    }
}

/// A push that has not been answered whole.
#[derive(Debug)]
pub(super) struct InFlight {
    pub doc: DocId,
    pub hashes: BTreeSet<ChangeHash>,
    pub bytes: usize,
}

impl Device {
    /// A machine at rest until [`Event::Start`]. `client` is what the server's log calls it, at most 64 bytes;
    /// `random` spreads reconnects and must differ between tabs.
    #[must_use]
    pub fn new(id: DeviceId, client: &str, random: u64) -> Self {
        let mut client = client.to_owned();
        while client.len() > limits::CLIENT {
            client.pop();
        }
        Self {
            id,
            client,
            wiped: false,
            connection: Connection::new(random),
            limits: Limits::OURS,
            keys: BTreeMap::new(),
            directory: None,
            docs: BTreeMap::new(),
            order: Vec::new(),
            next_push: 1,
            next_ping: 1,
            pushes: BTreeMap::new(),
            next_batch: 1,
            resent_commands: false,
            synced_at: None,
            shown: Shown::default(),
            clock: Clock::default(),
            out: Vec::new(),
        }
    }

    /// Takes one event and says what to do. `now_ms` is the device's clock, in ms since 1970; it may jump.
    #[must_use]
    pub fn step(&mut self, event: Event, now_ms: u64) -> Vec<Effect> {
        if self.wiped {
            return Vec::new();
        }
        let passed_ms = self.clock.at(now_ms);
        self.take(event, passed_ms);
        if !self.wiped {
            self.look_at_time(passed_ms);
            self.push(passed_ms);
            self.note_safety(now_ms);
        }
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, event: Event, now_ms: u64) {
        match event {
            Event::Start { docs } => {
                for loaded in docs {
                    let doc = loaded.doc;
                    self.order.push(doc);
                    // What was written while the store was being read came before.
                    let early = self.docs.insert(doc, Document::loaded(loaded));
                    for waiting in early.into_iter().flat_map(|document| document.waiting) {
                        self.take_local(doc, waiting.item);
                    }
                }
                self.connection.want(now_ms);
            }
            Event::Directory { version, devices, documents } => {
                self.take_directory(version, devices, documents, now_ms);
            }
            Event::Local { doc, item } => self.take_local(doc, item),
            Event::Connected { attempt } => {
                if self.connection.is_current(attempt) {
                    self.greet(now_ms);
                }
            }
            Event::Frame { attempt, bytes } => {
                if self.connection.is_current(attempt) {
                    self.connection.heard();
                    match codec::decode_server(&bytes) {
                        Ok(Some(message)) => self.hear(message, now_ms),
                        Ok(None) => {}
                        Err(_) => self.hang_up(close::PROTOCOL, now_ms),
                    }
                }
            }
            Event::Disconnected { attempt, code } => {
                if self.connection.is_current(attempt) {
                    self.lost(code, now_ms);
                }
            }
            Event::Wake | Event::SignedIn => {
                // After a sign-out only a new session makes connecting sensible.
                if matches!(event, Event::SignedIn) || !self.connection.is_off() {
                    self.connection.want(now_ms);
                }
            }
            Event::Persisted { doc, batch } => self.persisted(doc, batch),
            Event::SnapshotTaken { doc, batch, changes } => self.snapshot_taken(doc, batch, changes, now_ms),
            Event::SnapshotUnsound { doc, batch, noted } => self.snapshot_unsound(doc, batch, noted),
            Event::PersistFailed { doc, batch } => self.persist_failed(doc, batch, now_ms),
            Event::Applied { doc, batch } => {
                if self.docs.get_mut(&doc).is_some_and(|document| document.applying.remove(&batch)) {
                    self.out.push(Effect::ClearNote { doc, batch });
                }
            }
            Event::Held { doc, items } => self.take_held(doc, items),
            Event::Recovered { doc } => self.recovered(doc),
            Event::Presence { doc, data } => {
                let is_open = self.docs.get(&doc).is_some_and(|document| document.phase == Phase::Open);
                if is_open && data.len() <= limits::PRESENCE {
                    self.say(&ClientMessage::Presence { doc, data });
                }
            }
            Event::Tick => {}
        }
    }

    fn take_directory(
        &mut self,
        version: String,
        devices: Vec<(DeviceId, PublicKey)>,
        documents: Vec<DocId>,
        now_ms: u64,
    ) {
        let is_new = self.directory.as_ref() != Some(&version);
        self.directory = Some(version);
        self.keys.extend(devices);
        let mut to_open = Vec::new();
        for &doc in &documents {
            let document = self.docs.entry(doc).or_insert_with(|| Document::new(doc));
            if document.problem == Some(Problem::Denied) {
                document.problem = None;
            }
            // One that had to wait a while is opened when its time comes.
            if matches!(document.phase, Phase::Closed | Phase::Closing { .. }) && document.reopen_ms.is_none()
            {
                to_open.push(doc);
            }
        }
        let others: Vec<_> = self.order.iter().copied().filter(|doc| !documents.contains(doc)).collect();
        self.order = documents.into_iter().chain(others).collect();
        self.open(&to_open);
        if is_new {
            self.try_refused_again();
        }
        let unnamed: Vec<_> = self
            .docs
            .values()
            .filter(|document| !document.unnamed.is_empty())
            .map(|document| document.id)
            .collect();
        for doc in unnamed {
            // One that still names nobody is not asked for again at once, or it would be for ever.
            self.take_named(doc, is_new, now_ms);
        }
    }

    fn take_local(&mut self, doc: DocId, item: PushItem) {
        let known = self.docs.len();
        self.docs.entry(doc).or_insert_with(|| Document::new(doc));
        if self.docs.len() > known {
            self.order.push(doc);
            self.open(&[doc]);
        }
        if let Some(document) = self.docs.get_mut(&doc)
            && document.held.insert(item.hash)
        {
            document.wait(Waiting::new(item));
        }
    }

    /// The app's answer to an offer: what is held waits again, among what waits anyhow.
    fn take_held(&mut self, doc: DocId, items: Vec<PushItem>) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.pause != Pause::Offering {
            return;
        }
        document.pause = Pause::No;
        let offered: BTreeSet<_> = items.iter().map(|item| item.hash).collect();
        document.waiting.retain(|waiting| !offered.contains(&waiting.item.hash));
        for item in
            items.into_iter().filter(|item| !document.aside.contains_key(&item.hash)).collect::<Vec<_>>()
        {
            document.wait(Waiting::new(item));
        }
    }

    /// The refused items are kept aside now, and their content waits in new changes.
    fn recovered(&mut self, doc: DocId) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if let Pause::Recovering(hashes) = std::mem::replace(&mut document.pause, Pause::No) {
            document.waiting.retain(|waiting| !hashes.contains(&waiting.item.hash));
            document.aside.extend(hashes.into_iter().map(|hash| (hash, RejectCode::SeqGap)));
        }
    }

    pub(super) fn persisted(&mut self, doc: DocId, number: u64) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if document.batches.front().is_none_or(|batch| batch.number != number) {
            return;
        }
        let Some(batch) = document.batches.pop_front() else { return };
        document.persisted = batch.place;
        let done = document.no_longer_waiting(&batch.hashes);
        if !done.is_empty() {
            self.out.push(Effect::Acked { doc, hashes: done });
        }
        let is_whole = batch.snapshot.is_some_and(|snapshot| snapshot.whole);
        if batch.changes.is_empty() && !is_whole {
            self.out.push(Effect::ClearNote { doc, batch: number });
        } else {
            document.applying.insert(number);
            let (changes, authors) = (batch.changes, batch.authors);
            self.out.push(Effect::Apply { doc, batch: number, changes, authors });
        }
    }

    /// This device's storage did not take a batch: back to what it has, and once more in a while.
    fn persist_failed(&mut self, doc: DocId, number: u64, now_ms: u64) {
        /// Long enough for a person to make room, short enough not to be noticed otherwise.
        const AGAIN_MS: u64 = 10_000;
        let Some(document) = self.docs.get_mut(&doc) else { return };
        if !document.batches.iter().any(|batch| batch.number == number) {
            return;
        }
        document.back_to_the_disk();
        document.problem = Some(Problem::Storage);
        self.shut(doc, Some(now_ms + AGAIN_MS));
    }

    /// Closes a document on this connection; `reopen_ms` says when to try again, if ever.
    pub(super) fn shut(&mut self, doc: DocId, reopen_ms: Option<u64>) {
        let Some(document) = self.docs.get_mut(&doc) else { return };
        document.reopen_ms = reopen_ms;
        document.unnamed.clear();
        if matches!(document.phase, Phase::Opening | Phase::Open) {
            let ping = self.next_ping;
            document.phase = Phase::Closing { ping };
            self.next_ping += 1;
            self.say(&ClientMessage::Close { doc });
            self.say(&ClientMessage::Ping { n: ping });
        }
    }

    /// Everything that was said before that ping has been answered.
    pub(super) fn answered_up_to(&mut self, ping: u64) {
        let closing = Phase::Closing { ping };
        self.docs
            .values_mut()
            .filter(|document| document.phase == closing)
            .for_each(|document| document.phase = Phase::Closed);
    }

    fn look_at_time(&mut self, now_ms: u64) {
        match self.connection.due(now_ms) {
            Due::Nothing => {}
            Due::Connect { attempt } => self.out.push(Effect::Connect { attempt }),
            Due::Ping => self.say(&ClientMessage::Ping { n: now_ms }),
            Due::GiveUp => self.hang_up(NO_CODE, now_ms),
        }
        let due: Vec<_> = self
            .docs
            .values_mut()
            .filter(|document| !matches!(document.phase, Phase::Closing { .. }))
            .filter(|document| document.reopen_ms.is_some_and(|at| now_ms >= at))
            .map(|document| {
                document.reopen_ms = None;
                if document.problem == Some(Problem::Storage) {
                    document.problem = None;
                }
                document.id
            })
            .collect();
        self.open(&due);
    }

    pub(super) fn hello(&self) -> ClientMessage {
        ClientMessage::Hello { version: VERSION, client: self.client.clone() }
    }

    fn greet(&mut self, now_ms: u64) {
        self.connection.opened(now_ms);
        self.resent_commands = false;
        self.say(&self.hello());
        let all = self.order.clone();
        self.open(&all);
    }

    /// Opens documents that are closed, as far as the connection takes them; those that are being closed once they are.
    pub(super) fn open(&mut self, docs: &[DocId]) {
        if !self.connection.is_open() {
            return;
        }
        let room = usize::try_from(self.limits.docs).unwrap_or(usize::MAX);
        let open = self.docs.values().filter(|document| document.phase != Phase::Closed).count();
        let mut places = Vec::new();
        for doc in docs {
            if let Some(document) = self.docs.get_mut(doc)
                && matches!(document.phase, Phase::Closing { .. })
            {
                document.reopen_ms.get_or_insert(0);
            }
            if let Some(document) = self.docs.get_mut(doc)
                && document.phase == Phase::Closed
                && !matches!(document.problem, Some(Problem::Untrusted { .. } | Problem::SetAside { .. }))
                && open + places.len() < room
            {
                document.phase = Phase::Opening;
                places.push(document.place);
            }
        }
        let most = usize::try_from(self.limits.open).unwrap_or(usize::MAX).clamp(1, limits::OPEN);
        for docs in places.chunks(most) {
            self.say(&ClientMessage::Open { docs: docs.to_vec() });
        }
    }

    pub(super) fn say(&mut self, message: &ClientMessage) {
        if self.connection.is_open() {
            self.out.push(Effect::Send(codec::client(message)));
        }
    }

    /// Gives the socket up from this side.
    pub(super) fn hang_up(&mut self, code: u16, now_ms: u64) {
        self.out.push(Effect::Disconnect);
        self.lost(code, now_ms);
    }

    fn lost(&mut self, code: u16, now_ms: u64) {
        self.pushes.clear();
        for document in self.docs.values_mut() {
            document.disconnected();
        }
        self.connection.lost(code, now_ms);
        if code == close::SIGNED_OUT {
            self.connection.stop();
            self.out.push(Effect::SignedOut);
        }
    }

    pub(super) fn batch_number(&mut self) -> u64 {
        let number = self.next_batch;
        self.next_batch += 1;
        number
    }
}

#[cfg(test)]
mod tests;
