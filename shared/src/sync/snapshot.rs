//! Snapshots: one automerge document in place of the first items of a log. The server serves it to devices that lack
//! them, and drops the data that it covers; devices keep it in place of their oldest items. Hash, author and signature
//! of each item stay beside it, so that every change can be taken out again and offered with its authorship.

use std::collections::HashMap;
use std::ops::Range;

use automerge::{AutoCommit, AutomergeError, Change, LoadOptions, TextEncoding};

use super::limits;
use super::message::{SnapshotItem, SnapshotPiece};
use crate::ids::{ActorId, Chain, ChangeHash, DeviceId};

/// A snapshot, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The place up to which it goes.
    pub seq: u64,
    /// The chain there.
    pub chain: Chain,
    /// The heads of the document, ascending.
    pub heads: Vec<ChangeHash>,
    /// The items that it stands for, in log order.
    pub items: Vec<SnapshotItem>,
    /// The document chunk.
    pub data: Vec<u8>,
}

/// A document chunk that has been made and looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The document chunk.
    pub data: Vec<u8>,
    /// Its heads, ascending.
    pub heads: Vec<ChangeHash>,
    /// How many changes it holds.
    pub changes: usize,
}

/// Why something is no snapshot of a log.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// Automerge refuses it.
    #[error("automerge refuses it: {0}")]
    Refused(#[from] AutomergeError),
    /// A change cannot be read.
    #[error("a change cannot be read: {0}")]
    Unreadable(String),
    /// Its changes, heads or authors are not those of the log.
    #[error("{0}")]
    Different(&'static str),
}

/// Makes a chunk of `changes`, and of the chunk `base` before them: saves it, and sees that it loads as the same.
///
/// # Errors
/// [`Unsound`], also if a change lacks what it depends on.
///
/// # Panics
/// On some crafted changes: only for what has been tried, or in a process that one can do without.
pub fn make(base: Option<&[u8]>, changes: &[&[u8]]) -> Result<Made, Unsound> {
    let mut doc = match base {
        Some(base) => load(base)?,
        None => AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit),
    };
    let before = doc.get_changes(&[]).len();
    let parsed = changes.iter().map(|chunk| {
        Change::from_bytes(chunk.to_vec()).map_err(|error| Unsound::Unreadable(error.to_string()))
    });
    doc.apply_changes(parsed.collect::<Result<Vec<_>, _>>()?)?;
    let count = doc.get_changes(&[]).len();
    if count != before + changes.len() {
        return Err(Unsound::Different("not all changes were applied"));
    }
    let heads = heads(&mut doc);
    if heads.len() > limits::SNAPSHOT_HEADS {
        return Err(Unsound::Different("more heads than a piece has room for"));
    }
    let data = doc.save();
    let mut loaded = load(&data)?;
    if self::heads(&mut loaded) != heads || loaded.get_changes(&[]).len() != count {
        return Err(Unsound::Different("what is loaded is not what was saved"));
    }
    Ok(Made { data, heads, changes: count })
}

/// The document of a chunk.
///
/// # Errors
/// [`Unsound::Refused`].
pub fn load(data: &[u8]) -> Result<AutoCommit, Unsound> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    Ok(AutoCommit::load_with_options(data, options)?)
}

fn heads(doc: &mut AutoCommit) -> Vec<ChangeHash> {
    let mut heads: Vec<_> = doc.get_heads().iter().map(|head| ChangeHash(head.0)).collect();
    heads.sort_unstable();
    heads
}

/// A snapshot whose document holds exactly the changes that it says.
#[derive(Debug)]
pub struct Opened {
    /// The document.
    pub doc: AutoCommit,
    /// Every change that is not void, in log order.
    pub changes: Vec<Change>,
}

/// Opens a snapshot and checks that its document has its heads, and its items and no others, each of an actor of its
/// author's device. Chain and signatures are checked [as the pieces come](super::device).
///
/// # Errors
/// [`Unsound`].
///
/// # Panics
/// On some crafted chunks: whoever opens one that another has made notes that before.
pub fn open(snapshot: &Snapshot) -> Result<Opened, Unsound> {
    if snapshot.items.len() as u64 != snapshot.seq {
        return Err(Unsound::Different("it names another number of items"));
    }
    let mut doc = load(&snapshot.data)?;
    if heads(&mut doc) != snapshot.heads {
        return Err(Unsound::Different("its heads are others"));
    }
    let mut found: HashMap<ChangeHash, Change> =
        doc.get_changes(&[]).into_iter().map(|change| (ChangeHash(change.hash().0), change)).collect();
    let mut changes = Vec::with_capacity(found.len());
    for (index, item) in snapshot.items.iter().enumerate().filter(|(_, item)| !item.void) {
        let Some(change) = found.remove(&item.hash) else {
            return Err(Unsound::Different("it lacks an item"));
        };
        let actor = ActorId::try_from(change.actor_id().to_bytes());
        let is_genesis = index == 0 && item.by == DeviceId::GENESIS;
        let is_authors = actor.is_ok_and(|actor| match is_genesis {
            true => actor == ActorId::GENESIS,
            false => item.by != DeviceId::GENESIS && actor.belongs_to(item.by),
        });
        if !is_authors {
            return Err(Unsound::Different("an actor that is not its author's"));
        }
        changes.push(change);
    }
    if !found.is_empty() {
        return Err(Unsound::Different("it holds more than its items"));
    }
    Ok(Opened { doc, changes })
}

/// What a piece holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// Which bytes of the chunk.
    pub data: Range<usize>,
    /// Which of the items, from 0.
    pub items: Range<usize>,
}

/// Cuts a chunk of `size` bytes, in place of `items` items, into pieces of which each fits a message beside others:
/// the last bytes go with the last items. `None` where there are hardly any bytes to so many items.
#[must_use]
pub fn pieces(size: usize, items: usize) -> Option<Vec<Extent>> {
    pieces_of(size, items, limits::SNAPSHOT_PIECE)
}

/// [`pieces`] of at most `most` bytes of data.
#[must_use]
pub fn pieces_of(size: usize, items: usize, most: usize) -> Option<Vec<Extent>> {
    let count = size.div_ceil(most.clamp(1, limits::SNAPSHOT_PIECE)).max(items.div_ceil(limits::PUSH)).max(1);
    if count > size {
        return None;
    }
    // In 128 bits, so that no product is too large.
    let share = |whole: usize, index: usize| {
        usize::try_from(whole as u128 * index as u128 / count as u128).unwrap_or(whole)
    };
    let extent = |index: usize| Extent {
        data: share(size, index)..share(size, index + 1),
        items: share(items, index)..share(items, index + 1),
    };
    Some((0..count).map(extent).collect())
}

impl Snapshot {
    /// One of its pieces.
    #[must_use]
    pub fn piece(&self, extent: &Extent) -> SnapshotPiece {
        SnapshotPiece {
            seq: self.seq,
            chain: self.chain,
            heads: self.heads.clone(),
            size: self.data.len() as u64,
            offset: extent.data.start as u64,
            data: self.data.get(extent.data.clone()).unwrap_or_default().to_vec(),
            items: self.items.get(extent.items.clone()).unwrap_or_default().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests;
