//! The gate: what every pushed change passes before it is stored.
//!
//! In parts, so that the costly ones stay out of the store's transaction: [`examine`] looks at the bytes alone;
//! [`decode`] has automerge read them, which a server only does in a process that it can do without; [`decide`]
//! judges what was examined and decoded against the log, inside the transaction that will store it. The order of
//! the checks is the contract's, and the first that fails gives the code.

mod decoding;
mod descent;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use super::change::{self, ChunkError, ParsedChange};
use super::limits;
use super::message::{Acked, PushItem, RejectCode, Rejected};
use super::signature::Verifier;
use crate::ids::{ActorId, ChangeHash, DeviceId, DocId, PublicKey};

pub use decoding::decode;
use descent::Descents;

/// A pushed item after the checks that need no log. Not yet trusted: [`decide`] says what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    item: PushItem,
    /// Checks 2 and 3, as far as they need no log.
    change: Result<ParsedChange, RejectCode>,
    /// The first of checks 4 to 6 that fails.
    authorship: Option<RejectCode>,
    /// Check 11, once it has been made: while others already share the item, so that nobody has to copy it.
    decoded: OnceLock<Result<(), RejectCode>>,
}

impl Examined {
    /// The item as it was pushed.
    #[must_use]
    pub fn item(&self) -> &PushItem {
        &self.item
    }

    /// The hash that it is pushed under; that of its bytes only once [`decide`] lets it in.
    #[must_use]
    pub fn hash(&self) -> ChangeHash {
        self.item.hash
    }

    /// What the change says of itself, where it could be read.
    #[must_use]
    pub fn change(&self) -> Option<&ParsedChange> {
        self.change.as_ref().ok()
    }

    /// Whether checks 2 to 6 and 8 have passed as far as they need no log: only then is the item worth decoding.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        self.authorship.is_none() && self.change().is_some_and(|change| change.actor.belongs_to(self.item.by))
    }

    /// Notes what decoding it has shown: check 11, to be made before [`decide`] lets it in. The first time counts.
    pub fn set_decoded(&self, decoded: Result<(), RejectCode>) {
        let _ = self.decoded.set(decoded);
    }

    /// What decoding it has shown; none while it has not been decoded.
    #[must_use]
    pub fn decoded(&self) -> Option<Result<(), RejectCode>> {
        self.decoded.get().copied()
    }

    /// The same, decoded here and now: for changes of one's own making.
    #[must_use]
    pub fn decoded_here(self) -> Self {
        if self.is_authentic() {
            self.set_decoded(decode(&self.item.data));
        }
        self
    }
}

/// Makes the checks that need no log. `key` is that of the device `item.by`, if there is such a device.
#[must_use]
pub fn examine(doc: DocId, item: PushItem, key: Option<&PublicKey>) -> Examined {
    examine_with(doc, item, key.map(Verifier::new).as_ref())
}

/// The same with a key that has been read before.
#[must_use]
pub fn examine_with(doc: DocId, item: PushItem, key: Option<&Verifier>) -> Examined {
    let change = if item.data.len() > limits::CHANGE {
        Err(RejectCode::TooLarge)
    } else {
        change::parse(&item.data).map_err(|error| match error {
            ChunkError::TooManyOperations => RejectCode::TooLarge,
            ChunkError::Malformed(_) => RejectCode::BadChunk,
        })
    };
    let authorship = match (&change, key) {
        (Err(_), _) => None,
        (Ok(change), _) if change.hash != item.hash => Some(RejectCode::BadHash),
        (Ok(_), None) => Some(RejectCode::UnknownDevice),
        (Ok(_), Some(key)) if !key.verify_change(doc, item.by, item.hash, &item.sig) => {
            Some(RejectCode::BadSignature)
        }
        (Ok(_), Some(_)) => None,
    };
    Examined { item, change, authorship, decoded: OnceLock::new() }
}

/// What [`decide`] needs to know of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Changes of which it must be known whether the log has them: the items and what they depend on.
    pub hashes: BTreeSet<ChangeHash>,
    /// Actors of which the last change must be known.
    pub actors: BTreeSet<ActorId>,
    /// Devices of which it must be known whether their owner is or was a writer.
    pub devices: BTreeSet<DeviceId>,
}

/// What to look up in the log before deciding.
#[must_use]
pub fn wanted<'a>(items: impl IntoIterator<Item = &'a Examined>) -> Wanted {
    let mut wanted = Wanted::default();
    for examined in items {
        wanted.hashes.insert(examined.hash());
        let Ok(change) = &examined.change else { continue };
        // Check 3 looks at them, whoever made the change.
        wanted.hashes.extend(&change.deps);
        if examined.authorship.is_none() {
            wanted.devices.insert(examined.item.by);
        }
        if examined.is_authentic() {
            wanted.actors.insert(change.actor);
        }
    }
    wanted
}

/// What the store looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// The place of the newest item.
    pub head: u64,
    /// The highest operation of the log.
    pub max_op: u64,
    /// Those of [`Wanted::hashes`] that the log has.
    pub known: HashMap<ChangeHash, KnownChange>,
    /// The number of the last change of each of [`Wanted::actors`]; absent for one without changes.
    pub actors: HashMap<ActorId, u64>,
    /// The same changes themselves, by actor and number.
    pub previous: HashMap<(ActorId, u64), PreviousChange>,
    /// Those of [`Wanted::devices`] whose owner can write the document, or once could.
    pub writers: HashSet<DeviceId>,
    /// Where [`ancestry_after`] asks for it: all items after that place.
    pub ancestry: Vec<AncestryRow>,
}

/// A change that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownChange {
    /// Its place.
    pub seq: u64,
    /// Its last operation.
    pub max_op: u64,
    /// Whether it was found harmful after storing: nothing may build on it.
    pub void: bool,
}

/// The change of an actor before the one that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousChange {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its place.
    pub seq: u64,
}

/// An item of the log, for finding out what is an ancestor of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AncestryRow {
    /// Its hash.
    pub hash: ChangeHash,
    /// Its place.
    pub seq: u64,
    /// What it depends on.
    pub deps: Vec<ChangeHash>,
}

/// The place after which [`decide`] needs [`LogFacts::ancestry`]; none where it needs nothing, which is the rule:
/// most changes depend on their actor's previous one directly. To read it costs as much as the log is long: nobody who
/// may not write has it read.
#[must_use]
pub fn ancestry_after<'a>(items: impl IntoIterator<Item = &'a Examined>, facts: &LogFacts) -> Option<u64> {
    items
        .into_iter()
        .filter(|examined| !facts.known.contains_key(&examined.hash()))
        .filter(|examined| examined.is_authentic() && facts.writers.contains(&examined.item.by))
        .filter_map(Examined::change)
        .filter_map(|change| {
            let previous = facts.previous.get(&(change.actor, change.seq - 1))?;
            (!change.deps.contains(&previous.hash)).then_some(previous.seq)
        })
        .min()
}

/// What becomes of a pushed item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The log has it, or an earlier item of the push is it; to be acked unread.
    Known {
        /// The place it has.
        seq: u64,
    },
    /// To be stored.
    Store {
        /// The place it gets.
        seq: u64,
    },
    /// Not to be stored.
    Reject(RejectCode),
    /// It would be stored, and has not been [decoded](Examined::set_decoded): nothing of the push may be stored.
    Undecoded,
}

/// Judges the items of a push in order, each with the earlier ones in place.
#[must_use]
pub fn decide<'a>(items: impl IntoIterator<Item = &'a Examined>, facts: &'a LogFacts) -> Vec<Verdict> {
    let mut log = Staged::on(facts);
    items
        .into_iter()
        .map(|examined| match log.judge(examined) {
            Ok(verdict) => verdict,
            Err(code) => Verdict::Reject(code),
        })
        .collect()
}

/// The log with the items of the push that have passed so far.
struct Staged<'a> {
    facts: &'a LogFacts,
    head: u64,
    max_op: u64,
    known: HashMap<ChangeHash, KnownChange>,
    actors: HashMap<ActorId, u64>,
    previous: HashMap<(ActorId, u64), PreviousChange>,
    descents: Descents<'a>,
}

impl<'a> Staged<'a> {
    fn on(facts: &'a LogFacts) -> Self {
        let mut known = facts.known.clone();
        for row in &facts.ancestry {
            // Their operations are never asked for: what an item depends on is in `facts.known`.
            known.entry(row.hash).or_insert(KnownChange { seq: row.seq, max_op: 0, void: false });
        }
        Self {
            facts,
            head: facts.head,
            max_op: facts.max_op,
            known,
            actors: facts.actors.clone(),
            previous: facts.previous.clone(),
            descents: Descents::on(&facts.ancestry),
        }
    }

    fn judge(&mut self, examined: &'a Examined) -> Result<Verdict, RejectCode> {
        if let Some(known) = self.known.get(&examined.hash()) {
            return Ok(Verdict::Known { seq: known.seq });
        }
        let change = examined.change.as_ref().map_err(|&code| code)?;
        if !self.fits(change) {
            return Err(RejectCode::BadChunk);
        }
        if let Some(code) = examined.authorship {
            return Err(code);
        }
        if !self.facts.writers.contains(&examined.item.by) {
            return Err(RejectCode::ReadOnly);
        }
        if !change.actor.belongs_to(examined.item.by) {
            return Err(RejectCode::ActorTaken);
        }
        if change.seq != self.actors.get(&change.actor).copied().unwrap_or(0) + 1 {
            return Err(RejectCode::SeqGap);
        }
        if !self.continues(change) {
            return Err(RejectCode::BadChunk);
        }
        if !change.deps.iter().all(|dep| self.known.get(dep).is_some_and(|known| !known.void)) {
            return Err(RejectCode::MissingDeps);
        }
        match examined.decoded() {
            None => Ok(Verdict::Undecoded),
            Some(Err(code)) => Err(code),
            Some(Ok(())) => Ok(self.store(change)),
        }
    }

    /// The part of check 3 that looks at the dependencies. What cannot be judged without the missing ones is left to
    /// `seq_gap` and `missing_deps`.
    fn fits(&self, change: &ParsedChange) -> bool {
        let mut deps = change.deps.iter().filter_map(|dep| self.known.get(dep));
        deps.all(|dep| change.start_op > dep.max_op)
            && (change.start_op <= self.max_op + 1 || !self.has_deps(change))
    }

    /// The last part of check 3: whether the actor's previous change is an ancestor.
    fn continues(&mut self, change: &ParsedChange) -> bool {
        match self.previous.get(&(change.actor, change.seq - 1)) {
            Some(previous) if self.has_deps(change) => {
                self.descents.includes(*previous, &change.deps, &self.known, self.head)
            }
            _ => true,
        }
    }

    fn has_deps(&self, change: &ParsedChange) -> bool {
        change.deps.iter().all(|dep| self.known.contains_key(dep))
    }

    fn store(&mut self, change: &'a ParsedChange) -> Verdict {
        self.head += 1;
        let seq = self.head;
        self.max_op = self.max_op.max(change.max_op());
        self.known.insert(change.hash, KnownChange { seq, max_op: change.max_op(), void: false });
        self.actors.insert(change.actor, change.seq);
        self.previous.insert((change.actor, change.seq), PreviousChange { hash: change.hash, seq });
        self.descents.add(seq, &change.deps);
        Verdict::Store { seq }
    }
}

/// The answer to a push: each distinct hash once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In the log now.
    pub acked: Vec<Acked>,
    /// Not stored, and why.
    pub rejected: Vec<Rejected>,
    /// The places of those that this push stored, ascending.
    pub stored: Vec<u64>,
}

/// Sums up the verdicts. An item that came more than once is named once, and in the log counts for more than
/// refused: a later copy may have been the sound one.
#[must_use]
pub fn outcome(items: &[Examined], verdicts: &[Verdict]) -> Outcome {
    let mut outcome = Outcome::default();
    let mut named = HashSet::new();
    for (examined, verdict) in items.iter().zip(verdicts) {
        let hash = examined.hash();
        match *verdict {
            Verdict::Known { seq } | Verdict::Store { seq } if named.insert(hash) => {
                outcome.acked.push(Acked { hash, seq });
            }
            _ => {}
        }
        if let Verdict::Store { seq } = *verdict {
            outcome.stored.push(seq);
        }
    }
    for (examined, verdict) in items.iter().zip(verdicts) {
        if let Verdict::Reject(code) = *verdict
            && named.insert(examined.hash())
        {
            outcome.rejected.push(Rejected { hash: examined.hash(), code });
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
