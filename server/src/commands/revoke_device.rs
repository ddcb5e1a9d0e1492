//! `revoke_device`: a device carries nothing any more, and is wiped at its next contact.

use shared::domain::command::CommandDone;
use shared::domain::role::Role;
use shared::ids::DeviceId;

use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: DeviceId) -> Result<CommandDone, Stop> {
    work.follow_up.object = id.to_string();
    let mut device = work.tx.device(id).await?.ok_or(Stop::NotFound)?;
    if device.user != work.me.id && !work.has(Role::Administrator) {
        return Err(Stop::NotFound);
    }
    if !device.revoked {
        device.revoked = true;
        // Its sessions stay: their cookies are what the order to wipe is recognised by.
        work.tx.put_device(&device).await?;
        work.follow_up.revoked(id, device.user);
        // Everybody who can read something by this device has it in the directory.
        work.follow_up.directory.extend(work.users.iter().map(|it| it.id));
    }
    Ok(CommandDone::default())
}
