//! `close`: the closing of a trajectory begins, and later is finished.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::TrajectoryId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId, finish: bool) -> Result<CommandDone, Stop> {
    let mut trajectory = work.trajectory(id).await?;
    let me = work.me.id;
    let is_coach = work.has(Role::InternalCoach)
        && work
            .tx
            .referrals(id)
            .await?
            .iter()
            .any(|it| it.coach == me && it.state == ReferralState::Accepted);
    if !is_coach && !work.advises(&trajectory).await? {
        return Err(Stop::NotFound);
    }
    trajectory.state = decide(trajectory.state, finish)?;
    if finish {
        trajectory.closed_at = Some(work.now);
    }
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone::default())
}

fn decide(state: State, finish: bool) -> Result<State, Refusal> {
    match (state, finish) {
        (State::Active, false) => Ok(State::Closing),
        (State::Closing, true) => Ok(State::Closed),
        _ => Err(Refusal::WrongState),
    }
}
