//! Slows guessing: per address and per account, with the same answer whatever was wrong.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::network::Network;

/// Failed attempts on one account before there is a wait; people mistype.
const FREE_PER_ACCOUNT: u32 = 5;
/// Failed attempts from one network before there is a wait: a whole office can share one.
const FREE_PER_ADDRESS: u32 = 30;
/// The first wait, in ms; each further failure doubles it.
const FIRST_WAIT_MS: u64 = 2_000;
/// The longest wait, in ms: an account must not be locked for good by somebody who does not own it.
const LONGEST_WAIT_MS: u64 = 15 * 60_000;
/// After this long without a failure everything is forgotten, in ms.
const FORGET_AFTER_MS: u64 = 30 * 60_000;
/// Entries kept at most; beyond it the stalest go.
const MOST_ENTRIES: usize = 50_000;

/// Counts failures.
#[derive(Debug, Default)]
pub struct Throttle {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    accounts: HashMap<String, Failures>,
    networks: HashMap<Network, Failures>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Failures {
    count: u32,
    last: u64,
    wait_until: u64,
}

impl Failures {
    fn waiting(&self, now: u64) -> u64 {
        self.wait_until.saturating_sub(now)
    }

    fn count_one(&mut self, free: u32, now: u64) {
        if now.saturating_sub(self.last) > FORGET_AFTER_MS {
            *self = Self::default();
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
        if self.count >= free {
            let doublings = (self.count - free).min(20);
            self.wait_until = now + (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS);
        }
    }
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; try again in {seconds} s")]
pub struct Throttled {
    /// How long to wait.
    pub seconds: u64,
}

impl Throttle {
    /// Before an attempt. It is counted as failed right away, so that a thousand at once are no way round;
    /// [`succeeded`](Self::succeeded) takes that back.
    ///
    /// # Errors
    /// [`Throttled`]: the attempt must not be made, and is not counted.
    pub fn attempt(&self, address: IpAddr, account: &str, now: u64) -> Result<(), Throttled> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let (network, account) = (Network::of(address), account.to_lowercase());
        let wait = inner.accounts.get(&account).map_or(0, |it| it.waiting(now));
        let wait = wait.max(inner.networks.get(&network).map_or(0, |it| it.waiting(now)));
        if wait > 0 {
            return Err(Throttled { seconds: wait.div_ceil(1_000) });
        }
        make_room(&mut inner.accounts, now);
        make_room(&mut inner.networks, now);
        inner.accounts.entry(account).or_default().count_one(FREE_PER_ACCOUNT, now);
        inner.networks.entry(network).or_default().count_one(FREE_PER_ADDRESS, now);
        Ok(())
    }

    /// The attempt was no guess: the account starts anew, and its address gets this attempt back. What was
    /// tried from there on other accounts stays counted.
    pub fn succeeded(&self, address: IpAddr, account: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.accounts.remove(&account.to_lowercase());
        if let Some(failures) = inner.networks.get_mut(&Network::of(address)) {
            failures.count = failures.count.saturating_sub(1);
            failures.wait_until = 0;
        }
    }
}

fn make_room<K: Clone + Eq + Hash>(entries: &mut HashMap<K, Failures>, now: u64) {
    if entries.len() < MOST_ENTRIES {
        return;
    }
    entries.retain(|_, it| now.saturating_sub(it.last) <= FORGET_AFTER_MS);
    if entries.len() >= MOST_ENTRIES {
        let mut moments: Vec<u64> = entries.values().map(|it| it.last).collect();
        moments.sort_unstable();
        let median = moments[moments.len() / 2];
        entries.retain(|_, it| it.last > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn an_account_waits_longer_and_longer_from_wherever_it_is_tried() {
        let throttle = Throttle::default();
        let mut now = 1_000_000;
        for _ in 0..FREE_PER_ACCOUNT {
            throttle.attempt(HERE, "a@example.org", now).unwrap();
        }
        assert_eq!(throttle.attempt(THERE, "A@example.org", now), Err(Throttled { seconds: 2 }));
        throttle.attempt(THERE, "b@example.org", now).unwrap();
        now += 2_000;
        throttle.attempt(THERE, "a@example.org", now).unwrap();
        assert_eq!(throttle.attempt(HERE, "a@example.org", now), Err(Throttled { seconds: 4 }));
    }

    #[test]
    fn an_address_waits_whatever_account_it_tries() {
        let throttle = Throttle::default();
        for n in 0..FREE_PER_ADDRESS {
            throttle.attempt(HERE, &format!("{n}@example.org"), 5_000).unwrap();
        }
        assert!(throttle.attempt(HERE, "somebody@example.org", 5_000).is_err());
        throttle.attempt(THERE, "somebody@example.org", 5_000).unwrap();
    }

    #[test]
    fn whoever_has_an_ipv6_network_has_one_place_in_it() {
        let throttle = Throttle::default();
        let host = |network: u16, number: u32| {
            IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, u16::try_from(number).unwrap()])
        };
        for n in 0..FREE_PER_ADDRESS {
            throttle.attempt(host(1, n), &format!("{n}@example.org"), 5_000).unwrap();
        }
        assert!(throttle.attempt(host(1, 60_000), "somebody@example.org", 5_000).is_err());
        throttle.attempt(host(2, 1), "somebody@example.org", 5_000).unwrap();
    }

    #[test]
    fn success_clears_the_account_and_time_clears_everything() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt(HERE, "a@example.org", 5_000).unwrap();
            throttle.succeeded(HERE, "a@example.org");
        }
        for _ in 0..FREE_PER_ACCOUNT {
            throttle.attempt(HERE, "b@example.org", 5_000).unwrap();
        }
        let later = 5_000 + FORGET_AFTER_MS + 1;
        throttle.attempt(HERE, "b@example.org", later).unwrap();
        throttle.attempt(HERE, "b@example.org", later).unwrap();
    }
}
