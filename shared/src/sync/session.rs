//! The server's side of a connection as a state machine without I/O.
//!
//! A driver feeds it [`Input`]s with the time and does the [`Output`]s in their order. At most one
//! [`Output::Ask`] is unanswered at any moment, and it is the last output of its step; inputs that come meanwhile
//! are kept and taken up after the [`Input::Answer`], so messages take effect and are answered in the order sent.
//! The same machine serves a WebSocket and one `POST /api/sync`.

mod machine;
mod open_docs;
mod reading;

use super::message::{Acked, LogItem, Place, PushItem, Rejected, ServerMessage, SnapshotPiece};
use crate::access::Access;
use crate::domain::kind::DocKind;
use crate::ids::{Chain, DeviceId, DocId, UserId};

pub use machine::Session;

/// What carries the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket: subscriptions, heartbeat, idle limit.
    WebSocket,
    /// One `POST /api/sync`: nothing is subscribed to, and the answer as a whole is bounded.
    Http,
}

/// What happens to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A binary frame, or one element of the array of a `POST`, of at most
    /// [`READABLE_FRAME`](super::limits::READABLE_FRAME) bytes.
    Frame(Vec<u8>),
    /// A text frame, which is never a message.
    Text,
    /// A document that the session subscribed to may have changed: new items, or other access.
    Woken {
        /// Which document.
        doc: DocId,
        /// The place of its newest item where the hint knows it and access has not changed; `None` to look in
        /// any case.
        head: Option<u64>,
    },
    /// What the person may know has changed.
    DirectoryWoken,
    /// Presence from another connection on a document that the session subscribed to.
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
    /// The device was revoked. Goes before everything else, even while an ask is unanswered.
    Wipe,
    /// The session was ended without a revocation: signed out, expired, account disabled.
    SignedOut,
    /// The server stops.
    Stopping,
    /// Time has passed; to be fed every 5 s. Now and then the documents that are open are looked at, which makes up
    /// for hints that were lost.
    Tick,
    /// The answer to the ask.
    Answer(Answer),
}

/// What a driver is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Encode and send.
    Send(ServerMessage),
    /// Send what was sent so far, then close with that code. The last output of a session.
    Close(u16),
    /// Find out, and answer with [`Input::Answer`].
    Ask(Ask),
    /// From now on tell this session when the document changes.
    Subscribe(DocId),
    /// No longer.
    Unsubscribe(DocId),
    /// Hand to every other session on this instance that subscribed to the document.
    Relay {
        /// Which document.
        doc: DocId,
        /// Anything.
        data: Vec<u8>,
    },
}

/// A question to the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Read logs, each from a place, each together with the person's access in one transaction. To be answered
    /// with [`Answer::Read`]: one [`ReadAnswer`] per place, in order, for the first one at least and for as many
    /// as the bytes allow.
    Read {
        /// From where.
        places: Vec<Place>,
        /// Items per document.
        max_items: usize,
        /// Bytes of data of all documents together; the first item of the first document may exceed it. May be 0
        /// for documents of which only place and access are asked.
        max_bytes: usize,
    },
    /// Put a push through the gate. To be answered with [`Answer::Push`].
    Push {
        /// The client's number.
        id: u64,
        /// To which document.
        doc: DocId,
        /// The items.
        items: Vec<PushItem>,
    },
    /// The directory's version for this person now. To be answered with [`Answer::DirectoryVersion`].
    DirectoryVersion,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Read`].
    Read(Vec<ReadAnswer>),
    /// To [`Ask::Push`].
    Push(PushAnswer),
    /// To [`Ask::DirectoryVersion`].
    DirectoryVersion(String),
    /// To any ask: the storage is not available.
    Unavailable,
    /// To any ask: a fault that is not the client's.
    Failed,
}

/// What reading a log gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadAnswer {
    /// Not hers, or not there.
    Denied,
    /// Destroyed, or no longer hers.
    Gone,
    /// This log does not hold the place.
    Reset,
    /// This document cannot be read, others can.
    Failed,
    /// A piece of the snapshot that stands in place of the items 1 … `piece.seq`: the one that follows the place's
    /// part, or the first.
    Snapshot {
        /// The document's kind.
        kind: DocKind,
        /// What may be done with it.
        access: Access,
        /// The place of the newest item.
        head: u64,
        /// The place of the first of the piece's items.
        first: u64,
        /// The piece.
        piece: SnapshotPiece,
    },
    /// Items after the cursor, possibly none.
    Batch {
        /// The document's kind.
        kind: DocKind,
        /// What may be done with it.
        access: Access,
        /// The place of the newest item.
        head: u64,
        /// In order, the first at `cursor + 1`.
        items: Vec<LogItem>,
        /// The chain after the last of them, or at the cursor where there are none.
        chain: Chain,
        /// The places up to the cursor that are void, ascending.
        void: Vec<u64>,
    },
}

/// What became of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushAnswer {
    /// Not hers, or not there.
    Denied,
    /// Destroyed, or no longer hers.
    Gone,
    /// It was judged, and what passed is on durable storage. Each distinct hash is named once.
    Done {
        /// In the log now.
        acked: Vec<Acked>,
        /// Not stored, and why.
        rejected: Vec<Rejected>,
        /// The places of those that this push stored.
        stored: Vec<u64>,
    },
}
