//! Opening the database file: its folder, its permissions, the version of SQLite, and its migrations.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use store::{Result, StoreError};

use crate::connections::Connections;
use crate::error::Told as _;
use crate::writer::Writer;

/// Mends a corruption that two connections could cause when the write-ahead log starts over.
pub const OLDEST_SQLITE: &str = "3.51.3";

/// How long a statement waits for another *process* (a backup, the command line) to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Readers at a time. More would wait for the same disk and the same two to eight cores.
const READERS: u32 = 6;

/// KiB that each reader keeps of the file: the operating system keeps it too, once for all of them.
const READER_CACHE_KIB: u32 = 256;

/// KiB that the writer keeps: the pages that some hundred documents are being written to.
const WRITER_CACHE_KIB: u32 = 8 * 1024;

/// Pages in the write-ahead log from which on it is put back into the file. What many pushes write again and again is
/// put back once.
const CHECKPOINT_PAGES: u32 = 4_000;

/// Every statement of this crate, with room.
const STATEMENT_CACHE: usize = 200;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// How to open a database.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The size in pages (4 KiB) past which the database refuses to grow, as if the disk were full.
    pub max_pages: Option<u32>,
}

pub(crate) async fn open(file: &Path, options: Options) -> Result<(Writer, Connections)> {
    prepare_file(file)?;
    let writing = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENT_CACHE)
        .thread_name(|id| format!("sqlite-{id}"));
    let reading = writing.clone().read_only(true).pragma("cache_size", format!("-{READER_CACHE_KIB}"));
    let mut writing = writing
        .journal_mode(SqliteJournalMode::Wal)
        // `NORMAL` can undo an acknowledged write at a power cut.
        .synchronous(SqliteSynchronous::Full)
        // What is deleted is overwritten: a destroyed document's content does not linger in free pages.
        .pragma("secure_delete", "ON")
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string());
    if let Some(pages) = options.max_pages {
        writing = writing.pragma("max_page_count", pages.to_string());
    }
    // A pool is what migrations run on.
    let first = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(writing.clone())
        .await
        .map_err(|error| unusable(file, error.to_string(), advice::DATABASE))?;
    let is_fit = bring_up_to_date(&first).await;
    first.close().await;
    is_fit.map_err(|error| match error {
        StoreError::Corrupt(problem) => unusable(file, problem, advice::DATABASE),
        other => other,
    })?;
    Ok((Writer::new(Connections::new(writing, 1)), Connections::new(reading, READERS)))
}

async fn bring_up_to_date(writer: &SqlitePool) -> Result<()> {
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(writer).await.told()?;
    if !is_at_least(&found, OLDEST_SQLITE) {
        return Err(StoreError::Outdated { found, wanted: OLDEST_SQLITE });
    }
    refuse_newer(writer).await?;
    MIGRATIONS.run(writer).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => crate::error::tell(&error),
        other => StoreError::Corrupt(other.to_string()),
    })
}

async fn refuse_newer(writer: &SqlitePool) -> Result<()> {
    let known = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    let is_new: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(writer)
            .await
            .told()?;
    if is_new == 0 {
        return Ok(());
    }
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(writer).await.told()?;
    match found {
        Some(found) if found > known => Err(StoreError::Newer { found, known }),
        _ => Ok(()),
    }
}

/// Whether a version such as `3.51.3` is `wanted` or a later one.
fn is_at_least(found: &str, wanted: &str) -> bool {
    let parts =
        |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    parts(found) >= parts(wanted)
}

/// What to do about a file that cannot be used.
mod advice {
    pub const FOLDER: &str = "choose a folder that this account may write to, or give it that right";
    pub const FILE: &str = "give this account the right to read and write it, or choose another data folder";
    pub const FOREIGN: &str = "choose another data folder; this file has been left as it is";
    pub const DATABASE: &str =
        "keep a copy of the file and of those beside it, then restore the last backup or repair the copy";
}

/// Sees to it that the file is there, is ours alone, and is a database or empty.
fn prepare_file(file: &Path) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(|error| unusable(folder, error.to_string(), advice::FOLDER))?;
    }
    let told = |error: io::Error| {
        let advice =
            if error.kind() == io::ErrorKind::PermissionDenied { advice::FILE } else { advice::FOLDER };
        unusable(file, error.to_string(), advice)
    };
    let mut opened = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)
        .map_err(told)?;
    restrict(&opened).map_err(told)?;
    let mut start = Vec::with_capacity(MAGIC.len());
    opened.by_ref().take(MAGIC.len() as u64).read_to_end(&mut start).map_err(told)?;
    if !start.is_empty() && start != MAGIC {
        return Err(unusable(file, "this is not a SQLite database".to_owned(), advice::FOREIGN));
    }
    Ok(())
}

/// Makes a file that only the server's own account can read and write, or opens it.
pub(crate) fn make_private(file: &Path) -> io::Result<fs::File> {
    let opened = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file)?;
    restrict(&opened)?;
    Ok(opened)
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Lets only the server's own account read and write the file, whatever the umask; SQLite gives the files that
/// it makes beside it the same permissions.
#[cfg(unix)]
fn restrict(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &fs::File) -> io::Result<()> {
    Ok(())
}

fn unusable(path: &Path, problem: String, advice: &'static str) -> StoreError {
    StoreError::Unusable { path: PathBuf::from(path), problem, advice }
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_at_least("3.51.3", "3.51.3"));
        assert!(is_at_least("3.100.0", "3.51.3"));
        assert!(!is_at_least("3.51.2", "3.51.3"));
        assert!(!is_at_least("3.9.9", "3.51.3"));
    }
}
