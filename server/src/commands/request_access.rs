//! `request_access`: a person asks what is kept of her. What she can read herself she has; who keeps something that she
//! cannot read is asked to look: each coach with notes of her own, and the advisers for the notes of the intake.

use std::collections::BTreeMap;

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::request::{self, RequestKind, RequestState};
use shared::domain::role::Role;
use shared::ids::RequestId;
use store::{Request, RequestStep, Trajectory};

use super::{Stop, Work, requests};
use crate::random;

pub(super) async fn run(work: &mut Work<'_>) -> Result<CommandDone, Stop> {
    let me = work.me.id;
    let is_open = |it: &Request| it.kind == RequestKind::Access && it.state.is_open();
    if work.tx.requests_of(me).await?.iter().any(is_open) {
        return Err(Refusal::AlreadyRequested.into());
    }
    let mut trajectories = work.tx.trajectories_of(me).await?;
    trajectories.retain(|it| it.state != TrajectoryState::Destroyed);
    let id = RequestId(random::fresh());
    work.follow_up.object = id.to_string();
    let request = Request {
        id,
        kind: RequestKind::Access,
        person: me,
        scope: None,
        state: RequestState::Requested,
        made_at: work.now,
        due_at: request::due(work.now),
        reason: None,
        decided: None,
        done: None,
        erased: BTreeMap::new(),
    };
    work.tx.put_request(&request).await?;
    for step in asked(work, &trajectories).await? {
        work.tx.put_request_step(id, &step).await?;
    }
    requests::put(work, &request).await?;
    Ok(CommandDone { request: Some(id), ..CommandDone::default() })
}

async fn asked(work: &mut Work<'_>, trajectories: &[Trajectory]) -> Result<Vec<RequestStep>, Stop> {
    let mut steps = Vec::new();
    for trajectory in trajectories {
        let documents = work.tx.documents_of_trajectory(trajectory.id).await?;
        if documents.iter().any(|it| it.kind == DocKind::Intake) {
            steps.push(RequestStep { role: Role::CareerAdviser, user: None, answered: None });
            break;
        }
    }
    for coach in requests::coaches(work, trajectories, work.me.id).await? {
        steps.push(RequestStep { role: Role::InternalCoach, user: Some(coach), answered: None });
    }
    Ok(steps)
}
