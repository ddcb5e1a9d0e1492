//! Off the path of messages long logs are covered by snapshots, so that a new device reads one document instead of
//! every change, and after a while the data of those changes is dropped.
//!
//! A snapshot covers only what has been tried. A worker makes it; what it made is compared with what the log itself
//! says of its changes and heads before it is kept.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shared::ids::DocId;
use shared::sync::limits;
use shared::sync::snapshot::Made;
use store::{Covered, GrownLog, NewSnapshot, StoreError};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::gate::NoWorker;
use crate::gate::maker::Maker;
use crate::state::AppState;

/// A new one is made when so many times what was added since the last one is more than the whole: then all that are
/// ever made of a log cost no more than a few times its last one.
const SHARE: u64 = 4;
/// How often to look for what has become due by itself.
const LOOK: Duration = Duration::from_secs(3_600);
/// Items dropped in one transaction, which others wait for.
const DROPPED_TOGETHER: u64 = 256;
/// How many times as long as such a transaction took the writer is then left to others.
const REST: u32 = 4;

/// The logs that have grown enough.
#[derive(Debug, Default)]
pub struct Snapshots {
    due: Mutex<BTreeSet<DocId>>,
    noted: Notify,
}

impl Snapshots {
    /// A log has been tried; a snapshot is made of it if it has grown by `after` items and is due.
    pub fn note(&self, log: &GrownLog, after: u64) {
        if is_due(log, after) {
            self.due().insert(log.doc);
            self.noted.notify_one();
        }
    }

    fn due(&self) -> MutexGuard<'_, BTreeSet<DocId>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a log has grown enough since its snapshot.
fn is_due(log: &GrownLog, after: u64) -> bool {
    let added = log.tried.saturating_sub(log.snapshot);
    added >= after.max(1) && added.saturating_mul(SHARE) >= log.tried
}

/// Makes snapshots and drops what they cover, for as long as it is polled.
pub async fn run(state: AppState) {
    let maker = Maker::new(state.config.worker.as_deref());
    // Logs of which none can be made; after the next start it is tried again.
    let mut refused = HashSet::new();
    loop {
        match state.store.logs_to_cover(state.config.snapshot_after).await {
            Ok(logs) => logs.iter().for_each(|log| state.snapshots.note(log, state.config.snapshot_after)),
            Err(error) => tracing::error!(%error, "which logs have grown cannot be read"),
        }
        let until = Instant::now() + LOOK;
        loop {
            let doc = state.snapshots.due().pop_first();
            if let Some(doc) = doc.filter(|doc| !refused.contains(doc)) {
                cover(&state, &maker, doc, &mut refused).await;
            } else if doc.is_none() {
                drop_covered(&state).await;
                let left = until.saturating_duration_since(Instant::now());
                if timeout(left, state.snapshots.noted.notified()).await.is_err() {
                    break;
                }
            }
        }
    }
}

async fn cover(state: &AppState, maker: &Maker, doc: DocId, refused: &mut HashSet<DocId>) {
    let began = Instant::now();
    match make(state, maker, doc).await {
        Ok(Some(seq)) => {
            let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(%doc, seq, ms, "a snapshot was made");
        }
        Ok(None) => {}
        Err(CoverError::Unfit(why)) => {
            tracing::error!(%doc, why, "no snapshot can be made of a log; it is served item by item");
            refused.insert(doc);
        }
        Err(error) => {
            tracing::error!(%doc, %error, "a snapshot could not be made; there is another try later")
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CoverError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Worker(#[from] NoWorker),
    #[error("{0}")]
    Unfit(String),
}

/// Makes a snapshot of a log: up to where; none where there is nothing to make, or the log has changed meanwhile.
async fn make(state: &AppState, maker: &Maker, doc: DocId) -> Result<Option<u64>, CoverError> {
    let Some(log) = state.store.log_to_cover(doc).await? else { return Ok(None) };
    if log.covered.heads.len() > limits::SNAPSHOT_HEADS {
        tracing::info!(%doc, heads = log.covered.heads.len(), "a log has too many heads for a snapshot just now");
        return Ok(None);
    }
    let made = maker.make(log.base.as_deref(), &log.changes).await?.map_err(CoverError::Unfit)?;
    if let Some(why) = misfit(&made, &log.covered) {
        return Err(CoverError::Unfit(why.to_owned()));
    }
    let seq = log.covered.seq;
    let snapshot = NewSnapshot { covered: log.covered, data: made.data };
    let is_kept = state.store.put_snapshot(doc, snapshot, state.clock.now()).await?;
    Ok(is_kept.then_some(seq))
}

/// Why what a worker made is not what the log says it should be.
fn misfit(made: &Made, covered: &Covered) -> Option<&'static str> {
    if made.heads != covered.heads {
        Some("what was made has other heads than the log")
    } else if made.changes as u64 != covered.changes {
        Some("what was made has another number of changes than the log")
    } else if made.data.len() as u64 > limits::SNAPSHOT || covered.seq > limits::SNAPSHOT {
        Some("it is larger than what a device takes")
    } else {
        None
    }
}

/// Drops what snapshots have covered for long enough, some items at a time.
async fn drop_covered(state: &AppState) {
    let grace = u64::try_from(state.config.snapshot_grace.as_millis()).unwrap_or(u64::MAX);
    let Some(made) = state.clock.now().checked_sub(grace) else { return };
    let docs = match state.store.logs_to_drop(made).await {
        Ok(docs) => docs,
        Err(error) => return tracing::error!(%error, "what snapshots cover cannot be read"),
    };
    for doc in docs {
        loop {
            let began = Instant::now();
            match state.store.drop_covered(doc, made, DROPPED_TOGETHER).await {
                Ok(true) => sleep(began.elapsed() * REST).await,
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%doc, %error, "what a snapshot covers could not be dropped");
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{Chain, ChangeHash};

    use super::*;

    #[test]
    fn a_log_is_due_when_it_has_grown_by_enough_and_by_a_fair_share() {
        let log = |tried, snapshot| GrownLog { doc: DocId([1; 16]), tried, snapshot };
        for (tried, snapshot, due) in [
            (1_999, 0, false),
            (2_000, 0, true),
            (3_999, 2_000, false),
            (4_000, 2_000, true),
            (12_000, 10_000, false),
            (13_333, 10_000, false),
            (13_334, 10_000, true),
        ] {
            assert_eq!(is_due(&log(tried, snapshot), 2_000), due, "{tried} {snapshot}");
        }
        assert!(!is_due(&log(5, 5), 0));
    }

    #[test]
    fn what_was_made_is_held_against_the_log() {
        let head = |number| ChangeHash([number; 32]);
        let covered = Covered { seq: 3, chain: Chain([0; 32]), heads: vec![head(1)], changes: 2, voids: 1 };
        let made = |heads, changes| Made { data: vec![], heads, changes };
        assert_eq!(misfit(&made(vec![head(1)], 2), &covered), None);
        for wrong in [made(vec![head(2)], 2), made(vec![], 2), made(vec![head(1)], 3), made(vec![head(1)], 1)]
        {
            assert!(misfit(&wrong, &covered).is_some(), "{wrong:?}");
        }
        let large = Covered { seq: limits::SNAPSHOT + 1, ..covered.clone() };
        assert!(misfit(&made(vec![head(1)], 2), &large).is_some());
    }
}
