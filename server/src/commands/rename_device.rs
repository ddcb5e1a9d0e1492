//! `rename_device`: what its owner calls a device.

use shared::domain::command::{CommandDone, DeviceName};
use shared::domain::role::Role;
use shared::ids::DeviceId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: DeviceId, name: DeviceName) -> Result<CommandDone, Stop> {
    work.follow_up.object = id.to_string();
    let found = work.tx.device(id).await?.filter(|it| it.user == work.me.id);
    let mut device = found.ok_or(Stop::NotFound)?;
    device.name = name.into();
    work.tx.put_device(&device).await?;
    // Her own directory tells it, and those of administrators.
    let told = work.users.iter().filter(|it| it.id == work.me.id || it.roles.contains(&Role::Administrator));
    work.follow_up.directory.extend(told.map(|it| it.id));
    Ok(CommandDone::default())
}
