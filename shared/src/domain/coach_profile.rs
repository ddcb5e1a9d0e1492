//! What a coach tells about herself, for the adviser who matches and the employee who is referred to her.

use std::collections::BTreeSet;

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::text;

/// One of the sets of a profile. Sets are kept as maps, so that two additions never overwrite each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileSet {
    /// What she is good at, in her own words.
    Expertise,
    /// Languages, in her own words.
    Languages,
    /// Days, in her own words.
    Days,
    /// Where she can meet.
    Places,
}

impl ProfileSet {
    /// Every set, in the order shown.
    pub const ALL: [Self; 4] = [Self::Expertise, Self::Languages, Self::Days, Self::Places];

    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Expertise => "expertise",
            Self::Languages => "languages",
            Self::Days => "days",
            Self::Places => "places",
        }
    }
}

/// One of the texts of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileText {
    /// How she works.
    Approach,
    /// Who she is.
    About,
}

impl ProfileText {
    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Approach => "approach",
            Self::About => "about",
        }
    }
}

/// A coach's profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CoachProfile {
    /// How she works.
    pub approach: String,
    /// Who she is.
    pub about: String,
    /// What she is good at.
    pub expertise: BTreeSet<String>,
    /// Which languages she speaks.
    pub languages: BTreeSet<String>,
    /// On which days she can.
    pub days: BTreeSet<String>,
    /// Where she can meet.
    pub places: BTreeSet<String>,
    /// How many trajectories she can have at a time.
    pub capacity: Option<u64>,
    /// Whether she takes no new ones for now.
    pub paused: bool,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl CoachProfile {
    /// Reads a `coach_profile`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut found = {
            let root = Node::root(doc, &oddities);
            let texts = root.map("texts");
            let meta = root.map("meta");
            Self {
                approach: texts.text("approach").unwrap_or_default(),
                about: texts.text("about").unwrap_or_default(),
                expertise: root.map("expertise").set(),
                languages: root.map("languages").set(),
                days: root.map("days").set(),
                places: root.map("places").set(),
                capacity: meta.number("capacity"),
                paused: meta.flag("paused"),
                oddities: Vec::new(),
            }
        };
        found.oddities = oddities.into_vec();
        found
    }

    /// The members of a set.
    #[must_use]
    pub fn set(&self, set: ProfileSet) -> &BTreeSet<String> {
        match set {
            ProfileSet::Expertise => &self.expertise,
            ProfileSet::Languages => &self.languages,
            ProfileSet::Days => &self.days,
            ProfileSet::Places => &self.places,
        }
    }
}

/// Carries over what changed in a text field.
///
/// # Errors
/// If the genesis is not there.
pub fn change_text<T: Transactable>(
    doc: &mut T,
    which: ProfileText,
    old: &str,
    new: &str,
) -> Result<(), WriteError> {
    let texts = entry::container(doc, "texts")?;
    let content = text::text_at(doc, &texts, which.code())?;
    text::change(doc, &content, old, new)?;
    Ok(())
}

/// Puts `member` into a set, or takes it out.
///
/// # Errors
/// If the genesis is not there.
pub fn set_member<T: Transactable>(
    doc: &mut T,
    set: ProfileSet,
    member: &str,
    within: bool,
) -> Result<(), WriteError> {
    let map = entry::container(doc, set.code())?;
    entry::put_flag(doc, &map, member.trim(), within)?;
    Ok(())
}

/// Sets how many trajectories she can have at a time.
///
/// # Errors
/// If the genesis is not there.
pub fn set_capacity<T: Transactable>(doc: &mut T, capacity: Option<u64>) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_number(doc, &meta, "capacity", capacity)?;
    Ok(())
}

/// Says whether she takes no new trajectories for now.
///
/// # Errors
/// If the genesis is not there.
pub fn set_paused<T: Transactable>(doc: &mut T, paused: bool) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_flag(doc, &meta, "paused", paused)?;
    Ok(())
}
