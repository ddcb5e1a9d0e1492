//! Check 11 of the gate: changes are decoded in worker processes that can be done without. What kills one, stalls
//! it or makes it panic is harmful; everybody else goes on.
//!
//! Workers are started when they are first needed and then kept. Whatever waits for one is asked together, so that
//! under load the way there and back is shared; each is answered as soon as it is done.

pub mod maker;
mod process;
mod protocol;
mod queue;
pub mod trier;
pub mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::body::Bytes;
use shared::ids::UserId;
use shared::sync::message::RejectCode;
use tokio::sync::oneshot;

use process::{End, Process};
use protocol::finding;
use queue::{Held, Job, Queue};
use worker::Role;

/// Workers at most: a second one, for while the first has its hands full.
const WORKERS: usize = 2;
/// Bytes of changes asked together, above which the rest is asked afterwards.
const REQUEST_BYTES: usize = 2 << 20;

/// What a worker says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Automerge reads it, and would have written it like that.
    Sound,
    /// It is not what automerge writes.
    Refused(RejectCode),
    /// It brought the worker down, twice, the second time alone; and how.
    Harmful(String),
}

/// No worker can be had just now, so nothing can be let in.
#[derive(Debug, thiserror::Error)]
#[error("no worker can be started to decode changes: {0}")]
pub struct NoWorker(String);

type Answer = Result<Vec<Finding>, NoWorker>;

/// The workers, and the queue for them.
#[derive(Debug)]
pub struct Gate {
    program: PathBuf,
    queue: OnceLock<Arc<Queue>>,
}

impl Gate {
    /// Workers of `program`: this one, where none is given. None is started yet.
    #[must_use]
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program: program.unwrap_or_else(this_program), queue: OnceLock::new() }
    }

    /// Has changes that `person` pushes decoded, each on its own: one finding for each, in order, up to the first
    /// harmful one. What comes behind that is to be asked for anew, so that others are served in between.
    ///
    /// # Errors
    /// [`NoWorker`], where nothing is known of any of them.
    pub async fn decode(&self, person: UserId, changes: Vec<Bytes>) -> Result<Vec<Finding>, NoWorker> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        if cfg!(test) {
            // The program that runs this package's own tests cannot be a worker.
            return Ok(changes.iter().map(|it| decoded_here(it)).collect());
        }
        let (answer, answered) = oneshot::channel();
        self.queue.get_or_init(|| start(&self.program)).put(Job { person, changes, answer });
        answered.await.map_err(|_| NoWorker("the server stops".to_owned()))?
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.get() {
            queue.close();
        }
    }
}

fn decoded_here(change: &[u8]) -> Finding {
    match shared::sync::gate::decode(change) {
        Ok(()) => Finding::Sound,
        Err(code) => Finding::Refused(code),
    }
}

/// This program, also when its file has been replaced since it was started.
fn this_program() -> PathBuf {
    let running = Path::new("/proc/self/exe");
    if running.exists() { running.into() } else { std::env::current_exe().unwrap_or_default() }
}

fn start(program: &Path) -> Arc<Queue> {
    let (queue, idle) = (Arc::new(Queue::default()), Arc::default());
    for _ in 0..WORKERS {
        let worker = Worker { program: program.to_owned(), idle: Arc::clone(&idle) };
        tokio::spawn(work(worker, Arc::clone(&queue)));
    }
    queue
}

async fn work(worker: Worker, queue: Arc<Queue>) {
    while let Some(jobs) = queue.take().await {
        worker.see_to(jobs).await;
    }
}

/// A worker's place. The processes that have nothing to do are everybody's: a second one is only started while the
/// first is busy.
struct Worker {
    program: PathBuf,
    idle: Arc<Mutex<Vec<Process>>>,
}

/// What brought a process down: how, and the place of the job that it was looking at.
struct Fallen {
    job: usize,
    end: End,
}

impl Worker {
    /// Looks at jobs together; each is answered as soon as it is done.
    async fn see_to(&self, mut jobs: Vec<Held>) {
        while !jobs.is_empty() {
            let mut suspects = Vec::new();
            while !jobs.is_empty() {
                match self.ask(&mut jobs).await {
                    Ok(None) => {}
                    // It may have been another's fault, or the machine's: once more, alone, when the others have
                    // been served.
                    Ok(Some(fallen)) => suspects.push(jobs.remove(fallen.job)),
                    Err(error) => return no_worker(jobs.into_iter().chain(suspects), &error),
                }
                jobs.retain(|job| !job.is_done());
            }
            suspects.retain(|job| !job.is_done());
            while let Some(suspect) = suspects.pop() {
                let mut alone = vec![suspect];
                match self.ask_one(&mut alone).await {
                    Ok(None) => {}
                    Ok(Some(Fallen { end, .. })) if end.from_outside => {
                        // Twice by somebody else: the change is not to blame, and may be pushed again.
                        return no_worker(
                            alone.into_iter().chain(suspects).chain(jobs),
                            &io::Error::other(end.how),
                        );
                    }
                    Ok(Some(fallen)) => alone[fallen.job].found(Finding::Harmful(fallen.end.how)),
                    Err(error) => return no_worker(alone.into_iter().chain(suspects).chain(jobs), &error),
                }
                jobs.extend(alone.into_iter().filter(|job| !job.is_done()));
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Process>> {
        // Nothing in here panics while it holds the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for what is left of these jobs, as much as goes together.
    async fn ask(&self, jobs: &mut [Held]) -> io::Result<Option<Fallen>> {
        let of_job = |(at, job): (usize, &Held)| -> Vec<(usize, Bytes)> {
            job.rest().iter().map(|change| (at, change.clone())).collect()
        };
        let mut asked: Vec<(usize, Bytes)> = jobs.iter().enumerate().flat_map(of_job).collect();
        asked.truncate(together(&asked));
        self.look_at(jobs, &asked).await
    }

    /// Asks for the next change of the first of these jobs.
    async fn ask_one(&self, jobs: &mut [Held]) -> io::Result<Option<Fallen>> {
        let next = jobs.iter().flat_map(Held::rest).next().map(|change| (0, change.clone()));
        self.look_at(jobs, &Vec::from_iter(next)).await
    }

    /// Asks for these changes, each of a job. An error only where there is no process to ask.
    async fn look_at(&self, jobs: &mut [Held], asked: &[(usize, Bytes)]) -> io::Result<Option<Fallen>> {
        let idle = self.idle().pop();
        let mut process = match idle {
            Some(process) => process,
            None => Process::start(&self.program, Role::Decode).await?,
        };
        let mut answered = 0;
        let Err(failed) = converse(&mut process, jobs, asked, &mut answered).await else {
            if !process.has_grown() {
                self.idle().push(process);
            }
            return Ok(None);
        };
        let end = process.end(&failed).await?;
        Ok(asked.get(answered).map(|(job, _)| Fallen { job: *job, end }))
    }
}

fn no_worker(jobs: impl Iterator<Item = Held>, error: &io::Error) {
    tracing::error!(%error, "no worker can be started to decode changes");
    jobs.for_each(|job| job.fail(error));
}

/// How many of these changes to ask for together: one at least.
fn together(asked: &[(usize, Bytes)]) -> usize {
    let mut bytes = 0;
    let fits = asked.iter().take_while(|(_, change)| {
        bytes += change.len();
        bytes <= REQUEST_BYTES
    });
    fits.count().max(1)
}

async fn converse(
    process: &mut Process,
    jobs: &mut [Held],
    asked: &[(usize, Bytes)],
    answered: &mut usize,
) -> io::Result<()> {
    process.ask(asked.iter().map(|(_, change)| &change[..])).await?;
    while let Some((job, _)) = asked.get(*answered) {
        let finding = match process.answer().await?[..] {
            [finding::SOUND] => Finding::Sound,
            [finding::BAD_CHUNK] => Finding::Refused(RejectCode::BadChunk),
            [finding::TOO_LARGE] => Finding::Refused(RejectCode::TooLarge),
            [finding::PANICKED] => Finding::Harmful("automerge panicked".to_owned()),
            _ => return Err(io::Error::other("an answer that nobody understands")),
        };
        jobs[*job].found(finding);
        *answered += 1;
    }
    Ok(())
}
