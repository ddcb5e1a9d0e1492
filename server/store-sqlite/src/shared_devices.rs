//! Devices that keep nothing and end by themselves.

use async_trait::async_trait;
use shared::ids::DeviceId;
use store::{Millis, Result, SharedDevices, WriteSharedDevices};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, row};

#[async_trait]
impl SharedDevices for SqliteStore {
    async fn shared_devices_over(&self, now: Millis) -> Result<Vec<DeviceId>> {
        let now = row::stored(now);
        let found = sqlx::query_scalar!(
            "SELECT device FROM shared_devices WHERE ends_at <= ? ORDER BY ends_at, device",
            now
        )
        .fetch_all(&mut *self.reader().await?)
        .await
        .told()?;
        found.iter().map(|device| row::id(device)).collect()
    }
}

#[async_trait]
impl WriteSharedDevices for Transaction {
    async fn put_shared_device(&mut self, device: DeviceId, ends_at: Millis) -> Result<()> {
        let (device, ends_at) = (&device.0[..], row::stored(ends_at));
        sqlx::query!(
            "INSERT INTO shared_devices (device, ends_at) VALUES (?, ?)
             ON CONFLICT (device) DO UPDATE SET ends_at = excluded.ends_at",
            device,
            ends_at
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn is_shared_device(&mut self, device: DeviceId) -> Result<bool> {
        let device = &device.0[..];
        let found = sqlx::query_scalar!("SELECT ends_at FROM shared_devices WHERE device = ?", device)
            .fetch_optional(self.connection())
            .await
            .told()?;
        Ok(found.is_some())
    }

    async fn forget_shared_device(&mut self, device: DeviceId) -> Result<()> {
        let device = &device.0[..];
        sqlx::query!("DELETE FROM shared_devices WHERE device = ?", device)
            .execute(self.connection())
            .await
            .told()?;
        Ok(())
    }
}
