//! `accept`: a coach takes a trajectory on; its notes and progress begin. A successor takes it over: her notes begin
//! empty, the progress goes on, and who was the coach keeps her own working notes alone.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::{ReferralId, UserId};
use store::{Document, Referral, StoreError, Trajectory};

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: ReferralId) -> Result<CommandDone, Stop> {
    let (mut referral, mut trajectory) = offered_to_me(work, id).await?;
    if !work.conflicts(&trajectory, referral.coach).await?.is_empty() {
        return Err(Refusal::ConflictOfInterest.into());
    }
    let earlier = work.tx.referrals(trajectory.id).await?;
    for mut before in earlier.into_iter().filter(|it| it.state == ReferralState::Accepted) {
        close_notes(work, &trajectory, before.coach).await?;
        before.state = ReferralState::Ended;
        work.tx.put_referral(&before).await?;
        work.regrant_profile(before.coach).await?;
    }
    referral.state = ReferralState::Accepted;
    referral.answered_at = Some(work.now);
    work.tx.put_referral(&referral).await?;
    add_documents(work, &trajectory, referral.coach).await?;
    if trajectory.state == State::ReferralOffered {
        trajectory.state = State::Active;
    }
    work.put_trajectory(&trajectory).await?;
    work.regrant_profile(referral.coach).await?;
    Ok(CommandDone { trajectory: Some(trajectory.id), ..CommandDone::default() })
}

/// The shared notes so far were kept with `coach`, where that was not noted when they began.
async fn close_notes(work: &mut Work<'_>, trajectory: &Trajectory, coach: UserId) -> Result<(), StoreError> {
    for document in work.tx.documents_of_trajectory(trajectory.id).await? {
        if document.kind == DocKind::SharedNotes && work.tx.kept_with(document.id).await?.is_none() {
            work.tx.keep_with(document.id, coach).await?;
        }
    }
    Ok(())
}

/// Makes what a coach and an employee write in, as far as it is not there: progress goes on with another coach, and one
/// who comes back goes on in her own notes.
async fn add_documents(
    work: &mut Work<'_>,
    trajectory: &Trajectory,
    coach: UserId,
) -> Result<(), StoreError> {
    let there = work.tx.documents_of_trajectory(trajectory.id).await?;
    let mut has_shared = false;
    for document in of_kind(&there, DocKind::SharedNotes) {
        has_shared |= work.tx.kept_with(document.id).await?.is_some_and(|it| it.coach == coach);
    }
    if !of_kind(&there, DocKind::WorkingNotes).any(|it| it.owner == Some(coach)) {
        work.add_document(DocKind::WorkingNotes, coach, trajectory.id).await?;
    }
    if !has_shared {
        let notes = work.add_document(DocKind::SharedNotes, trajectory.employee, trajectory.id).await?;
        work.tx.keep_with(notes, coach).await?;
    }
    if of_kind(&there, DocKind::Progress).next().is_none() {
        work.add_document(DocKind::Progress, trajectory.employee, trajectory.id).await?;
    }
    Ok(())
}

fn of_kind(documents: &[Document], kind: DocKind) -> impl Iterator<Item = &Document> {
    documents.iter().filter(move |it| it.kind == kind)
}

/// A referral to whoever gave the command that waits for an answer, with its trajectory.
pub(super) async fn offered_to_me(
    work: &mut Work<'_>,
    id: ReferralId,
) -> Result<(Referral, Trajectory), Stop> {
    let referral = work.tx.referral(id).await?.ok_or(Stop::NotFound)?;
    // A question that was taken back is not hers to know of.
    if referral.coach != work.me.id
        || !work.has(Role::InternalCoach)
        || referral.state == ReferralState::Withdrawn
    {
        return Err(Stop::NotFound);
    }
    let trajectory = work.trajectory(referral.trajectory).await?;
    if referral.state != ReferralState::Offered {
        return Err(Refusal::AlreadyAnswered.into());
    }
    // While somebody is the coach, the question is to a successor.
    if !matches!(trajectory.state, State::ReferralOffered | State::Active | State::Closing) {
        return Err(Refusal::WrongState.into());
    }
    Ok((referral, trajectory))
}
