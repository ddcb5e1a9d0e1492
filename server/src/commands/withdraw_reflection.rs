//! `withdraw_reflection`: the employee takes back what she shared, until the intake has been held.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::TrajectoryState;
use shared::ids::{DocId, TrajectoryId};

use super::share_reflection::shared_already;
use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId) -> Result<CommandDone, Stop> {
    let trajectory = work.own(id).await?;
    let document = decide(trajectory.state, shared_already(&work.tx.documents_of_trajectory(id).await?))?;
    let change = work.tx.destroy_document(document, work.now).await?;
    work.follow_up.access_changed(document, change);
    work.follow_up.grown(document);
    Ok(CommandDone::default())
}

fn decide(state: TrajectoryState, shared: Option<DocId>) -> Result<DocId, Refusal> {
    if state >= TrajectoryState::IntakeHeld {
        return Err(Refusal::IntakeHeld);
    }
    shared.ok_or(Refusal::NothingShared)
}
