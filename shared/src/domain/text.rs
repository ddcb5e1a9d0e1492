//! Changing an automerge text the way a text field changes. Every position is in UTF-16 code units, as in the
//! DOM.

use automerge::transaction::Transactable;
use automerge::{ObjId, ObjType, Value};

use super::entry::WriteError;

/// One replacement: `delete` units at `at` make way for `insert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Where it begins.
    pub at: usize,
    /// How many units go.
    pub delete: usize,
    /// What comes instead.
    pub insert: String,
}

impl Splice {
    /// The smallest replacement that makes `new` of `old`; none if they are equal. It never cuts a surrogate
    /// pair in two.
    #[must_use]
    pub fn between(old: &str, new: &str) -> Option<Self> {
        if old == new {
            return None;
        }
        // Whole characters are compared, so both ends fall between characters.
        let prefix: usize = old
            .chars()
            .zip(new.chars())
            .take_while(|(one, other)| one == other)
            .map(|(it, _)| it.len_utf8())
            .sum();
        let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
        let suffix: usize = old_rest
            .chars()
            .rev()
            .zip(new_rest.chars().rev())
            .take_while(|(one, other)| one == other)
            .map(|(it, _)| it.len_utf8())
            .sum();
        Some(Self {
            at: width(&old[..prefix]),
            delete: width(&old_rest[..old_rest.len() - suffix]),
            insert: new_rest[..new_rest.len() - suffix].to_owned(),
        })
    }

    /// Where `position` is after this replacement, for instance that of the caret.
    #[must_use]
    pub fn moved(&self, position: usize) -> usize {
        let end = self.at + self.delete;
        if position <= self.at {
            position
        } else if position >= end {
            position - self.delete + width(&self.insert)
        } else {
            self.at + width(&self.insert)
        }
    }

    /// This replacement as it is to be made after `meanwhile` was made to the same old text: what both delete is
    /// deleted once, and what either inserts stays.
    #[must_use]
    pub fn after(&self, meanwhile: &Self) -> Self {
        let end = self.at + self.delete;
        let their_end = meanwhile.at + meanwhile.delete;
        let shift = width(&meanwhile.insert);
        if end <= meanwhile.at {
            return self.clone();
        }
        if self.at >= their_end {
            return Self { at: self.at - meanwhile.delete + shift, ..self.clone() };
        }
        // They overlap. Delete only what is left of ours on one side of their insertion: before it, if there is
        // any, else behind it. What stays too much is better than a word too few.
        if self.at < meanwhile.at {
            Self { at: self.at, delete: meanwhile.at - self.at, insert: self.insert.clone() }
        } else {
            Self {
                at: meanwhile.at + shift,
                delete: end.saturating_sub(their_end),
                insert: self.insert.clone(),
            }
        }
    }

    /// Makes the replacement in `text`.
    ///
    /// # Errors
    /// If it reaches past the text's end.
    pub fn apply<T: Transactable>(&self, doc: &mut T, text: &ObjId) -> Result<(), WriteError> {
        let delete = isize::try_from(self.delete).unwrap_or(isize::MAX);
        Ok(doc.splice_text(text, self.at, delete, &self.insert)?)
    }
}

/// The length of `text` in UTF-16 code units.
#[must_use]
pub fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Carries what changed in a text field, from `old` to `new`, over to `text`, which may have changed meanwhile.
/// Tells whether anything was written.
pub(super) fn change<T: Transactable>(
    doc: &mut T,
    text: &ObjId,
    old: &str,
    new: &str,
) -> Result<bool, WriteError> {
    let Some(mine) = Splice::between(old, new) else { return Ok(false) };
    let current = doc.text(text)?;
    match Splice::between(old, &current) {
        None => mine.apply(doc, text)?,
        Some(_) if current == new => return Ok(false),
        Some(theirs) => mine.after(&theirs).apply(doc, text)?,
    }
    Ok(true)
}

/// The text under `key`, made if it is not there: only a document of an earlier version lacks it.
pub(super) fn text_at<T: Transactable>(doc: &mut T, map: &ObjId, key: &str) -> Result<ObjId, WriteError> {
    match doc.get(map, key)? {
        Some((Value::Object(ObjType::Text), text)) => Ok(text),
        _ => Ok(doc.put_object(map, key, ObjType::Text)?),
    }
}

/// Makes a text under `key` that reads `content`.
pub(super) fn new_text<T: Transactable>(
    doc: &mut T,
    map: &ObjId,
    key: &str,
    content: &str,
) -> Result<ObjId, WriteError> {
    let text = doc.put_object(map, key, ObjType::Text)?;
    if !content.is_empty() {
        doc.splice_text(&text, 0, 0, content)?;
    }
    Ok(text)
}
