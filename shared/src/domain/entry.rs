//! Entries: maps with an id of their own inside a container of the genesis, such as a note, a goal or a talk.
//!
//! An entry is never removed, it is marked as deleted, so that deleting can be undone and never costs anybody a
//! word: the mark names the version that was deleted, and an edit which the deleter had not seen, or a later
//! one, revives the entry.

use automerge::transaction::Transactable;
use automerge::{AutomergeError, ObjId, ObjType, ROOT, ReadDoc, Value};
use base64::Engine as _;

use super::read::{self, Node};

/// How long after an edit another one does not renew the moment of editing, in ms: each renewal costs an
/// operation.
const SAME_EDIT: u64 = 1_000;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The container is not there: the genesis has not arrived, or the document is of another kind.
    #[error("this document has no {0} yet")]
    NoContainer(&'static str),
    /// No entry has that id.
    #[error("there is no entry {0}")]
    NoEntry(String),
    /// The form has no such question, or it wants another kind of answer.
    #[error("question {0} does not take this answer")]
    NotThisAnswer(String),
    /// The document refused.
    #[error(transparent)]
    Document(#[from] AutomergeError),
}

/// The id of a new entry; `random` must be fresh, also on another device for "the same" thing.
#[must_use]
pub fn id(random: [u8; 16]) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random)
}

/// Whether an entry is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Standing {
    /// It is.
    #[default]
    Here,
    /// It was deleted, and edited without knowledge of that or afterwards: it is shown, and says so.
    Revived,
    /// It is not; deleting can be undone.
    Deleted,
}

/// What every entry has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Stamp {
    /// When it was made, in ms since 1970.
    pub created_at: u64,
    /// When it was last edited, in ms since 1970.
    pub edited_at: u64,
    /// Whether it is shown.
    pub standing: Standing,
}

impl Stamp {
    pub(super) fn read<D: ReadDoc>(node: &Node<'_, D>) -> Self {
        let created_at = node.number("created_at").unwrap_or_default();
        let edited_at = node.number("edited_at").unwrap_or(created_at);
        let standing = match node.number("deleted_version") {
            None => Standing::Here,
            Some(version) if version == edited_at => Standing::Deleted,
            Some(_) => Standing::Revived,
        };
        Self { created_at, edited_at, standing }
    }

    /// Whether it is shown.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.standing != Standing::Deleted
    }
}

/// The container of that name.
pub(super) fn container<D: ReadDoc>(doc: &D, name: &'static str) -> Result<ObjId, WriteError> {
    match doc.get(ROOT, name)? {
        Some((Value::Object(ObjType::Map), map)) => Ok(map),
        _ => Err(WriteError::NoContainer(name)),
    }
}

/// The values under `key` with their ids: the entry under its plain id and, where devices made entries under
/// one id at the same time, the others as `id@` and their object's name. What is no map comes as `None`.
pub(super) fn objects<D: ReadDoc>(doc: &D, map: &ObjId, key: &str) -> Vec<(String, Option<ObjId>)> {
    let winner = doc.get(map, key).ok().flatten().map(|(_, object)| object);
    let mut found: Vec<_> = doc
        .get_all(map, key)
        .unwrap_or_default()
        .into_iter()
        .map(|(value, object)| {
            let plain = winner.as_ref() == Some(&object);
            let id = if plain { key.to_owned() } else { format!("{key}@{object}") };
            (id, matches!(value, Value::Object(ObjType::Map)).then_some(object))
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// The entry of that id, as views give it.
pub(super) fn find<D: ReadDoc>(doc: &D, name: &'static str, id: &str) -> Result<ObjId, WriteError> {
    find_in(doc, &container(doc, name)?, id)
}

/// The entry of that id in any map.
pub(super) fn find_in<D: ReadDoc>(doc: &D, map: &ObjId, id: &str) -> Result<ObjId, WriteError> {
    let key = id.split_once('@').map_or(id, |(key, _)| key);
    objects(doc, map, key)
        .into_iter()
        .find_map(|(each, object)| if each == id { object } else { None })
        .ok_or_else(|| WriteError::NoEntry(id.to_owned()))
}

/// Makes an entry, or finds it if it is there already: a command that is repeated makes nothing twice.
pub(super) fn add<T: Transactable>(
    doc: &mut T,
    name: &'static str,
    id: &str,
    now: u64,
) -> Result<(ObjId, bool), WriteError> {
    let map = container(doc, name)?;
    add_in(doc, &map, id, now)
}

/// [`add`] in any map. Tells whether the entry is new.
pub(super) fn add_in<T: Transactable>(
    doc: &mut T,
    map: &ObjId,
    id: &str,
    now: u64,
) -> Result<(ObjId, bool), WriteError> {
    if let Ok(object) = find_in(doc, map, id) {
        return Ok((object, false));
    }
    let object = doc.put_object(map, id, ObjType::Map)?;
    doc.put(&object, "created_at", now)?;
    doc.put(&object, "edited_at", now)?;
    Ok((object, true))
}

/// Notes that the entry is edited now.
pub(super) fn touch<T: Transactable>(doc: &mut T, entry: &ObjId, now: u64) -> Result<(), WriteError> {
    let before = whole_number(doc, entry, "edited_at");
    let deleted = before.is_some() && before == whole_number(doc, entry, "deleted_version");
    match before {
        Some(before) if now.abs_diff(before) < SAME_EDIT && !deleted => {}
        // A deleted version is named by its moment, so the next one must differ.
        Some(before) if now == before => doc.put(entry, "edited_at", now + 1)?,
        _ => doc.put(entry, "edited_at", now)?,
    }
    Ok(())
}

/// Marks the entry's present version as deleted.
pub(super) fn delete<T: Transactable>(doc: &mut T, entry: &ObjId) -> Result<(), WriteError> {
    let version = match whole_number(doc, entry, "edited_at") {
        Some(version) => version,
        None => {
            doc.put(entry, "edited_at", 0_u64)?;
            0
        }
    };
    doc.put(entry, "deleted_version", version)?;
    Ok(())
}

/// Takes a deletion back.
pub(super) fn restore<T: Transactable>(doc: &mut T, entry: &ObjId) -> Result<(), WriteError> {
    if doc.get(entry, "deleted_version")?.is_some() {
        doc.put(entry, "deleted_version", ())?;
    }
    Ok(())
}

/// Writes a short string if it differs; an empty one takes the value back.
pub(super) fn put_string<T: Transactable>(
    doc: &mut T,
    map: &ObjId,
    key: &str,
    value: &str,
) -> Result<bool, WriteError> {
    let before =
        doc.get(map, key)?.and_then(|(value, _)| value.as_str().map(str::to_owned)).unwrap_or_default();
    if before == value {
        return Ok(false);
    }
    if value.is_empty() {
        doc.put(map, key, ())?;
    } else {
        doc.put(map, key, value)?;
    }
    Ok(true)
}

/// Writes a number if it differs; `None` takes it back.
pub(super) fn put_number<T: Transactable>(
    doc: &mut T,
    map: &ObjId,
    key: &str,
    value: Option<u64>,
) -> Result<bool, WriteError> {
    if whole_number(doc, map, key) == value {
        return Ok(false);
    }
    match value {
        Some(value) => doc.put(map, key, value)?,
        None => doc.put(map, key, ())?,
    }
    Ok(true)
}

/// Writes a yes or no if it differs; absent is no.
pub(super) fn put_flag<T: Transactable>(
    doc: &mut T,
    map: &ObjId,
    key: &str,
    value: bool,
) -> Result<bool, WriteError> {
    let before = doc.get(map, key)?.and_then(|(value, _)| value.as_bool()).unwrap_or_default();
    if before != value {
        doc.put(map, key, value)?;
    }
    Ok(before != value)
}

/// The map under `key`, made if it is not there. Only for maps inside an entry that this device makes or that
/// only one person writes: two devices that make it at once make two.
pub(super) fn inner_map<T: Transactable>(doc: &mut T, map: &ObjId, key: &str) -> Result<ObjId, WriteError> {
    match doc.get(map, key)? {
        Some((Value::Object(ObjType::Map), found)) => Ok(found),
        _ => Ok(doc.put_object(map, key, ObjType::Map)?),
    }
}

fn whole_number<D: ReadDoc>(doc: &D, map: &ObjId, key: &str) -> Option<u64> {
    match doc.get(map, key).ok()?? {
        (Value::Scalar(scalar), _) => read::whole_number(&scalar),
        _ => None,
    }
}
