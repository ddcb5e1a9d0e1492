//! The audit log: its pages and its soundness.

use shared::ids::UserId;

use super::{Backend, World};
use crate::{AuditEvent, AuditFilter, audit_head, walk_audit};

async fn written(world: &World, number: u8, action: &str) {
    let event = AuditEvent {
        at: u64::from(number) * 10,
        user: (number % 2 == 1).then_some(UserId([number; 16])),
        device: None,
        action: action.to_owned(),
        object: String::new(),
    };
    let mut tx = world.begin().await;
    tx.audit(&event).await.unwrap();
    tx.commit().await.unwrap();
}

/// The newest first; an action is found also where it was refused.
pub async fn rows_are_found_by_who_what_and_when(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    for (number, action) in
        (1..).zip(["user_link", "user_link:404", "user_link_provider", "close", "user_link"])
    {
        written(&world, number, action).await;
    }
    let all = AuditFilter::default();
    for (filter, most, expected) in [
        (all.clone(), 9, &[5, 4, 3, 2, 1][..]),
        (all.clone(), 2, &[5, 4]),
        (AuditFilter { before: Some(4), ..all.clone() }, 2, &[3, 2]),
        (AuditFilter { user: Some(UserId([3; 16])), ..all.clone() }, 9, &[3]),
        (AuditFilter { action: Some("user_link".to_owned()), ..all.clone() }, 9, &[5, 2, 1]),
        (AuditFilter { from: Some(20), until: Some(40), ..all.clone() }, 9, &[4, 3, 2]),
        (AuditFilter { action: Some("' OR 1".to_owned()), ..all }, 9, &[]),
    ] {
        let found = world.store.audit_page(&filter, most).await.unwrap();
        assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

/// As its own chain says.
pub async fn a_log_that_was_written_is_sound(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    assert_eq!(walk_audit(&*world.store, None).await.unwrap().map(|head| head.seq), Ok(0));
    for number in 1..=3 {
        written(&world, number, "refer").await;
    }
    let head = audit_head(&*world.store).await.unwrap();
    written(&world, 4, "refer").await;
    assert_eq!(walk_audit(&*world.store, Some(head)).await.unwrap().map(|head| head.seq), Ok(4));
}
