//! How many requests a minute are taken: far more than the client ever makes, far less than it takes to keep others
//! from being served. What goes over a socket is bounded by answering in order instead.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use shared::ids::UserId;

use super::problem::Problem;

/// Requests of one person within a minute, on all her devices.
const PER_PERSON: u32 = 3_000;
/// Requests for a challenge within a minute from one address, behind which a whole office may be.
const PER_ADDRESS: u32 = 1_200;
/// The window, in ms.
const WINDOW_MS: u64 = 60_000;
/// Entries kept at most; when there are more, counting begins anew.
const MOST_ENTRIES: usize = 50_000;

/// Counts requests.
#[derive(Debug, Default)]
pub struct Rates {
    people: Mutex<Window<UserId>>,
    addresses: Mutex<Window<IpAddr>>,
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

    /// Counts a request from an address.
    ///
    /// # Errors
    /// 429.
    pub fn address(&self, address: IpAddr, now: u64) -> Result<(), Problem> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner).count(address, PER_ADDRESS, now)
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
}
