//! The time, as something that is passed in: a test moves it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// One that stands still until it is moved.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// A clock that shows the machine's time now and stands still from there.
    #[must_use]
    pub fn standing() -> Self {
        Self::Manual(Arc::new(AtomicU64::new(Self::System.now())))
    }

    /// In ms since 1970.
    #[must_use]
    pub fn now(&self) -> u64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
            Self::Manual(now) => now.load(Ordering::SeqCst),
        }
    }

    /// Moves a standing clock on; the machine's own cannot be moved.
    pub fn advance(&self, ms: u64) {
        if let Self::Manual(now) = self {
            now.fetch_add(ms, Ordering::SeqCst);
        }
    }
}
