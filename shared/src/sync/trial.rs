//! The trial: a log applied as devices will, saved and loaded, to find what is well-formed and still leaves no sound
//! document. Automerge panics and runs away on crafted changes, so a server only does this in a process that it can
//! do without.

use automerge::legacy::{Key, ObjectId, Op};
use automerge::{AutoCommit, AutomergeError, Change, LoadOptions, ObjId, ROOT, ReadDoc as _, TextEncoding};

/// Why a log leaves no sound document.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A change cannot be read.
    #[error("a change cannot be read: {0}")]
    Unreadable(String),
    /// Automerge refuses it.
    #[error("automerge refuses it: {0}")]
    Refused(#[from] AutomergeError),
    /// Not all changes were applied.
    #[error("{applied} of {given} changes were applied")]
    Missing {
        /// How many there were.
        given: usize,
        /// How many the document has.
        applied: usize,
    },
    /// Automerge takes it, and its order is lost: later changes, of whoever, could fail on it.
    #[error("an operation at a place that its object cannot have")]
    Misplaced,
    /// What was saved is not what was loaded.
    #[error("what is loaded is not what was saved")]
    Changed,
}

/// Loads the document chunk `base`, where there is one, applies `tried` changes at once and the `new` ones after them,
/// in log order; saves and loads.
///
/// # Errors
/// [`Fault`].
///
/// # Panics
/// On some crafted changes.
pub fn trial(base: Option<&[u8]>, tried: &[&[u8]], new: &[&[u8]]) -> Result<(), Fault> {
    let mut doc = match base {
        Some(base) => load(base)?,
        None => AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit),
    };
    // None were given twice: then the document would have fewer in the end than it was given.
    let based = if base.is_some() { doc.get_changes(&[]).len() } else { 0 };
    doc.apply_changes(read(tried)?)?;
    // From here on it is told what each change does, as a device is.
    doc.update_diff_cursor();
    let new = read(new)?;
    doc.apply_changes(new.clone())?;
    let _ = doc.diff_incremental();
    let given = based + tried.len() + new.len();
    let applied = doc.get_changes(&[]).len();
    if applied != given {
        return Err(Fault::Missing { given, applied });
    }
    if !new.iter().all(|change| change.decode().operations.iter().all(|op| is_placed(&doc, op))) {
        return Err(Fault::Misplaced);
    }
    let mut loaded = load(&doc.save())?;
    let same =
        loaded.get_heads() == doc.get_heads() && loaded.hydrate(ROOT, None)? == doc.hydrate(ROOT, None)?;
    if same { Ok(()) } else { Err(Fault::Changed) }
}

fn load(chunk: &[u8]) -> Result<AutoCommit, AutomergeError> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    AutoCommit::load_with_options(chunk, options)
}

/// Whether an operation is at a key of a map, or at an element of a list or text.
fn is_placed(doc: &AutoCommit, op: &Op) -> bool {
    let kind = match &op.obj {
        ObjectId::Root => doc.object_type(ROOT),
        ObjectId::Id(id) => doc.object_type(ObjId::Id(id.0, id.1.clone(), 0)),
    };
    match &op.key {
        Key::Map(_) => kind.is_ok_and(|kind| !kind.is_sequence()) && !op.insert,
        Key::Seq(_) => kind.is_ok_and(|kind| kind.is_sequence()),
    }
}

fn read(chunks: &[&[u8]]) -> Result<Vec<Change>, Fault> {
    chunks
        .iter()
        .map(|chunk| Change::try_from(*chunk).map_err(|error| Fault::Unreadable(error.to_string())))
        .collect()
}

#[cfg(test)]
mod tests;
