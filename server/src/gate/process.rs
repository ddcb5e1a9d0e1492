//! One worker as a process of this one.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::protocol;
use super::worker::{ARGUMENT, Role};

/// How long an answer may take by the clock on the wall. The worker's own limit counts the processor's time; this
/// one is for what stands still.
fn patience(role: Role) -> Duration {
    Duration::from_secs(match role {
        Role::Decode => 20,
        Role::Try | Role::TryHalf | Role::Snapshot => 600,
    })
}

/// A worker that runs.
#[derive(Debug)]
pub(crate) struct Process {
    patience: Duration,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
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
        let mut started =
            Self { patience: patience(role), child, requests, answers: BufReader::new(answers) };
        if started.answer().await? != protocol::READY {
            return Err(io::Error::other("the worker does not say what it is"));
        }
        Ok(started)
    }

    /// Asks. The worker reads a request whole before it answers, so this never waits for a full pipe.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<()> {
        timeout(self.patience, self.requests.write_all(request)).await?
    }

    /// Asks with a request of `parts`, which are handed over one after the other: they may be a whole log, and there is
    /// no second copy of it.
    pub(crate) async fn ask_in_parts<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> io::Result<()> {
        let length = parts.clone().map(|part| part.len() + protocol::HEAD).sum();
        let mut requests = BufWriter::with_capacity(1 << 16, &mut self.requests);
        let asked = async {
            requests.write_all(&protocol::head(length)?).await?;
            for part in parts {
                requests.write_all(&protocol::head(part.len())?).await?;
                requests.write_all(part).await?;
            }
            requests.flush().await
        };
        timeout(self.patience, asked).await?
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

    /// Ends it, and says how what it was given ended it: by a limit, a signal, or not at all until now.
    ///
    /// # Errors
    /// If it gave up in good order, which is no fault of what it was given.
    pub(crate) async fn end(mut self) -> io::Result<String> {
        // Where it has ended already, that is what is found.
        let Ok(ended) = timeout(Duration::from_millis(200), self.child.wait()).await else {
            let _ = self.child.kill().await;
            return Ok("it did not answer in time".to_owned());
        };
        match ended? {
            status if status.code().is_some() => {
                Err(io::Error::other(format!("the worker gave up with {status}")))
            }
            status => Ok(format!("the worker ended with {status}")),
        }
    }
}
