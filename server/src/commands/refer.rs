//! `refer`: the adviser asks an internal coach.

use shared::access::Conflict;
use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::{ReferralId, TrajectoryId, UserId};
use store::{Referral, Trajectory};

use super::{Stop, Work};
use crate::random;

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId, coach: UserId) -> Result<CommandDone, Stop> {
    let mut trajectory = work.advised(id).await?;
    trajectory.state = decide(&trajectory, &work.tx.referrals(id).await?)?;
    check_coach(work, &trajectory, coach).await?;
    ask(work, &trajectory, coach).await
}

fn decide(trajectory: &Trajectory, earlier: &[Referral]) -> Result<State, Refusal> {
    let stands = |it: &Referral| matches!(it.state, ReferralState::Offered | ReferralState::Accepted);
    if earlier.iter().any(stands) {
        return Err(Refusal::AlreadyReferred);
    }
    match trajectory.state {
        State::IntakeHeld | State::RouteChosen => Ok(State::ReferralOffered),
        _ => Err(Refusal::WrongState),
    }
}

/// Refuses who is no coach, and whose coaching would be a conflict of interest.
pub(super) async fn check_coach(
    work: &mut Work<'_>,
    trajectory: &Trajectory,
    coach: UserId,
) -> Result<(), Stop> {
    let asked = work.users.iter().find(|it| it.id == coach);
    if !asked.is_some_and(|it| it.roles.contains(&Role::InternalCoach) && !it.disabled) {
        return Err(Refusal::NotACoach.into());
    }
    match work.conflicts(trajectory, coach).await?.first() {
        None => Ok(()),
        Some(Conflict::Herself) => Err(Refusal::NotACoach.into()),
        Some(Conflict::OwnManager) => Err(Refusal::OwnManager.into()),
        Some(Conflict::OwnUnit) => Err(Refusal::OwnUnit.into()),
        Some(Conflict::RatherNot) => Err(Refusal::RatherNot.into()),
    }
}

/// Asks a coach.
pub(super) async fn ask(
    work: &mut Work<'_>,
    trajectory: &Trajectory,
    coach: UserId,
) -> Result<CommandDone, Stop> {
    let referral = Referral {
        id: ReferralId(random::fresh()),
        trajectory: trajectory.id,
        coach,
        state: ReferralState::Offered,
        offered_at: work.now,
        answered_at: None,
    };
    work.tx.put_referral(&referral).await?;
    work.put_trajectory(trajectory).await?;
    work.regrant_profile(coach).await?;
    Ok(CommandDone { referral: Some(referral.id), ..CommandDone::default() })
}
