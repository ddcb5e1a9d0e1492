//! What a device signs to show that it holds its key: single use, two minutes.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use shared::ids::{PublicKey, Signature};
use shared::sync::signature::verify_session;

use crate::random;

/// How long a challenge can be used, in ms.
pub const LIFETIME_MS: u64 = 2 * 60_000;
/// Challenges outstanding at once; the oldest goes when there are more. Trying a proof against all of them
/// stays below the cost of a password.
const MOST_OUTSTANDING: usize = 1_024;

/// The challenges that have been given out. A sign-in carries the proof but not the challenge, so the proof is
/// tried against each, the newest first.
#[derive(Debug, Default)]
pub struct Challenges {
    outstanding: Mutex<VecDeque<Outstanding>>,
}

#[derive(Debug, Clone, Copy)]
struct Outstanding {
    challenge: [u8; 32],
    expires: u64,
}

impl Challenges {
    /// A new one.
    pub fn give(&self, now: u64) -> [u8; 32] {
        let challenge = random::fresh();
        let mut outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        outstanding.retain(|it| it.expires > now);
        if outstanding.len() == MOST_OUTSTANDING {
            outstanding.pop_front();
        }
        outstanding.push_back(Outstanding { challenge, expires: now + LIFETIME_MS });
        challenge
    }

    /// Uses up the challenge that `proof` was made for with `key`; `false` if there is none.
    pub fn take(&self, key: &PublicKey, proof: &Signature, now: u64) -> bool {
        // Signatures are checked outside the lock: they take tens of microseconds each.
        let candidates: Vec<Outstanding> = {
            let outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
            outstanding.iter().rev().filter(|it| it.expires > now).copied().collect()
        };
        let Some(found) = candidates.iter().find(|it| verify_session(key, &it.challenge, &proof.0)) else {
            return false;
        };
        let mut outstanding = self.outstanding.lock().unwrap_or_else(PoisonError::into_inner);
        let before = outstanding.len();
        outstanding.retain(|it| it.challenge != found.challenge);
        outstanding.len() < before
    }
}

#[cfg(test)]
mod tests {
    use shared::sync::signature::DeviceKey;

    use super::*;

    #[test]
    fn a_challenge_is_used_once_and_within_its_time() {
        let challenges = Challenges::default();
        let key = DeviceKey::from_secret(&[7; 32]);
        let (first, second) = (challenges.give(1_000), challenges.give(2_000));
        let (first, second) = (key.sign_session(&first), key.sign_session(&second));
        assert!(challenges.take(&key.public(), &first, 3_000));
        assert!(!challenges.take(&key.public(), &first, 3_000));
        assert!(!challenges.take(&key.public(), &second, 2_000 + LIFETIME_MS));
    }

    #[test]
    fn a_proof_of_another_key_or_for_another_challenge_is_none() {
        let challenges = Challenges::default();
        let (key, other) = (DeviceKey::from_secret(&[7; 32]), DeviceKey::from_secret(&[8; 32]));
        let challenge = challenges.give(1_000);
        assert!(!challenges.take(&other.public(), &key.sign_session(&challenge), 1_000));
        assert!(!challenges.take(&key.public(), &key.sign_session(&[0; 32]), 1_000));
        assert!(challenges.take(&key.public(), &key.sign_session(&challenge), 1_000));
    }
}
