//! The machine itself.

use super::{Input, Output, Transport};
use crate::ids::{DeviceId, UserId};

/// One connection of one device.
#[derive(Debug)]
pub struct Session {
    _user: UserId,
}

impl Session {
    /// A connection that has just been made.
    #[must_use]
    pub fn new(user: UserId, device: DeviceId, transport: Transport, now_ms: u64) -> Self {
        let _ = (device, transport, now_ms);
        Self { _user: user }
    }

    /// Takes one input and says what to do.
    #[must_use]
    pub fn step(&mut self, input: Input, now_ms: u64) -> Vec<Output> {
        let _ = (input, now_ms);
        Vec::new()
    }

    /// Whether an [`Output::Ask`] is unanswered.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        false
    }

    /// Whether [`Output::Close`] has been put out.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        false
    }
}
