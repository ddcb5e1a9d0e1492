//! Recovery codes: ten, shown once, each good for one sign-in without the app or key that was lost.

use sha2::{Digest as _, Sha256};
use shared::ids::UserId;

use crate::random;

/// How many are given out at once.
pub const CODES: usize = 10;
/// Letters and digits of a code: 80 bits, so that its hash needs no slow function.
const LENGTH: usize = 16;
/// Those that are hard to mistake for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A new set.
#[must_use]
pub fn fresh() -> [String; CODES] {
    std::array::from_fn(|_| {
        let letters: Vec<char> = random::fresh::<LENGTH>()
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect();
        letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    })
}

/// What the store knows a code of that person by; none where what was typed is no such code. Capitals, spaces and
/// dashes do not matter.
#[must_use]
pub fn hash(user: UserId, typed: &str) -> Option<[u8; 32]> {
    let code: String = typed
        .chars()
        .filter(|it| !it.is_whitespace() && *it != '-')
        .map(|it| it.to_ascii_lowercase())
        .take(LENGTH + 1)
        .collect();
    let is_code = code.len() == LENGTH && code.bytes().all(|it| ALPHABET.contains(&it));
    is_code.then(|| {
        let mut hasher = Sha256::new();
        hasher.update(b"loopbaanmaat.recovery.v1");
        hasher.update(user.0);
        hasher.update(&code);
        hasher.finalize().into()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ANNA: UserId = UserId([1; 16]);

    #[test]
    fn codes_are_ten_and_all_different() {
        let codes = fresh();
        assert_eq!(BTreeSet::from_iter(&codes).len(), 10);
        for code in &codes {
            assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
            assert!(hash(ANNA, code).is_some());
        }
    }

    #[test]
    fn a_code_is_the_same_however_it_is_typed_and_belongs_to_one_person() {
        let known = hash(ANNA, "abcd-efgh-ijkm-npqr");
        assert!(known.is_some());
        assert_eq!(hash(ANNA, " ABCD efgh-IJKMNPQR "), known);
        assert_ne!(hash(ANNA, "abcd-efgh-ijkm-npqs"), known);
        assert_ne!(hash(UserId([2; 16]), "abcd-efgh-ijkm-npqr"), known);
    }

    #[test]
    fn what_is_no_code_has_no_hash() {
        for typed in ["", "123456", "abcd-efgh-ijkm-npq", "abcd-efgh-ijkm-npqrs", "abcd-efgh-ijkm-npq0", "é"]
        {
            assert_eq!(hash(ANNA, typed), None, "{typed}");
        }
    }
}
