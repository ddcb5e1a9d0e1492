//! The kinds of documents: one per audience, since an automerge document has one set of readers.

use serde::{Deserialize, Serialize};

/// A kind of document, as in the product's table of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocKind {
    /// The reflection form as the employee fills it in; hers alone.
    ReflectionDraft,
    /// The sections of the form that she chose to share.
    Reflection,
    /// The adviser's own notes and considerations.
    Intake,
    /// werkaantekeningen: memory aids of the coach alone.
    WorkingNotes,
    /// Session notes, goals, actions and agreements of coach and employee.
    SharedNotes,
    /// Content-free: dates and kinds of talks, phase, status and chosen scores.
    Progress,
    /// Expertise, approach, languages, days, places and capacity of a coach.
    CoachProfile,
    /// The training programme of the coach pool.
    Programme,
    /// How this organisation does career guidance.
    Practice,
}

impl DocKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::ReflectionDraft,
        Self::Reflection,
        Self::Intake,
        Self::WorkingNotes,
        Self::SharedNotes,
        Self::Progress,
        Self::CoachProfile,
        Self::Programme,
        Self::Practice,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ReflectionDraft => "reflection_draft",
            Self::Reflection => "reflection",
            Self::Intake => "intake",
            Self::WorkingNotes => "working_notes",
            Self::SharedNotes => "shared_notes",
            Self::Progress => "progress",
            Self::CoachProfile => "coach_profile",
            Self::Programme => "programme",
            Self::Practice => "practice",
        }
    }

    /// The kind of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}
