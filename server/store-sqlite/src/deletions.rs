//! The deletion list: a file beside the database, and in none of its backups, to which a line is added before anything is
//! destroyed. A backup that is put back knows from it what must stay destroyed.
//!
//! A line is its number, a moment, a document, its kind, everybody who ever could read it, and a hash of the line before
//! and this one. It only grows. A last line without its end is what a power cut has left of a destruction that was never
//! committed, and counts as not written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shared::domain::kind::DocKind;
use store::{Deletion, Result, StoreError};

use crate::row::Hex;

/// Bytes read from the end to find the last line. A line has some hundred, and more where many could read a document.
const TAIL: u64 = 64 * 1024;

/// Where the list is.
#[derive(Debug, Clone)]
pub(crate) struct DeletionList(PathBuf);

/// The list of a database: beside it, under its own name.
#[must_use]
pub fn deletion_list_of(database: &Path) -> PathBuf {
    database.with_extension("destroyed")
}

/// Reads a deletion list from its start; empty where there is none.
///
/// # Errors
/// [`Unavailable`](StoreError::Unavailable) where it cannot be read, [`Corrupt`](StoreError::Corrupt) where a line is not
/// what was written.
pub fn read_deletion_list(path: &Path) -> Result<Vec<Deletion>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unavailable(path, &error)),
    };
    let mut before = Place::START;
    let mut found = Vec::new();
    for line in whole_lines(&text).lines() {
        let (deletion, place) = parse(line)
            .filter(|(_, place)| {
                place.seq == before.seq + 1 && place.hash == hash(&before.hash, unsigned(line))
            })
            .ok_or_else(|| {
                let line = before.seq + 1;
                StoreError::Corrupt(format!("line {line} of {} is not what was written", path.display()))
            })?;
        found.push(deletion);
        before = place;
    }
    Ok(found)
}

impl DeletionList {
    pub(crate) fn of(database: &Path) -> Self {
        Self(deletion_list_of(database))
    }

    pub(crate) async fn read(&self) -> Result<Vec<Deletion>> {
        let path = self.0.clone();
        off_the_runtime(move || read_deletion_list(&path)).await
    }

    /// Adds lines, and returns once they are on the disk. Whoever calls this has SQLite's write lock, so that no other
    /// program adds at the same moment.
    pub(crate) async fn append(&self, deletions: Vec<Deletion>) -> Result<()> {
        let path = self.0.clone();
        off_the_runtime(move || append(&path, &deletions)).await
    }
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
}

fn append(path: &Path, deletions: &[Deletion]) -> Result<()> {
    let told = |error: io::Error| unavailable(path, &error);
    let is_new = !path.try_exists().map_err(told)?;
    let mut file = open(path).map_err(told)?;
    let length = file.metadata().map_err(told)?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from)).map_err(told)?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).map_err(told)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut place = match tail[..whole].split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()) {
        None if from == 0 => Place::START,
        line => line
            .and_then(|line| std::str::from_utf8(line).ok())
            .and_then(parse)
            .map(|(_, place)| place)
            .ok_or_else(|| {
                StoreError::Unavailable(format!("the end of {} cannot be read", path.display()))
            })?,
    };
    let mut lines = String::new();
    for deletion in deletions {
        let line = write(place.seq + 1, deletion);
        place = Place { seq: place.seq + 1, hash: hash(&place.hash, &line) };
        lines.push_str(&line);
        lines.push_str(&format!(" {}\n", Hex(&place.hash)));
    }
    let end = from + whole as u64;
    if end < length {
        file.set_len(end).map_err(told)?;
    }
    file.seek(SeekFrom::Start(end)).map_err(told)?;
    file.write_all(lines.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // What was written of it is not to be taken for a line.
        let _ = file.set_len(end);
        told(error)
    })?;
    if is_new && let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

fn unavailable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("the deletion list {}: {error}", path.display()))
}

/// Where the list ends.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: u64,
    hash: [u8; 32],
}

impl Place {
    const START: Self = Self { seq: 0, hash: [0; 32] };
}

fn hash(before: &[u8; 32], line: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(line.as_bytes());
    hasher.finalize().into()
}

fn write(seq: u64, deletion: &Deletion) -> String {
    let readers = deletion.readers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    format!(
        "{seq} {} {} {} {}",
        deletion.at,
        deletion.doc,
        deletion.kind.code(),
        if readers.is_empty() { "nobody" } else { &readers }
    )
}

/// A line and its place, whether or not it belongs there.
fn parse(line: &str) -> Option<(Deletion, Place)> {
    let mut words = line.split(' ');
    let seq = words.next()?.parse().ok()?;
    let at = words.next()?.parse().ok()?;
    let doc = words.next()?.parse().ok()?;
    let kind = DocKind::from_code(words.next()?)?;
    let readers = match words.next()? {
        "nobody" => Vec::new(),
        readers => readers.split(',').map(|it| it.parse().ok()).collect::<Option<_>>()?,
    };
    let hash = crate::row::unhex(words.next()?).ok()?;
    let place = Place { seq, hash };
    words.next().is_none().then_some((Deletion { doc, kind, at, readers }, place))
}

/// A line without its hash.
fn unsigned(line: &str) -> &str {
    line.rsplit_once(' ').map_or(line, |(line, _)| line)
}

fn whole_lines(text: &str) -> &str {
    text.rfind('\n').map_or("", |end| &text[..=end])
}

#[cfg(test)]
mod tests {
    use shared::ids::{DocId, UserId};

    use super::*;

    fn deletion(number: u8) -> Deletion {
        let readers = (0..number % 3).map(|at| UserId([at; 16])).collect();
        Deletion { doc: DocId([number; 16]), kind: DocKind::WorkingNotes, at: u64::from(number), readers }
    }

    fn list(numbers: &[u8]) -> (tempfile::TempDir, PathBuf, Vec<Deletion>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loopbaanmaat.destroyed");
        for number in numbers {
            append(&path, &[deletion(*number)]).unwrap();
        }
        (folder, path, numbers.iter().map(|number| deletion(*number)).collect())
    }

    #[test]
    fn what_is_added_is_read_and_a_list_that_is_not_there_is_empty() {
        let (_folder, path, all) = list(&[1, 2, 3, 4]);
        assert_eq!(read_deletion_list(&path).unwrap(), all);
        append(&path, &[deletion(5), deletion(6)]).unwrap();
        assert_eq!(read_deletion_list(&path).unwrap().len(), 6);
        assert_eq!(read_deletion_list(&path.with_extension("none")).unwrap(), []);
    }

    #[test]
    fn a_line_that_was_not_finished_was_never_written() {
        let (_folder, path, all) = list(&[1, 2]);
        let whole = fs::read_to_string(&path).unwrap();
        let start = whole.find('\n').unwrap() + 1;
        for end in start..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(read_deletion_list(&path).unwrap(), all[..1], "{end}");
            append(&path, &[deletion(7)]).unwrap();
            assert_eq!(read_deletion_list(&path).unwrap(), [deletion(1), deletion(7)], "{end}");
        }
    }

    #[test]
    fn a_line_that_was_changed_removed_or_moved_is_told() {
        let (_folder, path, _) = list(&[1, 2, 3]);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let changed = lines[1].replacen("working_notes", "shared_notes", 1);
        for (wrong, at) in [
            (vec![lines[0], &changed, lines[2]], 2),
            (vec![lines[0], lines[2]], 2),
            (vec![lines[1], lines[0], lines[2]], 1),
            (vec![lines[0], "", lines[1]], 2),
        ] {
            fs::write(&path, wrong.join("\n") + "\n").unwrap();
            let error = read_deletion_list(&path).unwrap_err();
            assert!(error.to_string().contains(&format!("line {at} ")), "{error}");
        }
    }
}
