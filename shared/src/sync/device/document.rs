//! What the machine knows of one document, and what it checks of what arrives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{CheckedItem, LoadedDoc, Problem};
use crate::domain::kind::DocKind;
use crate::ids::{ActorId, Chain, ChangeHash, DeviceId, DocId, PublicKey};
use crate::sync::message::{Body, LogItem, Mode, Place, PushItem, RejectCode, SnapshotPiece};
use crate::sync::snapshot::Snapshot;
use crate::sync::{chain, change, signature};

/// Where a document stands on the current connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not open.
    Closed,
    /// Asked for.
    Opening,
    /// `opened` has come.
    Open,
    /// `close` was said, and that ping behind it. What was under way for the opening before may still come, and could
    /// be taken for an answer to the next one: until the pong is there nothing is heard and nothing opened.
    Closing {
        /// The ping's number.
        ping: u64,
    },
}

/// One document.
#[derive(Debug)]
pub(super) struct Document {
    pub id: DocId,
    pub kind: Option<DocKind>,
    pub mode: Option<Mode>,
    pub phase: Phase,
    /// When to open it again, where something went wrong with it alone.
    pub reopen_ms: Option<u64>,
    /// When pushing may go on.
    pub not_before_ms: u64,
    /// The newest place that the server told of.
    pub head: u64,
    /// The place read up to, not yet persisted batches included.
    pub place: Place,
    /// The place that has been persisted.
    pub persisted: Place,
    /// The hashes of all items that this device holds, those under way to its storage included.
    pub held: BTreeSet<ChangeHash>,
    /// What waits for an ack, each after what it depends on.
    pub waiting: Vec<Waiting>,
    /// What was refused for good.
    pub aside: BTreeMap<ChangeHash, RejectCode>,
    /// What was refused once, and offered again together with what the device holds of that actor.
    pub refused_once: BTreeSet<ChangeHash>,
    /// What keeps pushing back.
    pub pause: Pause,
    /// Messages that wait for a directory to name an author.
    pub unnamed: VecDeque<Arrived>,
    /// What there is of a snapshot, as [`Place::part`] says.
    pub gathered: Option<Snapshot>,
    /// Batches under way to this device's storage.
    pub batches: VecDeque<Batch>,
    /// Batches that have been persisted and are being applied.
    pub applying: BTreeSet<u64>,
    pub problem: Option<Problem>,
    /// The batch that brought the app down.
    pub noted: Vec<ChangeHash>,
    /// After a `reset`: what the log was seen to hold so far.
    pub seen: Option<BTreeSet<ChangeHash>>,
    /// What the log lacked after a `reset` and did not have again yet.
    pub owed: BTreeSet<ChangeHash>,
    /// The places that are known to be void.
    pub void: BTreeSet<u64>,
}

/// A change that waits for an ack.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub item: PushItem,
    pub sent: bool,
    /// Whether the log is known to have it. It is done with only when `changes` has passed it: until then a
    /// backup that the server goes back to could lack it without a `reset` telling so.
    pub logged: bool,
    /// First operation, number, hash. What an item depends on has a lower first operation, which makes this an
    /// order to push in; the clock's is none, since clocks are set back.
    order: (u64, u64, ChangeHash),
}

impl Waiting {
    pub fn new(item: PushItem) -> Self {
        let (start_op, seq) =
            change::parse(&item.data).map_or((u64::MAX, 0), |parsed| (parsed.start_op, parsed.seq));
        let order = (start_op, seq, item.hash);
        Self { item, sent: false, logged: false, order }
    }
}

/// Why nothing of a document is pushed just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pause {
    No,
    /// The app was asked for held items.
    Offering,
    /// The app is copying these into new changes.
    Recovering(BTreeSet<ChangeHash>),
}

/// What has arrived of a log and was not taken yet.
#[derive(Debug, Clone)]
pub(super) enum Arrived {
    Changes(Changes),
    Piece(SnapshotPiece),
}

/// A `changes` message.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    pub from: u64,
    pub items: Vec<LogItem>,
    pub chain: Chain,
}

/// Items under way to this device's storage, then to the document.
#[derive(Debug)]
pub(super) struct Batch {
    pub number: u64,
    pub place: Place,
    /// All that the log holds up to there and did not before.
    pub hashes: BTreeSet<ChangeHash>,
    /// Those that were not held before.
    pub new: Vec<ChangeHash>,
    pub changes: Vec<Vec<u8>>,
    pub authors: Vec<DeviceId>,
    /// Where it is a snapshot: what it brings is known once it has been opened and is on the disk.
    pub snapshot: Option<Taking>,
}

/// What a snapshot under way to the disk says besides.
#[derive(Debug)]
pub(super) struct Taking {
    /// Whether it is kept as it is, so that there is nothing to apply but all of it.
    pub whole: bool,
    /// The places that are void in it.
    pub void: BTreeSet<u64>,
    /// What is held of those.
    pub leave_out: Vec<ChangeHash>,
}

/// Why an item is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its author is not in the directory (yet).
    UnknownAuthor,
    /// Its data was left out, but is not held here.
    NotHeld,
    /// It is not what its author signed, or does not fit the log.
    Untrusted(&'static str),
}

impl Document {
    /// One that this device holds nothing of.
    pub fn new(id: DocId) -> Self {
        let place = Place::start(id);
        Self {
            id,
            kind: None,
            mode: None,
            phase: Phase::Closed,
            reopen_ms: None,
            not_before_ms: 0,
            head: 0,
            place,
            persisted: place,
            held: BTreeSet::new(),
            waiting: Vec::new(),
            aside: BTreeMap::new(),
            refused_once: BTreeSet::new(),
            pause: Pause::No,
            unnamed: VecDeque::new(),
            gathered: None,
            batches: VecDeque::new(),
            applying: BTreeSet::new(),
            problem: None,
            noted: Vec::new(),
            seen: None,
            owed: BTreeSet::new(),
            void: BTreeSet::new(),
        }
    }

    /// One as the device store holds it.
    pub fn loaded(loaded: LoadedDoc) -> Self {
        let mut document = Self::new(loaded.doc);
        // A place without its chain, or the other way round, would be refused: read from the start instead.
        if (loaded.cursor == 0) == loaded.chain.is_none() {
            document.place =
                Place { doc: loaded.doc, cursor: loaded.cursor, chain: loaded.chain, part: None };
            document.persisted = document.place;
        }
        document.kind = loaded.kind;
        document.held = loaded.hashes.into_iter().collect();
        document.aside = loaded.aside.into_iter().collect();
        document.noted = loaded.noted;
        for item in loaded.waiting {
            document.held.insert(item.hash);
            if !document.aside.contains_key(&item.hash) {
                document.wait(Waiting::new(item));
            }
        }
        if loaded.owes || document.holds_more_than_it_read() {
            document.start_over();
        }
        document
    }

    /// Whether the log may lack something that this device holds and that does not wait: the app coming down now
    /// would forget to offer it.
    pub fn owes(&self) -> bool {
        self.seen.is_some() || self.owed.iter().any(|hash| !self.aside.contains_key(hash))
    }

    /// Whether something is held that neither came from the log as far as it was read, nor waits, nor was
    /// refused. A count: what is void hides as much.
    fn holds_more_than_it_read(&self) -> bool {
        let waits: BTreeSet<_> = self.waiting.iter().map(|waiting| waiting.item.hash).collect();
        let known = |hash: &&ChangeHash| !waits.contains(*hash) && !self.aside.contains_key(*hash);
        self.held.iter().filter(known).count() as u64 > self.place.cursor
    }

    /// Puts something where it belongs among what waits.
    pub fn wait(&mut self, waiting: Waiting) {
        let at = self.waiting.partition_point(|other| other.order < waiting.order);
        self.waiting.insert(at, waiting);
    }

    /// Whether everything that the server told of is here and applied.
    pub fn is_settled(&self) -> bool {
        self.phase == Phase::Open
            && self.place.cursor >= self.head
            && self.unnamed.is_empty()
            && self.batches.is_empty()
            && self.seen.is_none()
            && self.pause == Pause::No
    }

    /// Whether a snapshot is being opened: what comes after it waits until it is on the disk.
    pub fn is_taking_a_snapshot(&self) -> bool {
        self.batches.iter().any(|batch| batch.snapshot.is_some())
    }

    /// Whether its items may be pushed now.
    pub fn may_push(&self, now_ms: u64) -> bool {
        self.phase == Phase::Open
            && self.seen.is_none()
            && self.pause == Pause::No
            && now_ms >= self.not_before_ms
            && self.problem.is_none()
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Closed;
        self.reopen_ms = None;
        self.not_before_ms = 0;
        self.unnamed.clear();
        if self.problem == Some(Problem::Storage) {
            // The next connection tries again.
            self.problem = None;
        }
        for waiting in &mut self.waiting {
            waiting.sent = false;
        }
        // What cannot go on without an answer that will not come is started over; the pieces of a snapshot can.
        if self.seen.is_some() && (self.place.cursor > 0 || self.gathered.is_none()) {
            self.start_over();
        }
    }

    /// Forgets what is under way to the disk, which did not take it.
    pub fn back_to_the_disk(&mut self) {
        for hash in self.batches.drain(..).flat_map(|batch| batch.new) {
            self.held.remove(&hash);
        }
        self.place = self.persisted;
        self.gathered = None;
        self.unnamed.clear();
    }

    /// Reads the log from the start, noting what it holds.
    pub fn start_over(&mut self) {
        self.place = Place::start(self.id);
        self.unnamed.clear();
        self.gathered = None;
        self.seen = Some(BTreeSet::new());
        for waiting in &mut self.waiting {
            (waiting.sent, waiting.logged) = (false, false);
        }
    }

    /// What is wrong with it, what a person should know first coming first.
    pub fn trouble(&self) -> Option<Problem> {
        if let Some(problem) = &self.problem {
            return Some(problem.clone());
        }
        if !self.noted.is_empty() {
            return Some(Problem::SetAside { hashes: self.noted.clone() });
        }
        let refused = |code: &RejectCode| !is_curable(*code);
        let code = *self.aside.values().find(|code| refused(code))?;
        let hashes = self.aside.iter().filter(|(_, code)| refused(code)).map(|(hash, _)| *hash).collect();
        Some(Problem::Refused { code, hashes })
    }

    /// How many changes wait for the server.
    pub fn waiting_count(&self) -> usize {
        self.waiting.iter().filter(|waiting| !waiting.logged).count()
    }

    /// Notes that the log has these.
    pub fn logged(&mut self, hashes: &BTreeSet<ChangeHash>) {
        for waiting in self.waiting.iter_mut().filter(|waiting| hashes.contains(&waiting.item.hash)) {
            waiting.logged = true;
            waiting.sent = true;
        }
    }

    /// Takes these changes off what waits, and says which did.
    pub fn no_longer_waiting(&mut self, hashes: &BTreeSet<ChangeHash>) -> Vec<ChangeHash> {
        let mut done = Vec::new();
        self.waiting.retain(|waiting| {
            let is_done = hashes.contains(&waiting.item.hash);
            if is_done {
                done.push(waiting.item.hash);
            }
            !is_done
        });
        done
    }

    /// What waits and depends on something that was refused for good.
    pub fn hanging(&self) -> BTreeSet<ChangeHash> {
        let mut hanging = BTreeSet::new();
        if self.aside.is_empty() {
            return hanging;
        }
        for Waiting { item, .. } in &self.waiting {
            let deps = change::parse(&item.data).map(|parsed| parsed.deps).unwrap_or_default();
            let is_hopeless = |dep| self.aside.get(dep).is_some_and(|code| !is_curable(*code));
            if deps.iter().any(|dep| is_hopeless(dep) || hanging.contains(dep)) {
                hanging.insert(item.hash);
            }
        }
        hanging
    }

    /// Takes what was refused for what may pass off what is aside, and says what that is: who wrote it may be known, or
    /// allowed to, by now.
    pub fn worth_another_try(&mut self) -> Vec<ChangeHash> {
        let may_pass = |code: &RejectCode| matches!(code, RejectCode::ReadOnly | RejectCode::UnknownDevice);
        let again: Vec<_> =
            self.aside.iter().filter(|(_, code)| may_pass(code)).map(|(hash, _)| *hash).collect();
        self.aside.retain(|_, code| !may_pass(code));
        if !again.is_empty() {
            self.send_again();
        }
        again
    }

    /// The log has these, as far as it was read: nothing of them is owed, or refused any more.
    pub fn read(&mut self, hashes: &BTreeSet<ChangeHash>) {
        self.logged(hashes);
        self.owed.retain(|hash| !hashes.contains(hash));
        let refused = self.aside.len();
        self.aside.retain(|hash, _| !hashes.contains(hash));
        if self.aside.len() < refused {
            self.send_again();
        }
    }

    /// What hung on something that was refused may pass now.
    fn send_again(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.sent = waiting.logged);
    }

    /// The actor of a change that waits.
    pub fn actor_of(&self, hash: ChangeHash) -> Option<ActorId> {
        let waiting = self.waiting.iter().find(|waiting| waiting.item.hash == hash)?;
        change::parse(&waiting.item.data).ok().map(|parsed| parsed.actor)
    }

    /// Checks what arrived, as far as it can be checked now: items up to the first whose author is unknown.
    pub fn check(
        &self,
        arrived: &Changes,
        keys: &BTreeMap<DeviceId, PublicKey>,
    ) -> Result<(Vec<CheckedItem>, Option<Fault>), Fault> {
        if arrived.from != self.place.cursor {
            return Err(Fault::Untrusted("the log has a gap"));
        }
        let start = self.place.chain.unwrap_or_else(|| chain::start(self.id));
        if chain::after(start, arrived.items.iter().map(|item| item.hash)) != arrived.chain {
            return Err(Fault::Untrusted("the chain is another"));
        }
        let mut checked = Vec::with_capacity(arrived.items.len());
        let mut new = BTreeSet::new();
        for (seq, item) in (arrived.from + 1..).zip(&arrived.items) {
            if item.seq != seq {
                return Err(Fault::Untrusted("the log has a gap"));
            }
            match self.check_item(item, &new, keys) {
                Ok(item) => {
                    new.insert(item.hash);
                    checked.push(item);
                }
                Err(Fault::UnknownAuthor) => return Ok((checked, Some(Fault::UnknownAuthor))),
                Err(fault) => return Err(fault),
            }
        }
        Ok((checked, None))
    }

    fn check_item(
        &self,
        item: &LogItem,
        new: &BTreeSet<ChangeHash>,
        keys: &BTreeMap<DeviceId, PublicKey>,
    ) -> Result<CheckedItem, Fault> {
        let &LogItem { seq, hash, by, ref sig, ref data } = item;
        let take = |data| CheckedItem { seq, hash, by, sig: sig.clone(), data };
        let data = match data {
            Body::Void => return Ok(take(None)),
            _ if self.held.contains(&hash) => return Ok(take(None)),
            Body::Own => return Err(Fault::NotHeld),
            Body::Data(data) => data,
        };
        let change = change::parse(data).map_err(|_| Fault::Untrusted("an item is not a change"))?;
        if change.hash != hash {
            return Err(Fault::Untrusted("an item has another hash"));
        }
        if by == DeviceId::GENESIS {
            if seq != 1 || change.actor != ActorId::GENESIS {
                return Err(Fault::Untrusted("an item without an author"));
            }
        } else {
            let key = keys.get(&by).ok_or(Fault::UnknownAuthor)?;
            if !signature::verify_change(key, self.id, by, hash, sig) {
                return Err(Fault::Untrusted("an item that its author did not sign"));
            }
            if !change.actor.belongs_to(by) {
                return Err(Fault::Untrusted("an actor that is not its author's"));
            }
        }
        if !change.deps.iter().all(|dep| self.held.contains(dep) || new.contains(dep)) {
            return Err(Fault::Untrusted("an item before what it depends on"));
        }
        Ok(take(Some(data.clone())))
    }
}

/// Whether offering again, or copying into a new actor, can help.
pub(super) fn is_curable(code: RejectCode) -> bool {
    matches!(
        code,
        RejectCode::SeqGap | RejectCode::ActorTaken | RejectCode::MissingDeps | RejectCode::Quarantined
    )
}
