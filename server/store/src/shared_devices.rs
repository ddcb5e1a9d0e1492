//! Devices that keep nothing and end by themselves.

use async_trait::async_trait;
use shared::ids::DeviceId;

use crate::{Millis, Result};

/// What is read of them.
#[async_trait]
pub trait SharedDevices {
    /// The devices whose time is over at `now`, and that nobody has ended yet.
    async fn shared_devices_over(&self, now: Millis) -> Result<Vec<DeviceId>>;
}

/// What is written of them.
#[async_trait]
pub trait WriteSharedDevices {
    /// Notes that a device keeps nothing, and when it ends; later than was said before, or not.
    async fn put_shared_device(&mut self, device: DeviceId, ends_at: Millis) -> Result<()>;
    /// Whether a device keeps nothing and has not been ended.
    async fn is_shared_device(&mut self, device: DeviceId) -> Result<bool>;
    /// A device has been ended: it has no time any more.
    async fn forget_shared_device(&mut self, device: DeviceId) -> Result<()>;
}
