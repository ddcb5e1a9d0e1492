//! What coach and employee want, do and agree on, in `shared_notes`: entries of `goals`, `actions` and
//! `agreements`.

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::text;
use crate::ids::UserId;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// doel: where she wants to be.
    Goal,
    /// actie: what someone does.
    Action,
    /// afspraak: what both keep to.
    Agreement,
}

impl ItemKind {
    /// Every kind, in the order shown.
    pub const ALL: [Self; 3] = [Self::Goal, Self::Action, Self::Agreement];

    /// The name in translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Goal => "goal",
            Self::Action => "action",
            Self::Agreement => "agreement",
        }
    }

    fn container(self) -> &'static str {
        match self {
            Self::Goal => "goals",
            Self::Action => "actions",
            Self::Agreement => "agreements",
        }
    }
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ItemState {
    /// Not begun; for an agreement: it holds.
    #[default]
    Open,
    /// Begun.
    Doing,
    /// Done, reached or kept.
    Done,
    /// No longer wanted.
    Dropped,
}

impl ItemState {
    /// Every state, in the order shown.
    pub const ALL: [Self; 4] = [Self::Open, Self::Doing, Self::Done, Self::Dropped];

    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Doing => "doing",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }

    /// The state of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether something is still to come of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Doing)
    }
}

/// A goal, an action or an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its words.
    pub text: String,
    /// Who takes care of it.
    pub owner: Option<UserId>,
    /// By when, as `2026-03-31`.
    pub due: Option<String>,
    /// How far it is.
    pub state: ItemState,
    /// The note it came from.
    pub note: Option<String>,
    /// Who made it.
    pub by: Option<UserId>,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// The goals, actions and agreements of a trajectory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Those that are shown: the open ones first, by date and then as they were made.
    pub items: Vec<Item>,
    /// Those whose deletion can be undone.
    pub deleted: Vec<Item>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl Plan {
    /// Reads the plan in a `shared_notes`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut items = Vec::new();
        for kind in ItemKind::ALL {
            for (id, node) in Node::root(doc, &oddities).map(kind.container()).entries() {
                items.push(Item {
                    id,
                    kind,
                    text: node.text("text").unwrap_or_default(),
                    owner: node.code("owner", |owner| owner.parse().ok()),
                    due: node.string("due"),
                    state: node.code("state", ItemState::from_code).unwrap_or_default(),
                    note: node.string("note"),
                    by: node.code("by", |by| by.parse().ok()),
                    stamp: Stamp::read(&node),
                });
            }
        }
        items.sort_by_cached_key(|item| {
            let undated = item.due.is_none();
            (!item.state.is_open(), undated, item.due.clone(), item.stamp.created_at, item.id.clone())
        });
        let (items, deleted) = items.into_iter().partition(|item| item.stamp.is_shown());
        Self { items, deleted, oddities: oddities.into_vec() }
    }

    /// The items of a kind.
    pub fn of(&self, kind: ItemKind) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind)
    }
}

/// What an item begins with.
#[derive(Debug, Clone, Copy)]
pub struct NewItem<'a> {
    /// A fresh id (see [`entry::id`]).
    pub id: &'a str,
    /// What it is.
    pub kind: ItemKind,
    /// Its words.
    pub text: &'a str,
    /// Who takes care of it.
    pub owner: Option<UserId>,
    /// By when, as `2026-03-31`.
    pub due: Option<&'a str>,
    /// The note it came from.
    pub note: Option<&'a str>,
    /// Who makes it.
    pub by: UserId,
}

/// Adds an item.
///
/// # Errors
/// If the genesis is not there.
pub fn add<T: Transactable>(doc: &mut T, new: NewItem<'_>, now: u64) -> Result<(), WriteError> {
    let (item, is_new) = entry::add(doc, new.kind.container(), new.id, now)?;
    if !is_new {
        return Ok(());
    }
    text::new_text(doc, &item, "text", new.text)?;
    entry::put_string(doc, &item, "by", &new.by.to_string())?;
    entry::put_string(doc, &item, "owner", &new.owner.map(|owner| owner.to_string()).unwrap_or_default())?;
    entry::put_string(doc, &item, "due", new.due.unwrap_or_default())?;
    entry::put_string(doc, &item, "note", new.note.unwrap_or_default())?;
    entry::put_string(doc, &item, "state", ItemState::Open.code())?;
    Ok(())
}

/// Carries over what changed in an item's text field.
///
/// # Errors
/// If there is no such item.
pub fn change_text<T: Transactable>(
    doc: &mut T,
    kind: ItemKind,
    id: &str,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let item = entry::find(doc, kind.container(), id)?;
    let content = text::text_at(doc, &item, "text")?;
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &item, now)?;
    }
    Ok(())
}

/// Sets how far an item is.
///
/// # Errors
/// If there is no such item.
pub fn set_status<T: Transactable>(
    doc: &mut T,
    kind: ItemKind,
    id: &str,
    state: ItemState,
    now: u64,
) -> Result<(), WriteError> {
    put(doc, kind, id, "state", state.code(), now)
}

/// Sets who takes care of an item.
///
/// # Errors
/// If there is no such item.
pub fn set_owner<T: Transactable>(
    doc: &mut T,
    kind: ItemKind,
    id: &str,
    owner: Option<UserId>,
    now: u64,
) -> Result<(), WriteError> {
    put(doc, kind, id, "owner", &owner.map(|owner| owner.to_string()).unwrap_or_default(), now)
}

/// Sets by when, as `2026-03-31`.
///
/// # Errors
/// If there is no such item.
pub fn set_due<T: Transactable>(
    doc: &mut T,
    kind: ItemKind,
    id: &str,
    due: Option<&str>,
    now: u64,
) -> Result<(), WriteError> {
    put(doc, kind, id, "due", due.unwrap_or_default(), now)
}

fn put<T: Transactable>(
    doc: &mut T,
    kind: ItemKind,
    id: &str,
    key: &str,
    value: &str,
    now: u64,
) -> Result<(), WriteError> {
    let item = entry::find(doc, kind.container(), id)?;
    if entry::put_string(doc, &item, key, value)? {
        entry::touch(doc, &item, now)?;
    }
    Ok(())
}

/// Deletes an item; [`restore`] takes that back, and so does an edit that the deleter had not seen.
///
/// # Errors
/// If there is no such item.
pub fn delete<T: Transactable>(doc: &mut T, kind: ItemKind, id: &str) -> Result<(), WriteError> {
    let item = entry::find(doc, kind.container(), id)?;
    entry::delete(doc, &item)
}

/// Takes the deletion of an item back.
///
/// # Errors
/// If there is no such item.
pub fn restore<T: Transactable>(doc: &mut T, kind: ItemKind, id: &str) -> Result<(), WriteError> {
    let item = entry::find(doc, kind.container(), id)?;
    entry::restore(doc, &item)
}
