//! `loopbaanmaat backup` and `loopbaanmaat restore`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use shared::domain::audit::AuditHead;
use store::{AuditEvent, Store as _, StoreError};
use store_sqlite::SqliteStore;

use super::DataArgs;
use super::audit::noted_head;
use crate::clock::{Clock, moment};
use crate::restore::{RestoreError, Restoring, restore};
use crate::serve::{StartError, database, existing_database};

/// In the audit log: a backup was made.
const BACKED_UP: &str = "backup";

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// A folder, where it gets a name with the moment, or the name of a new file
    #[arg(value_name = "FOLDER|FILE")]
    target: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The file that `backup` has made
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// The deletion list, where it is not in the data folder
    #[arg(long, value_name = "FILE")]
    deletion_list: Option<PathBuf>,
    /// Put it back although its audit log was tampered with
    #[arg(long)]
    despite_the_audit_log: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BackupError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("no backup was made: {0}")]
    Store(#[from] StoreError),
    #[error("no backup was made: {}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error("{} does not say where an audit log ends: {why}", path.display())]
    Head { path: PathBuf, why: String },
}

/// Beside a backup: where its audit log ends.
fn head_file(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".head");
    name.into()
}

pub(super) async fn back_up(args: BackupArgs) -> Result<(), BackupError> {
    let data = &args.data.data;
    let file = existing_database(data)?;
    let store = SqliteStore::open(&file).await.map_err(|error| StartError::Store { file, error })?;
    let now = Clock::System.now();
    let target = if args.target.is_dir() {
        let named: String = moment(now).chars().filter(char::is_ascii_alphanumeric).collect();
        args.target.join(format!("loopbaanmaat-{}-{:05}.sqlite", named.trim_end_matches("UTC"), now % 60_000))
    } else {
        args.target
    };
    let mut tx = store.begin().await?;
    let event =
        AuditEvent { at: now, user: None, device: None, action: BACKED_UP.into(), object: String::new() };
    tx.audit(&event).await?;
    tx.commit().await?;
    store.copy_to(&target).await?;
    store.close().await;
    // Of the copy: others have gone on writing.
    let copied = read_head(&target).await?;
    let beside = head_file(&target);
    write_private(&beside, &format!("{copied}\n"))
        .map_err(|error| BackupError::File { path: beside, error })?;
    println!("Backup: {}", target.display());
    println!("Its audit log ends at {copied}");
    println!(
        "The deletion list is not in it: keep a copy of {} elsewhere too.",
        store_sqlite::deletion_list_of(&database(data)).display()
    );
    Ok(())
}

/// Where the audit log of a copy ends, without a trace in it.
async fn read_head(copy: &Path) -> Result<AuditHead, StoreError> {
    store_sqlite::head_of_copy(copy).await
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(super) async fn put_back(args: RestoreArgs) -> Result<(), BackupError> {
    let beside = head_file(&args.backup);
    let head = if beside.is_file() {
        Some(noted_head(&beside.to_string_lossy()).map_err(|why| BackupError::Head { path: beside, why })?)
    } else {
        None
    };
    let now = Clock::System.now();
    let done = restore(&Restoring {
        backup: &args.backup,
        data: &args.data.data,
        list: args.deletion_list.as_deref(),
        head,
        despite_audit: args.despite_the_audit_log,
        now,
    })
    .await?;
    println!("{} has been put back, as {}.", args.backup.display(), database(&args.data.data).display());
    match done.fault {
        None => println!("Its audit log is sound, and ended at {}.", done.head),
        Some(fault) => println!("Its audit log is NOT what was written: {fault}."),
    }
    println!("Documents destroyed since then, and destroyed again: {}.", done.destroyed);
    println!("Documents made and destroyed since then, which devices are told to delete: {}.", done.buried);
    println!(
        "Sign-ins that have ended: {}. Everybody signs in again; devices bring back what they hold.",
        done.sessions
    );
    println!(
        "Accounts disabled, passwords given and devices revoked since then are as they were before: do it again."
    );
    if let Some(kept) = done.kept {
        println!("What was there before is in {}; delete it when all is well.", kept.display());
    }
    Ok(())
}
