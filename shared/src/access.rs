//! Who may read and write what: one table, pure, used by the server (whose answer counts) and by the device
//! (to say who can see this).
//!
//! A person stands in one or more [`Relation`]s to a document. [`allowed`] is the table; [`access`] takes the
//! best of what a person's relations allow.

use serde::{Deserialize, Serialize};

use crate::domain::kind::DocKind;
use crate::domain::lifecycle::{ReferralState, TrajectoryState};
use crate::domain::role::Role;
use crate::ids::UserId;

/// What a person may do with a document; each includes the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Not even know that it exists.
    None,
    /// Read it.
    Read,
    /// Read it and add to it.
    Write,
}

/// How a person stands to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// The employee it is about, or the coach whose own document it is.
    Owner,
    /// Holds the role of career adviser.
    Adviser,
    /// Was asked to be the trajectory's coach and has not answered.
    OfferedCoach,
    /// Is the trajectory's coach.
    Coach,
    /// Was asked, and said no.
    DeclinedCoach,
    /// Was the trajectory's coach until a successor took over.
    FormerCoach,
    /// Has been referred to the coach whose profile it is.
    ReferredEmployee,
    /// Holds the role of internal coach.
    PoolCoach,
    /// Holds the role of trainer.
    Trainer,
    /// Holds the role of line manager.
    LineManager,
    /// Holds the role of administrator.
    Administrator,
    /// Nothing of the above.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 12] = [
        Self::Owner,
        Self::Adviser,
        Self::OfferedCoach,
        Self::Coach,
        Self::DeclinedCoach,
        Self::FormerCoach,
        Self::ReferredEmployee,
        Self::PoolCoach,
        Self::Trainer,
        Self::LineManager,
        Self::Administrator,
        Self::Stranger,
    ];
}

/// A person, as far as access depends on her.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub user: UserId,
    /// Her roles; empty for a disabled account.
    pub roles: Vec<Role>,
}

/// A document, as far as access depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFacts {
    /// Its kind.
    pub kind: DocKind,
    /// The employee it is about, or the coach whose own document it is; none for the pool's documents.
    pub owner: Option<UserId>,
    /// The trajectory it belongs to.
    pub trajectory: Option<TrajectoryFacts>,
    /// For a coach's profile: the employees with an offered or accepted referral to that coach.
    pub referred: Vec<UserId>,
}

/// A trajectory, as far as access depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrajectoryFacts {
    /// Whose career it is about.
    pub employee: UserId,
    /// Where it is.
    pub state: TrajectoryState,
    /// Whom it was referred to, and what became of that.
    pub referrals: Vec<(UserId, ReferralState)>,
}

/// What `relation` allows with a document of `kind` whose trajectory is in `state` (`None`: it belongs to no
/// trajectory).
#[must_use]
pub fn allowed(kind: DocKind, relation: Relation, state: Option<TrajectoryState>) -> Access {
    use Relation as R;
    if state == Some(TrajectoryState::Destroyed) {
        return Access::None;
    }
    // Who writes while the trajectory is open still reads it afterwards, until retention ends it.
    let writes = if state.is_none_or(TrajectoryState::is_open) { Access::Write } else { Access::Read };
    match (kind, relation) {
        (DocKind::ReflectionDraft, R::Owner) => Access::Write,
        (DocKind::Reflection, R::Owner) => writes,
        (DocKind::Reflection, R::Adviser | R::Coach) => Access::Read,
        (DocKind::Intake, R::Adviser) => writes,
        // A coach's working notes are hers also after a transfer, to read; `relations` sees to it that
        // only the coach who owns them is `Coach` or `FormerCoach` here.
        (DocKind::WorkingNotes, R::Coach) => writes,
        (DocKind::WorkingNotes, R::FormerCoach) => Access::Read,
        (DocKind::SharedNotes, R::Coach | R::Owner) => writes,
        (DocKind::Progress, R::Coach | R::Owner) => writes,
        (DocKind::Progress, R::Adviser) => Access::Read,
        (DocKind::CoachProfile, R::Owner) => Access::Write,
        (DocKind::CoachProfile, R::Adviser | R::ReferredEmployee) => Access::Read,
        (DocKind::Programme, R::PoolCoach | R::Adviser | R::Trainer) => Access::Write,
        (DocKind::Practice, R::Adviser) => Access::Write,
        (DocKind::Practice, R::PoolCoach | R::Trainer) => Access::Read,
        _ => Access::None,
    }
}

/// How `subject` stands to the document; never empty.
#[must_use]
pub fn relations(subject: &Subject, document: &DocumentFacts) -> Vec<Relation> {
    // A disabled account has no roles and stands in no relation.
    if subject.roles.is_empty() {
        return vec![Relation::Stranger];
    }
    let mut found = Vec::new();
    let owns = document.owner == Some(subject.user);
    // A coach's working notes have an owner, but what she may do with them follows from the referral.
    if owns && document.kind != DocKind::WorkingNotes {
        found.push(Relation::Owner);
    }
    if document.referred.contains(&subject.user) {
        found.push(Relation::ReferredEmployee);
    }
    for &role in &subject.roles {
        match role {
            Role::CareerAdviser => found.push(Relation::Adviser),
            Role::InternalCoach => found.push(Relation::PoolCoach),
            Role::Trainer => found.push(Relation::Trainer),
            Role::LineManager => found.push(Relation::LineManager),
            Role::Administrator => found.push(Relation::Administrator),
            Role::Employee => {}
        }
    }
    let is_coach = subject.roles.contains(&Role::InternalCoach);
    if let Some(trajectory) = &document.trajectory
        && is_coach
        && (document.kind != DocKind::WorkingNotes || owns)
    {
        for &(coach, state) in &trajectory.referrals {
            if coach == subject.user {
                found.push(match state {
                    ReferralState::Offered => Relation::OfferedCoach,
                    ReferralState::Accepted => Relation::Coach,
                    ReferralState::Declined => Relation::DeclinedCoach,
                    ReferralState::Ended => Relation::FormerCoach,
                });
            }
        }
    }
    if found.is_empty() {
        found.push(Relation::Stranger);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What `subject` may do with the document.
#[must_use]
pub fn access(subject: &Subject, document: &DocumentFacts) -> Access {
    let state = document.trajectory.as_ref().map(|trajectory| trajectory.state);
    relations(subject, document)
        .into_iter()
        .map(|relation| allowed(document.kind, relation, state))
        .max()
        .unwrap_or(Access::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPLOYEE: UserId = UserId([1; 16]);
    const COACH: UserId = UserId([2; 16]);
    const SUCCESSOR: UserId = UserId([3; 16]);

    fn subject(user: UserId, roles: &[Role]) -> Subject {
        Subject { user, roles: roles.to_vec() }
    }

    fn document(kind: DocKind, owner: UserId, referrals: &[(UserId, ReferralState)]) -> DocumentFacts {
        DocumentFacts {
            kind,
            owner: Some(owner),
            trajectory: Some(TrajectoryFacts {
                employee: EMPLOYEE,
                state: TrajectoryState::Active,
                referrals: referrals.to_vec(),
            }),
            referred: vec![],
        }
    }

    #[test]
    fn administrators_and_line_managers_have_no_path_to_content() {
        for kind in DocKind::ALL {
            for state in TrajectoryState::ALL.map(Some).into_iter().chain([None]) {
                for relation in [Relation::Administrator, Relation::LineManager, Relation::Stranger] {
                    assert_eq!(
                        allowed(kind, relation, state),
                        Access::None,
                        "{kind:?} {relation:?} {state:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn nobody_writes_to_a_closed_trajectory_and_nothing_is_read_of_a_destroyed_one() {
        for kind in DocKind::ALL.into_iter().filter(|kind| {
            !matches!(
                kind,
                DocKind::ReflectionDraft | DocKind::CoachProfile | DocKind::Programme | DocKind::Practice
            )
        }) {
            for relation in Relation::ALL {
                assert_ne!(allowed(kind, relation, Some(TrajectoryState::Closed)), Access::Write);
                assert_eq!(allowed(kind, relation, Some(TrajectoryState::Destroyed)), Access::None);
            }
        }
    }

    #[test]
    fn working_notes_are_for_the_coach_who_owns_them_alone() {
        let notes = document(
            DocKind::WorkingNotes,
            COACH,
            &[(COACH, ReferralState::Ended), (SUCCESSOR, ReferralState::Accepted)],
        );
        assert_eq!(access(&subject(COACH, &[Role::Employee, Role::InternalCoach]), &notes), Access::Read);
        assert_eq!(access(&subject(SUCCESSOR, &[Role::Employee, Role::InternalCoach]), &notes), Access::None);
        assert_eq!(access(&subject(EMPLOYEE, &[Role::Employee]), &notes), Access::None);
        assert_eq!(
            access(&subject(UserId([9; 16]), &[Role::Employee, Role::CareerAdviser]), &notes),
            Access::None
        );
    }

    #[test]
    fn a_coach_who_has_not_accepted_sees_nothing() {
        for state in [ReferralState::Offered, ReferralState::Declined] {
            for kind in [DocKind::SharedNotes, DocKind::Progress, DocKind::Reflection] {
                let document = document(kind, EMPLOYEE, &[(COACH, state)]);
                assert_eq!(
                    access(&subject(COACH, &[Role::Employee, Role::InternalCoach]), &document),
                    Access::None
                );
            }
        }
    }

    #[test]
    fn a_disabled_account_sees_nothing_of_its_own() {
        let draft = DocumentFacts {
            kind: DocKind::ReflectionDraft,
            owner: Some(EMPLOYEE),
            trajectory: None,
            referred: vec![],
        };
        assert_eq!(access(&subject(EMPLOYEE, &[Role::Employee]), &draft), Access::Write);
        assert_eq!(access(&subject(EMPLOYEE, &[]), &draft), Access::None);
    }
}
