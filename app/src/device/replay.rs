//! What a change says, said again in pieces that can be sent.

use std::collections::HashMap;

use automerge::transaction::Transactable;
use automerge::{AutoCommit, AutomergeError, Change, ObjId, ObjType, Patch, PatchAction, Prop, Value};

/// Operations after which a piece of a split change is complete: far below what a change may have, in
/// operations and in bytes.
const PIECE: usize = 20_000;

/// Splits a change that is too large to be sent. `doc` is left without it and with changes of the same actor
/// that say the same in its place; they are returned in order. Nothing of the large one may have been kept.
///
/// # Errors
/// When the change cannot be repeated in pieces; `doc` is as it was.
pub(super) fn split(
    doc: &mut AutoCommit,
    large: &Change,
    now_ms: u64,
) -> Result<Vec<Change>, AutomergeError> {
    let actor = doc.get_actor().clone();
    let mut rebuilt = doc.fork_at(large.deps())?;
    rebuilt.set_actor(actor);
    let patches = doc.diff(large.deps(), &[large.hash()]);
    let mut pieces = Vec::new();
    let mut commit = |doc: &mut AutoCommit| {
        pieces.extend(super::held::commit(doc, now_ms));
    };
    let mut made = HashMap::new();
    for patch in patches {
        replay(&mut rebuilt, &mut made, patch, &mut commit)?;
    }
    commit(&mut rebuilt);
    *doc = rebuilt;
    Ok(pieces)
}

/// Does to `doc` what a patch says. `made` maps objects that patches made to their new selves; `full` is called
/// whenever what was done is enough for a change.
fn replay(
    doc: &mut AutoCommit,
    made: &mut HashMap<ObjId, ObjId>,
    patch: Patch,
    full: &mut impl FnMut(&mut AutoCommit),
) -> Result<(), AutomergeError> {
    if doc.pending_ops() >= PIECE {
        full(doc);
    }
    let obj = made.get(&patch.obj).cloned().unwrap_or(patch.obj);
    match patch.action {
        PatchAction::PutMap { key, value: (value, id), .. } => {
            put(doc, made, &obj, Prop::Map(key), value, id)
        }
        PatchAction::PutSeq { index, value: (value, id), .. } => {
            put(doc, made, &obj, Prop::Seq(index), value, id)
        }
        PatchAction::Insert { index, values } => {
            for (offset, (value, id, _)) in values.iter().enumerate() {
                match value {
                    Value::Object(kind) => {
                        let new = doc.insert_object(&obj, index + offset, *kind)?;
                        made.insert(id.clone(), new);
                    }
                    Value::Scalar(scalar) => {
                        doc.insert(&obj, index + offset, scalar.clone().into_owned())?;
                    }
                }
            }
            Ok(())
        }
        PatchAction::SpliceText { mut index, value, .. } => {
            let text: Vec<char> = value.make_string().chars().collect();
            for piece in text.chunks(PIECE) {
                let piece: String = piece.iter().collect();
                doc.splice_text(&obj, index, 0, &piece)?;
                index += shared::domain::text::width(&piece);
                if doc.pending_ops() >= PIECE {
                    full(doc);
                }
            }
            Ok(())
        }
        PatchAction::Increment { prop, value } => doc.increment(&obj, prop, value),
        PatchAction::DeleteMap { key } => doc.delete(&obj, key),
        PatchAction::DeleteSeq { index, length } => {
            if matches!(automerge::ReadDoc::object_type(doc, &obj), Ok(ObjType::Text)) {
                doc.splice_text(&obj, index, isize::try_from(length).unwrap_or(isize::MAX), "")
            } else {
                (0..length).try_for_each(|_| doc.delete(&obj, index))
            }
        }
        // Which of two values shows is decided by the change that put them; marks are not used here.
        PatchAction::Conflict { .. } | PatchAction::Mark { .. } => Ok(()),
    }
}

fn put(
    doc: &mut AutoCommit,
    made: &mut HashMap<ObjId, ObjId>,
    obj: &ObjId,
    prop: Prop,
    value: Value<'_>,
    id: ObjId,
) -> Result<(), AutomergeError> {
    match value {
        Value::Object(kind) => {
            let new = doc.put_object(obj, prop, kind)?;
            made.insert(id, new);
            Ok(())
        }
        Value::Scalar(scalar) => doc.put(obj, prop, scalar.into_owned()),
    }
}
