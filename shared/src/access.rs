//! Who may read and write what: one table, pure, used by the server (whose answer counts) and by the device
//! (to say who can see this).
//!
//! A person stands in one or more [`Relation`]s to a document. [`allowed`] is the table; [`access`] takes the
//! best of what a person's relations allow. [`conflicts`] says who cannot be somebody's coach, and [`advises`] of
//! whom an adviser keeps out.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The employee it is about, or the coach whose own document it is.
    Owner,
    /// The employee, of notes that she kept with a coach who has been succeeded since.
    PastOwner,
    /// Holds the role of career adviser.
    Adviser,
    /// Holds the role of career adviser, and it is about herself or about somebody whose manager she is.
    ConflictedAdviser,
    /// Was asked to be the trajectory's coach and has not answered.
    OfferedCoach,
    /// Is the trajectory's coach.
    Coach,
    /// Is the trajectory's coach, of notes that an earlier one kept and that the employee handed over to her.
    SuccessorCoach,
    /// Was asked, and it came to nothing: she said no, or the question was taken back.
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
    /// Outside the organisation: the coach, the tester or the mediator of an external route. Has no account, and a
    /// route that leads to her gives nobody anything.
    ExternalParty,
    /// Nothing of the above.
    Stranger,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 16] = [
        Self::Owner,
        Self::PastOwner,
        Self::Adviser,
        Self::ConflictedAdviser,
        Self::OfferedCoach,
        Self::Coach,
        Self::SuccessorCoach,
        Self::DeclinedCoach,
        Self::FormerCoach,
        Self::ReferredEmployee,
        Self::PoolCoach,
        Self::Trainer,
        Self::LineManager,
        Self::Administrator,
        Self::ExternalParty,
        Self::Stranger,
    ];

    /// The name on the wire.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::PastOwner => "past_owner",
            Self::Adviser => "adviser",
            Self::ConflictedAdviser => "conflicted_adviser",
            Self::OfferedCoach => "offered_coach",
            Self::Coach => "coach",
            Self::SuccessorCoach => "successor_coach",
            Self::DeclinedCoach => "declined_coach",
            Self::FormerCoach => "former_coach",
            Self::ReferredEmployee => "referred_employee",
            Self::PoolCoach => "pool_coach",
            Self::Trainer => "trainer",
            Self::LineManager => "line_manager",
            Self::Administrator => "administrator",
            Self::ExternalParty => "external_party",
            Self::Stranger => "stranger",
        }
    }
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
    /// For shared notes: with whom they were kept; none where that is whoever is the trajectory's coach.
    pub kept_with: Option<KeptWith>,
}

/// With whom shared notes were kept, and who else was given them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWith {
    /// The coach who writes, or wrote, in them.
    pub coach: UserId,
    /// Successors to whom the employee handed them over.
    pub handed_to: Vec<UserId>,
}

/// A trajectory, as far as access depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrajectoryFacts {
    /// Whose career it is about.
    pub employee: UserId,
    /// Where it is.
    pub state: TrajectoryState,
    /// The employee's own manager, where that is known.
    pub manager: Option<UserId>,
    /// Whom it was referred to, and what became of that.
    pub referrals: Vec<(UserId, ReferralState)>,
}

impl TrajectoryFacts {
    fn stands(&self, coach: UserId, state: ReferralState) -> bool {
        self.referrals.contains(&(coach, state))
    }
}

/// Whether an adviser may deal with the trajectory of `employee`, whose own manager is `manager`: not where it is her
/// own or that of somebody whom she manages. Another adviser does that one.
#[must_use]
pub fn advises(adviser: UserId, employee: UserId, manager: Option<UserId>) -> bool {
    adviser != employee && manager != Some(adviser)
}

/// Somebody who works here, as far as conflicts of interest depend on her.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colleague<'a> {
    /// Who.
    pub user: UserId,
    /// The part of the organisation she works in; empty if unknown.
    pub unit: &'a str,
    /// Her own manager, where that is known.
    pub manager: Option<UserId>,
}

/// Why somebody cannot be an employee's coach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Conflict {
    /// She is the employee.
    Herself,
    /// She is the employee's own manager.
    OwnManager,
    /// She works in the employee's own unit.
    OwnUnit,
    /// The employee would rather not; why is not asked.
    RatherNot,
}

/// Why `coach` cannot be the coach of `employee`, who would rather not have those in `avoided`. Empty: she can.
#[must_use]
pub fn conflicts(employee: Colleague<'_>, coach: Colleague<'_>, avoided: &[UserId]) -> Vec<Conflict> {
    let unit = |it: Colleague<'_>| it.unit.trim().to_lowercase();
    let found = [
        (Conflict::Herself, coach.user == employee.user),
        (Conflict::OwnManager, employee.manager == Some(coach.user)),
        (Conflict::OwnUnit, !unit(coach).is_empty() && unit(coach) == unit(employee)),
        (Conflict::RatherNot, avoided.contains(&coach.user)),
    ];
    // Of herself there is nothing more to say.
    let found = found.into_iter().filter_map(|(conflict, is_so)| is_so.then_some(conflict));
    if coach.user == employee.user { found.take(1).collect() } else { found.collect() }
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
        // Notes with a coach who has been succeeded are no longer written in. The employee keeps them; that coach does
        // not, and the successor has them only if they were handed over.
        (DocKind::SharedNotes, R::PastOwner | R::SuccessorCoach) => Access::Read,
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
    let me = subject.user;
    let mut found = Vec::new();
    let owns = document.owner == Some(me);
    // A coach's working notes have an owner, but what she may do with them follows from the referral.
    if owns && document.kind != DocKind::WorkingNotes {
        found.push(if is_past(document) { Relation::PastOwner } else { Relation::Owner });
    }
    if document.referred.contains(&me) {
        found.push(Relation::ReferredEmployee);
    }
    for &role in &subject.roles {
        match role {
            Role::CareerAdviser => found.push(match &document.trajectory {
                Some(it) if !advises(me, it.employee, it.manager) => Relation::ConflictedAdviser,
                _ => Relation::Adviser,
            }),
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
        for &(_, state) in trajectory.referrals.iter().filter(|(coach, _)| *coach == me) {
            found.extend(match state {
                ReferralState::Offered => Some(Relation::OfferedCoach),
                ReferralState::Accepted => as_coach(me, document.kept_with.as_ref()),
                ReferralState::Declined | ReferralState::Withdrawn => Some(Relation::DeclinedCoach),
                ReferralState::Ended => Some(Relation::FormerCoach),
            });
        }
    }
    if found.is_empty() {
        found.push(Relation::Stranger);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether these are notes with a coach who has been succeeded.
fn is_past(document: &DocumentFacts) -> bool {
    let (Some(kept), Some(trajectory)) = (&document.kept_with, &document.trajectory) else { return false };
    trajectory.stands(kept.coach, ReferralState::Ended)
        && !trajectory.stands(kept.coach, ReferralState::Accepted)
}

/// How the trajectory's coach stands to what was kept with `kept`: notes of an earlier coach are hers if they were
/// handed over to her.
fn as_coach(me: UserId, kept: Option<&KeptWith>) -> Option<Relation> {
    match kept {
        Some(kept) if kept.coach != me => kept.handed_to.contains(&me).then_some(Relation::SuccessorCoach),
        _ => Some(Relation::Coach),
    }
}

/// Why `subject` may do with the document what she may: the relations that allow as much. Empty where she may nothing.
#[must_use]
pub fn reasons(subject: &Subject, document: &DocumentFacts) -> Vec<Relation> {
    let best = access(subject, document);
    if best == Access::None {
        return Vec::new();
    }
    let state = document.trajectory.as_ref().map(|trajectory| trajectory.state);
    let mut reasons = relations(subject, document);
    reasons.retain(|relation| allowed(document.kind, *relation, state) == best);
    reasons
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
    const MANAGER: UserId = UserId([4; 16]);

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
                manager: Some(MANAGER),
                referrals: referrals.to_vec(),
            }),
            referred: vec![],
            kept_with: None,
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
            kept_with: None,
        };
        assert_eq!(access(&subject(EMPLOYEE, &[Role::Employee]), &draft), Access::Write);
        assert_eq!(access(&subject(EMPLOYEE, &[]), &draft), Access::None);
    }

    #[test]
    fn an_external_route_gives_nobody_access() {
        for kind in DocKind::ALL {
            for state in TrajectoryState::ALL.map(Some).into_iter().chain([None]) {
                for relation in [Relation::ExternalParty, Relation::ConflictedAdviser] {
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
    fn an_adviser_reads_nothing_that_advisers_keep_about_herself_or_somebody_she_manages() {
        let adviser = [Role::Employee, Role::CareerAdviser];
        let intake = document(DocKind::Intake, EMPLOYEE, &[]);
        assert_eq!(access(&subject(UserId([9; 16]), &adviser), &intake), Access::Write);
        assert_eq!(access(&subject(EMPLOYEE, &adviser), &intake), Access::None);
        assert_eq!(access(&subject(MANAGER, &adviser), &intake), Access::None);
        // What is hers as an employee stays hers.
        let shared = document(DocKind::SharedNotes, EMPLOYEE, &[]);
        assert_eq!(access(&subject(EMPLOYEE, &adviser), &shared), Access::Write);
    }

    #[test]
    fn notes_with_an_earlier_coach_are_the_employees_alone_unless_she_hands_them_over() {
        let coach = [Role::Employee, Role::InternalCoach];
        let kept = |handed_to| DocumentFacts {
            kept_with: Some(KeptWith { coach: COACH, handed_to }),
            ..document(
                DocKind::SharedNotes,
                EMPLOYEE,
                &[(COACH, ReferralState::Ended), (SUCCESSOR, ReferralState::Accepted)],
            )
        };
        for (handed_to, expected) in [(vec![], Access::None), (vec![SUCCESSOR], Access::Read)] {
            let notes = kept(handed_to);
            assert_eq!(access(&subject(SUCCESSOR, &coach), &notes), expected);
            assert_eq!(access(&subject(COACH, &coach), &notes), Access::None);
            assert_eq!(access(&subject(EMPLOYEE, &[Role::Employee]), &notes), Access::Read);
        }
    }

    #[test]
    fn notes_handed_over_to_a_coach_who_was_succeeded_herself_are_no_longer_hers() {
        let notes = DocumentFacts {
            kept_with: Some(KeptWith { coach: COACH, handed_to: vec![SUCCESSOR] }),
            ..document(
                DocKind::SharedNotes,
                EMPLOYEE,
                &[(COACH, ReferralState::Ended), (SUCCESSOR, ReferralState::Ended)],
            )
        };
        assert_eq!(access(&subject(SUCCESSOR, &[Role::Employee, Role::InternalCoach]), &notes), Access::None);
    }

    #[test]
    fn every_conflict_of_interest_is_found_and_nothing_else_is_one() {
        let colleague = |user, unit, manager| Colleague { user, unit, manager };
        let employee = colleague(EMPLOYEE, "Burgerzaken", Some(MANAGER));
        let found = |coach, avoided: &[UserId]| conflicts(employee, coach, avoided);
        assert_eq!(found(colleague(COACH, "Financiën", None), &[SUCCESSOR]), []);
        assert_eq!(found(colleague(COACH, "", None), &[]), []);
        assert_eq!(found(employee, &[EMPLOYEE]), [Conflict::Herself]);
        assert_eq!(found(colleague(MANAGER, "", None), &[]), [Conflict::OwnManager]);
        assert_eq!(found(colleague(COACH, " burgerzaken", None), &[]), [Conflict::OwnUnit]);
        assert_eq!(found(colleague(COACH, "", None), &[COACH]), [Conflict::RatherNot]);
        assert_eq!(
            found(colleague(MANAGER, "Burgerzaken", None), &[MANAGER]),
            [Conflict::OwnManager, Conflict::OwnUnit, Conflict::RatherNot]
        );
        // Two whose units are unknown do not work in the same one.
        let nowhere = colleague(EMPLOYEE, "", None);
        assert_eq!(conflicts(nowhere, colleague(COACH, "  ", None), &[]), []);
    }

    #[test]
    fn the_reason_is_the_relation_that_allows_as_much() {
        let progress = document(DocKind::Progress, EMPLOYEE, &[(COACH, ReferralState::Accepted)]);
        let both = subject(COACH, &[Role::Employee, Role::CareerAdviser, Role::InternalCoach]);
        assert_eq!(reasons(&both, &progress), [Relation::Coach]);
        assert_eq!(reasons(&subject(MANAGER, &[Role::Employee, Role::LineManager]), &progress), []);
    }

    #[test]
    fn every_relation_has_a_code_of_its_own() {
        let codes: std::collections::BTreeSet<_> = Relation::ALL.map(Relation::code).into();
        assert_eq!(codes.len(), Relation::ALL.len());
        for relation in Relation::ALL {
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.code());
        }
    }
}
