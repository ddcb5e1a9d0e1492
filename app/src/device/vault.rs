//! The vault: a random data key, wrapped by a passphrase, seals every value that this device stores.
//!
//! The passphrase never leaves the device and cannot be recovered. What is in clear: names of stores and
//! keys (ids and hashes), the wrapped key, the count of changes not yet synchronised, failed attempts.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::platform;

/// Bytes of a nonce; 96 random bits allow 2^32 values per key.
const NONCE: usize = 12;
/// Argon2id: 64 MiB, three passes, one lane: 0.4 s in a browser, dear for a thief with many machines.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Characters that a passphrase has at least.
pub const PASSPHRASE_MIN: usize = 12;
/// Different characters that a passphrase has at least.
const PASSPHRASE_DISTINCT: usize = 5;
/// Wrong tries without a delay.
const FREE_TRIES: u32 = 2;
/// The delay after the first try that has one, in ms; it doubles with each further one.
const FIRST_DELAY_MS: u64 = 5_000;
/// The longest delay, in ms.
const LONGEST_DELAY_MS: u64 = 15 * 60_000;

/// A value that this vault's key did not seal under that name: damaged, moved or another key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value cannot be read")]
pub struct Unreadable;

/// Why a passphrase cannot be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassphrase {
    /// Shorter than [`PASSPHRASE_MIN`] characters.
    #[error("a passphrase has at least {min} characters")]
    TooShort {
        /// The least number of characters.
        min: usize,
    },
    /// The same few characters over and over.
    #[error("a passphrase needs more different characters")]
    TooSimple,
}

/// The wrapped data key, as it lies in the database in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapped {
    version: u32,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    sealed: Vec<u8>,
}

/// The data key, opened. Its memory is overwritten when it is dropped.
pub struct DataKey {
    cipher: Aes256Gcm,
}

impl DataKey {
    fn new(bytes: &[u8; 32]) -> Self {
        Self { cipher: Aes256Gcm::new(bytes.into()) }
    }

    /// Seals `plain` for one place: it opens under the same store and key alone.
    #[must_use]
    pub fn seal(&self, store: &str, key: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE] = platform::random();
        let aad = place(store, key);
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad });
        let mut out = nonce.to_vec();
        out.extend(sealed.expect("AES-GCM refuses only messages above 64 GiB"));
        out
    }

    /// Opens what [`Self::seal`] made for this place.
    ///
    /// # Errors
    /// When the value is damaged or was sealed for another place or with another key.
    pub fn open(&self, store: &str, key: &str, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(Unreadable)?;
        let aad = place(store, key);
        self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: body, aad: &aad }).map_err(|_| Unreadable)
    }
}

/// The additional data of a sealed value.
fn place(store: &str, key: &str) -> Vec<u8> {
    [store.as_bytes(), &[0], key.as_bytes()].concat()
}

/// Checks that a passphrase can be chosen.
///
/// # Errors
/// When it is too short or too simple.
pub fn check_passphrase(passphrase: &str) -> Result<(), WeakPassphrase> {
    if passphrase.chars().count() < PASSPHRASE_MIN {
        return Err(WeakPassphrase::TooShort { min: PASSPHRASE_MIN });
    }
    let distinct: std::collections::BTreeSet<char> = passphrase.chars().collect();
    if distinct.len() < PASSPHRASE_DISTINCT { Err(WeakPassphrase::TooSimple) } else { Ok(()) }
}

/// Makes a new data key and wraps it.
#[must_use]
pub fn create(passphrase: &str) -> (DataKey, Wrapped) {
    let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(platform::random());
    let salt: [u8; 16] = platform::random();
    let mut wrapped = Wrapped {
        version: 1,
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
        salt: salt.to_vec(),
        sealed: Vec::new(),
    };
    let wrapping =
        wrapping_key(passphrase, &wrapped).expect("the parameters are constants that argon2 allows");
    wrapped.sealed = wrapping.seal("vault", "key", bytes.as_slice());
    (DataKey::new(&bytes), wrapped)
}

/// Opens a wrapped data key.
///
/// # Errors
/// When the passphrase is wrong, or the wrapped key is damaged: the two cannot be told apart.
pub fn unwrap(passphrase: &str, wrapped: &Wrapped) -> Result<DataKey, Unreadable> {
    let plain = Zeroizing::new(wrapping_key(passphrase, wrapped)?.open("vault", "key", &wrapped.sealed)?);
    let bytes: &[u8; 32] = plain.as_slice().try_into().map_err(|_| Unreadable)?;
    Ok(DataKey::new(bytes))
}

fn wrapping_key(passphrase: &str, wrapped: &Wrapped) -> Result<DataKey, Unreadable> {
    // Parameters come from the disk: a damaged one must not ask for all memory there is.
    if wrapped.version != 1 || wrapped.memory_kib > 4 * MEMORY_KIB || wrapped.passes > 64 {
        return Err(Unreadable);
    }
    let params = Params::new(wrapped.memory_kib, wrapped.passes, wrapped.lanes, Some(32));
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| Unreadable)?);
    let mut key = Zeroizing::new([0; 32]);
    argon
        .hash_password_into(passphrase.as_bytes(), &wrapped.salt, key.as_mut_slice())
        .map_err(|_| Unreadable)?;
    Ok(DataKey::new(&key))
}

/// Wrong tries so far, as they lie in the database in clear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// How many in a row.
    pub failures: u32,
    /// No try before this moment, in ms since 1970.
    pub not_before: u64,
}

impl Attempts {
    /// After one more wrong try at `now`.
    #[must_use]
    pub fn failed(self, now: u64) -> Self {
        let failures = self.failures.saturating_add(1);
        let beyond = failures.saturating_sub(FREE_TRIES);
        let delay = match beyond {
            0 => 0,
            n => FIRST_DELAY_MS.checked_shl(n - 1).map_or(LONGEST_DELAY_MS, |ms| ms.min(LONGEST_DELAY_MS)),
        };
        Self { failures, not_before: now.saturating_add(delay) }
    }

    /// How long to wait at `now`, in ms. A clock that was set back cannot lengthen it beyond the longest.
    #[must_use]
    pub fn wait(self, now: u64) -> u64 {
        self.not_before.saturating_sub(now).min(LONGEST_DELAY_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_ends_at_a_quarter_of_an_hour() {
        let mut attempts = Attempts::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            attempts = attempts.failed(1_000);
            waits.push(attempts.wait(1_000) / 1_000);
        }
        assert_eq!(waits, [0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }

    #[test]
    fn a_value_opens_in_its_own_place_alone() {
        let key = DataKey::new(&[7; 32]);
        let sealed = key.seal("items", "a", b"woorden");
        assert_eq!(key.open("items", "a", &sealed).as_deref(), Ok(b"woorden".as_slice()));
        assert_eq!(key.open("items", "b", &sealed), Err(Unreadable));
        assert_eq!(key.open("blobs", "a", &sealed), Err(Unreadable));
        assert_eq!(DataKey::new(&[8; 32]).open("items", "a", &sealed), Err(Unreadable));
        assert_eq!(key.open("items", "a", &sealed[..11]), Err(Unreadable));
    }

    #[test]
    fn a_passphrase_is_long_and_not_one_key_held_down() {
        assert_eq!(check_passphrase("kort"), Err(WeakPassphrase::TooShort { min: 12 }));
        assert_eq!(check_passphrase("aaaaaaaaaaaaaa"), Err(WeakPassphrase::TooSimple));
        assert_eq!(check_passphrase("paarse fietsbel"), Ok(()));
    }
}
