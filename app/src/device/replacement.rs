//! Changes that the server refuses for good, said again by another actor: the same operations, which mean the same
//! to everybody. Nothing here is chosen freely, so that two tabs that mend the same document make the same changes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use automerge::legacy::{ElementId, Key, ObjectId, OpId};
use automerge::{Change, ExpandedChange};
use shared::ids::{ActorId, ChangeHash, DeviceId};

/// What becomes of the changes of a document.
#[derive(Debug, Default)]
pub struct Replacement {
    /// Those that stay, and the new ones, each after what it depends on.
    pub all: Vec<Change>,
    /// Changes that are to go, each with the new one in its place.
    pub new: Vec<(ChangeHash, Change)>,
    /// Changes that were refused although they are such new ones already: saying them once more helps nobody.
    pub hopeless: Vec<ChangeHash>,
}

/// Replaces the `refused` changes, those `replaced` earlier, and what this device made on top of either.
///
/// `changes` are all that are held of the document. What others made on top of a refused change stays as it is; it
/// cannot be in the log either.
pub fn replace(
    mut changes: Vec<Change>,
    refused: &HashSet<ChangeHash>,
    replaced: &HashSet<ChangeHash>,
    own: DeviceId,
) -> Replacement {
    // An operation has a higher number than all it depends on, which makes this an order of dependencies.
    changes.sort_by_key(|change| (change.start_op(), change.seq(), change.hash()));
    changes.dedup_by_key(|change| change.hash());
    let known: HashSet<ChangeHash> = changes.iter().map(hash).collect();
    // Earlier ones first: what is a new change already is not said once more.
    let earlier = Chains::new(&changes, replaced, &BTreeSet::new(), own).made;
    let (hopeless, refused): (Vec<_>, HashSet<_>) = {
        let (hopeless, refused): (Vec<_>, Vec<_>) = refused.iter().partition(|hash| earlier.contains(*hash));
        (hopeless, refused.into_iter().chain(replaced).copied().collect())
    };
    let mut again = Chains::new(&changes, &refused, &earlier, own);
    let mut found =
        Replacement { hopeless: hopeless.into_iter().copied().collect(), ..Replacement::default() };
    found.all = changes.into_iter().filter(|change| !again.new.contains_key(&hash(change))).collect();
    for old in std::mem::take(&mut again.order) {
        let Some(change) = again.new.remove(&old) else { continue };
        let is_known = known.contains(&hash(&change));
        if !is_known || !replaced.contains(&old) {
            found.new.push((old, change.clone()));
        }
        if !is_known {
            found.all.push(change);
        }
    }
    found
}

fn hash(change: &Change) -> ChangeHash {
    ChangeHash(change.hash().0)
}

fn actor(change: &Change) -> Option<ActorId> {
    ActorId::try_from(change.actor_id().to_bytes()).ok()
}

/// The changes of an actor from the first that is replaced, and the actor that says them again.
#[derive(Debug)]
struct Chain {
    actor: automerge::ActorId,
    /// Sequence number and first operation of the first.
    seq: u64,
    start_op: u64,
}

/// What is said again so far.
#[derive(Debug, Default)]
struct Chains {
    by_actor: BTreeMap<automerge::ActorId, Chain>,
    /// The new change for each old one.
    new: HashMap<ChangeHash, Change>,
    /// The old ones, in order.
    order: Vec<ChangeHash>,
    /// The hashes of the new ones.
    made: BTreeSet<ChangeHash>,
    /// Which chains an old one and what it is built on belong to: an operation of the same number and actor can be
    /// one that stays.
    past: HashMap<ChangeHash, BTreeSet<automerge::ActorId>>,
}

impl Chains {
    /// Says again what is `gone`, and what this device built on it. `changes` are in an order of dependencies.
    fn new(
        changes: &[Change],
        gone: &HashSet<ChangeHash>,
        not: &BTreeSet<ChangeHash>,
        own: DeviceId,
    ) -> Self {
        let mut chains = Self::default();
        for change in changes {
            let hash = hash(change);
            let is_own = actor(change).is_some_and(|it| it.belongs_to(own));
            if is_own && !not.contains(&hash) && (gone.contains(&hash) || chains.has_any(change)) {
                chains.say(change, own);
            }
        }
        chains
    }

    fn has_any(&self, change: &Change) -> bool {
        change.deps().iter().any(|dep| self.new.contains_key(&ChangeHash(dep.0)))
    }

    fn say(&mut self, old: &Change, own: DeviceId) {
        let old_hash = hash(old);
        let old_actor = old.actor_id().clone();
        let mut past: BTreeSet<automerge::ActorId> = old
            .deps()
            .iter()
            .filter_map(|dep| self.past.get(&ChangeHash(dep.0)))
            .flatten()
            .cloned()
            .collect();
        past.insert(old_actor.clone());
        self.by_actor.entry(old_actor.clone()).or_insert_with(|| {
            let mut tail = [0; 8];
            tail.copy_from_slice(&old_hash.0[..8]);
            Chain {
                actor: automerge::ActorId::from(ActorId::of_device(own, tail).0.as_slice()),
                seq: old.seq(),
                start_op: old.start_op().get(),
            }
        });
        let mut change: ExpandedChange = old.decode();
        for op in &mut change.operations {
            if let ObjectId::Id(id) = &mut op.obj {
                self.rename(id, &past);
            }
            if let Key::Seq(ElementId::Id(id)) = &mut op.key {
                self.rename(id, &past);
            }
            op.pred = op
                .pred
                .iter()
                .cloned()
                .map(|mut id| {
                    self.rename(&mut id, &past);
                    id
                })
                .collect();
        }
        for dep in &mut change.deps {
            if let Some(new) = self.new.get(&ChangeHash(dep.0)) {
                *dep = new.hash();
            }
        }
        change.deps.sort_unstable();
        if let Some(chain) = self.by_actor.get(&old_actor) {
            change.actor_id = chain.actor.clone();
            change.seq = (change.seq + 1).saturating_sub(chain.seq).max(1);
        }
        change.hash = None;
        let new = Change::from(change);
        self.made.insert(hash(&new));
        self.order.push(old_hash);
        self.past.insert(old_hash, past);
        self.new.insert(old_hash, new);
    }

    /// Gives an operation that is said again its new name.
    fn rename(&self, id: &mut OpId, past: &BTreeSet<automerge::ActorId>) {
        if past.contains(&id.1)
            && let Some(chain) = self.by_actor.get(&id.1)
            && id.0 >= chain.start_op
        {
            id.1 = chain.actor.clone();
        }
    }
}

#[cfg(test)]
mod tests;
