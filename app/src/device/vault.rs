//! The vault: a random data key, wrapped by a passphrase, seals every value that this device stores.
//!
//! The passphrase never leaves the device and cannot be recovered. What is in clear: names of stores and
//! keys (ids and hashes), the wrapped key, the count of changes not yet synchronised, failed attempts.
//!
//! The growing delay is for a hand at the keyboard. Who copies the profile, or sets clocks and edits databases, meets
//! Argon2 and the length of the passphrase alone.

use std::ops::RangeInclusive;

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
/// What is taken of a wrapped key that lies on the disk: weaker than any version of this program has made it is no
/// wrapping of ours, and a damaged one must not ask for all memory and time that there is.
const MEMORY_RANGE_KIB: RangeInclusive<u32> = 19 * 1024..=4 * MEMORY_KIB;
const PASSES_RANGE: RangeInclusive<u32> = 2..=16;
const LANES_RANGE: RangeInclusive<u32> = 1..=4;
/// Bytes of a salt.
const SALT: usize = 16;
/// Bytes of a data key, and of one that is sealed: nonce, key and tag.
const DATA_KEY: usize = 32;
const SEALED_KEY: usize = NONCE + DATA_KEY + 16;
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

impl Wrapped {
    /// Wraps a data key with today's parameters.
    fn new(passphrase: &str, bytes: &[u8; DATA_KEY]) -> Self {
        let salt: [u8; SALT] = platform::random();
        let mut wrapped = Self {
            version: 1,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: salt.to_vec(),
            sealed: Vec::new(),
        };
        let wrapping =
            wrapping_key(passphrase, &wrapped).expect("the parameters are constants that argon2 allows");
        wrapped.sealed = wrapping.seal("vault", "key", bytes);
        wrapped
    }

    /// Whether it can be one that this program has made; what is not opens with no passphrase.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.version == 1
            && MEMORY_RANGE_KIB.contains(&self.memory_kib)
            && PASSES_RANGE.contains(&self.passes)
            && LANES_RANGE.contains(&self.lanes)
            && self.salt.len() == SALT
            && self.sealed.len() == SEALED_KEY
    }
}

/// The data key, opened. Its memory is overwritten when it is dropped.
pub struct DataKey {
    cipher: Aes256Gcm,
}

impl DataKey {
    fn new(bytes: &[u8; DATA_KEY]) -> Self {
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
    let bytes: Zeroizing<[u8; DATA_KEY]> = Zeroizing::new(platform::random());
    (DataKey::new(&bytes), Wrapped::new(passphrase, &bytes))
}

/// Makes a data key that nothing keeps, for a device that keeps nothing.
#[must_use]
pub fn fleeting() -> DataKey {
    let bytes: Zeroizing<[u8; DATA_KEY]> = Zeroizing::new(platform::random());
    DataKey::new(&bytes)
}

/// Opens a wrapped data key.
///
/// # Errors
/// When the passphrase is wrong, or the wrapped key is damaged: the two cannot be told apart.
pub fn unwrap(passphrase: &str, wrapped: &Wrapped) -> Result<DataKey, Unreadable> {
    Ok(DataKey::new(&*unwrapped(passphrase, wrapped)?))
}

/// Wraps the same data key with another passphrase, a new salt and today's parameters.
///
/// # Errors
/// As for [`unwrap`].
pub fn rewrap(passphrase: &str, wrapped: &Wrapped, other: &str) -> Result<Wrapped, Unreadable> {
    Ok(Wrapped::new(other, &*unwrapped(passphrase, wrapped)?))
}

fn unwrapped(passphrase: &str, wrapped: &Wrapped) -> Result<Zeroizing<[u8; DATA_KEY]>, Unreadable> {
    let plain = Zeroizing::new(wrapping_key(passphrase, wrapped)?.open("vault", "key", &wrapped.sealed)?);
    plain.as_slice().try_into().map(Zeroizing::new).map_err(|_| Unreadable)
}

fn wrapping_key(passphrase: &str, wrapped: &Wrapped) -> Result<DataKey, Unreadable> {
    let params = Params::new(wrapped.memory_kib, wrapped.passes, wrapped.lanes, Some(DATA_KEY));
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| Unreadable)?);
    let mut key = Zeroizing::new([0; DATA_KEY]);
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
        let counted = Self { failures: self.failures.saturating_add(1), not_before: now };
        Self { not_before: now.saturating_add(counted.delay()), ..counted }
    }

    /// How long to wait after the last of them, in ms.
    #[must_use]
    pub fn delay(self) -> u64 {
        match self.failures.saturating_sub(FREE_TRIES) {
            0 => 0,
            // The highest bit would go where there is none.
            n if n > 32 => LONGEST_DELAY_MS,
            n => (FIRST_DELAY_MS << (n - 1)).min(LONGEST_DELAY_MS),
        }
    }

    /// How long to wait at `now`, in ms. A clock that was set back does not lengthen it.
    #[must_use]
    pub fn wait(self, now: u64) -> u64 {
        self.not_before.saturating_sub(now).min(self.delay())
    }

    /// From the disk. What cannot be read was no try of ours, and does not keep anybody out.
    #[must_use]
    pub fn read(bytes: Option<&[u8]>) -> Self {
        bytes.and_then(|it| serde_json::from_slice(it).ok()).unwrap_or_default()
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
    fn whatever_the_clock_does_tries_stay_counted_and_no_wait_is_longer_than_its_delay() {
        let third = Attempts::default().failed(900_000).failed(900_000).failed(900_000);
        assert_eq!(third.wait(900_000), 5_000);
        // Set back by an hour: the same wait, not an hour more.
        assert_eq!(third.wait(0), 5_000);
        // Set forward: this wait is over, and the next one is twice as long all the same.
        assert_eq!(third.wait(u64::MAX), 0);
        assert_eq!(third.failed(9_000_000).wait(9_000_000), 10_000);
        assert_eq!(Attempts { failures: u32::MAX, not_before: u64::MAX }.failed(1).failures, u32::MAX);
        assert_eq!(Attempts { failures: u32::MAX, not_before: u64::MAX }.wait(1), LONGEST_DELAY_MS);
    }

    #[test]
    fn a_wrapping_that_is_none_of_ours_is_not_tried() {
        let sound = || Wrapped {
            version: 1,
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: vec![0; SALT],
            sealed: vec![0; SEALED_KEY],
        };
        assert!(sound().is_sound());
        for (memory_kib, is_sound) in
            [(19 * 1024 - 1, false), (19 * 1024, true), (256 * 1024, true), (256 * 1024 + 1, false)]
        {
            assert_eq!(Wrapped { memory_kib, ..sound() }.is_sound(), is_sound, "{memory_kib}");
        }
        for (passes, is_sound) in [(1, false), (2, true), (16, true), (17, false)] {
            assert_eq!(Wrapped { passes, ..sound() }.is_sound(), is_sound, "{passes}");
        }
        for (lanes, is_sound) in [(0, false), (1, true), (4, true), (5, false)] {
            assert_eq!(Wrapped { lanes, ..sound() }.is_sound(), is_sound, "{lanes}");
        }
        assert!(!Wrapped { version: 2, ..sound() }.is_sound());
        assert!(!Wrapped { salt: vec![0; SALT - 1], ..sound() }.is_sound());
        assert!(!Wrapped { sealed: vec![0; SEALED_KEY - 1], ..sound() }.is_sound());
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
