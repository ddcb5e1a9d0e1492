//! `register`: an employee asks for a career talk.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::role::Role;
use shared::ids::TrajectoryId;
use store::Trajectory;

use super::{Stop, Work};
use crate::random;

pub(super) async fn run(work: &mut Work<'_>) -> Result<CommandDone, Stop> {
    if !work.has(Role::Employee) {
        return Err(Stop::NotFound);
    }
    decide(&work.tx.trajectories_of(work.me.id).await?)?;
    let trajectory = Trajectory {
        id: TrajectoryId(random::fresh()),
        employee: work.me.id,
        state: TrajectoryState::Registered,
        registered_at: work.now,
        intake_at: None,
        closed_at: None,
    };
    work.follow_up.object = trajectory.id.to_string();
    work.tx.put_trajectory(&trajectory).await?;
    work.add_document(DocKind::Intake, work.me.id, trajectory.id).await?;
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone { trajectory: Some(trajectory.id), ..CommandDone::default() })
}

fn decide(earlier: &[Trajectory]) -> Result<(), Refusal> {
    if earlier.iter().any(|it| it.state.is_open()) { Err(Refusal::AlreadyRegistered) } else { Ok(()) }
}
