//! Long work in slices: after a while the browser may draw and answer.

use crate::device::Device;

/// So long the page may be busy without a break, in ms: half of what a person notices.
const BUSY_MS: u64 = 24;

/// Gives the browser its turn every now and then.
pub struct Pace {
    device: Device,
    since: u64,
}

impl Pace {
    /// From now on.
    pub fn new(device: Device) -> Self {
        Self { device, since: device.now_ms() }
    }

    /// Lets the browser have its turn, if it is time.
    pub async fn keep(&mut self) {
        // A clock that is set back makes it time too.
        if self.device.now_ms().abs_diff(self.since) >= BUSY_MS {
            self.device.breathe().await;
            self.since = self.device.now_ms();
        }
    }
}
