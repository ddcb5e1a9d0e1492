//! `plan_intake`: the adviser sets a moment for the intake.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::TrajectoryState as State;
use shared::ids::TrajectoryId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId, at: u64) -> Result<CommandDone, Stop> {
    let mut trajectory = work.advised(id).await?;
    trajectory.state = decide(trajectory.state)?;
    trajectory.intake_at = Some(at);
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone::default())
}

fn decide(state: State) -> Result<State, Refusal> {
    match state {
        State::Registered | State::IntakePlanned => Ok(State::IntakePlanned),
        _ => Err(Refusal::WrongState),
    }
}
