//! People, devices, sessions, challenges.

use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};

use super::world::{device, user};
use super::{Backend, Human, World};
use crate::{
    CHALLENGES_PER_ADDRESS, Device, DeviceKey, Millis, NewChallenge, Session, SharedStore, StoreError, User,
};

/// What was put in comes out, and a second time replaces the first.
pub async fn an_account_reads_back_and_can_be_changed(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    assert_eq!(world.store.user(UserId([1; 16])).await.unwrap(), None);
    let mut anna = user(1, &[Role::Employee, Role::CareerAdviser]);
    let mut tx = world.begin().await;
    tx.put_user(&anna).await.unwrap();
    assert_eq!(tx.user(anna.id).await.unwrap().as_ref(), Some(&anna));
    tx.commit().await.unwrap();
    assert_eq!(world.store.user(anna.id).await.unwrap().as_ref(), Some(&anna));

    anna = User {
        roles: vec![Role::Employee],
        password_hash: Some("$argon2id$".to_owned()),
        disabled: true,
        name: "Zoë".to_owned(),
        ..anna
    };
    let bram = user(2, &[Role::Employee]);
    let mut tx = world.begin().await;
    tx.put_user(&anna).await.unwrap();
    tx.put_user(&bram).await.unwrap();
    assert_eq!(tx.users().await.unwrap().len(), 2);
    tx.commit().await.unwrap();
    assert_eq!(world.store.users().await.unwrap(), [bram, anna]);
}

/// Not only in ASCII.
pub async fn an_address_is_the_same_in_whatever_case(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    tx.put_user(&User { email: "Zoë@Voorbeeld.example".to_owned(), ..user(1, &[Role::Employee]) })
        .await
        .unwrap();
    assert!(tx.user_by_email("zoë@voorbeeld.EXAMPLE").await.unwrap().is_some());
    tx.commit().await.unwrap();
    let found = world.store.user_by_email("ZOË@voorbeeld.example").await.unwrap().unwrap();
    assert_eq!(found.email, "Zoë@Voorbeeld.example");
    assert_eq!(world.store.user_by_email("zoe@voorbeeld.example").await.unwrap(), None);
}

/// Two people cannot sign in with the same address.
pub async fn an_address_has_one_account(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let first = user(1, &[Role::Employee]);
    let mut tx = world.begin().await;
    tx.put_user(&first).await.unwrap();
    let second = User { email: first.email.to_uppercase(), ..user(2, &[Role::Employee]) };
    assert!(matches!(tx.put_user(&second).await, Err(StoreError::Conflict(_))));
}

/// Devices read back, and a key belongs to one of them.
pub async fn a_key_is_one_device(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    world.revoke(&anna).await;
    let (id, public_key) = (anna.device(), anna.key.public());
    let unknown = DeviceId([9; 16]);
    assert_eq!(
        world.store.devices(&[unknown, id]).await.unwrap(),
        [DeviceKey { id, user: anna.user, public_key, revoked: true }]
    );
    let mut tx = world.begin().await;
    assert_eq!(tx.device(unknown).await.unwrap(), None);
    assert_eq!(tx.device(id).await.unwrap(), Some(Device { revoked: true, ..device(&anna) }));
    let double = Device { id: unknown, ..device(&anna) };
    assert!(matches!(tx.put_device(&double).await, Err(StoreError::Conflict(_))));
}

async fn signed_in(world: &World, human: &Human, token: u8) -> Session {
    let session = Session {
        user: human.user,
        device: human.device(),
        created_at: 5,
        last_used: 5,
        revoked: false,
        disabled: false,
    };
    let mut tx = world.begin().await;
    tx.add_session(&[token; 32], &session).await.unwrap();
    tx.commit().await.unwrap();
    session
}

/// Revoked and disabled are told, not hidden: a revoked device must still be told to wipe.
pub async fn a_session_tells_of_its_device_and_account(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let session = signed_in(&world, &anna, 7).await;
    assert_eq!(world.store.session(&[7; 32]).await.unwrap().as_ref(), Some(&session));
    assert_eq!(world.store.session(&[8; 32]).await.unwrap(), None);
    let mut tx = world.begin().await;
    tx.touch_session(&[7; 32], 60_000).await.unwrap();
    tx.put_user(&User { disabled: true, ..user(1, &[Role::Employee]) }).await.unwrap();
    tx.commit().await.unwrap();
    world.revoke(&anna).await;
    assert_eq!(
        world.store.session(&[7; 32]).await.unwrap(),
        Some(Session { last_used: 60_000, revoked: true, disabled: true, ..session })
    );
}

/// Ending is for the one that is named, or for all of the person that is named.
pub async fn sessions_end_one_by_one_or_all_of_a_person(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    for (human, token) in [(&anna, 1), (&anna, 2), (&anna, 3), (&bram, 4)] {
        signed_in(&world, human, token).await;
    }
    let mut tx = world.begin().await;
    tx.end_session(&[1; 32]).await.unwrap();
    tx.commit().await.unwrap();
    let there = async |token: u8| world.store.session(&[token; 32]).await.unwrap().is_some();
    assert_eq!([there(1).await, there(2).await, there(3).await, there(4).await], [false, true, true, true]);
    let mut tx = world.begin().await;
    tx.end_sessions_of(anna.user).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!([there(2).await, there(3).await, there(4).await], [false, false, true]);
    // That of a revoked device stays: it is what the order to wipe is recognised by.
    signed_in(&world, &anna, 5).await;
    world.revoke(&anna).await;
    let mut tx = world.begin().await;
    tx.end_sessions_of(anna.user).await.unwrap();
    tx.commit().await.unwrap();
    assert!(world.store.session(&[5; 32]).await.unwrap().is_some_and(|session| session.revoked));
}

async fn give(store: &SharedStore, challenge: [u8; 32], address: &str, now: Millis) {
    let new = NewChallenge { challenge, address: address.to_owned(), expires: now + 120_000 };
    store.put_challenge(new, now).await.unwrap();
}

/// Single use, and only in time.
pub async fn a_challenge_works_once_and_not_after_its_time(backend: &impl Backend) {
    let store = backend.open().await;
    give(&store, [1; 32], "192.0.2.1", 1_000).await;
    give(&store, [2; 32], "192.0.2.1", 2_000).await;
    assert_eq!(store.challenges("192.0.2.1", 2_000).await.unwrap(), [[2; 32], [1; 32]]);
    assert_eq!(store.challenges("192.0.2.1", 121_000).await.unwrap(), [[2; 32]]);
    assert!(!store.take_challenge(&[3; 32], 2_000).await.unwrap());
    assert!(store.take_challenge(&[1; 32], 120_999).await.unwrap());
    assert!(!store.take_challenge(&[1; 32], 120_999).await.unwrap());
    assert!(!store.take_challenge(&[2; 32], 122_000).await.unwrap());
}

/// However many are asked for from elsewhere.
pub async fn challenges_are_kept_for_their_address_and_of_each_the_newest(backend: &impl Backend) {
    let store = backend.open().await;
    give(&store, [0; 32], "192.0.2.1", 1_000).await;
    let all: Vec<[u8; 32]> = (1..=CHALLENGES_PER_ADDRESS + 3)
        .map(|number| {
            let mut challenge = [7; 32];
            challenge[..4].copy_from_slice(&number.to_be_bytes());
            challenge
        })
        .collect();
    let (first, rest) = all.split_at(10);
    for &challenge in first {
        give(&store, challenge, "192.0.2.2", 1_000).await;
    }
    // Also where many are asked for at once.
    let at_once = rest.iter().map(|&challenge| give(&store, challenge, "192.0.2.2", 1_000));
    futures_util::future::join_all(at_once).await;
    assert_eq!(store.challenges("192.0.2.1", 1_000).await.unwrap(), [[0; 32]]);
    let mut kept = store.challenges("192.0.2.2", 1_000).await.unwrap();
    kept.sort_unstable();
    assert_eq!(kept, all[3..]);
    assert!(!store.take_challenge(&all[2], 1_000).await.unwrap());
    assert!(store.challenges("192.0.2.3", 1_000).await.unwrap().is_empty());
}

/// And the next one is not kept waiting by it.
pub async fn a_dropped_transaction_leaves_no_trace(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    for _ in 0..3 {
        let mut tx = world.begin().await;
        tx.put_user(&user(1, &[Role::Employee])).await.unwrap();
        assert!(tx.user(UserId([1; 16])).await.unwrap().is_some());
        drop(tx);
        assert_eq!(world.store.user(UserId([1; 16])).await.unwrap(), None);
    }
    world.store.ready().await.unwrap();
}
