//! Check 11 of the gate: changes are decoded in worker processes that can be done without. What kills one, stalls
//! it or makes it panic is harmful; everybody else goes on.
//!
//! Workers are started when they are first needed and then kept. Whatever waits for one is asked together, so that
//! under load the way there and back is shared.

pub mod maker;
mod process;
mod protocol;
pub mod trier;
pub mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use shared::sync::message::RejectCode;
use tokio::sync::{Mutex, mpsc, oneshot};

use process::Process;
use protocol::finding;
use worker::Role;

/// Workers at most: a second one, for while the first has its hands full.
const WORKERS: usize = 2;
/// Pushes that wait at most; whoever comes then waits to wait.
const MAX_WAITING: usize = 256;
/// Pushes asked together at most.
const MAX_TOGETHER: usize = 32;
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

struct Job {
    changes: Vec<Vec<u8>>,
    answer: oneshot::Sender<Answer>,
}

/// The workers, and the queue for them.
#[derive(Debug)]
pub struct Gate {
    program: PathBuf,
    queue: OnceLock<mpsc::Sender<Job>>,
}

impl Gate {
    /// Workers of `program`: this one, where none is given. None is started yet.
    #[must_use]
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program: program.unwrap_or_else(this_program), queue: OnceLock::new() }
    }

    /// Has changes decoded, each on its own: one finding for each, in order.
    ///
    /// # Errors
    /// [`NoWorker`], where nothing is known of any of them.
    pub async fn decode(&self, changes: Vec<Vec<u8>>) -> Result<Vec<Finding>, NoWorker> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        if cfg!(test) {
            // The program that runs this package's own tests cannot be a worker.
            return Ok(changes.iter().map(|it| decoded_here(it)).collect());
        }
        let gone = || NoWorker("the server stops".to_owned());
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.get_or_init(|| start(&self.program));
        queue.send(Job { changes, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
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

fn start(program: &Path) -> mpsc::Sender<Job> {
    let (queue, jobs) = mpsc::channel(MAX_WAITING);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..WORKERS {
        tokio::spawn(work(Worker { program: program.to_owned(), process: None }, Arc::clone(&jobs)));
    }
    queue
}

async fn work(mut worker: Worker, jobs: Arc<Mutex<mpsc::Receiver<Job>>>) {
    loop {
        let mut together = Vec::new();
        // Whoever holds the queue waits for all; the other one is only started when this one is busy.
        if jobs.lock().await.recv_many(&mut together, MAX_TOGETHER).await == 0 {
            return;
        }
        let changes: Vec<&[u8]> = together.iter().flat_map(|job| &job.changes).map(Vec::as_slice).collect();
        let found = worker.look_at(&changes).await;
        let mut findings = match found {
            Ok(findings) => findings.into_iter(),
            Err(error) => {
                tracing::error!(%error, "no worker can be started to decode changes");
                for job in together {
                    let _ = job.answer.send(Err(NoWorker(error.to_string())));
                }
                continue;
            }
        };
        // Whoever asked may be gone.
        for job in together {
            let own = findings.by_ref().take(job.changes.len()).collect();
            let _ = job.answer.send(Ok(own));
        }
    }
}

/// A worker's place, with a process in it or without.
struct Worker {
    program: PathBuf,
    process: Option<Process>,
}

impl Worker {
    async fn look_at(&mut self, changes: &[&[u8]]) -> io::Result<Vec<Finding>> {
        let mut findings = Vec::with_capacity(changes.len());
        while let Some(rest) = changes.get(findings.len()..).filter(|rest| !rest.is_empty()) {
            let asked = together(rest);
            let (found, ended) = self.ask(&rest[..asked]).await?;
            let suspect = rest.get(found.len());
            findings.extend(found);
            if let (Some(_), Some(suspect)) = (ended, suspect) {
                // It may have been another's fault, or the machine's: once more, alone.
                let (found, ended) = self.ask(&[*suspect]).await?;
                findings.push(match (found.into_iter().next(), ended) {
                    (Some(finding), _) => finding,
                    (None, ended) => Finding::Harmful(ended.unwrap_or_default()),
                });
            }
        }
        Ok(findings)
    }

    /// Asks for these changes: one finding for each, or as many as came before the process ended, and how it did.
    /// An error only where there is no process to ask.
    async fn ask(&mut self, changes: &[&[u8]]) -> io::Result<(Vec<Finding>, Option<String>)> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.program, Role::Decode).await?,
        };
        let mut findings = Vec::with_capacity(changes.len());
        match converse(&mut process, changes, &mut findings).await {
            Ok(()) => {
                self.process = Some(process);
                Ok((findings, None))
            }
            Err(_) => Ok((findings, Some(process.end().await?))),
        }
    }
}

/// How many of these changes to ask for together: one at least.
fn together(changes: &[&[u8]]) -> usize {
    let mut bytes = 0;
    let fits = changes.iter().take_while(|change| {
        bytes += change.len();
        bytes <= REQUEST_BYTES
    });
    fits.count().max(1)
}

async fn converse(process: &mut Process, changes: &[&[u8]], findings: &mut Vec<Finding>) -> io::Result<()> {
    let mut request = Vec::new();
    changes.iter().for_each(|change| protocol::put(&mut request, change));
    let mut frame = Vec::with_capacity(request.len() + 4);
    protocol::put(&mut frame, &request);
    process.ask(&frame).await?;
    while findings.len() < changes.len() {
        findings.push(match process.answer().await?[..] {
            [finding::SOUND] => Finding::Sound,
            [finding::BAD_CHUNK] => Finding::Refused(RejectCode::BadChunk),
            [finding::TOO_LARGE] => Finding::Refused(RejectCode::TooLarge),
            [finding::PANICKED] => Finding::Harmful("automerge panicked".to_owned()),
            _ => return Err(io::Error::other("an answer that nobody understands")),
        });
    }
    Ok(())
}
