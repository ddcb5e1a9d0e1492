//! What waits for a worker. Of each person one job at a time is in hand, so that whoever pushes what brings workers
//! down keeps nobody else waiting for long.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use shared::ids::UserId;
use tokio::sync::{Mutex as TurnMutex, Notify, oneshot};

use super::{Answer, Finding, NoWorker};

/// Jobs asked together at most.
const MAX_TOGETHER: usize = 32;

/// Some changes of one push.
#[derive(Debug)]
pub(super) struct Job {
    /// Who pushes them.
    pub person: UserId,
    pub changes: Vec<Bytes>,
    pub answer: oneshot::Sender<Answer>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    /// Told when there may be something to take.
    changed: Notify,
    /// Held by the worker whose turn it is: the other one is only started when this one is busy.
    turn: TurnMutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    in_hand: HashSet<UserId>,
    closed: bool,
}

impl Queue {
    pub(super) fn put(&self, job: Job) {
        self.waiting().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// No more comes; workers end.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// Waits for jobs, of different people, the oldest first; none when there will be no more.
    pub(super) async fn take(self: &Arc<Self>) -> Option<Vec<Held>> {
        let _turn = self.turn.lock().await;
        loop {
            if self.waiting().closed {
                // For the next one.
                self.changed.notify_one();
                return None;
            }
            let held = self.take_now();
            if !held.is_empty() {
                return Some(held);
            }
            self.changed.notified().await;
        }
    }

    fn take_now(self: &Arc<Self>) -> Vec<Held> {
        let mut waiting = self.waiting();
        let Waiting { jobs, in_hand, .. } = &mut *waiting;
        let mut held = Vec::new();
        let mut left = VecDeque::new();
        while held.len() < MAX_TOGETHER
            && let Some(job) = jobs.pop_front()
        {
            if in_hand.insert(job.person) {
                let Job { person, changes, answer } = job;
                let turn = Turn { person, queue: Arc::clone(self) };
                held.push(Held { changes, findings: Vec::new(), open: Some((answer, turn)) });
            } else {
                left.push_back(job);
            }
        }
        left.append(jobs);
        *jobs = left;
        held
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job in hand, and what has been found so far.
#[derive(Debug)]
pub(super) struct Held {
    changes: Vec<Bytes>,
    findings: Vec<Finding>,
    /// Whom to tell; none once that has been done.
    open: Option<(oneshot::Sender<Answer>, Turn)>,
}

impl Held {
    /// What is to be looked at.
    pub(super) fn rest(&self) -> &[Bytes] {
        self.changes.get(self.findings.len()..).filter(|_| !self.is_done()).unwrap_or_default()
    }

    pub(super) fn is_done(&self) -> bool {
        self.open.is_none()
    }

    /// Notes what was found of the next change, and tells all of it with the last. With the first harmful change a
    /// job ends, so that others have their turn; what comes behind it is a job of its own.
    pub(super) fn found(&mut self, finding: Finding) {
        if self.is_done() {
            return;
        }
        let is_harmful = matches!(finding, Finding::Harmful(_));
        self.findings.push(finding);
        if (is_harmful || self.rest().is_empty())
            && let Some((answer, _turn)) = self.open.take()
        {
            // Whoever asked may be gone.
            let _ = answer.send(Ok(std::mem::take(&mut self.findings)));
        }
    }

    pub(super) fn fail(mut self, error: &impl ToString) {
        if let Some((answer, _turn)) = self.open.take() {
            let _ = answer.send(Err(NoWorker(error.to_string())));
        }
    }
}

/// That a job of somebody is in hand, for as long as it is.
#[derive(Debug)]
struct Turn {
    person: UserId,
    queue: Arc<Queue>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.queue.waiting().in_hand.remove(&self.person);
        self.queue.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
