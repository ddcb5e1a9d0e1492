//! What a person has read and need not be told again on this device: of what was set aside, by which changes it was.

use std::collections::HashSet;

use shared::ids::{ChangeHash, DocId};

use super::keeping;

/// Where it is kept: ids and sums alone, which say nothing about anybody. It goes when the device is emptied.
const READ: &str = "loopbaanmaat.read";

/// One number for these changes, in whichever order; others have another one.
pub fn mark<'a>(changes: impl IntoIterator<Item = &'a ChangeHash>) -> u64 {
    let sums = changes.into_iter().map(|hash| {
        let first = hash.0.first_chunk().copied().unwrap_or_default();
        u64::from_be_bytes(first)
    });
    sums.fold(0, |all, sum| all ^ sum)
}

/// What has been read.
pub fn read() -> HashSet<(DocId, u64)> {
    let kept = keeping::kept::<Vec<(DocId, u64)>>(READ);
    kept.map(|all| all.into_iter().collect()).unwrap_or_default()
}

/// Keeps that this has been read too, beside what other tabs have kept.
pub fn keep(document: DocId, mark: u64) {
    let mut all = read();
    all.insert((document, mark));
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_unstable();
    keeping::keep(READ, all);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_changes_have_one_mark_and_more_of_them_have_another() {
        let (one, two) = (ChangeHash([1; 32]), ChangeHash([2; 32]));
        assert_eq!(mark([&one, &two]), mark([&two, &one]));
        assert_ne!(mark([&one, &two]), mark([&one]));
    }
}
