//! The bounds of the protocol. All are inclusive and hold both ways.

/// Bytes of a message; also of the body of `POST /api/sync`.
pub const FRAME: usize = 1_048_576;
/// Bytes up to which an oversized message is still read, to be answered with `too_large`.
pub const READABLE_FRAME: usize = 4 * 1_048_576;
/// Bytes of one change.
pub const CHANGE: usize = 262_144;
/// Operations of one change.
pub const OPERATIONS: u64 = 100_000;
/// Documents per `open`.
pub const OPEN: usize = 1_000;
/// Items per `push` and per `changes`.
pub const PUSH: usize = 256;
/// Bytes of the document chunk in one piece of a snapshot. With its items a piece is smaller than the largest change,
/// so that it fits wherever one of those does.
pub const SNAPSHOT_PIECE: usize = 196_608;
/// Bytes of a snapshot, and items that it stands for: what a device takes at most.
pub const SNAPSHOT: u64 = 512 * 1_048_576;
/// Heads of a snapshot's document, which every piece repeats. A document with more waits for a change that brings them
/// together.
pub const SNAPSHOT_HEADS: usize = 256;
/// Bytes of the data of a `presence`.
pub const PRESENCE: usize = 1_024;
/// Bytes of the text that a client says it is.
pub const CLIENT: usize = 64;
/// Documents open on one connection.
pub const DOCS: usize = 10_000;
/// Bytes of pushed changes that a client keeps in flight.
pub const UNACKED: usize = 4 * 1_048_576;
/// Messages in one `POST /api/sync`.
pub const HTTP_MESSAGES: usize = 1_000;
/// Bytes of the answer to one `POST /api/sync`.
pub const HTTP_ANSWER: usize = 4 * 1_048_576;
/// Bytes that a browser sends after its page has closed (`keepalive`).
pub const KEEPALIVE: usize = 60 * 1_024;
/// Malformed messages within [`MALFORMED_WINDOW_MS`] that end a connection.
pub const MALFORMED: usize = 20;
/// The window in which malformed messages are counted, in ms.
pub const MALFORMED_WINDOW_MS: u64 = 60_000;
/// How long a client may be silent, in ms.
pub const IDLE_MS: u64 = 60_000;
/// How long the server may go without looking at the documents that a connection has open, in ms: a hint that was
/// lost is made up for within 30 s, time told every 5 s included.
pub const LOOK_MS: u64 = 25_000;
/// How often a client sends `ping`, in ms.
pub const PING_MS: u64 = 15_000;
/// How long a client waits for a sign of life after a `ping`, in ms.
pub const PONG_MS: u64 = 10_000;
/// The greatest integer of the protocol, 2^53 − 1: what every JavaScript number holds exactly.
pub const INTEGER: u64 = (1 << 53) - 1;
/// Maps and arrays within each other in one message, the message's own map included.
pub const NESTING: usize = 8;

/// What `welcome` says of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// [`FRAME`]
    pub frame: u64,
    /// [`CHANGE`]
    pub change: u64,
    /// [`OPEN`]
    pub open: u64,
    /// [`PUSH`]
    pub push: u64,
    /// [`PRESENCE`]
    pub presence: u64,
    /// [`DOCS`]
    pub docs: u64,
    /// [`UNACKED`]
    pub unacked: u64,
}

impl Limits {
    /// Those of this version.
    pub const OURS: Self = Self {
        frame: FRAME as u64,
        change: CHANGE as u64,
        open: OPEN as u64,
        push: PUSH as u64,
        presence: PRESENCE as u64,
        docs: DOCS as u64,
        unacked: UNACKED as u64,
    };
}
