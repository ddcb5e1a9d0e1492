//! One worker as a process of this one.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::worker::{ARGUMENT, Role};
use super::{NoWorker, protocol};

/// How long an answer may take by the clock on the wall. The worker's own limit counts the processor's time; this
/// one is for what stands still.
fn patience(role: Role) -> Duration {
    Duration::from_secs(match role {
        Role::Decode => 20,
        Role::Try | Role::TryHalf | Role::Snapshot => 600,
    })
}

/// Pages of 4 KiB that a worker may hold while nobody asks it anything: what one large change or log took is given
/// back with the process. A fresh one has some 11 MiB, most of it the program's own.
const KEPT_PAGES: u64 = (24 << 20) / 4_096;

/// How long the end of a process whose pipe has broken may take.
const ENDING: Duration = Duration::from_secs(20);

/// SIGKILL.
const KILLED: i32 = 9;

/// A worker that runs.
#[derive(Debug)]
pub(crate) struct Process {
    patience: Duration,
    child: Child,
    requests: BufWriter<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What the operating system says of its memory; none where it says nothing.
    memory: Option<File>,
}

impl Process {
    /// Starts one, and waits until it has its limits.
    pub(crate) async fn start(program: &Path, role: Role) -> io::Result<Self> {
        let mut child = Command::new(program)
            .arg0("loopbaanmaat")
            .arg(ARGUMENT)
            .arg(role.argument())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // What stops the server from its terminal lets it finish first.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a worker without pipes"));
        };
        let (requests, answers) = (BufWriter::new(requests), BufReader::new(answers));
        let memory = child.id().and_then(|id| File::open(format!("/proc/{id}/statm")).ok());
        let mut started = Self { patience: patience(role), child, requests, answers, memory };
        if started.answer().await? != protocol::READY {
            return Err(io::Error::other("the worker does not say what it is"));
        }
        Ok(started)
    }

    /// Asks, with a request of these parts, which are written from where they are. The worker reads a request whole
    /// before it answers, so this never waits for a full pipe.
    pub(crate) async fn ask<'a>(&mut self, parts: impl Iterator<Item = &'a [u8]> + Clone) -> io::Result<()> {
        let request = async {
            self.requests.write_all(&protocol::head(protocol::joined_length(parts.clone()))?).await?;
            for part in parts {
                self.requests.write_all(&protocol::head(part.len())?).await?;
                self.requests.write_all(part).await?;
            }
            self.requests.flush().await
        };
        timeout(self.patience, request).await?
    }

    /// Whether it holds more memory than is worth keeping for the next request. Where that cannot be told it does not.
    pub(crate) fn has_grown(&self) -> bool {
        let resident = || {
            let mut statm = [0; 128];
            let length = self.memory.as_ref()?.read_at(&mut statm, 0).ok()?;
            let statm = std::str::from_utf8(statm.get(..length)?).ok()?;
            statm.split(' ').nth(1)?.parse::<u64>().ok()
        };
        resident().is_some_and(|pages| pages > KEPT_PAGES)
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> io::Result<Vec<u8>> {
        let answer = async {
            let mut head = [0; protocol::HEAD];
            self.answers.read_exact(&mut head).await?;
            let mut payload = vec![0; protocol::length(head)?];
            self.answers.read_exact(&mut payload).await?;
            Ok(payload)
        };
        timeout(self.patience, answer).await?
    }

    /// Ends it, and says how what it was given ended it: by a limit, a signal, or not at all until now. `failed` is
    /// what its conversation broke off with.
    ///
    /// # Errors
    /// If it gave up in good order, which is no fault of what it was given.
    pub(crate) async fn end(mut self, failed: &io::Error) -> io::Result<End> {
        // Where it has ended already, that is what is found. What has closed its pipe is ending for certain, however
        // busy the machine is; what stands still or talks nonsense is not waited for.
        let wait = if is_ending(failed) { ENDING } else { Duration::ZERO };
        let Ok(ended) = timeout(wait, self.child.wait()).await else {
            let _ = self.child.kill().await;
            return Ok(End { how: "it did not answer in time".to_owned(), from_outside: false });
        };
        let status = ended?;
        if status.code().is_some() {
            return Err(io::Error::other(format!("the worker gave up with {status}")));
        }
        // Its own limits end it by other signals.
        let from_outside = status.signal() == Some(KILLED);
        Ok(End { how: format!("the worker ended with {status}"), from_outside })
    }

    /// Ends it, and says how what it was given ended it.
    ///
    /// # Errors
    /// [`NoWorker`], if that is no fault of what it was given: it gave up in good order, or somebody killed it.
    pub(crate) async fn fault(self, failed: &io::Error) -> Result<String, NoWorker> {
        match self.end(failed).await {
            Ok(End { how, from_outside: false }) => Ok(how),
            Ok(End { how, .. }) => Err(NoWorker(how)),
            Err(error) => Err(NoWorker(error.to_string())),
        }
    }
}

/// Whether the other end of a pipe has been closed, which a worker does by ending.
fn is_ending(failed: &io::Error) -> bool {
    matches!(failed.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe)
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) how: String,
    /// Somebody killed it: the kernel for want of memory, or the operator.
    pub(crate) from_outside: bool,
}
