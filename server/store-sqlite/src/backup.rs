//! Copies of a database: a sound one of a database in use, and whether a file is one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use shared::domain::audit::AuditHead;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use store::{Result, StoreError};

use crate::error::Told as _;
use crate::{SqliteStore, open, record};

impl SqliteStore {
    /// Writes everything that is committed by now into a new file, as one moment has it, while others go on writing. It is
    /// on the disk and whole when this returns; before that it has another name.
    ///
    /// # Errors
    /// [`Unusable`](StoreError::Unusable) where the file is there already or cannot be made,
    /// [`Unavailable`](StoreError::Unavailable) where there is no room for it. Nothing is left then.
    pub async fn copy_to(&self, file: &Path) -> Result<()> {
        if file.try_exists().map_err(|error| unusable(file, &error))? {
            let problem =
                io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name already");
            return Err(unusable(file, &problem));
        }
        let part = unfinished(file);
        let outcome = self.copy_as(&part, file).await;
        if outcome.is_err() {
            // What is half a copy is none; nor is what SQLite would have rolled it back with.
            let _ = fs::remove_file(&part);
            let _ = fs::remove_file(beside(&part, "-journal"));
        }
        outcome
    }

    async fn copy_as(&self, part: &Path, file: &Path) -> Result<()> {
        let told = |error: io::Error| unusable(file, &error);
        // Empty, and ours alone before there is something in it.
        open::make_private(part).and_then(|it| it.set_len(0)).map_err(told)?;
        let name = part.to_str().ok_or_else(|| told(io::Error::other("the name is not Unicode")))?;
        let mut reader = self.readers.acquire().await?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&mut *reader).await;
        drop(reader);
        copied.map_err(|error| StoreError::Unavailable(format!("{}: {error}", file.display())))?;
        File::open(part).and_then(|it| it.sync_all()).map_err(told)?;
        fs::rename(part, file).map_err(told)?;
        let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|it| it.sync_all()).map_err(told)
    }

    /// Rebuilds the file, so that nothing of what was ever deleted is left between what is there.
    ///
    /// # Errors
    /// [`Unavailable`](StoreError::Unavailable).
    pub async fn rebuild(&self) -> Result<()> {
        let mut writer = self.writer.acquire().await?;
        sqlx::query("VACUUM").execute(&mut *writer).await.told()?;
        Ok(())
    }
}

/// The name of a copy that is not finished.
fn unfinished(file: &Path) -> PathBuf {
    beside(file, ".part")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    file.with_file_name(name)
}

fn unusable(file: &Path, error: &io::Error) -> StoreError {
    StoreError::Unusable {
        path: file.to_owned(),
        problem: error.to_string(),
        advice: "choose another place, which this account may write to",
    }
}

/// Whether SQLite finds everything in its place in that file, which nobody writes to.
///
/// # Errors
/// [`Corrupt`](StoreError::Corrupt) says what is wrong with it.
pub async fn check_database(file: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await.told()?;
    let found: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await.told()?;
    let strays = sqlx::query("PRAGMA foreign_key_check").fetch_optional(&mut connection).await.told()?;
    connection.close().await.told()?;
    match (found.as_str(), strays) {
        ("ok", None) => Ok(()),
        ("ok", Some(_)) => Err(StoreError::Corrupt("a row names another that is not there".to_owned())),
        // Told over several lines.
        (found, _) => Err(StoreError::Corrupt(found.split_whitespace().collect::<Vec<_>>().join(" "))),
    }
}

/// Where the audit log of a copy that nobody writes to ends, without a trace in it.
///
/// # Errors
/// [`Corrupt`](StoreError::Corrupt) where it has none that can be read.
pub async fn head_of_copy(file: &Path) -> Result<AuditHead> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let mut connection = SqliteConnection::connect_with(&options).await.told()?;
    let newest = record::audit_tail(&mut connection, 1).await?.pop();
    connection.close().await.told()?;
    Ok(newest.map_or(AuditHead { seq: 0, hash: [0; 32] }, |row| AuditHead { seq: row.seq, hash: row.hash }))
}
