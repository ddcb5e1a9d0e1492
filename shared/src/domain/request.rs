//! A person's requests about what is kept of her: to erase it (*wissen*), or to see it (*inzageverzoek*). Who asked what,
//! where it is and when it is due; never content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::command::Refusal;
use super::kind::DocKind;
use super::role::Role;
use crate::ids::{RequestId, TrajectoryId, UserId};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// To erase something.
    Erasure,
    /// To see what is kept.
    Access,
}

impl RequestKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Erasure, Self::Access];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
            Self::Access => "access",
        }
    }

    /// The kind of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// What is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Scope {
    /// Her reflection form as she fills it in: hers alone, so it goes at once.
    Drafts {},
    /// A trajectory with its documents.
    Trajectory {
        /// Which.
        trajectory: TrajectoryId,
    },
    /// Everything, and her account.
    Account {},
}

impl Scope {
    /// The name of its kind in the database; the trajectory stands beside it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Drafts {} => "drafts",
            Self::Trajectory { .. } => "trajectory",
            Self::Account {} => "account",
        }
    }

    /// The trajectory it names.
    #[must_use]
    pub fn trajectory(self) -> Option<TrajectoryId> {
        match self {
            Self::Trajectory { trajectory } => Some(trajectory),
            Self::Drafts {} | Self::Account {} => None,
        }
    }
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Asked.
    Requested,
    /// An erasure that the adviser agreed to; to be carried out.
    Agreed,
    /// An erasure that the adviser declined, with a reason.
    Declined,
    /// Taken back by who asked.
    Withdrawn,
    /// Carried out, or answered in full.
    Done,
    /// What it was about is gone already. Never stored: see [`standing`](Self::standing).
    Lapsed,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Requested, Self::Agreed, Self::Declined, Self::Withdrawn, Self::Done, Self::Lapsed];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Agreed => "agreed",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Done => "done",
            Self::Lapsed => "lapsed",
        }
    }

    /// The state of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether somebody has still to do something.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Agreed)
    }

    /// What a stored state comes to: an open request about something that has been destroyed meanwhile has lapsed.
    #[must_use]
    pub fn standing(self, is_there: bool) -> Self {
        if self.is_open() && !is_there { Self::Lapsed } else { self }
    }
}

/// Why something is kept, or not handed over: a fixed list, so that nothing about a person is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The trajectory runs and is still needed.
    StillRunning,
    /// A law says that it is kept.
    LegalDuty,
    /// It is needed for a legal claim.
    LegalClaim,
    /// It is about others as well, whose rights weigh more.
    AboutOthers,
    /// There is nothing.
    NothingThere,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] =
        [Self::StillRunning, Self::LegalDuty, Self::LegalClaim, Self::AboutOthers, Self::NothingThere];

    /// The name on the wire and in the database.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::StillRunning => "still_running",
            Self::LegalDuty => "legal_duty",
            Self::LegalClaim => "legal_claim",
            Self::AboutOthers => "about_others",
            Self::NothingThere => "nothing_there",
        }
    }

    /// The reason of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Those that can stand behind a no to that kind of request, by who decides (`of_holder` false) or who was asked to
    /// look at what she keeps.
    #[must_use]
    pub fn of(kind: RequestKind, of_holder: bool) -> &'static [Self] {
        match (kind, of_holder) {
            (RequestKind::Erasure, false) => {
                &[Self::StillRunning, Self::LegalDuty, Self::LegalClaim, Self::AboutOthers]
            }
            (RequestKind::Erasure, true) => &[Self::LegalDuty, Self::LegalClaim, Self::AboutOthers],
            (RequestKind::Access, _) => &[Self::NothingThere, Self::AboutOthers, Self::LegalClaim],
        }
    }
}

/// What somebody says who was asked to look at what she keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Answer {
    /// It was handed over; of an erasure: it may go.
    Yes {},
    /// It was not; of an erasure: it stays.
    No {
        /// Why.
        reason: Reason,
    },
}

impl Answer {
    /// The reason of a no.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Yes {} => None,
            Self::No { reason } => Some(reason),
        }
    }
}

/// Somebody who was asked to look at what she keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// In which role.
    pub role: Role,
    /// Who; none for the advisers together, and to the person who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// What she said, once she has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// When, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<u64>,
}

/// A request, as the directory tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// What is asked.
    pub kind: RequestKind,
    /// Who asked, about herself.
    pub person: UserId,
    /// Of an erasure: what is to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Where it is.
    pub state: RequestState,
    /// When it was asked, in ms since 1970.
    pub made_at: u64,
    /// By when it is to be settled, in ms since 1970.
    pub due_at: u64,
    /// Why it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it was decided, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<u64>,
    /// When it was settled, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<u64>,
    /// What was erased: how many documents of which kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub erased: BTreeMap<DocKind, u32>,
    /// Who was asked to look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// What becomes of an access request when it is withdrawn or, with everybody's answer, settled.
///
/// # Errors
/// Why it cannot be done.
pub fn settle_access(
    state: RequestState,
    withdrawn: bool,
    is_answered: bool,
) -> Result<RequestState, Refusal> {
    match (state, withdrawn) {
        (RequestState::Requested, true) => Ok(RequestState::Withdrawn),
        (RequestState::Requested, false) if is_answered => Ok(RequestState::Done),
        (RequestState::Requested, false) => Err(Refusal::NotAnswered),
        _ => Err(Refusal::AlreadyDecided),
    }
}

const DAY_MS: u64 = 86_400_000;

/// One month after `from` (ms since 1970): the same day of the next month, or its last one. So long the law gives to
/// answer a request (GDPR, article 12, paragraph 3).
#[must_use]
pub fn due(from: u64) -> u64 {
    let (mut year, mut month, day) = date_of(from / DAY_MS);
    (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let day = day.min(length_of(year, month));
    day_of(year, month, day) * DAY_MS + from % DAY_MS
}

fn length_of(year: u64, month: u64) -> u64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    day_of(next_year, next_month, 1) - day_of(year, month, 1)
}

/// The number of a day since 1970 (proleptic Gregorian calendar; after Howard Hinnant's `days_from_civil`).
fn day_of(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of the day with that number since 1970.
fn date_of(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_later_is_the_same_day_or_the_last_one_there_is() {
        for (from, to) in [
            ((2026, 11, 25), (2026, 12, 25)),
            ((2026, 12, 31), (2027, 1, 31)),
            ((2027, 1, 31), (2027, 2, 28)),
            ((2028, 1, 30), (2028, 2, 29)),
            ((2027, 3, 31), (2027, 4, 30)),
        ] {
            let (from, to) = (day_of(from.0, from.1, from.2), day_of(to.0, to.1, to.2));
            assert_eq!(due(from * DAY_MS + 7), to * DAY_MS + 7, "{:?}", date_of(from));
        }
        assert_eq!(day_of(2026, 11, 25), 20_782);
        assert_eq!(date_of(20_782), (2026, 11, 25));
    }

    #[test]
    fn what_is_settled_stays_settled_and_what_is_gone_has_lapsed() {
        use RequestState as S;
        for state in S::ALL {
            assert_eq!(state.standing(true), state);
            assert_eq!(state.standing(false), if state.is_open() { S::Lapsed } else { state });
            for withdrawn in [true, false] {
                if state != S::Requested {
                    assert_eq!(settle_access(state, withdrawn, true), Err(Refusal::AlreadyDecided));
                }
            }
        }
        assert_eq!(settle_access(S::Requested, true, false), Ok(S::Withdrawn));
        assert_eq!(settle_access(S::Requested, false, false), Err(Refusal::NotAnswered));
        assert_eq!(settle_access(S::Requested, false, true), Ok(S::Done));
    }

    #[test]
    fn a_no_has_a_reason_that_fits() {
        for kind in RequestKind::ALL {
            for of_holder in [true, false] {
                assert!(!Reason::of(kind, of_holder).is_empty());
            }
        }
        assert!(!Reason::of(RequestKind::Erasure, true).contains(&Reason::NothingThere));
    }
}
