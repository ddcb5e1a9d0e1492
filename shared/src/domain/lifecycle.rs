//! The states of a trajectory and of a referral. State changes are commands, decided by the server.

use serde::{Deserialize, Serialize};

/// Where a trajectory is, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrajectoryState {
    /// The employee asked for a career talk.
    Registered,
    /// A moment for the intake is set.
    IntakePlanned,
    /// The intake has been held; a shared reflection can no longer be withdrawn.
    IntakeHeld,
    /// What comes next is chosen; also where a declined referral returns to.
    RouteChosen,
    /// A coach has been asked.
    ReferralOffered,
    /// A coach accepted: notes, goals and progress are written.
    Active,
    /// The last talk is being prepared; the scale questions are asked again.
    Closing,
    /// Done; everything can still be read by who could write it.
    Closed,
    /// Kept only until its retention period ends.
    Retained,
    /// Nothing is left but a record without content.
    Destroyed,
}

impl TrajectoryState {
    /// Every state, in order.
    pub const ALL: [Self; 10] = [
        Self::Registered,
        Self::IntakePlanned,
        Self::IntakeHeld,
        Self::RouteChosen,
        Self::ReferralOffered,
        Self::Active,
        Self::Closing,
        Self::Closed,
        Self::Retained,
        Self::Destroyed,
    ];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::IntakePlanned => "intake_planned",
            Self::IntakeHeld => "intake_held",
            Self::RouteChosen => "route_chosen",
            Self::ReferralOffered => "referral_offered",
            Self::Active => "active",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Retained => "retained",
            Self::Destroyed => "destroyed",
        }
    }

    /// The state of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether content is still being written.
    #[must_use]
    pub fn is_open(self) -> bool {
        self < Self::Closed
    }
}

/// What became of a proposal to a coach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferralState {
    /// The coach has not answered yet.
    Offered,
    /// This is the trajectory's coach.
    Accepted,
    /// The coach said no.
    Declined,
    /// The coach was the trajectory's coach, and a successor took over.
    Ended,
    /// The question was taken back before it was answered: the employee would rather not.
    Withdrawn,
}

impl ReferralState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Offered, Self::Accepted, Self::Declined, Self::Ended, Self::Withdrawn];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Ended => "ended",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}
