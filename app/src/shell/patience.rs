//! How long nothing has come through while the server is in reach: then waiting needs a word.

/// So long nothing of what waits was taken: the server does not take anything just now, in ms.
pub const TAKES_NOTHING_MS: u64 = 10_000;
/// So long no document came: it will not be a moment, in ms.
pub const GIVES_NOTHING_MS: u64 = 30_000;

/// Follows how much is still to go, or to come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Patience {
    left: usize,
    since: Option<u64>,
}

impl Patience {
    /// Notes how much is left at that moment; for how long it has not become less, both in ms.
    pub fn note(&mut self, left: usize, now: u64) -> u64 {
        let moved = left < self.left;
        self.left = left;
        if left == 0 {
            self.since = None;
            return 0;
        }
        match self.since {
            Some(since) if !moved => now.saturating_sub(since),
            _ => {
                self.since = Some(now);
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_less_is_under_way_and_what_only_grows_is_not() {
        let mut patience = Patience::default();
        assert_eq!(patience.note(0, 1_000), 0);
        assert_eq!(patience.note(2, 2_000), 0);
        assert_eq!(patience.note(3, 5_000), 3_000);
        assert_eq!(patience.note(3, 9_000), 7_000);
        assert_eq!(patience.note(1, 10_000), 0);
        assert_eq!(patience.note(1, 11_000), 1_000);
        assert_eq!(patience.note(0, 12_000), 0);
        assert_eq!(patience.note(1, 90_000), 0);
    }
}
