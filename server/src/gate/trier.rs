//! A worker that applies logs on trial.

use std::io;
use std::path::{Path, PathBuf};

use super::process::Process;
use super::protocol::finding;
use super::worker::Role;
use super::{NoWorker, this_program};

/// What new changes are applied to.
#[derive(Debug)]
pub struct Ground<'a> {
    /// A document chunk in place of the first changes.
    pub base: Option<&'a [u8]>,
    /// The changes after it that have been tried, in log order.
    pub tried: Vec<&'a [u8]>,
}

/// Why a log leaves no sound document.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// In words, for the operator.
    pub reason: String,
    /// The worker came to its limits or was brought down, which may be the whole log's doing.
    pub at_limits: bool,
}

/// A place for a worker that applies logs on trial, one after the other.
pub struct Trier {
    program: PathBuf,
    process: Option<Process>,
}

impl Trier {
    /// A worker of `program`: this one, where none is given. It is started when it is needed.
    #[must_use]
    pub fn new(program: Option<&Path>) -> Self {
        Self { program: program.map_or_else(this_program, Path::to_owned), process: None }
    }

    /// Applies `new` changes to what has been tried, saves and loads: why they leave no sound document, or nothing if
    /// they do.
    ///
    /// # Errors
    /// [`NoWorker`].
    pub async fn apply(&mut self, ground: &Ground<'_>, new: &[&[u8]]) -> Result<Option<Fault>, NoWorker> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start(Role::Try).await?,
        };
        match converse(&mut process, ground, new).await {
            Ok(found) => {
                self.process = Some(process).filter(|it| !it.has_grown());
                Ok(found.map(|reason| Fault { reason, at_limits: false }))
            }
            Err(failed) => process.fault(&failed).await.map(|reason| Some(Fault { reason, at_limits: true })),
        }
    }

    /// Whether the same leaves a sound document within half of the limits.
    ///
    /// # Errors
    /// [`NoWorker`].
    pub async fn is_far_from_limits(&self, ground: &Ground<'_>, new: &[&[u8]]) -> Result<bool, NoWorker> {
        let mut process = self.start(Role::TryHalf).await?;
        match converse(&mut process, ground, new).await {
            Ok(found) => Ok(found.is_none()),
            Err(failed) => process.fault(&failed).await.map(|_| false),
        }
    }

    async fn start(&self, role: Role) -> Result<Process, NoWorker> {
        Process::start(&self.program, role).await.map_err(|it| NoWorker(it.to_string()))
    }
}

async fn converse(process: &mut Process, ground: &Ground<'_>, new: &[&[u8]]) -> io::Result<Option<String>> {
    let count = (ground.tried.len() as u64).to_le_bytes();
    let first = [&count[..], ground.base.unwrap_or_default()];
    let parts = first.iter().chain(&ground.tried).chain(new).copied();
    process.ask(parts).await?;
    match process.answer().await?.split_first() {
        Some((&finding::SOUND, [])) => Ok(None),
        Some((&finding::PANICKED, [])) => Ok(Some("automerge panicked".to_owned())),
        Some((&finding::UNSOUND, why)) => Ok(Some(String::from_utf8_lossy(why).into_owned())),
        _ => Err(io::Error::other("an answer that nobody understands")),
    }
}
