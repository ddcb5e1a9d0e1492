//! Messages as CBOR and back.
//!
//! Strict on what comes in: one map per message, text keys, definite lengths, integers of major type 0 up to
//! 2^53 − 1; no tags, floats, duplicate keys, nesting over 8 or bytes behind the map. Unknown keys are ignored,
//! but what stands behind them is held to the same rules.

mod decode;
mod encode;
mod value;

pub use decode::{decode_client, decode_server, peek, split};
pub use encode::{client, join, server};

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not a message of this protocol.
    #[error("{0}")]
    Malformed(&'static str),
    /// More elements than an array may have.
    #[error("too many messages")]
    TooMany,
}

#[cfg(test)]
mod tests;
