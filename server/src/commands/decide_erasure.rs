//! `decide_erasure`: the adviser agrees or declines. Once she agrees, every coach who keeps notes of her own about it is
//! asked to look.

use shared::domain::command::CommandDone;
use shared::domain::erasure::{self, Decision, ErasureStep};
use shared::domain::request::{RequestKind, RequestState};
use shared::domain::role::Role;
use shared::ids::RequestId;
use store::RequestStep;

use super::{Stop, Work, requests};

pub(super) async fn run(work: &mut Work<'_>, id: RequestId, decision: Decision) -> Result<CommandDone, Stop> {
    if !work.has(Role::CareerAdviser) {
        return Err(Stop::NotFound);
    }
    let mut found = requests::find(work, id, RequestKind::Erasure).await?;
    requests::not_my_own(work, &found.request)?;
    requests::not_managed(work, &found.request).await?;
    let trajectories = requests::trajectories(work, &found.request).await?;
    let is_running = trajectories.iter().any(|it| it.state.is_open());
    found.request.state = erasure::after(found.state, ErasureStep::Decide { decision, is_running })?;
    found.request.decided = Some((work.me.id, work.now));
    if let Decision::Decline { reason } = decision {
        found.request.reason = Some(reason);
        found.request.done = Some((work.me.id, work.now));
    }
    if found.request.state == RequestState::Agreed {
        for coach in requests::coaches(work, &trajectories, found.request.person).await? {
            let step = RequestStep { role: Role::InternalCoach, user: Some(coach), answered: None };
            work.tx.put_request_step(id, &step).await?;
        }
    }
    requests::put(work, &found.request).await?;
    Ok(CommandDone::default())
}
