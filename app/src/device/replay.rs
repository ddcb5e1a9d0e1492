//! Content of changes that the server refuses for good, copied into new changes of a new actor. The refused
//! ones stay on disk, replaced.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use automerge::transaction::Transactable;
use automerge::{
    AutoCommit, AutomergeError, Change, ObjId, ObjType, Patch, PatchAction, Prop, TextEncoding, Value,
};
use leptos::prelude::*;
use shared::ids::{ActorId, ChangeHash, DocId};

use super::documents::LocalCopy;
use super::platform;
use super::running::Running;
use super::status::Problem;
use super::store::records::{StoredItem, item_prefix, parse_item_key, replaced_key};
use super::store::{ITEMS, OUTBOX, Write};

/// Operations after which a piece of a split change is complete: far below what a change may have, in
/// operations and in bytes.
const PIECE: usize = 20_000;

/// Rebuilds the document without `refused` and writes what they said anew.
pub(super) async fn recover(running: &Rc<Running>, doc: DocId, refused: &[ChangeHash]) {
    rebuild(running, doc, refused.iter().copied().collect(), true).await;
}

/// Rebuilds the document without what is void and what depends on it. What is lost is written anew where some of it
/// was written here: two devices may then say the same twice, and nothing typed is dropped.
pub(super) async fn leave_out(running: &Rc<Running>, doc: DocId, void: &[ChangeHash]) {
    if void.iter().all(|hash| running.marks.borrow().is_replaced(doc, *hash)) {
        return;
    }
    rebuild(running, doc, void.iter().copied().collect(), false).await;
}

/// Leaves `refused` and all that depends on it out; writes it anew, or only if some is this device's own.
async fn rebuild(running: &Rc<Running>, doc: DocId, mut refused: HashSet<ChangeHash>, anew: bool) {
    running.flush().await;
    running.read_now(doc).await;
    let Ok(found) = running.store.all(ITEMS, &item_prefix(doc)).await else { return };
    let own = running.identity.me.device;
    let mut held_items = Vec::new();
    for (key, bytes) in found.values {
        let Some((_, hash)) = parse_item_key(&key) else { continue };
        let Some(StoredItem { by, data: Some(data), .. }) = StoredItem::decode(&bytes) else { continue };
        if running.marks.borrow().leaves_out(doc, hash) {
            continue;
        }
        let Ok(change) = Change::from_bytes(data) else { continue };
        held_items.push((hash, by, change));
    }
    // An item's first operation has a higher number than all those it depends on.
    held_items.sort_by_key(|(.., change)| change.start_op());
    let (mut kept, mut all, mut lost_own) = (Vec::new(), Vec::new(), false);
    for (hash, by, change) in held_items {
        if change.deps().iter().any(|dep| refused.contains(&ChangeHash(dep.0))) {
            refused.insert(hash);
        }
        if refused.contains(&hash) {
            lost_own |= by == own;
        } else {
            kept.push(change.clone());
        }
        all.push(change);
    }
    if !anew && !lost_own {
        all.clone_from(&kept);
    }
    let actor = ActorId::of_device(own, platform::random());
    let rebuilt = without(kept, all, actor);
    let held = running.held(doc);
    match rebuilt {
        Ok(rebuilt) => {
            *held.copy.borrow_mut() = LocalCopy::Ready(Box::new(rebuilt));
            let marks = refused.iter().map(|hash| Write::Put(OUTBOX, replaced_key(doc, *hash), Vec::new()));
            running.marks.borrow_mut().replace(doc, refused.iter().copied());
            // Before the replacement: what comes in between is written twice, never lost, since the
            // machine asks again for what it has not heard to be recovered.
            running.commit(&held);
            running.writer.own(marks.collect(), || ());
            running.writer.flushed().await;
        }
        Err(_) => running.status.report(Problem::Refused { document: doc }),
    }
    held.changed.notify();
}

/// The document made of `kept`, with an open transaction that says what the rest of `all` said.
fn without(kept: Vec<Change>, all: Vec<Change>, actor: ActorId) -> Result<AutoCommit, AutomergeError> {
    let new = || AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let mut rebuilt = new().with_actor(automerge::ActorId::from(actor.0.as_slice()));
    rebuilt.apply_changes(kept)?;
    let before = rebuilt.get_heads();
    let mut whole = new();
    whole.apply_changes(all)?;
    let after = whole.get_heads();
    let patches = whole.diff(&before, &after);
    let mut made = HashMap::new();
    for patch in patches {
        replay(&mut rebuilt, &mut made, patch, &mut |_| ())?;
    }
    Ok(rebuilt)
}

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
        pieces.extend(super::documents::commit(doc, now_ms));
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
