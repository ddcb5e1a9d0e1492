//! What no device may have.

use std::collections::HashSet;

use shared::ids::{ChangeHash, DeviceId, DocId, PublicKey, UserId};

use crate::Millis;

/// What [`Store::before_push`](crate::Store::before_push) found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BeforePush {
    /// Those of the authors that are known.
    pub authors: Vec<AuthorKey>,
    /// Those of the hashes that the log has.
    pub known: HashSet<ChangeHash>,
    /// Those of the hashes that are in quarantine.
    pub quarantined: HashSet<ChangeHash>,
}

/// The device of an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorKey {
    /// Which device.
    pub id: DeviceId,
    /// Its key.
    pub public_key: PublicKey,
    /// Whether what it signs can be stored: its owner writes the document or once did, and it is not suspended.
    pub writes: bool,
}

/// A change in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Of which document.
    pub doc: DocId,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its author's device.
    pub by: DeviceId,
    /// Since when.
    pub at: Millis,
    /// What it did.
    pub reason: String,
    /// Its place, where it was stored before it was found out.
    pub seq: Option<u64>,
    /// The change, where it was refused; left out of lists.
    pub data: Option<Vec<u8>>,
}

/// A log to be applied on trial, without what is void.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogToTry {
    /// The place up to which there is a snapshot; 0 where there is none.
    pub snapshot: u64,
    /// The document chunk of that snapshot, in place of the changes up to there.
    pub base: Option<Vec<u8>>,
    /// The changes after that which have been tried, in log order.
    pub tried: Vec<Vec<u8>>,
    /// Those after them, each with its place.
    pub new: Vec<(u64, Vec<u8>)>,
    /// The place of the newest item.
    pub head: u64,
}

/// What became void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// The hash of the harmful item.
    pub hash: ChangeHash,
    /// Its author's device, suspended now.
    pub by: DeviceId,
    /// Whose device that is.
    pub user: Option<UserId>,
    /// The places of the item and of all that depend on it, ascending.
    pub items: Vec<u64>,
}
