//! A worker that applies logs on trial.

use std::io;
use std::path::{Path, PathBuf};

use super::process::Process;
use super::protocol::{self, finding};
use super::worker::Role;
use super::{NoWorker, this_program};

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

    /// Applies changes that have been `tried` and `new` ones after them, saves and loads: why they leave no sound
    /// document, or nothing if they do.
    ///
    /// # Errors
    /// [`NoWorker`].
    pub async fn apply(&mut self, tried: &[&[u8]], new: &[&[u8]]) -> Result<Option<String>, NoWorker> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(&self.program, Role::Try).await.map_err(|it| NoWorker(it.to_string()))?,
        };
        match converse(&mut process, tried, new).await {
            Ok(found) => {
                self.process = Some(process);
                Ok(found)
            }
            Err(_) => Ok(Some(process.end().await)),
        }
    }
}

async fn converse(process: &mut Process, tried: &[&[u8]], new: &[&[u8]]) -> io::Result<Option<String>> {
    let mut request = Vec::new();
    protocol::put(&mut request, &(tried.len() as u64).to_le_bytes());
    tried.iter().chain(new).for_each(|change| protocol::put(&mut request, change));
    let mut frame = Vec::with_capacity(request.len() + 4);
    protocol::put(&mut frame, &request);
    process.ask(&frame).await?;
    match process.answer().await?.split_first() {
        Some((&finding::SOUND, [])) => Ok(None),
        Some((&finding::PANICKED, [])) => Ok(Some("automerge panicked".to_owned())),
        Some((&finding::UNSOUND, why)) => Ok(Some(String::from_utf8_lossy(why).into_owned())),
        _ => Err(io::Error::other("an answer that nobody understands")),
    }
}
