//! Progress of a trajectory, which the adviser reads too and which therefore has no content: when which kind of
//! talk was or will be, the phase, how it goes, whether attention is needed, and scores that the employee chose
//! to show.

use std::collections::BTreeMap;

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::reflection_form::{SCALE_RANGE, SCALES};
use crate::ids::UserId;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$each])* $variant,)*
        }

        impl $name {
            /// Every one, in the order shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its key in documents and translations.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The one of that [`code`](Self::code).
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.code() == code)
            }
        }
    };
}

codes!(
    /// The kind of a talk.
    TalkKind {
        /// The first one with the coach.
        First = "first",
        /// One of those that follow.
        FollowUp = "follow_up",
        /// With a third at the table, often the line manager.
        ThreeWay = "three_way",
        /// The last one, looking back.
        Closing = "closing",
        /// A short call.
        Call = "call",
    }
);

codes!(
    /// The phase of a career step.
    Phase {
        /// Taking leave of what was.
        Farewell = "farewell",
        /// Finding out who one is and what one can.
        SelfExamination = "self_examination",
        /// Looking around.
        Exploration = "exploration",
        /// Making and following a plan.
        ActionPlan = "action_plan",
        /// Beginning anew.
        NewWork = "new_work",
    }
);

codes!(
    /// How it goes.
    Status {
        /// As planned.
        OnTrack = "on_track",
        /// Waiting for something or someone.
        Waiting = "waiting",
        /// Paused on purpose.
        Paused = "paused",
        /// Near its end.
        Finishing = "finishing",
    }
);

codes!(
    /// Which of the two times a scale was answered.
    Moment {
        /// In the reflection form.
        Start = "start",
        /// At closing.
        End = "end",
    }
);

/// A talk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Talk {
    /// Its id; the notes of this talk name it.
    pub id: String,
    /// When, in ms since 1970.
    pub at: u64,
    /// Of which kind.
    pub kind: TalkKind,
    /// Whether it took place.
    pub held: bool,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// The progress of a trajectory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The talks, earliest first.
    pub talks: Vec<Talk>,
    /// Talks whose deletion can be undone.
    pub deleted_talks: Vec<Talk>,
    /// The phase.
    pub phase: Option<Phase>,
    /// How it goes.
    pub status: Option<Status>,
    /// Whether coach or employee asks for the adviser's attention.
    pub needs_attention: bool,
    /// The scores that the employee chose to show, by moment and scale.
    pub scores: BTreeMap<(Moment, &'static str), u8>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

impl Progress {
    /// Reads a `progress`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut found = {
            let root = Node::root(doc, &oddities);
            let mut talks: Vec<Talk> = root
                .map("talks")
                .entries()
                .into_iter()
                .map(|(id, node)| Talk {
                    id,
                    at: node.number("at").unwrap_or_default(),
                    kind: node.code("kind", TalkKind::from_code).unwrap_or(TalkKind::FollowUp),
                    held: node.flag("held"),
                    stamp: Stamp::read(&node),
                })
                .collect();
            talks.sort_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)));
            let (talks, deleted_talks) = talks.into_iter().partition(|talk| talk.stamp.is_shown());
            let meta = root.map("meta");
            let scores = root.map("scores");
            let mut chosen = BTreeMap::new();
            for &moment in Moment::ALL {
                for scale in SCALES {
                    if let Some(score) = scores.number_in(&score_key(moment, scale), &SCALE_RANGE) {
                        chosen.insert((moment, scale), score);
                    }
                }
            }
            Self {
                talks,
                deleted_talks,
                phase: meta.code("phase", Phase::from_code),
                status: meta.code("status", Status::from_code),
                needs_attention: meta.flag("needs_attention"),
                scores: chosen,
                oddities: Vec::new(),
            }
        };
        found.oddities = oddities.into_vec();
        found
    }

    /// The first talk that was not held and is not before `from`, in ms since 1970.
    #[must_use]
    pub fn next_talk(&self, from: u64) -> Option<&Talk> {
        self.talks.iter().find(|talk| !talk.held && talk.at >= from)
    }

    /// The latest talk that was held.
    #[must_use]
    pub fn last_talk(&self) -> Option<&Talk> {
        self.talks.iter().rev().find(|talk| talk.held)
    }
}

fn score_key(moment: Moment, scale: &str) -> String {
    format!("{}.{scale}", moment.code())
}

/// Plans a talk under a fresh `id` (see [`entry::id`]).
///
/// # Errors
/// If the genesis is not there.
pub fn plan_talk<T: Transactable>(
    doc: &mut T,
    id: &str,
    kind: TalkKind,
    at: u64,
    by: UserId,
    now: u64,
) -> Result<(), WriteError> {
    let (talk, new) = entry::add(doc, "talks", id, now)?;
    if new {
        doc.put(&talk, "at", at)?;
        doc.put(&talk, "kind", kind.code())?;
        doc.put(&talk, "held", false)?;
        doc.put(&talk, "by", by.to_string())?;
    }
    Ok(())
}

/// Moves a talk.
///
/// # Errors
/// If there is no such talk.
pub fn move_talk<T: Transactable>(doc: &mut T, id: &str, at: u64, now: u64) -> Result<(), WriteError> {
    let talk = entry::find(doc, "talks", id)?;
    if entry::put_number(doc, &talk, "at", Some(at))? {
        entry::touch(doc, &talk, now)?;
    }
    Ok(())
}

/// Says of which kind a talk is.
///
/// # Errors
/// If there is no such talk.
pub fn set_talk_kind<T: Transactable>(
    doc: &mut T,
    id: &str,
    kind: TalkKind,
    now: u64,
) -> Result<(), WriteError> {
    let talk = entry::find(doc, "talks", id)?;
    if entry::put_string(doc, &talk, "kind", kind.code())? {
        entry::touch(doc, &talk, now)?;
    }
    Ok(())
}

/// Says whether a talk took place.
///
/// # Errors
/// If there is no such talk.
pub fn set_held<T: Transactable>(doc: &mut T, id: &str, held: bool, now: u64) -> Result<(), WriteError> {
    let talk = entry::find(doc, "talks", id)?;
    if entry::put_flag(doc, &talk, "held", held)? {
        entry::touch(doc, &talk, now)?;
    }
    Ok(())
}

/// Deletes a talk; [`restore_talk`] takes that back.
///
/// # Errors
/// If there is no such talk.
pub fn delete_talk<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let talk = entry::find(doc, "talks", id)?;
    entry::delete(doc, &talk)
}

/// Takes the deletion of a talk back.
///
/// # Errors
/// If there is no such talk.
pub fn restore_talk<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let talk = entry::find(doc, "talks", id)?;
    entry::restore(doc, &talk)
}

/// Sets the phase.
///
/// # Errors
/// If the genesis is not there.
pub fn set_phase<T: Transactable>(doc: &mut T, phase: Option<Phase>) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_string(doc, &meta, "phase", phase.map_or("", Phase::code))?;
    Ok(())
}

/// Sets how it goes.
///
/// # Errors
/// If the genesis is not there.
pub fn set_status<T: Transactable>(doc: &mut T, status: Option<Status>) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_string(doc, &meta, "status", status.map_or("", Status::code))?;
    Ok(())
}

/// Asks for the adviser's attention, or no longer.
///
/// # Errors
/// If the genesis is not there.
pub fn set_needs_attention<T: Transactable>(doc: &mut T, needs: bool) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_flag(doc, &meta, "needs_attention", needs)?;
    Ok(())
}

/// Shows a score, or no longer.
///
/// # Errors
/// If there is no such scale, or the number is not within 1 to 10.
pub fn show_score<T: Transactable>(
    doc: &mut T,
    moment: Moment,
    scale: &str,
    value: Option<u8>,
) -> Result<(), WriteError> {
    if !SCALES.contains(&scale) || value.is_some_and(|value| !SCALE_RANGE.contains(&value)) {
        return Err(WriteError::NotThisAnswer(scale.to_owned()));
    }
    let scores = entry::container(doc, "scores")?;
    entry::put_number(doc, &scores, &score_key(moment, scale), value.map(u64::from))?;
    Ok(())
}
