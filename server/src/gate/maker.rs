//! A worker that makes snapshots of logs.

use std::io;
use std::path::{Path, PathBuf};

use shared::ids::ChangeHash;
use shared::sync::snapshot::Made;

use super::process::Process;
use super::protocol::{self, finding};
use super::worker::Role;
use super::{NoWorker, this_program};

/// A place for such a worker. Snapshots are rare and large, so each has a process of its own.
pub struct Maker {
    program: PathBuf,
}

impl Maker {
    /// A worker of `program`: this one, where none is given.
    #[must_use]
    pub fn new(program: Option<&Path>) -> Self {
        Self { program: program.map_or_else(this_program, Path::to_owned) }
    }

    /// Makes a document chunk of `changes`, and of the chunk `base` before them; or says why there is none.
    ///
    /// # Errors
    /// [`NoWorker`].
    pub async fn make(
        &self,
        base: Option<&[u8]>,
        changes: &[Vec<u8>],
    ) -> Result<Result<Made, String>, NoWorker> {
        let told = |error: io::Error| NoWorker(error.to_string());
        let mut process = Process::start(&self.program, Role::Snapshot).await.map_err(told)?;
        match converse(&mut process, base, changes).await {
            Ok(made) => Ok(made),
            Err(failed) => process.fault(&failed).await.map(Err),
        }
    }
}

async fn converse(
    process: &mut Process,
    base: Option<&[u8]>,
    changes: &[Vec<u8>],
) -> io::Result<Result<Made, String>> {
    let parts = std::iter::once(base.unwrap_or_default()).chain(changes.iter().map(Vec::as_slice));
    process.ask(parts).await?;
    let strange = || io::Error::other("an answer that nobody understands");
    let answer = process.answer().await?;
    match answer.split_first() {
        Some((&finding::SOUND, made)) => read(&protocol::split(made)?).ok_or_else(strange).map(Ok),
        Some((&finding::PANICKED, [])) => Ok(Err("automerge panicked".to_owned())),
        Some((&finding::UNSOUND, why)) => Ok(Err(String::from_utf8_lossy(why).into_owned())),
        _ => Err(strange()),
    }
}

/// What [`write`] wrote.
fn read(parts: &[&[u8]]) -> Option<Made> {
    let [changes, heads, data] = parts else { return None };
    let changes = usize::try_from(u64::from_le_bytes((*changes).try_into().ok()?)).ok()?;
    let heads = heads.chunks(ChangeHash::LEN).map(ChangeHash::try_from).collect::<Result<_, _>>().ok()?;
    Some(Made { data: data.to_vec(), heads, changes })
}

/// The answer of a worker that has made one.
pub(super) fn write(made: &Made) -> Vec<u8> {
    let mut answer = vec![finding::SOUND];
    let heads: Vec<u8> = made.heads.iter().flat_map(|head| head.0).collect();
    protocol::put(&mut answer, &(made.changes as u64).to_le_bytes());
    protocol::put(&mut answer, &heads);
    protocol::put(&mut answer, &made.data);
    answer
}
