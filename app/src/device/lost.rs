//! What a person loses when the server finds a change of her own harmful: the text of it and of all that she made on
//! top of it, offered for taking over.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::transaction::Transactable as _;
use automerge::{AutoCommit, Change, ObjType, ReadDoc as _, ScalarValue};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::domain::text;
use shared::ids::{ChangeHash, DocId};

use super::running::Running;
use super::status::Problem;
use super::store::{BLOBS, StoreError, Write};
use super::tabs::Tidings;

/// How the names of what was lost begin; the document follows.
const LOST: &str = "lost/";

/// What was lost of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// What was written, as far as it is not taken over.
    pub pieces: Vec<Piece>,
    /// The changes that were left out with it.
    hashes: Vec<ChangeHash>,
}

/// Something that was written in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// In which object, as automerge names it.
    object: String,
    /// Under which key; none in a text.
    key: Option<String>,
    /// What.
    pub text: String,
}

impl Piece {
    /// Whether it was a value by itself, and no part of a longer text.
    pub fn is_value(&self) -> bool {
        self.key.is_some()
    }
}

/// Characters in a row, each with the operation that wrote it; `None` for one that was deleted again.
type Run = Vec<(OpId, Option<String>)>;

/// What was written in these changes, in order. They were stored by the server, which reads nothing that cannot be
/// decoded.
pub(super) fn pieces(changes: &[&Change]) -> Vec<Piece> {
    let mut texts: Vec<(ObjectId, Run)> = Vec::new();
    let mut values: BTreeMap<(String, String), String> = BTreeMap::new();
    for change in changes {
        let change = change.decode();
        for (number, op) in (change.start_op.get()..).zip(&change.operations) {
            let id = OpId(number, change.actor_id.clone());
            match (&op.key, &op.action) {
                (Key::Seq(after), OpType::Put(ScalarValue::Str(written))) if op.insert => {
                    insert(&mut texts, &op.obj, after, id, written.to_string());
                }
                (Key::Seq(ElementId::Id(gone)), OpType::Delete) => {
                    let all = texts.iter_mut().flat_map(|(_, run)| run);
                    all.filter(|(id, _)| id == gone).for_each(|(_, written)| *written = None);
                }
                (Key::Map(key), OpType::Put(ScalarValue::Str(written))) => {
                    values.insert((op.obj.to_string(), key.to_string()), written.to_string());
                }
                _ => {}
            }
        }
    }
    let text = |(object, run): (ObjectId, Run)| Piece {
        object: object.to_string(),
        key: None,
        text: run.into_iter().filter_map(|(_, written)| written).collect(),
    };
    let value = |((object, key), text)| Piece { object, key: Some(key), text };
    let all = texts.into_iter().map(text).chain(values.into_iter().map(value));
    all.filter(|piece| !piece.text.trim().is_empty()).collect()
}

fn insert(texts: &mut Vec<(ObjectId, Run)>, object: &ObjectId, after: &ElementId, id: OpId, written: String) {
    for (_, run) in texts.iter_mut().filter(|(it, _)| it == object) {
        let place = run.iter().position(|(id, _)| matches!(after, ElementId::Id(after) if after == id));
        if let Some(place) = place {
            return run.insert(place + 1, (id, Some(written)));
        }
    }
    texts.push((object.clone(), vec![(id, Some(written))]));
}

/// Writes a piece anew, where there still is such a place; whether there was.
fn write(doc: &mut AutoCommit, piece: &Piece) -> bool {
    let Ok((object, kind)) = doc.import(&piece.object) else { return false };
    match (&piece.key, kind) {
        (None, ObjType::Text) => {
            let there = doc.text(&object).unwrap_or_default();
            let words = if there.is_empty() || there.ends_with('\n') {
                piece.text.clone()
            } else {
                format!("\n{}", piece.text)
            };
            doc.splice_text(&object, text::width(&there), 0, &words).is_ok()
        }
        (Some(key), ObjType::Map) => doc.put(&object, key.as_str(), piece.text.as_str()).is_ok(),
        _ => false,
    }
}

impl Running {
    /// Reads what was lost.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub(super) async fn read_lost(&self) -> Result<(), StoreError> {
        let found = self.store.all(BLOBS, LOST).await?;
        let lost = |(name, bytes): (String, Vec<u8>)| {
            Some((name.strip_prefix(LOST)?.parse().ok()?, serde_json::from_slice(&bytes).ok()?))
        };
        self.status.lost.set(found.values.into_iter().filter_map(lost).collect());
        self.show_lost();
        Ok(())
    }

    /// What was lost of a document and is not taken over.
    pub(super) fn lost_texts(&self, doc: DocId) -> Vec<String> {
        let text = |lost: &Lost| lost.pieces.iter().map(|piece| piece.text.clone()).collect();
        self.status.lost.with_untracked(|lost| lost.get(&doc).map(text).unwrap_or_default())
    }

    fn show_lost(&self) {
        let lost = self.status.lost.get_untracked();
        let is_open = |doc: &DocId| lost.get(doc).is_some_and(|it| !it.pieces.is_empty());
        self.status.solve_where(|it| matches!(it, Problem::Lost { document } if !is_open(document)));
        for document in lost.keys().copied().filter(is_open) {
            self.status.report(Problem::Lost { document });
        }
    }

    /// The changes of which what was lost has been offered: nothing more is to be said of them.
    pub(super) fn offered(&self, doc: DocId) -> HashSet<ChangeHash> {
        self.status
            .lost
            .with_untracked(|lost| lost.get(&doc).into_iter().flat_map(|it| &it.hashes).copied().collect())
    }

    /// Offers what was lost with these changes, of which `own` were made here; none where nothing was.
    pub(super) fn offer(&self, doc: DocId, own: &[&Change], hashes: &HashSet<ChangeHash>) -> Option<Write> {
        let pieces = pieces(own);
        if pieces.is_empty() {
            return None;
        }
        self.status.lost.update(|lost| {
            let lost = lost.entry(doc).or_default();
            for piece in pieces {
                if !lost.pieces.contains(&piece) {
                    lost.pieces.push(piece);
                }
            }
            lost.hashes.extend(hashes);
            lost.hashes.sort_unstable();
            lost.hashes.dedup();
        });
        self.show_lost();
        Some(self.lost_write(doc))
    }

    fn lost_write(&self, doc: DocId) -> Write {
        let lost = self.status.lost.with_untracked(|lost| lost.get(&doc).cloned().unwrap_or_default());
        // Plain data: it always has a JSON form.
        Write::Put(BLOBS, format!("{LOST}{doc}"), serde_json::to_vec(&lost).unwrap_or_default())
    }

    /// Takes over what was lost of a document: written anew where there still is such a place.
    pub(super) async fn take_over(self: &Rc<Self>, doc: DocId) {
        self.read_now(doc).await;
        if self.may_write(doc).is_err() {
            return;
        }
        let held = self.held(doc);
        self.commit(&held);
        let offered = self.status.lost.with_untracked(|lost| lost.get(&doc).cloned().unwrap_or_default());
        let written = held.change(|document| {
            let left: Vec<Piece> =
                offered.pieces.into_iter().filter(|piece| !write(document, piece)).collect();
            Ok::<_, super::EditError>(left)
        });
        // Not here: it stays offered.
        let Ok(left) = written else { return };
        self.commit(&held);
        held.changed.notify();
        self.settle_lost(doc, left);
    }

    /// The person does without what was lost, or has it elsewhere.
    pub(super) fn do_without(self: &Rc<Self>, doc: DocId) {
        self.settle_lost(doc, Vec::new());
    }

    fn settle_lost(self: &Rc<Self>, doc: DocId, left: Vec<Piece>) {
        self.status.lost.update(|lost| {
            if let Some(lost) = lost.get_mut(&doc) {
                lost.pieces = left;
            }
        });
        self.show_lost();
        let running = self.clone();
        // In one transaction with what was written, which has just been queued.
        self.writer.own(vec![self.lost_write(doc)], move || running.tabs.tell(&Tidings::Lost));
    }

    /// The name of what was lost of a document.
    pub(super) fn lost_name(doc: DocId) -> String {
        format!("{LOST}{doc}")
    }
}

#[cfg(test)]
mod tests {
    use automerge::{ROOT, TextEncoding};

    use super::*;

    fn begun() -> (AutoCommit, automerge::ObjId) {
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        let text = doc.put_object(ROOT, "text", ObjType::Text).unwrap();
        doc.splice_text(&text, 0, 0, "Begin.").unwrap();
        doc.commit();
        (doc, text)
    }

    fn lost(doc: &mut AutoCommit, from: &[automerge::ChangeHash]) -> Vec<Piece> {
        doc.commit();
        let changes = doc.get_changes(from);
        pieces(&changes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_was_typed_is_found_as_it_was_left() {
        let (mut doc, text) = begun();
        let before = doc.get_heads();
        for (at, del, words) in
            [(6, 0, " Dit is wg."), (17, 0, " En dit."), (14, 2, "weg"), (0, 0, "Vooraan. ")]
        {
            doc.splice_text(&text, at, del, words).unwrap();
            doc.commit();
        }
        doc.put(ROOT, "titel", "Eerst").unwrap();
        doc.put(ROOT, "titel", "Titel").unwrap();
        let found: Vec<String> = lost(&mut doc, &before).into_iter().map(|piece| piece.text).collect();
        assert_eq!(found, [" Dit is weg. En dit.", "Vooraan. ", "Titel"]);
    }

    #[test]
    fn it_is_written_anew_where_there_still_is_such_a_place() {
        let (mut doc, text) = begun();
        let (before, mut kept) = (doc.get_heads(), doc.fork());
        doc.splice_text(&text, 6, 0, "Weg.").unwrap();
        let new = doc.put_object(ROOT, "nieuw", ObjType::Text).unwrap();
        doc.splice_text(&new, 0, 0, "Nergens.").unwrap();
        doc.put(ROOT, "titel", "Titel").unwrap();
        let found = lost(&mut doc, &before);
        assert_eq!(found.len(), 3);
        let left: Vec<_> =
            found.iter().filter(|piece| !write(&mut kept, piece)).map(|it| it.text.as_str()).collect();
        assert_eq!(left, ["Nergens."]);
        assert_eq!(kept.text(&text).unwrap(), "Begin.\nWeg.");
        assert_eq!(kept.get(ROOT, "titel").unwrap().unwrap().0.as_str(), Some("Titel"));
    }
}
