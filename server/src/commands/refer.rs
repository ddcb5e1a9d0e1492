//! `refer`: the adviser asks an internal coach.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::{ReferralId, TrajectoryId, UserId};
use store::{Referral, Trajectory, User};

use super::{Stop, Work};
use crate::random;

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId, coach: UserId) -> Result<CommandDone, Stop> {
    if !work.has(Role::CareerAdviser) {
        return Err(Stop::NotFound);
    }
    let mut trajectory = work.trajectory(id).await?;
    let asked = work.users.iter().find(|it| it.id == coach);
    trajectory.state = decide(&trajectory, &work.tx.referrals(id).await?, asked)?;
    let referral = Referral {
        id: ReferralId(random::fresh()),
        trajectory: id,
        coach,
        state: ReferralState::Offered,
        offered_at: work.now,
        answered_at: None,
    };
    work.tx.put_referral(&referral).await?;
    work.put_trajectory(&trajectory).await?;
    work.regrant_profile(coach).await?;
    Ok(CommandDone { referral: Some(referral.id), ..CommandDone::default() })
}

fn decide(trajectory: &Trajectory, earlier: &[Referral], asked: Option<&User>) -> Result<State, Refusal> {
    let stands = |it: &Referral| matches!(it.state, ReferralState::Offered | ReferralState::Accepted);
    if earlier.iter().any(stands) {
        return Err(Refusal::AlreadyReferred);
    }
    if !matches!(trajectory.state, State::IntakeHeld | State::RouteChosen) {
        return Err(Refusal::WrongState);
    }
    match asked {
        Some(coach)
            if coach.roles.contains(&Role::InternalCoach)
                && !coach.disabled
                && coach.id != trajectory.employee =>
        {
            Ok(State::ReferralOffered)
        }
        _ => Err(Refusal::NotACoach),
    }
}
