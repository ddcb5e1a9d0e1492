//! `answer_request`: who was asked to look at what she keeps says what becomes of it. She can say it anew until the request
//! is settled.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::erasure::{self, ErasureStep};
use shared::domain::request::{Answer, Reason, RequestKind, RequestState};
use shared::domain::role::Role;
use shared::ids::RequestId;
use store::RequestStep;

use super::{Stop, Work, requests};

pub(super) async fn run(
    work: &mut Work<'_>,
    id: RequestId,
    role: Role,
    answer: Answer,
) -> Result<CommandDone, Stop> {
    let found = requests::any(work, id).await?;
    let (me, has_role) = (work.me.id, work.has(role));
    // The advisers are asked together; who was asked by name answers also once the role is no longer hers.
    let is_mine = |it: &&RequestStep| it.role == role && it.user.map_or(has_role, |user| user == me);
    let step = found.steps.iter().find(is_mine).ok_or(Stop::NotFound)?.clone();
    requests::not_my_own(work, &found.request)?;
    if role == Role::CareerAdviser {
        requests::not_managed(work, &found.request).await?;
    }
    decide(found.request.kind, found.state, answer)?;
    let step = RequestStep { answered: Some((answer, me, work.now)), ..step };
    work.tx.put_request_step(id, &step).await?;
    requests::put(work, &found.request).await?;
    Ok(CommandDone::default())
}

fn decide(kind: RequestKind, state: RequestState, answer: Answer) -> Result<(), Refusal> {
    match kind {
        RequestKind::Erasure => erasure::after(state, ErasureStep::Answer(answer)).map(drop),
        RequestKind::Access if !state.is_open() => Err(Refusal::AlreadyDecided),
        RequestKind::Access if answer.reason().is_some_and(|it| !Reason::of(kind, true).contains(&it)) => {
            Err(Refusal::WrongState)
        }
        RequestKind::Access => Ok(()),
    }
}
