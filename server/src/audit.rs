//! What goes into the audit log besides commands: failed sign-ins, looks at the log itself, and its head once a day in the
//! server's own log.
//!
//! Whoever guesses passwords must not be able to fill the disk or to keep others from writing: failures are counted in
//! memory, and of each account one row an interval says how many there were.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::UserId;
use store::{AuditEvent, Session, StoreError};
use tokio::time::{MissedTickBehavior, interval};

use crate::state::AppState;

/// In the audit log: sign-ins that failed; how many is behind the colon.
pub const SIGN_IN_FAILED: &str = "sign_in_failed";
/// In the audit log: somebody looked at it.
pub const LOOKED: &str = "audit_view";
/// In the audit log: somebody saved a copy of it.
pub const EXPORTED: &str = "audit_export";
/// What stands in place of an account that does not exist.
pub const UNKNOWN: &str = "unknown";

/// How long failures are counted before they are written, in ms.
const INTERVAL_MS: u64 = 10 * 60_000;
/// How often it is looked whether something is to be written.
const LOOK: Duration = Duration::from_secs(60);
/// How often the head is told, in ms.
const DAY_MS: u64 = 24 * 60 * 60_000;

/// What is counted until it is written.
#[derive(Debug, Default)]
pub struct Watch {
    /// Since when, and how many; `None`: accounts that do not exist, all together.
    failures: Mutex<HashMap<Option<UserId>, (u64, u64)>>,
    /// When a look of each administrator was last written.
    looks: Mutex<HashMap<UserId, u64>>,
}

impl Watch {
    /// A sign-in failed, to that account if there is one. There are never more entries than accounts.
    pub fn failed(&self, account: Option<UserId>, now: u64) {
        let mut failures = lock(&self.failures);
        let (_, count) = failures.entry(account).or_insert((now, 0));
        *count = count.saturating_add(1);
    }

    /// Takes out what was counted for long enough.
    fn due(&self, began: u64) -> Vec<(Option<UserId>, u64)> {
        let mut due = Vec::new();
        lock(&self.failures).retain(|account, (since, count)| {
            let is_due = *since <= began;
            if is_due {
                due.push((*account, *count));
            }
            !is_due
        });
        due.sort_unstable();
        due
    }

    /// Whether a look is to be written: it is the first one of an interval.
    fn looks(&self, user: UserId, now: u64) -> bool {
        let mut looks = lock(&self.looks);
        let is_first = looks.get(&user).is_none_or(|last| now.saturating_sub(*last) >= INTERVAL_MS);
        if is_first {
            looks.insert(user, now);
        }
        is_first
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics while it holds the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes that an administrator looks at the log: once an interval, not for every page of it.
///
/// # Errors
/// When the store fails.
pub async fn note_look(state: &AppState, who: &Session) -> Result<(), StoreError> {
    let now = state.clock.now();
    if state.watch.looks(who.user, now) { note(state, who, LOOKED).await } else { Ok(()) }
}

/// Writes that somebody did something that is no command.
///
/// # Errors
/// When the store fails.
pub async fn note(state: &AppState, who: &Session, action: &str) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: state.clock.now(),
        user: Some(who.user),
        device: Some(who.device),
        action: action.to_owned(),
        object: String::new(),
    };
    let mut tx = state.store.begin().await?;
    tx.audit(&event).await?;
    tx.commit().await
}

/// Writes the failures that were counted for long enough; `all` of them where the server stops.
///
/// # Errors
/// When the store fails; what was counted is lost then.
pub async fn write_failures(state: &AppState, all: bool) -> Result<(), StoreError> {
    let now = state.clock.now();
    let due = state.watch.due(if all { u64::MAX } else { now.saturating_sub(INTERVAL_MS) });
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = state.store.begin().await?;
    for (account, count) in due {
        let object = account.map_or_else(|| UNKNOWN.to_owned(), |account| account.to_string());
        let action = format!("{SIGN_IN_FAILED}:{count}");
        tx.audit(&AuditEvent { at: now, user: None, device: None, action, object }).await?;
    }
    tx.commit().await
}

/// Writes what is counted, and tells the head once a day. Never ends.
pub async fn run(state: AppState) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None::<u64>;
    loop {
        looks.tick().await;
        if let Err(error) = write_failures(&state, false).await {
            tracing::error!(%error, "failed sign-ins could not be written to the audit log");
        }
        let now = state.clock.now();
        if told.is_none_or(|told| now.saturating_sub(told) >= DAY_MS) {
            match store::audit_head(&*state.store).await {
                Ok(head) => {
                    tracing::info!(%head, "the audit log ends here");
                    told = Some(now);
                }
                Err(error) => tracing::error!(%error, "the audit log cannot be read"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId([1; 16]);

    #[test]
    fn however_many_guesses_make_one_row_an_interval() {
        let watch = Watch::default();
        for at in 0..1_000 {
            watch.failed(Some(ANNA), at);
            watch.failed(None, at);
        }
        assert_eq!(watch.due(0), [(None, 1_000), (Some(ANNA), 1_000)]);
        assert_eq!(watch.due(u64::MAX), []);
        watch.failed(Some(ANNA), 5_000);
        assert_eq!(watch.due(4_999), []);
        assert_eq!(watch.due(5_000), [(Some(ANNA), 1)]);
    }

    #[test]
    fn a_look_is_written_once_an_interval_for_each() {
        let watch = Watch::default();
        assert!(watch.looks(ANNA, 100));
        assert!(!watch.looks(ANNA, 100 + INTERVAL_MS - 1));
        assert!(watch.looks(UserId([2; 16]), 101));
        assert!(watch.looks(ANNA, 100 + INTERVAL_MS));
    }
}
