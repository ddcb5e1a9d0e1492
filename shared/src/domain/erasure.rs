//! *Wissen*: the way of a request for erasure. The adviser decides, who keeps notes of her own is asked to look, the
//! administrator carries out.

use serde::{Deserialize, Serialize};

use super::command::Refusal;
use super::kind::DocKind;
use super::request::{Answer, Reason, RequestKind, RequestState};
use crate::ids::UserId;

/// What the adviser decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Decision {
    /// It may go; she has seen to it that no law says otherwise.
    Agree {
        /// A trajectory that still runs ends with it, as she has talked over with the person.
        ends_running: bool,
    },
    /// It stays.
    Decline {
        /// Why.
        reason: Reason,
    },
}

/// A step of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasureStep {
    /// The person takes it back.
    Withdraw,
    /// The adviser decides, where something that still runs is at stake or not.
    Decide {
        /// What she decided.
        decision: Decision,
        /// Whether a trajectory in it is open.
        is_running: bool,
    },
    /// Who keeps notes of her own about it says what becomes of them.
    Answer(Answer),
    /// The administrator carries it out.
    CarryOut {
        /// Whether everybody who was asked has answered.
        is_answered: bool,
    },
}

/// Where a request is after a step; `state` as it [stands](RequestState::standing).
///
/// # Errors
/// Why the step cannot be taken.
pub fn after(state: RequestState, step: ErasureStep) -> Result<RequestState, Refusal> {
    use RequestState as S;
    match (state, step) {
        (S::Requested, ErasureStep::Withdraw) => Ok(S::Withdrawn),
        (S::Requested, ErasureStep::Decide { decision: Decision::Decline { reason }, .. }) => {
            if Reason::of(RequestKind::Erasure, false).contains(&reason) {
                Ok(S::Declined)
            } else {
                Err(Refusal::WrongState)
            }
        }
        (S::Requested, ErasureStep::Decide { decision: Decision::Agree { ends_running }, is_running }) => {
            if is_running && !ends_running {
                Err(Refusal::StillRunning)
            } else {
                Ok(S::Agreed)
            }
        }
        (S::Requested, ErasureStep::CarryOut { .. } | ErasureStep::Answer(_)) => Err(Refusal::NotDecided),
        (S::Agreed, ErasureStep::Answer(answer)) => {
            let fits = |reason| Reason::of(RequestKind::Erasure, true).contains(&reason);
            if answer.reason().is_none_or(fits) { Ok(S::Agreed) } else { Err(Refusal::WrongState) }
        }
        (S::Agreed, ErasureStep::CarryOut { is_answered }) => {
            if is_answered {
                Ok(S::Done)
            } else {
                Err(Refusal::NotAnswered)
            }
        }
        _ => Err(Refusal::AlreadyDecided),
    }
}

/// Whether a document goes when its trajectory is erased. A coach's working notes go if she said so, or if nobody is left
/// who could say (`asked` is none: her account is closed). Notes about which she was not asked stay.
#[must_use]
pub fn goes(kind: DocKind, owner: Option<UserId>, asked: impl Fn(UserId) -> Asked) -> bool {
    match (kind, owner) {
        (DocKind::WorkingNotes, Some(coach)) => match asked(coach) {
            Asked::Answered(Answer::Yes {}) | Asked::Departed => true,
            Asked::Answered(Answer::No { .. }) | Asked::No => false,
        },
        _ => true,
    }
}

/// What a coach said about her working notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// This.
    Answered(Answer),
    /// Her account is closed: nobody can look any more.
    Departed,
    /// She was not asked, or has not answered.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGREE: Decision = Decision::Agree { ends_running: false };
    const DECLINE: Decision = Decision::Decline { reason: Reason::LegalDuty };

    fn steps() -> Vec<ErasureStep> {
        let mut steps = vec![ErasureStep::Withdraw, ErasureStep::Answer(Answer::Yes {})];
        for is_running in [true, false] {
            for decision in [AGREE, Decision::Agree { ends_running: true }, DECLINE] {
                steps.push(ErasureStep::Decide { decision, is_running });
            }
        }
        steps.extend([true, false].map(|is_answered| ErasureStep::CarryOut { is_answered }));
        steps
    }

    #[test]
    fn nothing_can_be_done_with_what_is_settled() {
        use RequestState as S;
        for state in [S::Declined, S::Withdrawn, S::Done, S::Lapsed] {
            for step in steps() {
                assert_eq!(after(state, step), Err(Refusal::AlreadyDecided), "{state:?} {step:?}");
            }
        }
    }

    #[test]
    fn it_is_decided_once_and_carried_out_after_that() {
        use RequestState as S;
        let decide = |decision, is_running| ErasureStep::Decide { decision, is_running };
        assert_eq!(after(S::Requested, decide(AGREE, false)), Ok(S::Agreed));
        assert_eq!(after(S::Requested, decide(DECLINE, true)), Ok(S::Declined));
        assert_eq!(after(S::Agreed, decide(DECLINE, false)), Err(Refusal::AlreadyDecided));
        assert_eq!(after(S::Agreed, ErasureStep::Withdraw), Err(Refusal::AlreadyDecided));
        assert_eq!(
            after(S::Requested, ErasureStep::CarryOut { is_answered: true }),
            Err(Refusal::NotDecided)
        );
        assert_eq!(after(S::Agreed, ErasureStep::CarryOut { is_answered: true }), Ok(S::Done));
    }

    #[test]
    fn what_runs_ends_only_if_that_was_said() {
        use RequestState as S;
        let decide = |ends_running| ErasureStep::Decide {
            decision: Decision::Agree { ends_running },
            is_running: true,
        };
        assert_eq!(after(S::Requested, decide(false)), Err(Refusal::StillRunning));
        assert_eq!(after(S::Requested, decide(true)), Ok(S::Agreed));
    }

    #[test]
    fn nothing_is_destroyed_before_everybody_has_looked() {
        use RequestState as S;
        assert_eq!(after(S::Agreed, ErasureStep::CarryOut { is_answered: false }), Err(Refusal::NotAnswered));
    }

    #[test]
    fn a_reason_that_does_not_fit_is_none() {
        let reason = Reason::NothingThere;
        let decide = ErasureStep::Decide { decision: Decision::Decline { reason }, is_running: false };
        assert_eq!(after(RequestState::Requested, decide), Err(Refusal::WrongState));
        let answer = ErasureStep::Answer(Answer::No { reason: Reason::StillRunning });
        assert_eq!(after(RequestState::Agreed, answer), Err(Refusal::WrongState));
    }

    #[test]
    fn working_notes_go_only_as_their_coach_said() {
        let coach = Some(UserId([1; 16]));
        let goes = |kind, asked| goes(kind, coach, |_| asked);
        let no = Asked::Answered(Answer::No { reason: Reason::LegalDuty });
        assert!(goes(DocKind::WorkingNotes, Asked::Answered(Answer::Yes {})));
        assert!(goes(DocKind::WorkingNotes, Asked::Departed));
        assert!(!goes(DocKind::WorkingNotes, no));
        assert!(!goes(DocKind::WorkingNotes, Asked::No));
        for kind in DocKind::ALL.into_iter().filter(|it| *it != DocKind::WorkingNotes) {
            assert!(goes(kind, no), "{kind:?}");
        }
    }
}
