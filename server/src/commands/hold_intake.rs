//! `hold_intake`: the intake has been held; from now on a shared reflection stays shared.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::TrajectoryState as State;
use shared::ids::TrajectoryId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId) -> Result<CommandDone, Stop> {
    let mut trajectory = work.advised(id).await?;
    trajectory.state = decide(trajectory.state)?;
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone::default())
}

fn decide(state: State) -> Result<State, Refusal> {
    match state {
        State::Registered | State::IntakePlanned => Ok(State::IntakeHeld),
        _ => Err(Refusal::WrongState),
    }
}
