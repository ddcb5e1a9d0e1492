//! `request_erasure`: a person asks to have something erased. Her reflection form that nobody else has seen goes at once;
//! about the rest others decide.

use std::collections::BTreeMap;

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::request::{self, RequestKind, RequestState, Scope};
use shared::ids::{DocId, RequestId};
use store::{Document, Request};

use super::{Stop, Work, requests};
use crate::random;

pub(super) async fn run(work: &mut Work<'_>, scope: Scope) -> Result<CommandDone, Stop> {
    let me = work.me.id;
    if let Scope::Trajectory { trajectory } = scope
        && work.trajectory(trajectory).await?.employee != me
    {
        return Err(Stop::NotFound);
    }
    let mut open = Vec::new();
    for earlier in work.tx.requests_of(me).await? {
        if requests::standing(work, &earlier).await?.is_open() {
            open.push(earlier);
        }
    }
    decide(scope, &open)?;
    let id = RequestId(random::fresh());
    work.follow_up.object = id.to_string();
    let mut request = Request {
        id,
        kind: RequestKind::Erasure,
        person: me,
        scope: Some(scope),
        state: RequestState::Requested,
        made_at: work.now,
        due_at: request::due(work.now),
        reason: None,
        decided: None,
        done: None,
        erased: BTreeMap::new(),
    };
    if scope == (Scope::Drafts {}) {
        request.erased.insert(DocKind::ReflectionDraft, renew_drafts(work).await?);
        request.state = RequestState::Done;
        request.decided = Some((me, work.now));
        request.done = Some((me, work.now));
    }
    requests::put(work, &request).await?;
    Ok(CommandDone { request: Some(id), ..CommandDone::default() })
}

fn decide(scope: Scope, open: &[Request]) -> Result<(), Refusal> {
    let is_asked = |it: &Request| it.scope == Some(scope) || it.scope == Some(Scope::Account {});
    if open.iter().any(|it| it.kind == RequestKind::Erasure && is_asked(it)) {
        return Err(Refusal::AlreadyRequested);
    }
    Ok(())
}

/// Destroys her drafts and gives her a new, empty one; says how many there were.
async fn renew_drafts(work: &mut Work<'_>) -> Result<u32, Stop> {
    let me = work.me.id;
    let mut count = 0;
    for draft in work.tx.documents_of_owner(Some(me)).await? {
        if draft.kind == DocKind::ReflectionDraft {
            work.destroy(draft.id).await?;
            count += 1;
        }
    }
    let id = DocId(random::fresh());
    let kind = DocKind::ReflectionDraft;
    work.tx.add_document(&Document { id, kind, owner: Some(me), trajectory: None, destroyed: false }).await?;
    work.regrant(id).await?;
    Ok(count)
}
