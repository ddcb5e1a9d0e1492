//! Links that let somebody choose a password once, wishes for one, and accounts as an administrator is told of them.

use shared::domain::role::Role;
use shared::ids::UserId;

use super::{Backend, World};
use crate::{Account, AccountDevice, Link, LinkPurpose, Session, User};

fn link(user: UserId, purpose: LinkPurpose) -> Link {
    Link { user, purpose, expires: 900 }
}

async fn put(world: &World, token: u8, link: Link) {
    let mut tx = world.begin().await;
    tx.put_link(&[token; 32], &link).await.unwrap();
    tx.commit().await.unwrap();
}

/// And leaves no trace where the transaction that took it was given up.
pub async fn a_link_is_taken_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await.user;
    let invitation = link(anna, LinkPurpose::Invitation);
    put(&world, 1, invitation).await;
    assert_eq!(world.store.link(&[1; 32]).await.unwrap(), Some(invitation));
    assert_eq!(world.store.link(&[2; 32]).await.unwrap(), None);
    let mut tx = world.begin().await;
    assert_eq!(tx.take_link(&[1; 32]).await.unwrap(), Some(invitation));
    assert_eq!(tx.take_link(&[1; 32]).await.unwrap(), None);
    drop(tx);
    let mut tx = world.begin().await;
    assert_eq!(tx.take_link(&[2; 32]).await.unwrap(), None);
    assert_eq!(tx.take_link(&[1; 32]).await.unwrap(), Some(invitation));
    tx.commit().await.unwrap();
    assert_eq!(world.store.link(&[1; 32]).await.unwrap(), None);
}

/// A link for the other purpose, or of somebody else, stays.
pub async fn a_new_link_takes_the_place_of_the_one_before(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await.user;
    let bram = world.human(2, &[Role::Employee]).await.user;
    put(&world, 1, link(anna, LinkPurpose::Password)).await;
    put(&world, 2, link(anna, LinkPurpose::Invitation)).await;
    put(&world, 3, link(bram, LinkPurpose::Password)).await;
    put(&world, 4, link(anna, LinkPurpose::Password)).await;
    let there = async |token: u8| world.store.link(&[token; 32]).await.unwrap().is_some();
    assert_eq!([there(1).await, there(2).await, there(3).await, there(4).await], [false, true, true, true]);
    let mut tx = world.begin().await;
    tx.remove_links_of(anna).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!([there(2).await, there(3).await, there(4).await], [false, true, false]);
}

/// Who has been invited until when, who wishes for a password, and which devices there are.
pub async fn an_account_is_told_with_its_invitation_wish_and_devices(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = super::world::user(2, &[Role::Employee]);
    let mut tx = world.begin().await;
    tx.put_user(&bram).await.unwrap();
    tx.set_manager(anna.user, Some(bram.id)).await.unwrap();
    for subject in ["7", "8"] {
        tx.put_identity("https://login.example", subject, anna.user).await.unwrap();
    }
    tx.put_password_wish(anna.user, 3).await.unwrap();
    tx.put_password_wish(anna.user, 4).await.unwrap();
    tx.put_link(&[1; 32], &link(bram.id, LinkPurpose::Invitation)).await.unwrap();
    tx.put_link(&[2; 32], &link(anna.user, LinkPurpose::Password)).await.unwrap();
    tx.commit().await.unwrap();
    world.revoke(&anna).await;
    let tablet = AccountDevice { id: anna.device(), name: "Tablet".to_owned(), last_seen: 2, revoked: true };
    let hers: User = world.store.user(anna.user).await.unwrap().unwrap();
    assert_eq!(
        world.store.accounts().await.unwrap(),
        [
            Account {
                user: hers.clone(),
                manager: Some(bram.id),
                at_provider: true,
                invited_until: None,
                wish: Some(4),
                devices: vec![tablet],
            },
            Account {
                user: bram,
                manager: None,
                at_provider: false,
                invited_until: Some(900),
                wish: None,
                devices: vec![],
            },
        ]
    );
    let mut tx = world.begin().await;
    tx.remove_password_wish(anna.user).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.accounts().await.unwrap()[0].wish, None);
    let mut tx = world.begin().await;
    tx.remove_identities_of(anna.user).await.unwrap();
    assert_eq!(tx.identity("https://login.example", "7").await.unwrap(), None);
    tx.commit().await.unwrap();
    assert!(!world.store.accounts().await.unwrap()[0].at_provider);
}

/// Whatever clock noted it before: it never goes back.
pub async fn a_session_in_use_says_when_its_device_was_here(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    world.human(2, &[Role::Employee]).await;
    let before = world.store.directory_changes().await.unwrap();
    signed_in(&world, &anna, 7).await;
    for (now, seen) in [(70, 70), (60, 70)] {
        let mut tx = world.begin().await;
        tx.touch_session(&[7; 32], now).await.unwrap();
        tx.commit().await.unwrap();
        let accounts = world.store.accounts().await.unwrap();
        assert_eq!([accounts[0].devices[0].last_seen, accounts[1].devices[0].last_seen], [seen, 2]);
    }
    // Nobody's directory is another one for it.
    assert_eq!(world.store.directory_changes().await.unwrap(), before);
}

/// That of a revoked device stays as well: it is what the order to wipe is recognised by.
pub async fn all_sessions_of_a_person_end_but_the_one_that_is_kept(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    for (human, token) in [(&anna, 1), (&anna, 2), (&bram, 3)] {
        signed_in(&world, human, token).await;
    }
    let mut tx = world.begin().await;
    tx.end_other_sessions_of(anna.user, &[2; 32]).await.unwrap();
    tx.commit().await.unwrap();
    let there = async |token: u8| world.store.session(&[token; 32]).await.unwrap().is_some();
    assert_eq!([there(1).await, there(2).await, there(3).await], [false, true, true]);
    world.revoke(&anna).await;
    let mut tx = world.begin().await;
    tx.end_other_sessions_of(anna.user, &[9; 32]).await.unwrap();
    tx.commit().await.unwrap();
    assert!(there(2).await);
}

async fn signed_in(world: &World, human: &super::Human, token: u8) {
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
}
