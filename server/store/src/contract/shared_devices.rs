//! Devices that keep nothing and end by themselves.

use shared::domain::role::Role;
use shared::ids::DeviceId;

use super::{Backend, World};
use crate::StoreError;

/// Told from its end on, until somebody has ended it; a later end counts.
pub async fn a_shared_device_is_over_at_its_end_and_until_it_is_ended(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    assert!(!tx.is_shared_device(anna.device()).await.unwrap());
    tx.put_shared_device(anna.device(), 1_000).await.unwrap();
    tx.put_shared_device(bram.device(), 500).await.unwrap();
    tx.put_shared_device(bram.device(), 2_000).await.unwrap();
    assert!(tx.is_shared_device(anna.device()).await.unwrap());
    tx.commit().await.unwrap();

    assert!(world.store.shared_devices_over(999).await.unwrap().is_empty());
    assert_eq!(world.store.shared_devices_over(1_000).await.unwrap(), [anna.device()]);
    assert_eq!(world.store.shared_devices_over(2_000).await.unwrap(), [anna.device(), bram.device()]);

    let mut tx = world.begin().await;
    tx.forget_shared_device(anna.device()).await.unwrap();
    assert!(!tx.is_shared_device(anna.device()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(world.store.shared_devices_over(9_000).await.unwrap(), [bram.device()]);
}

/// A device that is not there cannot be one.
pub async fn only_a_device_that_is_there_can_be_shared(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    let outcome = tx.put_shared_device(DeviceId([9; 16]), 1_000).await;
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{outcome:?}");
}
