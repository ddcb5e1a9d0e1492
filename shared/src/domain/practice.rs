//! How this organisation does career guidance: pages that grow out of check-ins.

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::text;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Its text.
    pub text: String,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// The practice of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Practice {
    /// The pages that are shown, as they were made.
    pub pages: Vec<Page>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl Practice {
    /// Reads a `practice`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut pages: Vec<Page> = Node::root(doc, &oddities)
            .map("pages")
            .entries()
            .into_iter()
            .map(|(id, node)| Page {
                id,
                title: node.text("title").unwrap_or_default(),
                text: node.text("text").unwrap_or_default(),
                stamp: Stamp::read(&node),
            })
            .filter(|page| page.stamp.is_shown())
            .collect();
        pages.sort_by_cached_key(|page| (page.stamp.created_at, page.id.clone()));
        Self { pages, oddities: oddities.into_vec() }
    }
}

/// Adds a page under a fresh `id` (see [`entry::id`]).
///
/// # Errors
/// If the genesis is not there.
pub fn add_page<T: Transactable>(doc: &mut T, id: &str, title: &str, now: u64) -> Result<(), WriteError> {
    let (page, new) = entry::add(doc, "pages", id, now)?;
    if new {
        text::new_text(doc, &page, "title", title)?;
        text::new_text(doc, &page, "text", "")?;
    }
    Ok(())
}

/// Carries over what changed in a page's name.
///
/// # Errors
/// If there is no such page.
pub fn change_title<T: Transactable>(
    doc: &mut T,
    id: &str,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    change(doc, id, "title", old, new, now)
}

/// Carries over what changed in a page's text.
///
/// # Errors
/// If there is no such page.
pub fn change_text<T: Transactable>(
    doc: &mut T,
    id: &str,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    change(doc, id, "text", old, new, now)
}

fn change<T: Transactable>(
    doc: &mut T,
    id: &str,
    key: &str,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let page = entry::find(doc, "pages", id)?;
    let content = text::text_at(doc, &page, key)?;
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &page, now)?;
    }
    Ok(())
}

/// Deletes a page; an edit that the deleter had not seen brings it back.
///
/// # Errors
/// If there is no such page.
pub fn delete_page<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let page = entry::find(doc, "pages", id)?;
    entry::delete(doc, &page)
}
