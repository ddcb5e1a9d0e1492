//! Snapshots on a device's disk: one document chunk in place of many items, each with its author and signature
//! beside it, so that every change can be taken out again and offered.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use shared::ids::{Chain, ChangeHash};
use shared::sync::change;
use shared::sync::message::SnapshotItem;
use shared::sync::snapshot::{self, Snapshot, Unsound};

use super::disk::{Shelf, Stored};
use super::ledger::order_of;

/// A snapshot on disk: what its chunk gives back, with what lies beside it.
#[derive(Debug)]
pub struct Kept {
    /// Its changes, as they come out of the chunk.
    pub changes: BTreeMap<ChangeHash, Rc<Stored>>,
}

impl Kept {
    /// A snapshot that a server made.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(snapshot: &Snapshot) -> Result<Self, Unsound> {
        let opened = snapshot::open(snapshot)?;
        let items = snapshot.items.iter().filter(|item| !item.void);
        let stored = items.zip(opened.changes).map(|(item, change)| {
            let data = change.raw_bytes().to_vec();
            let order = order_of(&data);
            (item.hash, Rc::new(Stored { by: item.by, sig: item.sig.clone(), data, order }))
        });
        Ok(Self { changes: stored.collect() })
    }

    /// A snapshot of these changes, each after what it depends on.
    fn make(changes: &[(ChangeHash, Rc<Stored>)]) -> Result<Self, Unsound> {
        let chunks: Vec<_> = changes.iter().map(|(_, stored)| stored.data.as_slice()).collect();
        let made = snapshot::make(None, &chunks)?;
        let item = |(hash, stored): &(ChangeHash, Rc<Stored>)| SnapshotItem {
            hash: *hash,
            by: stored.by,
            sig: stored.sig.clone(),
            void: false,
        };
        Self::open(&Snapshot {
            seq: changes.len() as u64,
            chain: Chain([0; 32]),
            heads: made.heads,
            items: changes.iter().map(item).collect(),
            data: made.data,
        })
    }
}

/// What a compaction comes to.
pub struct Compacted {
    /// What goes in place of what there is.
    pub kept: Kept,
    /// What was in the snapshot before and is an item again.
    pub left: Vec<(ChangeHash, Rc<Stored>)>,
}

/// Makes a snapshot of `items` and of what is in the shelf's snapshot, but for what waits, was refused or replaced,
/// and what depends on that. `None` where that changes nothing.
///
/// # Errors
/// If what was on disk makes no document.
pub fn compact(
    items: &BTreeMap<ChangeHash, Rc<Stored>>,
    shelf: &Shelf,
) -> Result<Option<Compacted>, Unsound> {
    let before = shelf.kept.as_ref().map(|kept| &kept.changes);
    let mut all: BTreeMap<ChangeHash, Rc<Stored>> = before.cloned().unwrap_or_default();
    let known = all.len();
    all.extend(items.iter().map(|(hash, stored)| (*hash, stored.clone())));
    let mut ordered: Vec<_> = all.into_iter().collect();
    ordered.sort_by_key(|(hash, stored)| (stored.order, *hash));
    let is_out = |hash: &ChangeHash| {
        shelf.waiting.contains_key(hash) || shelf.refused.contains_key(hash) || shelf.replaced.contains(hash)
    };
    let mut inside = BTreeSet::new();
    let (mut covered, mut left) = (Vec::new(), Vec::new());
    for (hash, stored) in ordered {
        let deps = change::parse(&stored.data).map(|parsed| parsed.deps).unwrap_or_default();
        if !is_out(&hash) && deps.iter().all(|dep| inside.contains(dep)) {
            inside.insert(hash);
            covered.push((hash, stored));
        } else if before.is_some_and(|before| before.contains_key(&hash)) {
            left.push((hash, stored));
        }
    }
    if covered.is_empty() || (left.is_empty() && covered.len() == known && items.is_empty()) {
        return Ok(None);
    }
    Ok(Some(Compacted { kept: Kept::make(&covered)?, left }))
}
