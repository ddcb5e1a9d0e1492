//! Snapshots of logs: one document chunk in place of the first items.

use shared::ids::{Chain, ChangeHash, DocId};

/// A log that has grown since its snapshot, or since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrownLog {
    /// Which.
    pub doc: DocId,
    /// The place up to which it has been tried.
    pub tried: u64,
    /// The place up to which there is a snapshot; 0 where there is none.
    pub snapshot: u64,
}

/// What a snapshot is made of: the one before, and the changes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogToCover {
    /// What the log itself says of the place up to which the snapshot is to go.
    pub covered: Covered,
    /// The place up to which the snapshot before goes; 0 where there is none.
    pub snapshot: u64,
    /// The document chunk of the snapshot before.
    pub base: Option<Vec<u8>>,
    /// The changes after it, in log order, without what is void.
    pub changes: Vec<Vec<u8>>,
}

/// A log up to some place, as its hashes and dependencies tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covered {
    /// The place.
    pub seq: u64,
    /// The chain there.
    pub chain: Chain,
    /// The changes that no other builds on, ascending, without what is void.
    pub heads: Vec<ChangeHash>,
    /// How many items are not void.
    pub changes: u64,
    /// How many are.
    pub voids: u64,
}

/// A snapshot to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSnapshot {
    /// What it covers.
    pub covered: Covered,
    /// The document chunk.
    pub data: Vec<u8>,
}
