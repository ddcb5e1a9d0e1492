//! Logs in memory that answer a session's asks: for tests and simulations. They keep to the contract that the
//! databases keep to, without durability.

mod snapshots;
mod transaction;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::gate::{self, AncestryRow, KnownChange, LogFacts, PreviousChange, Verdict};
use super::message::{Body, LogItem, Place, PushItem};
use super::session::{Answer, Ask, PushAnswer, ReadAnswer};
use super::{chain, change, limits};
use crate::access::Access;
use crate::domain::genesis::genesis;
use crate::domain::kind::DocKind;
use crate::ids::{ActorId, Chain, ChangeHash, DeviceId, DocId, PublicKey, UserId};

/// All documents, devices and grants of an organisation.
#[derive(Debug, Clone)]
pub struct Memory {
    logs: BTreeMap<DocId, Log>,
    devices: BTreeMap<DeviceId, (UserId, PublicKey)>,
    revoked: BTreeSet<DeviceId>,
    directory: u64,
    /// The length and the highest operation before it of every log that the open transaction has written to.
    open: Option<BTreeMap<DocId, (usize, u64)>>,
    /// Bytes of data in one piece of a snapshot.
    piece_bytes: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            logs: BTreeMap::new(),
            devices: BTreeMap::new(),
            revoked: BTreeSet::new(),
            directory: 0,
            open: None,
            piece_bytes: limits::SNAPSHOT_PIECE,
        }
    }
}

/// One document's log.
#[derive(Debug, Clone)]
pub struct Log {
    kind: DocKind,
    items: Vec<LogItem>,
    chains: Vec<Chain>,
    places: HashMap<ChangeHash, KnownChange>,
    deps: Vec<Vec<ChangeHash>>,
    actors: HashMap<ActorId, Vec<PreviousChange>>,
    max_op: u64,
    destroyed: bool,
    grants: BTreeMap<UserId, Grant>,
    snapshot: Option<snapshots::Stored>,
    /// The place up to which the changes themselves are in the snapshot alone.
    dropped: u64,
}

#[derive(Debug, Clone, Copy)]
struct Grant {
    access: Access,
    ever_read: bool,
    ever_write: bool,
}

/// Why a document is not read.
#[derive(Debug, Clone, Copy)]
enum Barred {
    Denied,
    Gone,
}

impl Memory {
    /// Registers a device.
    pub fn add_device(&mut self, user: UserId, device: DeviceId, key: PublicKey) {
        self.devices.insert(device, (user, key));
        self.directory += 1;
    }

    /// Every device with its key.
    pub fn devices(&self) -> Vec<(DeviceId, PublicKey)> {
        self.devices.iter().map(|(&id, &(_, key))| (id, key)).collect()
    }

    /// Every document.
    pub fn documents(&self) -> Vec<DocId> {
        self.logs.keys().copied().collect()
    }

    /// The directory's version, the same for everybody.
    pub fn directory_version(&self) -> String {
        self.directory.to_string()
    }

    /// Makes a document with its genesis.
    pub fn create(&mut self, doc: DocId, kind: DocKind) {
        let genesis = genesis(kind);
        let mut log = Log {
            kind,
            items: Vec::new(),
            chains: vec![chain::start(doc)],
            places: HashMap::new(),
            deps: Vec::new(),
            actors: HashMap::new(),
            max_op: 0,
            destroyed: false,
            grants: BTreeMap::new(),
            snapshot: None,
            dropped: 0,
        };
        log.append(genesis.hash, DeviceId::GENESIS, Vec::new(), genesis.data.clone());
        self.logs.insert(doc, log);
        self.directory += 1;
    }

    /// Sets what a person may do with a document.
    pub fn grant(&mut self, doc: DocId, user: UserId, access: Access) {
        if let Some(log) = self.logs.get_mut(&doc) {
            let before = log.grants.get(&user);
            let grant = Grant {
                access,
                ever_read: access >= Access::Read || before.is_some_and(|grant| grant.ever_read),
                ever_write: access == Access::Write || before.is_some_and(|grant| grant.ever_write),
            };
            log.grants.insert(user, grant);
            self.directory += 1;
        }
    }

    /// Destroys a document's content and keeps its tombstone.
    pub fn destroy(&mut self, doc: DocId) {
        if let Some(log) = self.logs.get_mut(&doc) {
            log.destroyed = true;
            log.items.clear();
            (log.snapshot, log.dropped) = (None, 0);
        }
    }

    /// Makes an item void, and what depends on it; says their places.
    pub fn void(&mut self, doc: DocId, seq: u64) -> Vec<u64> {
        let Some(log) = self.logs.get_mut(&doc) else { return Vec::new() };
        if log.snapshot.as_ref().is_some_and(|it| it.seq() >= seq) {
            // A snapshot covers only what has been tried, so this one is of no use any more.
            (log.snapshot, log.dropped) = (None, 0);
        }
        log.void(seq)
    }

    /// The log of a document.
    pub fn log(&self, doc: DocId) -> Option<&Log> {
        self.logs.get(&doc)
    }

    /// Takes a document's log back to its first `length` items, as an old backup would.
    pub fn restore(&mut self, doc: DocId, length: usize) {
        if let Some(log) = self.logs.get_mut(&doc) {
            let items: Vec<_> = log.items.drain(..).take(length).collect();
            let grants = std::mem::take(&mut log.grants);
            let kind = log.kind;
            let snapshot = log.snapshot.take().filter(|it| it.seq() <= length as u64);
            let dropped = if snapshot.is_some() { log.dropped } else { 0 };
            self.create(doc, kind);
            if let Some(log) = self.logs.get_mut(&doc) {
                log.grants = grants;
                (log.snapshot, log.dropped) = (snapshot, dropped);
                for item in items.into_iter().skip(1) {
                    if let Body::Data(data) = item.data {
                        log.append(item.hash, item.by, item.sig, data);
                    }
                }
            }
        }
    }

    /// Answers a session's ask; a push is committed at once.
    pub fn answer(&mut self, user: UserId, ask: &Ask) -> Answer {
        match ask {
            Ask::Read { places, max_items, max_bytes } => {
                Answer::Read(self.read(user, places, *max_items, *max_bytes))
            }
            Ask::Push { doc, items, .. } => Answer::Push(self.push(user, *doc, items)),
            Ask::DirectoryVersion => Answer::DirectoryVersion(self.directory_version()),
        }
    }

    fn access(&self, user: UserId, doc: DocId) -> Result<&Log, Barred> {
        let Some(log) = self.logs.get(&doc) else { return Err(Barred::Denied) };
        match log.grants.get(&user) {
            Some(grant) if !log.destroyed && grant.access > Access::None => Ok(log),
            Some(grant) if grant.ever_read => Err(Barred::Gone),
            _ => Err(Barred::Denied),
        }
    }

    fn read(&self, user: UserId, places: &[Place], max_items: usize, max_bytes: usize) -> Vec<ReadAnswer> {
        let mut answers = Vec::with_capacity(places.len());
        let mut room = max_bytes;
        for (index, &Place { doc, cursor, chain, part }) in places.iter().enumerate() {
            answers.push(match self.access(user, doc) {
                Err(Barred::Denied) => ReadAnswer::Denied,
                Err(Barred::Gone) => ReadAnswer::Gone,
                Ok(log) => {
                    let from = usize::try_from(cursor).unwrap_or(usize::MAX);
                    let committed = &log.items[..self.committed(doc, log)];
                    let held = from <= committed.len()
                        && log.chains.get(from).is_some_and(|here| chain.is_none_or(|chain| chain == *here));
                    if !held {
                        answers.push(ReadAnswer::Reset);
                        continue;
                    }
                    if max_items > 0
                        && let Some((piece, first, bytes)) = log.piece(cursor, part)
                    {
                        if index > 0 && bytes > room {
                            break;
                        }
                        room = room.saturating_sub(bytes);
                        let access = log.grants.get(&user).map_or(Access::None, |grant| grant.access);
                        let head = committed.len() as u64;
                        let kind = log.kind;
                        answers.push(ReadAnswer::Snapshot { kind, access, head, first, piece });
                        continue;
                    }
                    let mut items = Vec::new();
                    for item in committed.iter().skip(from).take(max_items) {
                        let size = item.data.data().map_or(0, <[u8]>::len);
                        if size > room && !(index == 0 && items.is_empty()) {
                            break;
                        }
                        room = room.saturating_sub(size);
                        items.push(item.clone());
                    }
                    if items.is_empty() && from < committed.len() && max_items > 0 && index > 0 {
                        break;
                    }
                    let access = log.grants.get(&user).map_or(Access::None, |grant| grant.access);
                    let chain = log.chains[from + items.len()];
                    let head = committed.len() as u64;
                    let void = committed.iter().take(from).filter(|item| item.data == Body::Void);
                    let void = void.map(|item| item.seq).collect();
                    ReadAnswer::Batch { kind: log.kind, access, head, items, chain, void }
                }
            });
        }
        answers
    }

    fn push(&mut self, user: UserId, doc: DocId, items: &[PushItem]) -> PushAnswer {
        match self.access(user, doc) {
            Err(Barred::Gone) => return PushAnswer::Gone,
            Err(Barred::Denied) => return PushAnswer::Denied,
            Ok(_) => {}
        }
        let examined: Vec<_> = items
            .iter()
            .map(|item| {
                let key = self.devices.get(&item.by).map(|(_, key)| key);
                gate::examine(doc, item.clone(), key).decoded_here()
            })
            .collect();
        let writers = |log: &Log, device: &DeviceId| {
            self.devices
                .get(device)
                .and_then(|(user, _)| log.grants.get(user))
                .is_some_and(|it| it.ever_write)
        };
        let Some(log) = self.logs.get(&doc) else { return PushAnswer::Denied };
        let mut facts = log.facts(&gate::wanted(&examined), |device| writers(log, device));
        if let Some(after) = gate::ancestry_after(&examined, &facts) {
            facts.ancestry = log.ancestry(after);
        }
        let verdicts = gate::decide(&examined, &facts);
        let outcome = gate::outcome(&examined, &verdicts);
        if let Some(log) = self.logs.get_mut(&doc) {
            if let Some(open) = &mut self.open {
                open.entry(doc).or_insert((log.items.len(), log.max_op));
            }
            for (item, verdict) in items.iter().zip(&verdicts) {
                if let Verdict::Store { .. } = verdict {
                    log.append(item.hash, item.by, item.sig.clone(), item.data.clone());
                }
            }
        }
        PushAnswer::Done { acked: outcome.acked, rejected: outcome.rejected, stored: outcome.stored }
    }
}

impl Log {
    /// The place of the newest item.
    pub fn head(&self) -> u64 {
        self.items.len() as u64
    }

    /// The items.
    pub fn items(&self) -> &[LogItem] {
        &self.items
    }

    /// The chain after the newest item.
    pub fn chain(&self) -> Chain {
        self.chains[self.items.len()]
    }

    /// Whether the log has a change.
    pub fn has(&self, hash: ChangeHash) -> bool {
        self.places.contains_key(&hash)
    }

    fn void(&mut self, seq: u64) -> Vec<u64> {
        let mut void: HashSet<ChangeHash> = HashSet::new();
        let mut places = Vec::new();
        for (item, deps) in self.items.iter_mut().zip(&self.deps) {
            if item.seq == seq || deps.iter().any(|dep| void.contains(dep)) {
                void.insert(item.hash);
                places.push(item.seq);
                item.data = Body::Void;
            }
        }
        for known in self.places.values_mut().filter(|known| places.contains(&known.seq)) {
            known.void = true;
        }
        places
    }

    /// What there is to know of it before items are judged, but for the ancestry.
    pub(super) fn facts(&self, wanted: &gate::Wanted, writes: impl Fn(&DeviceId) -> bool) -> LogFacts {
        let last = |actor: &ActorId| self.actors.get(actor).map_or(0, Vec::len) as u64;
        LogFacts {
            head: self.head(),
            max_op: self.max_op,
            known: wanted.hashes.iter().filter_map(|hash| Some((*hash, *self.places.get(hash)?))).collect(),
            actors: wanted.actors.iter().map(|actor| (*actor, last(actor))).collect(),
            previous: wanted
                .actors
                .iter()
                .filter_map(|actor| Some(((*actor, last(actor)), *self.actors.get(actor)?.last()?)))
                .collect(),
            writers: wanted.devices.iter().filter(|device| writes(device)).copied().collect::<HashSet<_>>(),
            ancestry: Vec::new(),
        }
    }

    /// What the items after a place depend on.
    pub(super) fn ancestry(&self, after: u64) -> Vec<AncestryRow> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        self.items
            .iter()
            .zip(&self.deps)
            .skip(after)
            .map(|(item, deps)| AncestryRow { hash: item.hash, seq: item.seq, deps: deps.clone() })
            .collect()
    }

    fn append(&mut self, hash: ChangeHash, by: DeviceId, sig: Vec<u8>, data: Vec<u8>) {
        let Ok(parsed) = change::parse(&data) else { return };
        let seq = self.head() + 1;
        self.max_op = self.max_op.max(parsed.max_op());
        self.places.insert(hash, KnownChange { seq, max_op: parsed.max_op(), void: false });
        self.actors.entry(parsed.actor).or_default().push(PreviousChange { hash, seq });
        self.deps.push(parsed.deps);
        self.chains.push(chain::next(self.chains[self.items.len()], hash));
        self.items.push(LogItem { seq, hash, by, sig, data: Body::Data(data) });
    }
}
