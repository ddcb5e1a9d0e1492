//! Check 11: a change as automerge reads and writes it.

use automerge::Change;

use crate::sync::message::RejectCode;

/// Has automerge decode a change on its own and encode it again: whatever it would not have written like that is
/// refused, since its reader is more generous than what comes behind it. Automerge panics and runs away on crafted
/// bytes, so those of a stranger are only given to it in a process that can be done without.
///
/// # Errors
/// [`RejectCode::BadChunk`].
///
/// # Panics
/// On some crafted changes.
pub fn decode(data: &[u8]) -> Result<(), RejectCode> {
    let change = Change::try_from(data).map_err(|_| RejectCode::BadChunk)?;
    let again = Change::from(change.decode());
    if again.raw_bytes() == data { Ok(()) } else { Err(RejectCode::BadChunk) }
}
