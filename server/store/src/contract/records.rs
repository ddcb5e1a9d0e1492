//! Answered commands, the audit log, settings.

use shared::domain::role::Role;
use shared::ids::{CommandId, DeviceId, UserId};

use super::{Backend, World};
use crate::{AnsweredCommand, AuditEvent, StoreError, audit_hash};

/// The id is the person's own: another's with the same id is another command.
pub async fn a_command_keeps_its_answer_per_person(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let id = CommandId([1; 16]);
    let answer = AnsweredCommand { command_hash: [3; 32], status: 409, body: "{\"code\":\"é\"}".to_owned() };
    let mut tx = world.begin().await;
    assert_eq!(tx.answered_command(anna.user, id).await.unwrap(), None);
    tx.put_answer(anna.user, id, &answer).await.unwrap();
    assert_eq!(tx.answered_command(anna.user, id).await.unwrap().as_ref(), Some(&answer));
    assert_eq!(tx.answered_command(bram.user, id).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert_eq!(world.store.answered_command(anna.user, id).await.unwrap().as_ref(), Some(&answer));
    assert_eq!(world.store.answered_command(bram.user, id).await.unwrap(), None);
    let mut tx = world.begin().await;
    assert!(matches!(tx.put_answer(anna.user, id, &answer).await, Err(StoreError::Conflict(_))));
}

/// Numbered without gaps, each row hashing the one before.
pub async fn the_audit_log_is_a_chain(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let event = |number: u8| AuditEvent {
        at: u64::from(number),
        user: (number > 1).then_some(UserId([number; 16])),
        device: (number > 2).then_some(DeviceId([number; 16])),
        action: "refer".to_owned(),
        object: format!("trajectory {number}"),
    };
    for number in 1..=3 {
        let mut tx = world.begin().await;
        tx.audit(&event(number)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = world.begin().await;
    tx.audit(&event(9)).await.unwrap();
    drop(tx);
    let mut tx = world.begin().await;
    tx.audit(&event(4)).await.unwrap();
    tx.audit(&event(5)).await.unwrap();
    tx.commit().await.unwrap();

    let mut rows = world.store.audit_tail(100).await.unwrap();
    assert_eq!(world.store.audit_tail(2).await.unwrap(), rows[..2]);
    rows.reverse();
    assert_eq!(world.store.audit_after(3, 100).await.unwrap(), rows[3..]);
    assert_eq!(world.store.audit_after(0, 2).await.unwrap(), rows[..2]);
    assert!(world.store.audit_after(5, 100).await.unwrap().is_empty());
    let mut before = [0; 32];
    for (number, row) in (1..=5).zip(&rows) {
        assert_eq!((row.seq, &row.event), (u64::from(number), &event(number)));
        assert_eq!(row.hash, audit_hash(&before, &row.event));
        before = row.hash;
    }
    assert_eq!(rows.len(), 5);
}

/// And can be set again.
pub async fn a_setting_reads_back(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    assert_eq!(tx.setting("demo").await.unwrap(), None);
    tx.put_setting("demo", "1").await.unwrap();
    tx.put_setting("demo", "2").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.begin().await.setting("demo").await.unwrap().as_deref(), Some("2"));
}
