//! When to connect, and whether the connection lives.

use crate::sync::limits;
use crate::sync::message::close;

/// The first wait after a failure, in ms; it doubles with each further one.
const FIRST_WAIT_MS: u64 = 500;
/// The longest wait, in ms.
const LONGEST_WAIT_MS: u64 = 30_000;
/// How long a connection must have lived to count as a success, in ms: one that is greeted and cut at once, over
/// and over, is not.
const SUCCESS_MS: u64 = 10_000;
/// The shortest wait after the server has said "try later", in ms.
const TRY_LATER_MS: u64 = 5_000;
/// How long a socket may take to open, in ms.
const CONNECTING_MS: u64 = 20_000;

/// The connection of one tab.
#[derive(Debug)]
pub(super) struct Connection {
    state: State,
    attempt: u64,
    failures: u32,
    random: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not wanted: not started, signed out, or wiped.
    Off,
    Waiting {
        until_ms: u64,
    },
    Connecting {
        since_ms: u64,
    },
    Open {
        welcomed: bool,
        since_ms: u64,
        /// When the last `ping` went out, or the socket opened.
        pinged_ms: u64,
        /// Whether nothing has come since that `ping`.
        unanswered: bool,
    },
}

/// What time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Connect {
        attempt: u64,
    },
    Ping,
    /// The socket is dead, whatever it says.
    GiveUp,
}

impl Connection {
    pub fn new(random: u64) -> Self {
        Self { state: State::Off, attempt: 0, failures: 0, random }
    }

    /// Whether events of that attempt are of the current socket.
    pub fn is_current(&self, attempt: u64) -> bool {
        attempt == self.attempt && matches!(self.state, State::Connecting { .. } | State::Open { .. })
    }

    /// Whether messages can be sent.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether the server has greeted and answers.
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Open { welcomed: true, .. })
    }

    /// Connect as soon as time is looked at, whatever the wait was.
    pub fn want(&mut self, now_ms: u64) {
        if matches!(self.state, State::Off | State::Waiting { .. }) {
            self.state = State::Waiting { until_ms: now_ms };
        } else if let State::Open { pinged_ms, unanswered: false, .. } = &mut self.state {
            // A socket that slept may be dead: find out now.
            *pinged_ms = now_ms.saturating_sub(limits::PING_MS);
        }
    }

    /// Whether connecting was stopped.
    pub fn is_off(&self) -> bool {
        self.state == State::Off
    }

    pub fn stop(&mut self) {
        self.state = State::Off;
    }

    pub fn opened(&mut self, now_ms: u64) {
        self.state = State::Open { welcomed: false, since_ms: now_ms, pinged_ms: now_ms, unanswered: true };
    }

    pub fn welcomed(&mut self) {
        if let State::Open { welcomed, .. } = &mut self.state {
            *welcomed = true;
        }
    }

    /// Anything that comes is a sign of life.
    pub fn heard(&mut self) {
        if let State::Open { unanswered, .. } = &mut self.state {
            *unanswered = false;
        }
    }

    /// The socket is gone; waits before the next one.
    pub fn lost(&mut self, code: u16, now_ms: u64) {
        if let State::Open { welcomed: true, since_ms, .. } = self.state
            && now_ms.saturating_sub(since_ms) >= SUCCESS_MS
        {
            self.failures = 0;
        }
        let ceiling = (FIRST_WAIT_MS << self.failures.min(10)).min(LONGEST_WAIT_MS);
        self.failures = self.failures.saturating_add(1);
        // Between half of it and all of it, so that a thousand devices do not come back at once.
        let wait = ceiling / 2 + self.next_random() % (ceiling / 2 + 1);
        let least = if code == close::TRY_LATER { TRY_LATER_MS } else { 0 };
        self.state = State::Waiting { until_ms: now_ms + wait.max(least) };
    }

    pub fn due(&mut self, now_ms: u64) -> Due {
        match &mut self.state {
            State::Waiting { until_ms } if now_ms >= *until_ms => {
                self.attempt += 1;
                self.state = State::Connecting { since_ms: now_ms };
                Due::Connect { attempt: self.attempt }
            }
            State::Connecting { since_ms } if now_ms.saturating_sub(*since_ms) >= CONNECTING_MS => {
                Due::GiveUp
            }
            State::Open { pinged_ms, unanswered, .. } => {
                let since = now_ms.saturating_sub(*pinged_ms);
                if *unanswered && since >= limits::PONG_MS {
                    Due::GiveUp
                } else if !*unanswered && since >= limits::PING_MS {
                    *pinged_ms = now_ms;
                    *unanswered = true;
                    Due::Ping
                } else {
                    Due::Nothing
                }
            }
            _ => Due::Nothing,
        }
    }

    /// SplitMix64: enough for spreading waits, and reproducible from its seed.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(now_ms: u64) -> Connection {
        let mut connection = Connection::new(1);
        connection.want(now_ms);
        assert_eq!(connection.due(now_ms), Due::Connect { attempt: 1 });
        connection.opened(now_ms);
        connection.welcomed();
        connection.heard();
        connection
    }

    #[test]
    fn waits_double_up_to_a_bound_and_are_spread() {
        let mut connection = Connection::new(7);
        connection.want(0);
        let mut longest = 0;
        for failure in 0..20 {
            assert!(matches!(connection.due(u64::MAX / 2), Due::Connect { .. }));
            connection.lost(1006, 0);
            let State::Waiting { until_ms } = connection.state else { panic!("it waits") };
            let ceiling = (500 << failure.min(10)).min(30_000);
            assert!((ceiling / 2..=ceiling).contains(&until_ms), "{until_ms} after {failure}");
            longest = longest.max(until_ms);
        }
        assert!(longest > 15_000);
    }

    #[test]
    fn silence_after_a_ping_is_the_end_whatever_the_socket_says() {
        let mut connection = open(0);
        assert_eq!(connection.due(14_999), Due::Nothing);
        assert_eq!(connection.due(15_000), Due::Ping);
        assert_eq!(connection.due(24_999), Due::Nothing);
        assert_eq!(connection.due(25_000), Due::GiveUp);
        connection.heard();
        assert_eq!(connection.due(25_000), Due::Nothing);
    }

    #[test]
    fn waking_up_asks_for_a_sign_of_life_at_once() {
        let mut connection = open(0);
        connection.want(3_600_000);
        assert_eq!(connection.due(3_600_000), Due::Ping);
        assert_eq!(connection.due(3_610_000), Due::GiveUp);
    }
}
