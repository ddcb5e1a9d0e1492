//! The messages of the protocol as types; [`super::codec`] turns them into bytes and back.

use super::limits::Limits;
use crate::access::Access;
use crate::ids::{Chain, ChangeHash, DeviceId, DocId, UserId};

/// The version of the protocol.
pub const VERSION: u64 = 1;
/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "loopbaanmaat.sync.v1";
/// The media type of `POST /api/sync`.
pub const MEDIA_TYPE: &str = "application/cbor";

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// The first message.
    Hello {
        /// The version that the client speaks.
        version: u64,
        /// What the client is, for logs.
        client: String,
    },
    /// Subscribes to documents, each from a place.
    Open {
        /// The documents, each once.
        docs: Vec<Place>,
    },
    /// Delivers changes.
    Push {
        /// The client's number for this push.
        id: u64,
        /// To which document.
        doc: DocId,
        /// The changes, in an order in which each comes after what it depends on.
        items: Vec<PushItem>,
    },
    /// Unsubscribes.
    Close {
        /// From which document.
        doc: DocId,
    },
    /// Asks for a sign of life.
    Ping {
        /// Comes back in the `pong`.
        n: u64,
    },
    /// Something fleeting for whoever has the document open.
    Presence {
        /// Which document.
        doc: DocId,
        /// Anything, never stored.
        data: Vec<u8>,
    },
}

/// How far a device has read a document's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which document.
    pub doc: DocId,
    /// The place of the last item that the device has; 0 for none.
    pub cursor: u64,
    /// The chain there; `None` with cursor 0, and only then.
    pub chain: Option<Chain>,
    /// Where the device is in the middle of a snapshot: what it has of it.
    pub part: Option<SnapshotPart>,
}

impl Place {
    /// Before the first item.
    #[must_use]
    pub fn start(doc: DocId) -> Self {
        Self { doc, cursor: 0, chain: None, part: None }
    }
}

/// How much a device has of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotPart {
    /// The place up to which the snapshot goes.
    pub seq: u64,
    /// Bytes of it that the device has, from the start; the items of those pieces too.
    pub offset: u64,
}

/// A piece of a snapshot, which is an automerge document in place of the items 1 … `seq` of a log. Pieces follow
/// each other; the last one has the last bytes and the last items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPiece {
    /// The place up to which it goes.
    pub seq: u64,
    /// The chain there.
    pub chain: Chain,
    /// The heads of the document, ascending.
    pub heads: Vec<ChangeHash>,
    /// Bytes of the whole document chunk.
    pub size: u64,
    /// Where in it `data` begins.
    pub offset: u64,
    /// Bytes of it.
    pub data: Vec<u8>,
    /// The next items that it stands for, in log order.
    pub items: Vec<SnapshotItem>,
}

/// An item of a log whose change is in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotItem {
    /// The hash of its change.
    pub hash: ChangeHash,
    /// Its author's device; [`DeviceId::GENESIS`] for item 1.
    pub by: DeviceId,
    /// The author's signature; empty for item 1.
    pub sig: Vec<u8>,
    /// Found harmful after storing: it has its place in the log, and the snapshot does not hold it.
    pub void: bool,
}

/// A change on its way to the server, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushItem {
    /// Its hash, as claimed.
    pub hash: ChangeHash,
    /// Its author's device, as claimed.
    pub by: DeviceId,
    /// The author's signature; of any length until checked.
    pub sig: Vec<u8>,
    /// The change chunk.
    pub data: Vec<u8>,
}

/// An item of a document's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogItem {
    /// Its place.
    pub seq: u64,
    /// The hash of its change.
    pub hash: ChangeHash,
    /// Its author's device; [`DeviceId::GENESIS`] for item 1.
    pub by: DeviceId,
    /// The author's signature; empty for item 1.
    pub sig: Vec<u8>,
    /// The change.
    pub data: Body,
}

/// The change of a [`LogItem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The change chunk.
    Data(Vec<u8>),
    /// Left out, since this connection's own push stored it.
    Own,
    /// Found harmful after storing; never applied.
    Void,
}

impl Body {
    /// The change chunk, where there is one.
    #[must_use]
    pub fn data(&self) -> Option<&[u8]> {
        match self {
            Self::Data(data) => Some(data),
            Self::Own | Self::Void => None,
        }
    }
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome {
        /// Who is signed in.
        user: UserId,
        /// On which device.
        device: DeviceId,
        /// The server's clock, in ms since 1970.
        now: u64,
        /// What may be sent.
        limits: Limits,
    },
    /// A document is open, or the access to an open one has changed.
    Opened {
        /// Which document.
        doc: DocId,
        /// Its kind, as its code; a client opens only kinds that it knows.
        kind: String,
        /// What may be done with it.
        access: Mode,
        /// The place of the newest item.
        head: u64,
    },
    /// Not yours or not there.
    Denied {
        /// Which document.
        doc: DocId,
        /// The push that it answers.
        id: Option<u64>,
    },
    /// Destroyed or no longer yours: to be deleted.
    Gone {
        /// Which document.
        doc: DocId,
        /// The push that it answers.
        id: Option<u64>,
    },
    /// The log does not hold the device's place; the document is closed.
    Reset {
        /// Which document.
        doc: DocId,
    },
    /// Items of a log.
    Changes {
        /// Of which document.
        doc: DocId,
        /// The place before the first of them.
        from: u64,
        /// In order, without gaps.
        items: Vec<LogItem>,
        /// The chain after the last of them.
        chain: Chain,
    },
    /// A piece of a snapshot, in place of items 1 … `seq`.
    Snapshot {
        /// Of which document.
        doc: DocId,
        /// The piece.
        piece: SnapshotPiece,
    },
    /// Items are on durable storage.
    Ack {
        /// Which push.
        id: u64,
        /// Which document.
        doc: DocId,
        /// The items and their places.
        items: Vec<Acked>,
    },
    /// Items were not stored.
    Reject {
        /// Which push.
        id: u64,
        /// Which document.
        doc: DocId,
        /// The items and why.
        items: Vec<Rejected>,
    },
    /// Items were found harmful after storing: they keep their places and are never applied.
    Void {
        /// Of which document.
        doc: DocId,
        /// Their places, ascending.
        items: Vec<u64>,
    },
    /// What the person may know has changed.
    Directory {
        /// The directory's version now.
        version: String,
    },
    /// The device was revoked: delete everything.
    Wipe,
    /// A sign of life.
    Pong {
        /// As in the `ping`.
        n: u64,
        /// The server's clock, in ms since 1970.
        now: u64,
    },
    /// Something fleeting from another connection.
    Presence {
        /// Of which document.
        doc: DocId,
        /// Who.
        user: UserId,
        /// On which device.
        device: DeviceId,
        /// Anything.
        data: Vec<u8>,
    },
    /// Something was wrong.
    Error {
        /// What.
        code: ErrorCode,
        /// The same in words, for a developer.
        message: String,
        /// The document that it is about.
        doc: Option<DocId>,
        /// The push that it answers.
        id: Option<u64>,
        /// When trying again makes sense.
        retry_after_ms: Option<u64>,
    },
}

/// An item that the log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Which.
    pub hash: ChangeHash,
    /// Its place.
    pub seq: u64,
}

/// An item that the log refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected {
    /// Which.
    pub hash: ChangeHash,
    /// Why.
    pub code: RejectCode,
}

/// What may be done with an open document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Read it.
    Read,
    /// Read it and add to it.
    Write,
}

impl Mode {
    /// The mode that `access` opens a document in; none where it opens nothing.
    #[must_use]
    pub fn of(access: Access) -> Option<Self> {
        match access {
            Access::None => None,
            Access::Read => Some(Self::Read),
            Access::Write => Some(Self::Write),
        }
    }
}

impl From<Mode> for Access {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Read => Self::Read,
            Mode::Write => Self::Write,
        }
    }
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A code that this version does not know; never sent.
            Unknown,
        }

        impl $name {
            /// Every code of this version.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code on the wire.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                    Self::Unknown => "unknown",
                }
            }

            /// What `code` means.
            #[must_use]
            pub fn from_code(code: &str) -> Self {
                match code {
                    $($code => Self::$variant,)+
                    _ => Self::Unknown,
                }
            }
        }
    };
}

codes!(
    /// Why an item was not stored, in the order of the gate's checks.
    RejectCode {
        /// More bytes or operations than a change may have.
        TooLarge = "too_large",
        /// Not exactly one well-formed change that fits the log.
        BadChunk = "bad_chunk",
        /// Not the hash of the change.
        BadHash = "bad_hash",
        /// No device of that id.
        UnknownDevice = "unknown_device",
        /// Not signed by its author's device for this document.
        BadSignature = "bad_signature",
        /// The author never could write this document.
        ReadOnly = "read_only",
        /// The actor cannot be one of the author's device.
        ActorTaken = "actor_taken",
        /// Not the next change of its actor.
        SeqGap = "seq_gap",
        /// Depends on a change that the log does not have.
        MissingDeps = "missing_deps",
        /// Brought down the worker that looked at it.
        Quarantined = "quarantined",
    }
);

codes!(
    /// What was wrong with a message.
    ErrorCode {
        /// Not a message of this protocol.
        BadMessage = "bad_message",
        /// Not at this moment.
        BadOrder = "bad_order",
        /// A version that is not spoken here.
        BadVersion = "bad_version",
        /// Over a limit.
        TooLarge = "too_large",
        /// Too often.
        RateLimited = "rate_limited",
        /// Not just now.
        Unavailable = "unavailable",
        /// A fault of the server.
        Internal = "internal",
    }
);

/// Why a connection is closed, as the WebSocket close codes of the protocol.
pub mod close {
    /// The server stops, or the client was silent for too long.
    pub const GOING_AWAY: u16 = 1001;
    /// The client broke the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// The client sent too many malformed messages.
    pub const POLICY: u16 = 1008;
    /// A message was too large to be read.
    pub const SIZE: u16 = 1009;
    /// Storage is unavailable, or nothing could be written for 30 s.
    pub const TRY_LATER: u16 = 1013;
    /// No session, or no longer.
    pub const SIGNED_OUT: u16 = 4401;
}
