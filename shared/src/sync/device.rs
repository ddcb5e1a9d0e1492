//! The device's side of the sync as a state machine without I/O.
//!
//! The app feeds it [`Event`]s with the time and does the [`Effect`]s in their order. The machine holds no
//! content but what waits to be pushed; documents, storage and sockets are the app's.
//!
//! What arrives goes this way: [`Effect::Persist`] names items, cursor and chain, to be written in one
//! transaction together with a note of the hashes; after it has finished the app says [`Event::Persisted`] and
//! is told to [`Effect::Apply`]; when that is done it says [`Event::Applied`], and the machine has the note taken
//! away with [`Effect::ClearNote`]. A note that is found at start belongs to a batch that brought the app down:
//! its items are [set aside](LoadedDoc::noted) and the document is usable without them.
//!
//! What is written here goes this way: the app stores a signed item with its mark "waiting", says
//! [`Event::Local`], and takes the mark away when told [`Effect::Acked`].

mod connection;
mod document;
mod hearing;
mod machine;
mod polling;
mod pushing;
mod safety;
mod snapshots;

use super::message::{Mode, PushItem, RejectCode};
use crate::domain::kind::DocKind;
use crate::ids::{ActorId, Chain, ChangeHash, DeviceId, DocId, PublicKey, UserId};
use crate::sync::snapshot::Snapshot;

pub use machine::Device;
pub use safety::{Problem, Safety};

/// What happens on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The device store has been read; the first event. Connecting starts here.
    Start {
        /// What it holds.
        docs: Vec<LoadedDoc>,
    },
    /// A directory, the cached one at start or a fresh one.
    Directory {
        /// Its version.
        version: String,
        /// Every device in it, with its key.
        devices: Vec<(DeviceId, PublicKey)>,
        /// Every document in it, the most wanted first.
        documents: Vec<DocId>,
    },
    /// A change was made here and is on this device's storage; or another tab made it.
    Local {
        /// To which document.
        doc: DocId,
        /// The change, signed.
        item: PushItem,
    },
    /// The socket of that attempt is open.
    Connected {
        /// The number in [`Effect::Connect`].
        attempt: u64,
    },
    /// A binary frame.
    Frame {
        /// The number in [`Effect::Connect`].
        attempt: u64,
        /// The message.
        bytes: Vec<u8>,
    },
    /// The socket was closed or could not be opened.
    Disconnected {
        /// The number in [`Effect::Connect`].
        attempt: u64,
        /// The close code, 1006 where there was none.
        code: u16,
    },
    /// The network is back, or the page is visible again: do not wait out the back-off.
    Wake,
    /// Signed in again after [`Effect::SignedOut`].
    SignedIn,
    /// [`Effect::Persist`] has finished.
    Persisted {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
    },
    /// [`Effect::Persist`] or [`Effect::TakeSnapshot`] has failed; the batch will be asked for again. Nothing that was
    /// asked to be written of this document after it may reach the disk.
    PersistFailed {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
    },
    /// [`Effect::TakeSnapshot`] has finished: it is on disk.
    SnapshotTaken {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
        /// The `new` ones of its changes, in that order; none where the snapshot is kept whole.
        changes: Vec<Vec<u8>>,
    },
    /// The snapshot in [`Effect::TakeSnapshot`] is not what it says, or was not opened since that brought the app down
    /// before; nothing of it was kept.
    SnapshotUnsound {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
        /// What was noted of one that brought the app down; of one that is not what it says, nothing.
        noted: Vec<ChangeHash>,
    },
    /// [`Effect::Apply`] has finished.
    Applied {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
    },
    /// The answer to [`Effect::Offer`]: items in the order in which the device holds them.
    Held {
        /// Which document.
        doc: DocId,
        /// Those that were asked for, as far as they are held.
        items: Vec<PushItem>,
    },
    /// The app has done what [`Effect::Recover`] asks; the new changes came as [`Event::Local`].
    Recovered {
        /// Which document.
        doc: DocId,
    },
    /// Something fleeting for whoever has the document open.
    Presence {
        /// Which document.
        doc: DocId,
        /// At most [`PRESENCE`](super::limits::PRESENCE) bytes.
        data: Vec<u8>,
    },
    /// Time has passed; to be fed every second.
    Tick,
}

/// A document as the device store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedDoc {
    /// Which document.
    pub doc: DocId,
    /// Its kind, where an `opened` has told it.
    pub kind: Option<DocKind>,
    /// How far its log has been read.
    pub cursor: u64,
    /// The chain there; `None` with cursor 0.
    pub chain: Option<Chain>,
    /// What was written with the cursor: whether the log may lack something of what is held. It is read anew then.
    pub owes: bool,
    /// The hashes of all its items, those in a snapshot too.
    pub hashes: Vec<ChangeHash>,
    /// Its items that wait for an ack, in the order in which they were made.
    pub waiting: Vec<PushItem>,
    /// Its items that the server has refused for good, and why.
    pub aside: Vec<(ChangeHash, RejectCode)>,
    /// The hashes of a note that was not taken away: the batch that brought the app down.
    pub noted: Vec<ChangeHash>,
}

/// What the app is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket; report with this number.
    Connect {
        /// Its number.
        attempt: u64,
    },
    /// Send a binary frame on the current socket.
    Send(Vec<u8>),
    /// Close the current socket, whatever it says.
    Disconnect,
    /// Fetch the directory and report it. Where it is already being fetched, fetch it once more afterwards.
    FetchDirectory,
    /// Ask for the session, since the server said that there is none. Local work goes on.
    SignedOut,
    /// Send the commands that were answered in the last 30 days once more: the server's memory was reset.
    ResendCommands,
    /// Delete everything on this device, then stop.
    Wipe,
    /// A document was opened, or its access has changed; remember its kind.
    Opened {
        /// Which document.
        doc: DocId,
        /// Its kind.
        kind: DocKind,
        /// What may be done with it.
        mode: Mode,
    },
    /// Write items, cursor, chain and note in one transaction, and take the mark "waiting" away from those of the items
    /// that have one; then report.
    Persist {
        /// Which document.
        doc: DocId,
        /// Its number, to report with.
        batch: u64,
        /// Checked items in log order. Adding one that is there already changes nothing.
        items: Vec<CheckedItem>,
        /// The place after them.
        cursor: u64,
        /// The chain there.
        chain: Chain,
        /// To be written with the cursor, for [`LoadedDoc::owes`].
        owes: bool,
    },
    /// Take a snapshot that a server has made. First note its heads on disk, so that one that brings the app down is
    /// not opened again; [open](super::snapshot::open) it, and take the note away; then write it together with the
    /// place in one transaction: as it is where it is `whole`, else the `new` ones of its changes as items. Report with
    /// [`Event::SnapshotTaken`], [`Event::SnapshotUnsound`] or [`Event::PersistFailed`]. Nothing else of this document
    /// is asked to be written meanwhile; a [`Effect::Delete`] calls it off, or it would bring the document back. One
    /// that brings nothing new is not opened: of that only the place is written, with [`Effect::Persist`].
    TakeSnapshot {
        /// Which document.
        doc: DocId,
        /// Its number, to report with.
        batch: u64,
        /// Its chain and signatures have been checked; its document has not.
        snapshot: Snapshot,
        /// Those of its items that this device does not hold, in log order.
        new: Vec<ChangeHash>,
        /// Whether this device holds nothing of the document.
        whole: bool,
        /// To be written with the cursor, for [`LoadedDoc::owes`].
        owes: bool,
    },
    /// Apply a persisted batch to the document in memory, then report. After a snapshot that was kept whole there are
    /// no changes: what is in memory is to be read from the disk anew.
    Apply {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
        /// Its changes, in log order: those that were not here before.
        changes: Vec<Vec<u8>>,
        /// Their authors, in the same order.
        authors: Vec<DeviceId>,
    },
    /// Take the note of a batch away.
    ClearNote {
        /// Which document.
        doc: DocId,
        /// Which batch.
        batch: u64,
    },
    /// These items are on the server's storage, and in the part of its log that this device has read: take the
    /// mark "waiting" away.
    Acked {
        /// Which document.
        doc: DocId,
        /// Which items.
        hashes: Vec<ChangeHash>,
    },
    /// Report held items with [`Event::Held`], so that they can be offered to the server.
    Offer {
        /// Which document.
        doc: DocId,
        /// Which of them.
        what: Offered,
    },
    /// The server refuses these items for good: keep them aside with the reason, no longer "waiting".
    Aside {
        /// Which document.
        doc: DocId,
        /// Which items, and why.
        items: Vec<(ChangeHash, RejectCode)>,
    },
    /// The server refuses these items also with everything else of their actor. In one transaction keep them
    /// aside and copy their content into new changes of a new actor that do not depend on them; report those as
    /// [`Event::Local`], then [`Event::Recovered`].
    Recover {
        /// Which document.
        doc: DocId,
        /// Which items.
        hashes: Vec<ChangeHash>,
    },
    /// These items were found harmful after the server had stored them, or depend on such: rebuild the document
    /// without them, now and ever after. They stay on disk; where something of this device's own is lost by it, copy
    /// that into new changes of a new actor and report those as [`Event::Local`].
    Void {
        /// Which document.
        doc: DocId,
        /// Which items of those that are held.
        hashes: Vec<ChangeHash>,
    },
    /// Delete the device's copy of a document, waiting items included.
    Delete {
        /// Which document.
        doc: DocId,
    },
    /// Something fleeting from someone who has the document open.
    Presence {
        /// Which document.
        doc: DocId,
        /// Who.
        user: UserId,
        /// On which device.
        device: DeviceId,
        /// Anything.
        data: Vec<u8>,
    },
    /// [`Device::safety`], [`Device::problem`] or [`Device::progress`] may answer differently now.
    Changed,
}

/// Which held items to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offered {
    /// Those of these hashes: what the log lacks after a reset.
    Hashes(Vec<ChangeHash>),
    /// All of an actor.
    Actor(ActorId),
}

/// An item whose chain, hash, signature, actor and dependencies the machine has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedItem {
    /// Its place.
    pub seq: u64,
    /// Its hash.
    pub hash: ChangeHash,
    /// Its author's device; [`DeviceId::GENESIS`] for item 1.
    pub by: DeviceId,
    /// The author's signature; empty for item 1.
    pub sig: Vec<u8>,
    /// The change; `None` where this device holds it already, or where it is void.
    pub data: Option<Vec<u8>>,
}
