//! Sockets of nobody. A browser cannot see why a handshake failed, so who is not signed in is told on the socket; that
//! costs a socket for a moment, and so there are only so many of them. Whoever is signed in is not counted here.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use crate::http::problem::Problem;
use crate::identity::network::Network;

/// Sockets at once to one address, or network, behind which a whole office may have been signed out.
pub const PER_ADDRESS: usize = 32;
/// Sockets at once in all: some megabytes.
pub const OVERALL: usize = 256;
/// When to try again, in s: each lasts two at most.
const RETRY_AFTER_S: u64 = 3;

/// Who is being told that she is not signed in.
#[derive(Debug, Clone, Default)]
pub struct Strangers(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    overall: usize,
    by_address: HashMap<Network, usize>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Stranger {
    strangers: Strangers,
    address: Network,
}

impl Strangers {
    /// Lets one more in.
    ///
    /// # Errors
    /// 429 where there are too many: nothing is upgraded then.
    pub fn admit(&self, address: IpAddr) -> Result<Stranger, Problem> {
        let address = Network::of(address);
        let mut count = self.count();
        let here = count.by_address.get(&address).copied().unwrap_or_default();
        if count.overall >= OVERALL || here >= PER_ADDRESS {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many connections")
                .detail("Too many connections that are not signed in. Sign in first.")
                .retry_after(RETRY_AFTER_S));
        }
        count.overall += 1;
        count.by_address.insert(address, here + 1);
        drop(count);
        Ok(Stranger { strangers: self.clone(), address })
    }

    /// How many there are.
    #[must_use]
    pub fn now(&self) -> usize {
        self.count().overall
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        // Nothing in this file panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut count = self.strangers.count();
        count.overall = count.overall.saturating_sub(1);
        if let Some(here) = count.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                count.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    #[test]
    fn there_are_only_so_many_of_one_address_and_in_all() {
        let strangers = Strangers::default();
        let mut inside: Vec<_> = (0..PER_ADDRESS).map(|_| strangers.admit(address(1)).unwrap()).collect();
        assert_eq!(strangers.admit(address(1)).unwrap_err().status(), StatusCode::TOO_MANY_REQUESTS);
        inside.pop();
        inside.push(strangers.admit(address(1)).unwrap());
        for number in 2.. {
            let Ok(stranger) = strangers.admit(address(number)) else { break };
            inside.push(stranger);
            inside.extend((1..PER_ADDRESS).map_while(|_| strangers.admit(address(number)).ok()));
        }
        assert_eq!((inside.len(), strangers.now()), (OVERALL, OVERALL));
        drop(inside);
        assert_eq!(strangers.now(), 0);
        // Nothing is kept of who has gone.
        assert!(strangers.count().by_address.is_empty());
    }
}
