//! Reads an automerge change chunk as bytes, without automerge: who made it, what it builds on, and how many
//! operations it holds. Bytes from a member are not trusted, so nothing is expanded and nothing is allocated
//! beyond what the chunk's own length allows.
//!
//! The layout is that of the automerge binary format: magic, checksum, type, length; then dependencies, actor,
//! sequence number, first operation, time, message, other actors, column specifications and columns.

use sha2::{Digest as _, Sha256};

use super::limits;
use crate::ids::{ActorId, ChangeHash};

pub(super) const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
pub(super) const CHANGE_CHUNK: u8 = 1;
/// Column 4, integer: one action per operation.
const ACTION_COLUMN: u64 = (4 << 4) | 2;
const DEFLATED: u64 = 0b1000;

/// What a change says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedChange {
    /// Its hash, computed.
    pub hash: ChangeHash,
    /// Who made it.
    pub actor: ActorId,
    /// Its number among its actor's changes: 1, 2, 3 …
    pub seq: u64,
    /// The number of its first operation.
    pub start_op: u64,
    /// How many operations it holds.
    pub ops: u64,
    /// What it builds on, ascending.
    pub deps: Vec<ChangeHash>,
    /// When it was made, as its author says; automerge leaves the unit to the application.
    pub time: i64,
}

impl ParsedChange {
    /// The number of its last operation; one below the first where it holds none.
    #[must_use]
    pub fn max_op(&self) -> u64 {
        // Cannot overflow: `parse` bounds both.
        self.start_op + self.ops - 1
    }
}

/// Why bytes are not a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// More operations than a change may have.
    #[error("more than {} operations", limits::OPERATIONS)]
    TooManyOperations,
    /// Not exactly one well-formed uncompressed change.
    #[error("{0}")]
    Malformed(&'static str),
}

use ChunkError::Malformed;

/// Reads exactly one uncompressed change chunk.
///
/// # Errors
/// [`ChunkError`] if it is anything else.
pub fn parse(bytes: &[u8]) -> Result<ParsedChange, ChunkError> {
    let mut header = Reader(bytes);
    if header.take(4)? != MAGIC {
        return Err(Malformed("not an automerge chunk"));
    }
    let checksum = header.take(4)?;
    let hashed_from = header.0;
    if header.take(1)? != [CHANGE_CHUNK] {
        return Err(Malformed("not an uncompressed change chunk"));
    }
    let length = header.unsigned()?;
    if length != header.0.len() as u64 {
        return Err(Malformed("another length than the chunk says"));
    }
    // The hash covers the type, the length as written and the contents; the length's shortest form was
    // enforced, so this is the one hash of the change.
    let hash = ChangeHash(Sha256::digest(hashed_from).into());
    if hash.0[..4] != *checksum {
        return Err(Malformed("wrong checksum"));
    }
    contents(header, hash)
}

fn contents(mut body: Reader<'_>, hash: ChangeHash) -> Result<ParsedChange, ChunkError> {
    let mut deps: Vec<ChangeHash> = Vec::new();
    for _ in 0..body.count(ChangeHash::LEN)? {
        let dep = ChangeHash(body.array()?);
        if deps.last().is_some_and(|last| *last >= dep) {
            return Err(Malformed("dependencies are not ascending"));
        }
        deps.push(dep);
    }
    let actor = body.actor()?;
    let seq = body.unsigned()?;
    let start_op = body.unsigned()?;
    if seq == 0 || start_op == 0 {
        return Err(Malformed("sequence numbers and operations are counted from 1"));
    }
    // Automerge counts operations in 32 bits and refuses more only after decoding.
    if seq > u64::from(u32::MAX) || start_op > u64::from(u32::MAX) {
        return Err(Malformed("a number is too large"));
    }
    let time = body.signed()?;
    let message = body.count(1)?;
    std::str::from_utf8(body.take(message)?).map_err(|_| Malformed("the message is not UTF-8"))?;
    for _ in 0..body.count(1 + ActorId::LEN)? {
        body.actor()?;
    }
    let ops = columns(body)?;
    if start_op + ops - 1 > u64::from(u32::MAX) {
        return Err(Malformed("a number is too large"));
    }
    Ok(ParsedChange { hash, actor, seq, start_op, ops, deps, time })
}

/// Checks the columns' lengths and counts the operations.
fn columns(mut body: Reader<'_>) -> Result<u64, ChunkError> {
    let mut specs: Vec<(u64, usize)> = Vec::new();
    for _ in 0..body.count(2)? {
        let spec = body.unsigned()?;
        let length = usize::try_from(body.unsigned()?).map_err(|_| Malformed("a column is too long"))?;
        if spec > u64::from(u32::MAX) {
            return Err(Malformed("a number is too large"));
        }
        if spec & DEFLATED != 0 {
            return Err(Malformed("a column is compressed"));
        }
        if specs.last().is_some_and(|(last, _)| *last >= spec) {
            return Err(Malformed("columns are not ascending"));
        }
        specs.push((spec, length));
    }
    let mut ops = 0;
    for (spec, length) in specs {
        let column = body.take(length)?;
        if spec == ACTION_COLUMN {
            ops = count_runs(Reader(column))?;
        }
    }
    if !body.0.is_empty() {
        return Err(Malformed("bytes behind the columns"));
    }
    Ok(ops)
}

/// Counts the values of a run-length encoded column of integers: a positive length and one value, a negative
/// length and that many values, or zero and a number of nulls.
fn count_runs(mut column: Reader<'_>) -> Result<u64, ChunkError> {
    let mut total: u64 = 0;
    while !column.0.is_empty() {
        let length = column.signed()?;
        let count = length.unsigned_abs();
        if length == 0 {
            return Err(Malformed("an operation without an action"));
        }
        total = total.saturating_add(count);
        if total > limits::OPERATIONS {
            return Err(ChunkError::TooManyOperations);
        }
        let values = if length > 0 { 1 } else { count };
        for _ in 0..values {
            column.unsigned()?;
        }
    }
    Ok(total)
}

/// The rest of some bytes.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], ChunkError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed("ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ChunkError> {
        self.take(N)?.try_into().map_err(|_| Malformed("ends too early"))
    }

    pub(super) fn actor(&mut self) -> Result<ActorId, ChunkError> {
        if self.unsigned()? != ActorId::LEN as u64 {
            return Err(Malformed("an actor is not 16 bytes"));
        }
        Ok(ActorId(self.array()?))
    }

    /// A count of things that take at least `size` bytes each, so that what is left bounds it.
    fn count(&mut self, size: usize) -> Result<usize, ChunkError> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Malformed("ends too early"))?;
        if count > self.0.len() / size {
            return Err(Malformed("ends too early"));
        }
        Ok(count)
    }

    /// An unsigned LEB128 number of at most 64 bits in its shortest form.
    pub(super) fn unsigned(&mut self) -> Result<u64, ChunkError> {
        let mut value: u64 = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if shift > 0 && byte == 0 {
                    return Err(Malformed("a number is not in its shortest form"));
                }
                return Ok(value);
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// A signed LEB128 number of at most 64 bits in its shortest form.
    pub(super) fn signed(&mut self) -> Result<i64, ChunkError> {
        let mut value: i64 = 0;
        let mut before = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let last = byte & 0x80 == 0;
            if shift == 63 && !(last && (byte == 0 || byte == 0x7f)) {
                break;
            }
            value |= i64::from(byte & 0x7f) << shift;
            if last {
                let negative = byte & 0x40 != 0;
                let repeats_sign = (byte == 0 && before & 0x40 == 0) || (byte == 0x7f && before & 0x40 != 0);
                if shift > 0 && repeats_sign {
                    return Err(Malformed("a number is not in its shortest form"));
                }
                if negative && shift + 7 < 64 {
                    value |= -1 << (shift + 7);
                }
                return Ok(value);
            }
            before = byte;
        }
        Err(Malformed("a number is too large"))
    }
}

#[cfg(test)]
mod tests;
