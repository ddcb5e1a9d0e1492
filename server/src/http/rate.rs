//! How many requests a minute are taken: far more than the client ever makes, far less than it takes to keep others
//! from being served. What goes over a socket is bounded by answering in order instead.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use shared::ids::UserId;

use super::problem::Problem;
use crate::identity::network::Network;

/// Requests of one person within a minute, on all her devices.
const PER_PERSON: u32 = 3_000;
/// Requests without a session within a minute from one network, behind which a whole office may be: for a challenge, or
/// whether the server is ready.
const PER_ADDRESS: u32 = 1_200;
/// The window, in ms.
const WINDOW_MS: u64 = 60_000;
/// Entries kept at most; when there are more, counting begins anew.
const MOST_ENTRIES: usize = 50_000;

/// Counts requests.
#[derive(Debug, Default)]
pub struct Rates {
    people: Mutex<Window<UserId>>,
    networks: Mutex<Window<Network>>,
}

#[derive(Debug)]
struct Window<K> {
    began: u64,
    counts: HashMap<K, u32>,
}

impl<K> Default for Window<K> {
    fn default() -> Self {
        Self { began: 0, counts: HashMap::new() }
    }
}

impl<K: Eq + Hash> Window<K> {
    fn count(&mut self, key: K, most: u32, now: u64) -> Result<(), Problem> {
        if now.saturating_sub(self.began) >= WINDOW_MS || self.counts.len() >= MOST_ENTRIES {
            *self = Self { began: now, counts: HashMap::new() };
        }
        let count = self.counts.entry(key).or_default();
        *count += 1;
        if *count <= most {
            return Ok(());
        }
        let seconds = (self.began + WINDOW_MS).saturating_sub(now).div_ceil(1_000);
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests")
            .detail(format!("At most {most} requests a minute are taken. Try again in {seconds} s."))
            .retry_after(seconds))
    }
}

impl Rates {
    /// Counts a request of a person.
    ///
    /// # Errors
    /// 429.
    pub fn person(&self, user: UserId, now: u64) -> Result<(), Problem> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).count(user, PER_PERSON, now)
    }

    /// Counts a request from the network of an address.
    ///
    /// # Errors
    /// 429.
    pub fn address(&self, address: IpAddr, now: u64) -> Result<(), Problem> {
        let network = Network::of(address);
        self.networks.lock().unwrap_or_else(PoisonError::into_inner).count(network, PER_ADDRESS, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_room_for_so_many_requests_of_each_person() {
        let rates = Rates::default();
        let (anna, bram) = (UserId([1; 16]), UserId([2; 16]));
        for _ in 0..PER_PERSON {
            rates.person(anna, 100_000).unwrap();
        }
        assert_eq!(
            rates.person(anna, 100_000 + WINDOW_MS - 1).unwrap_err().status(),
            StatusCode::TOO_MANY_REQUESTS
        );
        rates.person(bram, 100_000).unwrap();
        rates.person(anna, 100_000 + WINDOW_MS).unwrap();
    }

    #[test]
    fn the_hosts_of_a_network_are_counted_together() {
        let rates = Rates::default();
        let host = |network: u16, number: u16| IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, number]);
        for number in 0..PER_ADDRESS {
            rates.address(host(1, u16::try_from(number).unwrap()), 100_000).unwrap();
        }
        let refused = rates.address(host(1, 60_000), 100_000).unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        rates.address(host(2, 1), 100_000).unwrap();
    }
}
