//! `withdraw_request`: who asked takes it back, until it has been decided.

use shared::domain::command::CommandDone;
use shared::domain::erasure::{self, ErasureStep};
use shared::domain::request::{self, RequestKind};
use shared::ids::RequestId;

use super::{Stop, Work, requests};

pub(super) async fn run(work: &mut Work<'_>, id: RequestId) -> Result<CommandDone, Stop> {
    let mut found = requests::any(work, id).await?;
    if found.request.person != work.me.id {
        return Err(Stop::NotFound);
    }
    found.request.state = match found.request.kind {
        RequestKind::Erasure => erasure::after(found.state, ErasureStep::Withdraw)?,
        RequestKind::Access => request::settle_access(found.state, true, false)?,
    };
    found.request.done = Some((work.me.id, work.now));
    requests::put(work, &found.request).await?;
    Ok(CommandDone::default())
}
