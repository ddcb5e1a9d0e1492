//! Second factors: kept, used once, taken away.

use shared::domain::role::Role;
use shared::ids::UserId;

use super::{Backend, World};
use crate::{Factors, Passkey, Totp};

fn totp(mark: u8, confirmed_at: Option<u64>, last_step: u64) -> Totp {
    Totp { sealed: vec![mark; 48], confirmed_at, last_step }
}

/// Being set up is not asked for; a later one takes the place of an earlier one; others have none of it.
pub async fn an_app_counts_once_it_is_confirmed(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    assert_eq!(world.store.factors(anna.user).await.unwrap(), Factors::default());
    for (totp, is_asked_for) in [(totp(1, None, 0), false), (totp(2, Some(9), 5), true)] {
        let mut tx = world.begin().await;
        tx.put_totp(anna.user, &totp).await.unwrap();
        assert_eq!(tx.factors(anna.user).await.unwrap().totp.as_ref(), Some(&totp));
        tx.commit().await.unwrap();
        let kept = world.store.factors(anna.user).await.unwrap();
        assert_eq!((kept.are_asked_for(), kept.totp), (is_asked_for, Some(totp)));
    }
    assert_eq!(world.store.factors(bram.user).await.unwrap(), Factors::default());
    assert_eq!(world.store.factors(UserId([9; 16])).await.unwrap(), Factors::default());
}

/// Nor is an earlier one, and nobody's but hers.
pub async fn a_step_is_used_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    tx.put_totp(anna.user, &totp(1, Some(9), 5)).await.unwrap();
    assert!(!tx.use_totp_step(anna.user, 5).await.unwrap());
    assert!(tx.use_totp_step(anna.user, 7).await.unwrap());
    assert!(!tx.use_totp_step(anna.user, 7).await.unwrap());
    assert!(!tx.use_totp_step(anna.user, 6).await.unwrap());
    assert!(tx.use_totp_step(anna.user, 8).await.unwrap());
    assert!(!tx.use_totp_step(bram.user, 9).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(world.store.factors(anna.user).await.unwrap().totp.unwrap().last_step, 8);
}

/// And of a new set none of the old ones is left.
pub async fn a_recovery_code_is_used_once_and_by_its_owner(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    tx.put_recovery_codes(anna.user, &[[1; 32], [2; 32], [3; 32]]).await.unwrap();
    assert!(!tx.use_recovery_code(bram.user, &[1; 32]).await.unwrap());
    assert!(tx.use_recovery_code(anna.user, &[1; 32]).await.unwrap());
    assert!(!tx.use_recovery_code(anna.user, &[1; 32]).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(world.store.factors(anna.user).await.unwrap().recovery_left, 2);
    let mut tx = world.begin().await;
    tx.put_recovery_codes(anna.user, &[[4; 32]]).await.unwrap();
    assert!(!tx.use_recovery_code(anna.user, &[2; 32]).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(world.store.factors(anna.user).await.unwrap().recovery_left, 1);
}

/// Of that person alone.
pub async fn what_is_taken_away_is_told_until_it_is_known(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    for user in [anna.user, bram.user] {
        tx.put_totp(user, &totp(1, Some(9), 5)).await.unwrap();
        tx.put_recovery_codes(user, &[[1; 32]]).await.unwrap();
    }
    tx.remove_factors(anna.user).await.unwrap();
    tx.note_factor_removal(anna.user, Some(10)).await.unwrap();
    tx.note_factor_removal(anna.user, Some(12)).await.unwrap();
    tx.commit().await.unwrap();
    let told = Factors { removed_at: Some(12), ..Factors::default() };
    assert_eq!(world.store.factors(anna.user).await.unwrap(), told);
    assert!(world.store.factors(bram.user).await.unwrap().are_asked_for());
    let mut tx = world.begin().await;
    tx.note_factor_removal(anna.user, None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.factors(anna.user).await.unwrap(), Factors::default());
}

fn passkey(mark: u8, made_at: u64) -> Passkey {
    Passkey {
        credential: vec![mark; 16],
        name: format!("Sleutel {mark}"),
        transports: 3,
        fixed: vec![mark; 40],
        changing: [mark; 7],
        made_at,
        used_at: None,
    }
}

/// Asked for as long as she has one; of an id there is one in the whole house; what use changes is kept.
pub async fn passkeys_are_kept_used_and_taken_away(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let mut tx = world.begin().await;
    assert!(tx.add_passkey(anna.user, &passkey(2, 20)).await.unwrap());
    assert!(tx.add_passkey(anna.user, &passkey(1, 30)).await.unwrap());
    assert!(!tx.add_passkey(anna.user, &passkey(1, 40)).await.unwrap());
    assert!(!tx.add_passkey(bram.user, &passkey(2, 40)).await.unwrap());
    assert_eq!(tx.passkeys(anna.user).await.unwrap(), [passkey(2, 20), passkey(1, 30)]);
    tx.commit().await.unwrap();
    let kept = world.store.factors(anna.user).await.unwrap();
    assert!(kept.are_asked_for() && !kept.has_app());
    assert_eq!(kept.passkeys, 2);
    assert_eq!(world.store.factors(bram.user).await.unwrap(), Factors::default());
    assert_eq!(world.store.passkeys(bram.user).await.unwrap(), []);

    let mut tx = world.begin().await;
    tx.use_passkey(&[2; 16], [9; 7], 50).await.unwrap();
    assert!(!tx.remove_passkey(bram.user, &[1; 16]).await.unwrap());
    assert!(tx.remove_passkey(anna.user, &[1; 16]).await.unwrap());
    assert!(!tx.remove_passkey(anna.user, &[1; 16]).await.unwrap());
    tx.commit().await.unwrap();
    let used = Passkey { changing: [9; 7], used_at: Some(50), ..passkey(2, 20) };
    assert_eq!(world.store.passkeys(anna.user).await.unwrap(), [used]);

    let mut tx = world.begin().await;
    tx.remove_factors(anna.user).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.factors(anna.user).await.unwrap(), Factors::default());
    assert_eq!(world.store.passkeys(anna.user).await.unwrap(), []);
}
