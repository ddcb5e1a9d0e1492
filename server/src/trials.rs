//! Off the path of messages every log is applied on trial, as devices will: some changes are well-formed and still
//! leave no sound document. An item that does becomes void, with all that depends on it; its author's device is
//! suspended, and the operator told.
//!
//! A log is tried some seconds after something was stored in it, all that came in the meantime together, and then
//! not again before a hundred times as long as that took: a long document costs a hundredth of a processor.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::ids::DocId;
use store::{GrownLog, LogToTry, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::gate::NoWorker;
use crate::gate::trier::{Fault, Ground, Trier};
use crate::hub::NotifyBus as _;
use crate::state::AppState;

/// How much longer a log rests than trying it took.
const REST: u32 = 100;
/// How many times [`trial_after`](crate::config::Config::trial_after) it rests at most.
const MOST_REST: u32 = 60;
/// How long to leave a log alone that could not be tried.
const FAILED: Duration = Duration::from_secs(60);
/// Logs noted as tried in one transaction, where there are many.
const NOTED_TOGETHER: usize = 32;

/// The logs that have something new.
#[derive(Debug, Default)]
pub struct Trials {
    due: Mutex<Due>,
    /// Something is due before what was waited for.
    sooner: Notify,
}

/// When which log is to be tried.
#[derive(Debug, Default)]
struct Due {
    at: HashMap<DocId, Instant>,
    in_order: BTreeSet<(Instant, DocId)>,
}

impl Due {
    /// Adds a log that is not waiting yet. Whether its turn is the first.
    fn add(&mut self, doc: DocId, at: Instant) -> bool {
        if let Entry::Vacant(free) = self.at.entry(doc) {
            free.insert(at);
            self.in_order.insert((at, doc));
        }
        self.in_order.first() == Some(&(at, doc))
    }

    fn remove(&mut self, doc: DocId) {
        if let Some(at) = self.at.remove(&doc) {
            self.in_order.remove(&(at, doc));
        }
    }
}

impl Trials {
    /// Something has been stored in this log; it is to be tried in `after`, unless it is sooner already.
    pub fn note(&self, doc: DocId, after: Duration) {
        // Who comes later does not wake whoever waits for an earlier one.
        if self.due().add(doc, Instant::now() + after) {
            self.sooner.notify_one();
        }
    }

    /// The log whose turn comes first, and when.
    fn first(&self) -> Option<(DocId, Instant)> {
        self.due().in_order.first().map(|(due, doc)| (*doc, *due))
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries logs for as long as it is polled.
pub async fn run(state: AppState) {
    let after = state.config.trial_after;
    match state.store.untried().await {
        Ok(docs) => docs.into_iter().for_each(|doc| state.trials.note(doc, after)),
        Err(error) => tracing::error!(%error, "which logs are to be tried cannot be read"),
    }
    let mut trier = Trier::new(state.config.worker.as_deref());
    let mut resting: HashMap<DocId, Instant> = HashMap::new();
    let mut tried = Vec::new();
    loop {
        let now = Instant::now();
        let next = state.trials.first();
        if tried.len() >= NOTED_TOGETHER || next.is_none_or(|(_, due)| due > now) {
            note_tried(&state, &mut tried).await;
        }
        let Some((doc, due)) = next else {
            state.trials.sooner.notified().await;
            continue;
        };
        if due > now {
            tokio::select! {
                () = sleep_until(due) => {}
                () = state.trials.sooner.notified() => {}
            }
            continue;
        }
        resting.retain(|_, until| *until > now);
        // Before the log is read, so that what comes afterwards counts.
        state.trials.due().remove(doc);
        if let Some(until) = resting.get(&doc) {
            state.trials.due().add(doc, *until);
            continue;
        }
        match try_log(&state, &mut trier, doc).await {
            Ok(Some(log)) => {
                tried.push(log);
                let rest = (now.elapsed() * REST).min(after * MOST_REST);
                resting.insert(doc, Instant::now() + rest);
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%doc, %error, "a log could not be tried");
                state.trials.note(doc, FAILED);
            }
        }
    }
}

async fn note_tried(state: &AppState, tried: &mut Vec<GrownLog>) {
    if tried.is_empty() {
        return;
    }
    let places: Vec<_> = tried.iter().map(|log| (log.doc, log.tried)).collect();
    match state.store.tried(&places).await {
        Ok(()) => tried.iter().for_each(|log| state.snapshots.note(log, state.config.snapshot_after)),
        // What is not noted is tried once more after the next start, and that is all.
        Err(error) => tracing::warn!(%error, "which logs have been tried cannot be noted"),
    }
    tried.clear();
}

#[derive(Debug, thiserror::Error)]
enum TrialError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Worker(#[from] NoWorker),
}

/// Tries what is new in a log, and makes void what must be: up to where it is sound now.
async fn try_log(state: &AppState, trier: &mut Trier, doc: DocId) -> Result<Option<GrownLog>, TrialError> {
    loop {
        let Some(log) = state.store.log_to_try(doc).await? else { return Ok(None) };
        let Some((seq, reason)) = culprit(trier, doc, &log).await? else {
            return Ok(Some(GrownLog { doc, tried: log.head, snapshot: log.snapshot }));
        };
        if let Some(voided) = state.store.make_void(doc, seq, &reason, state.clock.now()).await? {
            tracing::error!(
                %doc, seq, hash = %voided.hash, by = %voided.by, items = ?voided.items, reason,
                "an item is harmful and void now; its device is suspended. See `loopbaanmaat quarantine`"
            );
            state.hub.wake(&[doc]);
            state.hub.wake_directory(voided.user.as_slice());
        }
    }
}

/// The first item after which the document is no longer sound, and what became of it.
async fn culprit(trier: &mut Trier, doc: DocId, log: &LogToTry) -> Result<Option<(u64, String)>, NoWorker> {
    let ground = Ground { base: log.base.as_deref(), tried: log.tried.iter().map(Vec::as_slice).collect() };
    let new: Vec<&[u8]> = log.new.iter().map(|(_, data)| data.as_slice()).collect();
    let Some(mut fault) = trier.apply(&ground, &new).await? else { return Ok(None) };
    if let Some(Fault { reason, .. }) = trier.apply(&ground, &[]).await? {
        // Nobody's latest change is to blame: it may have grown beyond what a worker may use.
        tracing::error!(%doc, reason, "a log that was sound cannot be tried any more; its new items stay");
        return Ok(None);
    }
    let (mut sound, mut unsound) = (0, new.len());
    while unsound - sound > 1 {
        let middle = sound + (unsound - sound) / 2;
        match trier.apply(&ground, &new[..middle]).await? {
            None => sound = middle,
            Some(found) => (unsound, fault) = (middle, found),
        }
    }
    // Once more, so that no mishap of this machine is taken for a fault of the item.
    let again = trier.apply(&ground, &new[..unsound]).await?;
    if fault.at_limits && !trier.is_far_from_limits(&ground, &new[..sound]).await? {
        // Whoever happened to write the item at the edge of what a worker may use is not to blame.
        tracing::error!(%doc, reason = fault.reason, "a log is near what a worker may use; its new items stay");
        return Ok(None);
    }
    Ok(again.and(log.new.get(sound)).map(|(seq, _)| (*seq, fault.reason)))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn only_what_is_due_first_wakes_whoever_waits_for_it() {
        let trials = Trials::default();
        let (doc, minute) = (|number| DocId([number; 16]), Duration::from_secs(60));
        let is_woken = || trials.sooner.notified().now_or_never().is_some();
        trials.note(doc(1), minute);
        assert!(is_woken());
        trials.note(doc(2), 2 * minute);
        trials.note(doc(1), Duration::ZERO);
        assert!(!is_woken());
        trials.note(doc(3), Duration::ZERO);
        assert!(is_woken());
        assert_eq!(trials.first().map(|(doc, _)| doc), Some(doc(3)));
        trials.due().remove(doc(3));
        assert_eq!(trials.first().map(|(doc, _)| doc), Some(doc(1)));
    }
}
