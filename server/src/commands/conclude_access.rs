//! `conclude_access`: everybody who was asked has answered, and the adviser or the administrator has settled the request
//! with the person.

use shared::domain::command::CommandDone;
use shared::domain::request::{self, RequestKind};
use shared::domain::role::Role;
use shared::ids::RequestId;

use super::{Stop, Work, requests};

pub(super) async fn run(work: &mut Work<'_>, id: RequestId) -> Result<CommandDone, Stop> {
    if !work.has(Role::CareerAdviser) && !work.has(Role::Administrator) {
        return Err(Stop::NotFound);
    }
    let mut found = requests::find(work, id, RequestKind::Access).await?;
    requests::not_my_own(work, &found.request)?;
    if !work.has(Role::Administrator) {
        requests::not_managed(work, &found.request).await?;
    }
    found.request.state = request::settle_access(found.state, false, found.is_answered(work))?;
    found.request.done = Some((work.me.id, work.now));
    requests::put(work, &found.request).await?;
    Ok(CommandDone::default())
}
