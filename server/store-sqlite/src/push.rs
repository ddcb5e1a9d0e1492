//! Pushes. They queue for one task, which puts all that came while it was busy into one transaction: the wait
//! for the disk is shared, and a push alone does not wait for others.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use shared::ids::DocId;
use shared::sync::chain;
use shared::sync::gate::{self, Examined, Verdict};
use shared::sync::session::PushAnswer;
use sqlx::SqliteConnection;
use store::{Carrier, Result, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::error::Told as _;
use crate::log::{Head, Standing};
use crate::writer::{Writer, WriterTx};
use crate::{facts, log, row};

/// Pushes that share a transaction at most: beyond that the disk is no longer what one waits for.
const MAX_SHARED: usize = 128;

/// Pushes that wait at most; whoever comes then waits to wait.
const MAX_WAITING: usize = 256;

struct Job {
    carrier: Carrier,
    doc: DocId,
    items: Vec<Examined>,
    answer: oneshot::Sender<Result<PushAnswer>>,
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

    pub(crate) async fn push(
        &self,
        carrier: Carrier,
        doc: DocId,
        items: Vec<Examined>,
    ) -> Result<PushAnswer> {
        let closed = || StoreError::Unavailable("the store is closed".to_owned());
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        queue.send(Job { carrier, doc, items, answer }).await.map_err(|_| closed())?;
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
    while queue.recv_many(&mut jobs, MAX_SHARED).await > 0 {
        commit_together(&writer, &mut jobs).await;
    }
}

/// Stores all of `jobs` in one transaction and answers each; none is answered before the commit.
async fn commit_together(writer: &Writer, jobs: &mut Vec<Job>) {
    let outcome = match writer.begin().await {
        Ok(mut tx) => match judge_all(&mut tx, jobs).await {
            Ok(answers) => tx.commit().await.map(|()| answers),
            Err(error) => {
                tx.abandon(&error).await;
                Err(error)
            }
        },
        Err(error) => Err(error),
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

/// An error is the whole transaction's; an error inside is that push's alone.
async fn judge_all(tx: &mut WriterTx, jobs: &[Job]) -> Result<Vec<Result<PushAnswer>>> {
    if let [job] = jobs {
        // Alone, it needs no savepoint: the transaction is its own.
        return Ok(vec![Ok(guarded(tx.connection(), job).await?)]);
    }
    let mut answers = Vec::with_capacity(jobs.len());
    for job in jobs {
        let connection = tx.connection();
        sqlx::query("SAVEPOINT push").execute(&mut *connection).await.told()?;
        let answer = match guarded(&mut *connection, job).await {
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => {
                tracing::error!(%error, doc = %job.doc, "a push could not be judged");
                sqlx::query("ROLLBACK TO push").execute(&mut *connection).await.told()?;
                Err(error)
            }
            answer => answer,
        };
        sqlx::query("RELEASE push").execute(connection).await.told()?;
        answers.push(answer);
    }
    Ok(answers)
}

/// The gate is not meant to panic; if it ever did, that push fails, and the task that serves all others lives.
async fn guarded(connection: &mut SqliteConnection, job: &Job) -> Result<PushAnswer> {
    AssertUnwindSafe(store_push(connection, job))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(StoreError::Corrupt(format!("judging a push to {} panicked", job.doc))))
}

async fn store_push(connection: &mut SqliteConnection, job: &Job) -> Result<PushAnswer> {
    let standing = log::standings(&mut *connection, job.carrier, [job.doc]).await?.pop();
    let head = match standing.transpose()? {
        None | Some(Standing::Denied) => return Ok(PushAnswer::Denied),
        Some(Standing::Gone) => return Ok(PushAnswer::Gone),
        Some(Standing::Open(head)) => head,
    };
    let facts = facts::look_up(&mut *connection, job.doc, &head, &job.items).await?;
    let verdicts = gate::decide(&job.items, &facts);
    if verdicts.contains(&Verdict::Undecoded) {
        return Err(StoreError::Undecoded);
    }
    append(connection, job, head, &verdicts).await?;
    let gate::Outcome { acked, rejected, stored } = gate::outcome(&job.items, &verdicts);
    Ok(PushAnswer::Done { acked, rejected, stored })
}

async fn append(
    connection: &mut SqliteConnection,
    job: &Job,
    head: Head,
    verdicts: &[Verdict],
) -> Result<()> {
    let doc = &job.doc.0[..];
    let Head { seq: mut newest, mut chain, mut max_op, .. } = head;
    for (examined, verdict) in job.items.iter().zip(verdicts) {
        let (Verdict::Store { seq }, Some(change)) = (verdict, examined.change()) else { continue };
        let item = examined.item();
        newest = *seq;
        chain = chain::next(chain, change.hash);
        max_op = max_op.max(change.max_op());
        let (seq, hash, chain, by) = (row::stored(*seq), &change.hash.0[..], &chain.0[..], &item.by.0[..]);
        let (sig, actor, actor_seq) = (&item.sig[..], &change.actor.0[..], row::stored(change.seq));
        let (max_op, deps, data) = (row::stored(change.max_op()), row::joined(&change.deps), &item.data[..]);
        sqlx::query!(
            "INSERT INTO items (doc, seq, hash, chain, by, sig, actor, actor_seq, max_op, deps, data)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            doc,
            seq,
            hash,
            chain,
            by,
            sig,
            actor,
            actor_seq,
            max_op,
            deps,
            data
        )
        .execute(&mut *connection)
        .await
        .told()?;
    }
    if newest == head.seq {
        return Ok(());
    }
    let (newest, chain, max_op) = (row::stored(newest), &chain.0[..], row::stored(max_op));
    sqlx::query!(
        "UPDATE documents SET head = ?, chain = ?, max_op = ? WHERE id = ?",
        newest,
        chain,
        max_op,
        doc
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}
