//! Sign-in at a provider: used once, in time, and ended by it.

use shared::domain::role::Role;

use super::{Backend, Human, World};
use crate::{ProviderAttempt, ProviderSession, ProviderTicket, Session};

const ISSUER: &str = "https://provider.example";

fn attempt(expires: u64) -> ProviderAttempt {
    ProviderAttempt {
        browser_hash: [9; 32],
        nonce: "nonce".into(),
        verifier: "verifier".into(),
        redirect: "https://loopbaan.example/api/oidc/callback".into(),
        expires,
    }
}

fn there(subject: &str, sid: Option<&str>) -> ProviderSession {
    ProviderSession {
        issuer: ISSUER.into(),
        subject: subject.into(),
        sid: sid.map(str::to_owned),
        id_token: vec![7; 40],
    }
}

/// In time, and never twice.
pub async fn a_sign_in_under_way_comes_back_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    for (state, expires) in [(1, 100), (2, 100), (3, 50)] {
        tx.put_provider_attempt(&[state; 32], &attempt(expires), 10).await.unwrap();
    }
    assert_eq!(tx.take_provider_attempt(&[1; 32], 99).await.unwrap(), Some(attempt(100)));
    assert_eq!(tx.take_provider_attempt(&[1; 32], 99).await.unwrap(), None);
    assert_eq!(tx.take_provider_attempt(&[2; 32], 100).await.unwrap(), None, "too late");
    assert_eq!(tx.take_provider_attempt(&[2; 32], 99).await.unwrap(), None, "and then gone");
    assert_eq!(tx.take_provider_attempt(&[4; 32], 10).await.unwrap(), None, "never begun");
    tx.put_provider_attempt(&[5; 32], &attempt(200), 50).await.unwrap();
    assert_eq!(tx.take_provider_attempt(&[3; 32], 10).await.unwrap(), None, "swept");
}

/// The same name at another provider is somebody else.
pub async fn a_subject_is_known_by_its_issuer(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    tx.put_identity(ISSUER, "7", anna.user).await.unwrap();
    assert_eq!(tx.identity(ISSUER, "7").await.unwrap(), Some(anna.user));
    assert_eq!(tx.identity(ISSUER, "8").await.unwrap(), None);
    assert_eq!(tx.identity("https://other.example", "7").await.unwrap(), None);
    tx.put_identity(ISSUER, "7", bram.user).await.unwrap();
    assert_eq!(tx.identity(ISSUER, "7").await.unwrap(), Some(bram.user));
}

/// In time, and never twice.
pub async fn a_ticket_is_taken_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let ticket = ProviderTicket { user: anna.user, session: there("7", None), expires: 100 };
    let mut tx = world.begin().await;
    tx.put_provider_ticket(&[1; 32], &ticket, 10).await.unwrap();
    tx.put_provider_ticket(&[2; 32], &ticket, 10).await.unwrap();
    tx.commit().await.unwrap();
    assert!(world.store.has_provider_ticket(&[1; 32], 99).await.unwrap());
    assert!(!world.store.has_provider_ticket(&[1; 32], 100).await.unwrap());
    assert!(!world.store.has_provider_ticket(&[3; 32], 10).await.unwrap());
    let mut tx = world.begin().await;
    assert_eq!(tx.take_provider_ticket(&[1; 32], 99).await.unwrap().as_ref(), Some(&ticket));
    assert_eq!(tx.take_provider_ticket(&[1; 32], 99).await.unwrap(), None);
    assert_eq!(tx.take_provider_ticket(&[2; 32], 100).await.unwrap(), None);
}

async fn signed_in(world: &World, human: &Human, token: u8, at: Option<ProviderSession>) {
    let session = Session {
        user: human.user,
        device: human.device(),
        created_at: 1,
        last_used: 1,
        revoked: false,
        disabled: false,
    };
    let mut tx = world.begin().await;
    tx.add_session(&[token; 32], &session).await.unwrap();
    if let Some(at) = at {
        tx.put_provider_session(&[token; 32], &at).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// That one, or all of the subject, and no others.
pub async fn sessions_end_with_that_of_the_provider(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    signed_in(&world, &anna, 1, Some(there("7", Some("a")))).await;
    signed_in(&world, &anna, 2, Some(there("7", Some("b")))).await;
    signed_in(&world, &anna, 3, None).await;
    signed_in(&world, &bram, 4, Some(there("8", Some("a")))).await;
    assert_eq!(world.store.provider_session(&[1; 32]).await.unwrap(), Some(there("7", Some("a"))));
    assert_eq!(world.store.provider_session(&[3; 32]).await.unwrap(), None);
    let mut tx = world.begin().await;
    assert_eq!(tx.end_provider_sessions(ISSUER, "7", Some("a")).await.unwrap(), [(anna.user, anna.device())]);
    tx.commit().await.unwrap();
    let left = async |token: u8| world.store.session(&[token; 32]).await.unwrap().is_some();
    assert_eq!([left(1).await, left(2).await, left(3).await, left(4).await], [false, true, true, true]);
    assert_eq!(world.store.provider_session(&[1; 32]).await.unwrap(), None, "goes with its session");
    let mut tx = world.begin().await;
    assert_eq!(tx.end_provider_sessions("https://other.example", "7", None).await.unwrap(), []);
    assert_eq!(tx.end_provider_sessions(ISSUER, "7", None).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!([left(2).await, left(3).await, left(4).await], [false, true, true]);
    // That of a revoked device stays: it is what the order to wipe is recognised by.
    world.revoke(&bram).await;
    let mut tx = world.begin().await;
    assert_eq!(tx.end_provider_sessions(ISSUER, "8", None).await.unwrap(), []);
}

/// As long as it is valid.
pub async fn a_logout_token_is_taken_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    assert!(tx.use_logout_token(&[1; 32], 100, 10).await.unwrap());
    assert!(!tx.use_logout_token(&[1; 32], 100, 99).await.unwrap());
    assert!(tx.use_logout_token(&[2; 32], 100, 99).await.unwrap());
}
