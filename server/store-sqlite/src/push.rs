//! Pushes. They queue for one task, which puts all that came while it was busy into one transaction: the wait
//! for the disk is shared, and a push alone does not wait for others.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use sqlx::SqliteConnection;
use store::{Result, StoreError, Told};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::Told as _;
use crate::judging::{self, Push};
use crate::recent::Recent;
use crate::writer::{Writer, WriterTx};

/// Pushes that share a transaction at most: beyond that the disk is no longer what one waits for.
const MAX_SHARED: usize = 128;

/// Pushes that wait at most; whoever comes then waits to wait.
const MAX_WAITING: usize = 256;

struct Job {
    push: Push,
    answer: oneshot::Sender<Result<Told>>,
}

/// The queue, and the task that works it off.
#[derive(Debug)]
pub(crate) struct Committer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Committer {
    pub(crate) fn start(writer: Writer) -> Self {
        let (queue, jobs) = mpsc::channel(MAX_WAITING);
        let task = tokio::spawn(work(writer, jobs));
        Self { queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)) }
    }

    pub(crate) async fn push(&self, push: Push) -> Result<Told> {
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Job { push, answer }).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Works off what waits and takes no more.
    pub(crate) async fn stop(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the task that commits pushes ended badly");
        }
    }
}

async fn work(writer: Writer, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::new();
    let mut recent = Recent::default();
    while queue.recv_many(&mut jobs, MAX_SHARED).await > 0 {
        commit_together(&writer, &mut recent, &mut jobs).await;
    }
}

/// Stores all of `jobs` in one transaction and answers each; none is answered before the commit.
async fn commit_together(writer: &Writer, recent: &mut Recent, jobs: &mut Vec<Job>) {
    let outcome = match at_once(writer, recent, jobs).await {
        Some(answers) => Ok(answers),
        None => {
            recent.forget();
            step_by_step(writer, jobs).await
        }
    };
    // Whoever asked may be gone; the log has it all the same.
    match outcome {
        Ok(answers) => {
            for (job, answer) in jobs.drain(..).zip(answers) {
                let _ = job.answer.send(answer);
            }
        }
        Err(error) => {
            tracing::error!(%error, pushes = jobs.len(), "pushes could not be stored");
            if let [_] = jobs[..]
                && let Some(job) = jobs.pop()
            {
                let _ = job.answer.send(Err(error));
                return;
            }
            for job in jobs.drain(..) {
                let _ = job.answer.send(Err(StoreError::Unavailable(error.to_string())));
            }
        }
    }
}

/// Judges all and stores what passes by one statement, which is what pushes come to nearly always: two turns of
/// SQLite's thread, or one where what is to be known is remembered. None where that did not go and nothing was stored,
/// for whatever reason: step by step it is done with, or the fault is found.
async fn at_once(writer: &Writer, recent: &mut Recent, jobs: &[Job]) -> Option<Vec<Result<Told>>> {
    let mut connection = writer.acquire().await.ok()?;
    recent.look(writer.moment());
    let pushes: Vec<_> = jobs.iter().map(|job| &job.push).collect();
    let storing = async {
        let judged = match judging::judge_remembered(recent, &pushes) {
            Some(judged) => judged,
            None => judging::judge(&mut connection, &pushes).await.ok()?,
        };
        let is_stored = judged.store_at_once(&mut connection).await.ok()?;
        is_stored.then_some(judged)
    };
    // The gate is not meant to panic; if it ever did, step by step shows on which push.
    let judged = AssertUnwindSafe(storing).catch_unwind().await.ok()??;
    if !judged.is_empty() {
        writer.has_written();
    }
    recent.learn(judged.version, judged.seen);
    Some(judged.answers)
}

async fn step_by_step(writer: &Writer, jobs: &[Job]) -> Result<Vec<Result<Told>>> {
    let mut tx = writer.begin().await?;
    match judge_all(&mut tx, jobs).await {
        Ok(answers) => tx.commit().await.map(|()| answers),
        Err(error) => {
            tx.abandon(&error).await;
            Err(error)
        }
    }
}

/// An error is the whole transaction's; an error inside is that push's alone.
async fn judge_all(tx: &mut WriterTx, jobs: &[Job]) -> Result<Vec<Result<Told>>> {
    if let [job] = jobs {
        // Alone, it needs no savepoint: the transaction is its own.
        return guarded(tx.connection(), &[&job.push]).await;
    }
    let pushes: Vec<_> = jobs.iter().map(|job| &job.push).collect();
    if let Ok(answers) = undone_if_it_fails(tx, &pushes).await? {
        return Ok(answers);
    }
    // The fault is to be that of one push, and the others are to be stored.
    let mut answers = Vec::with_capacity(jobs.len());
    for push in pushes {
        match undone_if_it_fails(tx, &[push]).await? {
            Ok(answer) => answers.extend(answer),
            Err(error) => answers.push(Err(error)),
        }
    }
    Ok(answers)
}

/// Stores all of `pushes` or none. The outer error is the whole transaction's.
async fn undone_if_it_fails(tx: &mut WriterTx, pushes: &[&Push]) -> Result<Result<Vec<Result<Told>>>> {
    let connection = tx.connection();
    sqlx::query("SAVEPOINT push").execute(&mut *connection).await.told()?;
    let answers = match guarded(&mut *connection, pushes).await {
        Err(error @ StoreError::Unavailable(_)) => return Err(error),
        Err(error) => {
            tracing::error!(%error, pushes = pushes.len(), first = %pushes[0].doc, "pushes could not be judged");
            sqlx::query("ROLLBACK TO push").execute(&mut *connection).await.told()?;
            Err(error)
        }
        answers => answers,
    };
    sqlx::query("RELEASE push").execute(connection).await.told()?;
    Ok(answers)
}

/// The gate is not meant to panic; if it ever did, these pushes fail, and the task that serves all others lives.
async fn guarded(connection: &mut SqliteConnection, pushes: &[&Push]) -> Result<Vec<Result<Told>>> {
    let storing = async {
        let judged = judging::judge(&mut *connection, pushes).await?;
        judged.store(connection).await?;
        Ok(judged.answers)
    };
    AssertUnwindSafe(storing)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(StoreError::Corrupt("judging pushes panicked".to_owned())))
}
