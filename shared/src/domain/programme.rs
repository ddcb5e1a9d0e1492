//! The training programme of the coach pool: modules with topics, votes and own offers, the check-in after each
//! module, and sessions of peer supervision.

use std::collections::{BTreeMap, BTreeSet};

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::text;
use crate::ids::UserId;

/// A module of the programme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Module {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// When it is, in ms since 1970.
    pub at: Option<u64>,
    /// What it is about.
    pub about: String,
    /// The check-in after it: where are we, what is needed next time.
    pub check_in: String,
    /// Topics and skills, those with most votes first.
    pub topics: Vec<Topic>,
    /// What coaches offer to bring in, by person.
    pub offers: BTreeMap<UserId, String>,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// A topic or skill of a module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topic {
    /// Its id.
    pub id: String,
    /// Its words.
    pub title: String,
    /// Who finds it important.
    pub votes: BTreeSet<UserId>,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// A session of peer supervision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Supervision {
    /// Its id.
    pub id: String,
    /// When, in ms since 1970.
    pub at: u64,
    /// Where.
    pub place: String,
    /// What was learned.
    pub learned: String,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// The programme.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Programme {
    /// The modules that are shown, by date.
    pub modules: Vec<Module>,
    /// The sessions of peer supervision that are shown, by date.
    pub supervision: Vec<Supervision>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl Programme {
    /// Reads a `programme`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let root = Node::root(doc, &oddities);
        let mut modules: Vec<Module> =
            root.map("modules").entries().into_iter().map(|(id, node)| read_module(id, &node)).collect();
        modules.retain(|module| module.stamp.is_shown());
        modules.sort_by_cached_key(|module| (module.at.is_none(), module.at, module.stamp.created_at));
        let mut supervision: Vec<Supervision> = root
            .map("supervision")
            .entries()
            .into_iter()
            .map(|(id, node)| Supervision {
                id,
                at: node.number("at").unwrap_or_default(),
                place: node.string("place").unwrap_or_default(),
                learned: node.text("learned").unwrap_or_default(),
                stamp: Stamp::read(&node),
            })
            .collect();
        supervision.retain(|session| session.stamp.is_shown());
        supervision.sort_by_key(|session| session.at);
        drop(root);
        Self { modules, supervision, oddities: oddities.into_vec() }
    }
}

fn read_module<D: ReadDoc>(id: String, node: &Node<'_, D>) -> Module {
    let mut topics: Vec<Topic> = node
        .map("topics")
        .entries()
        .into_iter()
        .map(|(id, node)| Topic {
            id,
            title: node.text("title").unwrap_or_default(),
            votes: node.map("votes").set().iter().filter_map(|person| person.parse().ok()).collect(),
            stamp: Stamp::read(&node),
        })
        .filter(|topic| topic.stamp.is_shown())
        .collect();
    topics.sort_by_cached_key(|topic| {
        (std::cmp::Reverse(topic.votes.len()), topic.stamp.created_at, topic.id.clone())
    });
    let offers = node.map("offers");
    Module {
        id,
        title: node.text("title").unwrap_or_default(),
        at: node.number("at"),
        about: node.text("about").unwrap_or_default(),
        check_in: node.text("check_in").unwrap_or_default(),
        topics,
        offers: offers
            .keys()
            .into_iter()
            .filter_map(|person| Some((person.parse().ok()?, offers.string(&person)?)))
            .collect(),
        stamp: Stamp::read(node),
    }
}

/// One of the texts of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModuleText {
    /// Its name.
    Title,
    /// What it is about.
    About,
    /// The check-in after it.
    CheckIn,
}

impl ModuleText {
    fn key(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::About => "about",
            Self::CheckIn => "check_in",
        }
    }
}

/// Adds a module under a fresh `id` (see [`entry::id`]).
///
/// # Errors
/// If the genesis is not there.
pub fn add_module<T: Transactable>(
    doc: &mut T,
    id: &str,
    title: &str,
    at: Option<u64>,
    now: u64,
) -> Result<(), WriteError> {
    let (module, new) = entry::add(doc, "modules", id, now)?;
    if new {
        entry::put_number(doc, &module, "at", at)?;
        text::new_text(doc, &module, "title", title)?;
        text::new_text(doc, &module, "about", "")?;
        text::new_text(doc, &module, "check_in", "")?;
        entry::inner_map(doc, &module, "topics")?;
        entry::inner_map(doc, &module, "offers")?;
    }
    Ok(())
}

/// Carries over what changed in a text field of a module.
///
/// # Errors
/// If there is no such module.
pub fn change_module<T: Transactable>(
    doc: &mut T,
    id: &str,
    which: ModuleText,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let module = entry::find(doc, "modules", id)?;
    let content = text::text_at(doc, &module, which.key())?;
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &module, now)?;
    }
    Ok(())
}

/// Adds a topic to a module under a fresh `id`.
///
/// # Errors
/// If there is no such module.
pub fn add_topic<T: Transactable>(
    doc: &mut T,
    module: &str,
    id: &str,
    title: &str,
    now: u64,
) -> Result<(), WriteError> {
    let module = entry::find(doc, "modules", module)?;
    let topics = entry::inner_map(doc, &module, "topics")?;
    let (topic, new) = entry::add_in(doc, &topics, id, now)?;
    if new {
        text::new_text(doc, &topic, "title", title)?;
        entry::inner_map(doc, &topic, "votes")?;
    }
    Ok(())
}

/// Says whether `person` finds a topic important.
///
/// # Errors
/// If there is no such module or topic.
pub fn vote<T: Transactable>(
    doc: &mut T,
    module: &str,
    topic: &str,
    person: UserId,
    important: bool,
) -> Result<(), WriteError> {
    let module = entry::find(doc, "modules", module)?;
    let topics = entry::inner_map(doc, &module, "topics")?;
    let topic = entry::find_in(doc, &topics, topic)?;
    let votes = entry::inner_map(doc, &topic, "votes")?;
    entry::put_flag(doc, &votes, &person.to_string(), important)?;
    Ok(())
}

/// Says what `person` offers to bring into a module; empty for nothing.
///
/// # Errors
/// If there is no such module.
pub fn offer<T: Transactable>(
    doc: &mut T,
    module: &str,
    person: UserId,
    offer: &str,
) -> Result<(), WriteError> {
    let module = entry::find(doc, "modules", module)?;
    let offers = entry::inner_map(doc, &module, "offers")?;
    entry::put_string(doc, &offers, &person.to_string(), offer)?;
    Ok(())
}

/// Plans a session of peer supervision under a fresh `id`.
///
/// # Errors
/// If the genesis is not there.
pub fn plan_supervision<T: Transactable>(
    doc: &mut T,
    id: &str,
    at: u64,
    place: &str,
    now: u64,
) -> Result<(), WriteError> {
    let (session, new) = entry::add(doc, "supervision", id, now)?;
    if new {
        doc.put(&session, "at", at)?;
        entry::put_string(doc, &session, "place", place)?;
        text::new_text(doc, &session, "learned", "")?;
    }
    Ok(())
}

/// Carries over what changed in the learning points of a session of peer supervision.
///
/// # Errors
/// If there is no such session.
pub fn change_learned<T: Transactable>(
    doc: &mut T,
    id: &str,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let session = entry::find(doc, "supervision", id)?;
    let content = text::text_at(doc, &session, "learned")?;
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &session, now)?;
    }
    Ok(())
}
