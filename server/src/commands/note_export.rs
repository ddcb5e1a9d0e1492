//! `note_export`: somebody saved a copy of what she may read. What is in it never comes by here; that it was made is
//! written to the audit log, as every command is.

use shared::domain::command::{CommandDone, ExportName};

use super::{Stop, Work};

pub(super) fn run(work: &mut Work<'_>, what: &ExportName) -> Result<CommandDone, Stop> {
    work.follow_up.object = what.as_str().to_owned();
    Ok(CommandDone::default())
}
