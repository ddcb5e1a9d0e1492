//! `set_retention`: the administrator says how long documents of a kind are kept.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::retention::{Period, Settings};
use shared::domain::role::Role;

use super::{Stop, Work};
use crate::retention;

pub(super) async fn run(work: &mut Work<'_>, kind: DocKind, period: Period) -> Result<CommandDone, Stop> {
    work.follow_up.object = format!("{}:{}", kind.code(), period.code());
    if !work.has(Role::Administrator) {
        return Err(Stop::NotFound);
    }
    let found = retention::settings(work.tx).await?;
    let mut settings = found.unwrap_or_else(|| Settings::started(work.now));
    settings.set(kind, period, work.now).ok_or(Refusal::BadPeriod)?;
    retention::put_settings(work.tx, &settings).await?;
    // When something is due is in the directory of everybody who can read it.
    work.follow_up.directory.extend(work.users.iter().map(|it| it.id));
    Ok(CommandDone::default())
}
