//! Randomness from the operating system.

/// Fresh random bytes.
///
/// # Panics
/// If the operating system has no randomness: then nothing that this program promises can be kept.
#[must_use]
pub fn fresh<const LEN: usize>() -> [u8; LEN] {
    let mut bytes = [0; LEN];
    getrandom::fill(&mut bytes).expect("the operating system provides randomness");
    bytes
}
