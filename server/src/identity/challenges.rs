//! What a device signs to show that it holds its key: single use, two minutes, for the address that asked.

use std::net::IpAddr;

use shared::ids::{PublicKey, Signature};
use shared::sync::signature::verify_session;
use store::{NewChallenge, SharedStore, StoreError};

use super::network::Network;
use crate::random;

/// How long a challenge can be used, in ms.
pub const LIFETIME_MS: u64 = 2 * 60_000;

/// Gives out a new one.
///
/// # Errors
/// When the store fails.
pub async fn give(store: &SharedStore, address: IpAddr, now: u64) -> Result<[u8; 32], StoreError> {
    let challenge = random::fresh();
    let new =
        NewChallenge { challenge, address: Network::of(address).to_string(), expires: now + LIFETIME_MS };
    store.put_challenge(new, now).await?;
    Ok(challenge)
}

/// Uses up the challenge that `proof` was made for with `key`; `false` if none was given to that address. A
/// sign-in carries the proof but not the challenge, so the proof is tried against each of the address's, of which
/// there are few.
///
/// # Errors
/// When the store fails.
pub async fn take(
    store: &SharedStore,
    address: IpAddr,
    key: PublicKey,
    proof: Signature,
    now: u64,
) -> Result<bool, StoreError> {
    let given = store.challenges(&Network::of(address).to_string(), now).await?;
    // Tens of microseconds each.
    let looking = tokio::task::spawn_blocking(move || {
        given.into_iter().find(|challenge| verify_session(&key, challenge, &proof.0))
    });
    let found = looking
        .await
        .map_err(|error| StoreError::Corrupt(format!("checking a proof did not end: {error}")))?;
    match found {
        Some(challenge) => store.take_challenge(&challenge, now).await,
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::sync::signature::DeviceKey;
    use store::CHALLENGES_PER_ADDRESS;
    use store_sqlite::SqliteStore;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    async fn store() -> (tempfile::TempDir, SharedStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("loopbaanmaat.sqlite")).await.unwrap();
        (folder, Arc::new(store))
    }

    async fn takes(store: &SharedStore, address: IpAddr, key: &DeviceKey, over: [u8; 32], now: u64) -> bool {
        take(store, address, key.public(), key.sign_session(&over), now).await.unwrap()
    }

    #[tokio::test]
    async fn a_challenge_is_used_once_and_within_its_time() {
        let (_folder, store) = store().await;
        let key = DeviceKey::from_secret(&[7; 32]);
        let (first, second) =
            (give(&store, HERE, 1_000).await.unwrap(), give(&store, HERE, 2_000).await.unwrap());
        assert!(takes(&store, HERE, &key, first, 3_000).await);
        assert!(!takes(&store, HERE, &key, first, 3_000).await);
        assert!(!takes(&store, HERE, &key, second, 2_000 + LIFETIME_MS).await);
    }

    #[tokio::test]
    async fn a_proof_of_another_key_or_for_another_challenge_is_none() {
        let (_folder, store) = store().await;
        let (key, other) = (DeviceKey::from_secret(&[7; 32]), DeviceKey::from_secret(&[8; 32]));
        let challenge = give(&store, HERE, 1_000).await.unwrap();
        let proof = key.sign_session(&challenge);
        assert!(!take(&store, HERE, other.public(), proof, 1_000).await.unwrap());
        assert!(!takes(&store, HERE, &key, [0; 32], 1_000).await);
        assert!(takes(&store, HERE, &key, challenge, 1_000).await);
    }

    #[tokio::test]
    async fn what_others_ask_for_elsewhere_neither_serves_here_nor_pushes_out() {
        let (_folder, store) = store().await;
        let key = DeviceKey::from_secret(&[7; 32]);
        let mine = give(&store, HERE, 1_000).await.unwrap();
        for _ in 0..=CHALLENGES_PER_ADDRESS {
            give(&store, THERE, 1_000).await.unwrap();
        }
        let theirs = store.challenges(&Network::of(THERE).to_string(), 1_000).await.unwrap();
        assert_eq!(theirs.len(), CHALLENGES_PER_ADDRESS as usize);
        assert!(!takes(&store, HERE, &key, theirs[0], 1_000).await);
        assert!(takes(&store, THERE, &key, theirs[0], 1_000).await);
        assert!(takes(&store, HERE, &key, mine, 1_000).await);
    }
}
