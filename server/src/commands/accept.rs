//! `accept`: a coach takes a trajectory on; its notes and progress begin.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{ReferralId, UserId};
use store::{Referral, Trajectory};

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: ReferralId) -> Result<CommandDone, Stop> {
    let (mut referral, mut trajectory) = offered_to_me(work, id).await?;
    referral.state = ReferralState::Accepted;
    referral.answered_at = Some(work.now);
    work.tx.put_referral(&referral).await?;
    for (kind, owner) in documents(referral.coach, trajectory.employee) {
        work.add_document(kind, owner, trajectory.id).await?;
    }
    trajectory.state = TrajectoryState::Active;
    work.put_trajectory(&trajectory).await?;
    work.regrant_profile(referral.coach).await?;
    Ok(CommandDone { trajectory: Some(trajectory.id), ..CommandDone::default() })
}

/// What a coach and an employee write in, and whose each document is.
fn documents(coach: UserId, employee: UserId) -> [(DocKind, UserId); 3] {
    [(DocKind::WorkingNotes, coach), (DocKind::SharedNotes, employee), (DocKind::Progress, employee)]
}

/// A referral to whoever gave the command that waits for an answer, with its trajectory.
pub(super) async fn offered_to_me(
    work: &mut Work<'_>,
    id: ReferralId,
) -> Result<(Referral, Trajectory), Stop> {
    let referral = work.tx.referral(id).await?.ok_or(Stop::NotFound)?;
    if referral.coach != work.me.id || !work.has(Role::InternalCoach) {
        return Err(Stop::NotFound);
    }
    let trajectory = work.trajectory(referral.trajectory).await?;
    if referral.state != ReferralState::Offered {
        return Err(Refusal::AlreadyAnswered.into());
    }
    if trajectory.state != TrajectoryState::ReferralOffered {
        return Err(Refusal::WrongState.into());
    }
    Ok((referral, trajectory))
}
