//! Devices that keep nothing, as on a computer that several people use: each is revoked at sign-out, and else after a day,
//! so that a browser that was just closed leaves no device that could go on.

use std::time::Duration;

use shared::ids::{DeviceId, UserId};
use store::{AuditEvent, StoreError, WriteTx};
use tokio::time::{MissedTickBehavior, interval};

use crate::commands::FollowUp;
use crate::state::AppState;

/// How long such a device lives when nobody signs out of it, in ms: a working day, with whatever it brings.
pub const LIFETIME_MS: u64 = 24 * 60 * 60 * 1_000;
/// How often to look for those whose time is over.
const LOOK: Duration = Duration::from_secs(60);
/// What the audit log calls their end.
pub const ENDED: &str = "shared_device_ended";

/// Ends devices whose time is over, for as long as the server runs.
pub async fn run(state: AppState) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if let Err(error) = end_due(&state).await {
            tracing::warn!(%error, "shared devices could not be ended");
        }
    }
}

/// Ends all devices whose time is over now.
///
/// # Errors
/// When the store fails; what was ended before stays so.
pub async fn end_due(state: &AppState) -> Result<(), StoreError> {
    for id in state.store.shared_devices_over(state.clock.now()).await? {
        let mut tx = state.store.begin().await?;
        let owner = tx.device(id).await?.map(|device| device.user);
        let revoked = end(&mut *tx, id, state.clock.now()).await?;
        tx.commit().await?;
        if let (Some(owner), true) = (owner, revoked) {
            tell(state, id, owner).await?;
        }
    }
    Ok(())
}

/// Revokes a device if it is one that keeps nothing; whether it did. Its sessions stay: their cookies are what the order to
/// wipe is recognised by.
///
/// # Errors
/// When the store fails.
pub async fn end(tx: &mut dyn WriteTx, id: DeviceId, now: u64) -> Result<bool, StoreError> {
    if !tx.is_shared_device(id).await? {
        return Ok(false);
    }
    tx.forget_shared_device(id).await?;
    let Some(mut device) = tx.device(id).await?.filter(|device| !device.revoked) else { return Ok(false) };
    device.revoked = true;
    tx.put_device(&device).await?;
    tx.audit(&AuditEvent {
        at: now,
        user: Some(device.user),
        device: Some(id),
        action: ENDED.into(),
        object: id.to_string(),
    })
    .await?;
    Ok(true)
}

/// Tells after the commit that a device was revoked.
///
/// # Errors
/// When the store cannot be read.
pub async fn tell(state: &AppState, id: DeviceId, owner: UserId) -> Result<(), StoreError> {
    let mut follow_up = FollowUp::default();
    follow_up.revoked(id, owner);
    // Everybody who can read something by this device has it in the directory.
    follow_up.directory.extend(state.store.users().await?.into_iter().map(|it| it.id));
    follow_up.tell(&state.hub).await;
    Ok(())
}
