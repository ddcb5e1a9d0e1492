//! Session notes, in `working_notes`, `shared_notes` and `intake`: entries of `notes`, each with a free text
//! and, if it was begun with a template, a text for each part of that.
//!
//! What one talk left in several documents (for the coach alone, shared, progress) carries the same `talk`.

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::template::Template;
use super::text;
use crate::ids::UserId;

const NOTES: &str = "notes";

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// The talk it belongs to: an id in `progress`.
    pub talk: Option<String>,
    /// When the talk was or will be, in ms since 1970.
    pub talk_at: Option<u64>,
    /// The template it was begun with.
    pub template: Option<String>,
    /// Who made it.
    pub by: Option<UserId>,
    /// The texts of the template's parts, in the template's order.
    pub parts: Vec<(String, String)>,
    /// The free text.
    pub text: String,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

impl Note {
    /// The moment it is sorted by: that of the talk, else when it was made.
    #[must_use]
    pub fn moment(&self) -> u64 {
        self.talk_at.unwrap_or(self.stamp.created_at)
    }

    /// The text of a part; the free text for `None`.
    #[must_use]
    pub fn part(&self, part: Option<&str>) -> &str {
        match part {
            None => &self.text,
            Some(part) => self.parts.iter().find(|(key, _)| key == part).map_or("", |(_, text)| text),
        }
    }

    /// Everything that is written in it, for searching and for a first line.
    #[must_use]
    pub fn all_text(&self) -> String {
        let texts = self.parts.iter().map(|(_, text)| text).chain([&self.text]);
        texts.filter(|text| !text.trim().is_empty()).cloned().collect::<Vec<_>>().join("\n")
    }

    /// Whether nothing is written in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all_text().is_empty()
    }
}

/// The notes of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// Those that are shown, latest first.
    pub notes: Vec<Note>,
    /// Those whose deletion can be undone, latest first.
    pub deleted: Vec<Note>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl Notes {
    /// Reads the notes of `doc`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut notes: Vec<Note> = Node::root(doc, &oddities)
            .map(NOTES)
            .entries()
            .into_iter()
            .map(|(id, node)| read(id, &node))
            .collect();
        notes.sort_by(|one, other| (other.moment(), &other.id).cmp(&(one.moment(), &one.id)));
        let (notes, deleted) = notes.into_iter().partition(|note| note.stamp.is_shown());
        Self { notes, deleted, oddities: oddities.into_vec() }
    }

    /// The note of that id, deleted or not.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Note> {
        self.notes.iter().chain(&self.deleted).find(|note| note.id == id)
    }
}

fn read<D: ReadDoc>(id: String, node: &Node<'_, D>) -> Note {
    let template = node.string("template");
    let mut parts = node.map("parts").texts();
    let known = template.as_deref().and_then(Template::of);
    parts.sort_by_cached_key(|(key, _)| (known.map_or(0, |it| it.place_of(key)), key.clone()));
    Note {
        id,
        talk: node.string("talk"),
        talk_at: node.number("talk_at"),
        template,
        by: node.code("by", |by| by.parse().ok()),
        parts,
        text: node.text("text").unwrap_or_default(),
        stamp: Stamp::read(node),
    }
}

/// The text of one part of one note, or its free text for `None`, without reading the others; `None` if there is
/// no such note. Cheap enough for every keystroke.
#[must_use]
pub fn text_of<D: ReadDoc>(doc: &D, id: &str, part: Option<&str>) -> Option<String> {
    let oddities = Oddities::default();
    let note = entry::find(doc, NOTES, id).ok()?;
    let note = Node::of(doc, note, format!("{NOTES}/{id}"), &oddities);
    Some(part.map_or_else(|| note.text("text"), |part| note.map("parts").text(part)).unwrap_or_default())
}

/// What a note begins with.
#[derive(Debug, Clone, Copy)]
pub struct NewNote<'a> {
    /// A fresh id (see [`entry::id`]).
    pub id: &'a str,
    /// Who makes it.
    pub by: UserId,
    /// The talk it belongs to.
    pub talk: Option<&'a str>,
    /// When the talk was or will be, in ms since 1970.
    pub talk_at: Option<u64>,
    /// The code of its template.
    pub template: Option<&'a str>,
    /// The template's parts.
    pub parts: &'a [&'a str],
}

/// Adds a note, empty as yet.
///
/// # Errors
/// If the genesis is not there.
pub fn add_session<T: Transactable>(doc: &mut T, new: NewNote<'_>, now: u64) -> Result<(), WriteError> {
    let (note, is_new) = entry::add(doc, NOTES, new.id, now)?;
    if !is_new {
        return Ok(());
    }
    entry::put_string(doc, &note, "by", &new.by.to_string())?;
    entry::put_string(doc, &note, "talk", new.talk.unwrap_or_default())?;
    entry::put_number(doc, &note, "talk_at", new.talk_at)?;
    entry::put_string(doc, &note, "template", new.template.unwrap_or_default())?;
    text::new_text(doc, &note, "text", "")?;
    // The parts' map is there from the start, so that nobody makes a second one later.
    let parts = entry::inner_map(doc, &note, "parts")?;
    for part in new.parts {
        text::new_text(doc, &parts, part, "")?;
    }
    Ok(())
}

/// Carries over what changed in the text field of a note's part, or of its free text for `None`. A deleted note
/// is revived by it.
///
/// # Errors
/// If there is no such note.
pub fn change_text<T: Transactable>(
    doc: &mut T,
    id: &str,
    part: Option<&str>,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let note = entry::find(doc, NOTES, id)?;
    let content = match part {
        None => text::text_at(doc, &note, "text")?,
        Some(part) => {
            let parts = entry::inner_map(doc, &note, "parts")?;
            text::text_at(doc, &parts, part)?
        }
    };
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &note, now)?;
    }
    Ok(())
}

/// Sets when the talk was or will be.
///
/// # Errors
/// If there is no such note.
pub fn set_talk_at<T: Transactable>(
    doc: &mut T,
    id: &str,
    at: Option<u64>,
    now: u64,
) -> Result<(), WriteError> {
    let note = entry::find(doc, NOTES, id)?;
    if entry::put_number(doc, &note, "talk_at", at)? {
        entry::touch(doc, &note, now)?;
    }
    Ok(())
}

/// Deletes a note; [`restore`] takes that back, and so does an edit that the deleter had not seen.
///
/// # Errors
/// If there is no such note.
pub fn delete<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let note = entry::find(doc, NOTES, id)?;
    entry::delete(doc, &note)
}

/// Takes the deletion of a note back.
///
/// # Errors
/// If there is no such note.
pub fn restore<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let note = entry::find(doc, NOTES, id)?;
    entry::restore(doc, &note)
}
