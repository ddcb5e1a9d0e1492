//! `hand_over_notes`: the employee gives her coach the shared notes of those who coached her before.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::ids::TrajectoryId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId) -> Result<CommandDone, Stop> {
    let trajectory = work.own(id).await?;
    if !trajectory.state.is_open() {
        return Err(Refusal::WrongState.into());
    }
    let accepted = work.tx.referrals(id).await?.into_iter().find(|it| it.state == ReferralState::Accepted);
    let coach = accepted.ok_or(Refusal::WrongState)?.coach;
    let mut earlier = Vec::new();
    for document in work.tx.documents_of_trajectory(id).await? {
        if document.kind == DocKind::SharedNotes
            && let Some(kept) = work.tx.kept_with(document.id).await?
            && kept.coach != coach
            && !kept.handed_to.contains(&coach)
        {
            earlier.push(document.id);
        }
    }
    if earlier.is_empty() {
        return Err(Refusal::NothingToHandOver.into());
    }
    for document in earlier {
        work.tx.hand_over(document, coach, work.now).await?;
    }
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone::default())
}
