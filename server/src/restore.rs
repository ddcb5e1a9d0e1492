//! Putting a backup back: checked first, with everything destroyed since then destroyed again, and nobody signed in.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::domain::audit::AuditHead;
use shared::ids::DocId;
use store::{AuditEvent, AuditFault, SharedStore, StoreError};
use store_sqlite::{SqliteStore, check_database, deletion_list_of, read_deletion_list};

use crate::lock::FolderLock;
use crate::retention;
use crate::serve::database;

/// In the audit log: a backup was put back; its object is where the log ended then.
pub const RESTORED: &str = "restore";
/// Where the copy is worked on, in the data folder.
const WORKSHOP: &str = "restoring";

/// What to put back, and where.
#[derive(Debug, Clone)]
pub struct Restoring<'a> {
    /// The backup.
    pub backup: &'a Path,
    /// The data folder.
    pub data: &'a Path,
    /// The deletion list, where it is not beside the database.
    pub list: Option<&'a Path>,
    /// Where the audit log of the backup is known to have ended.
    pub head: Option<AuditHead>,
    /// Put it back although its audit log was tampered with.
    pub despite_audit: bool,
    /// When this is, in ms since 1970.
    pub now: u64,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the audit log of the backup ends.
    pub head: AuditHead,
    /// What was wrong with it, where that did not matter.
    pub fault: Option<AuditFault>,
    /// Documents that were destroyed again.
    pub destroyed: u64,
    /// Documents that the backup never had, and devices may.
    pub buried: u64,
    /// Sign-ins that have ended.
    pub sessions: u64,
    /// What was there before, where there was something.
    pub kept: Option<PathBuf>,
}

/// Why nothing was put back. What is in the data folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It would be replaced beneath a server.
    #[error("a server runs on {}; stop it first, nothing was changed", .0.display())]
    InUse(PathBuf),
    /// A file cannot be read, written or moved.
    #[error("{}: {error}; nothing was changed", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It is no backup, or a damaged one.
    #[error("{}: {error}; nothing was changed", path.display())]
    Unsound {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        error: StoreError,
    },
    /// Its audit log is not what was written.
    #[error(
        "the audit log of the backup is not what was written: {0}; nothing was changed. \
         Look for another backup, or put this one back all the same with --despite-the-audit-log"
    )]
    Tampered(AuditFault),
    /// The deletion list cannot be used.
    #[error("{0}; without the deletion list destroyed documents would come back, so nothing was changed")]
    List(StoreError),
}

/// Puts a backup back.
///
/// # Errors
/// [`RestoreError`]; nothing has changed then.
pub async fn restore(it: &Restoring<'_>) -> Result<Restored, RestoreError> {
    let in_folder = |error| RestoreError::File { path: it.data.to_owned(), error };
    make_folder(it.data).map_err(in_folder)?;
    let lock = FolderLock::to_replace(it.data).map_err(in_folder)?;
    let _lock = lock.ok_or_else(|| RestoreError::InUse(it.data.to_owned()))?;
    let workshop = it.data.join(WORKSHOP);
    let outcome = prepared(it, &workshop).await;
    let outcome = match outcome {
        Ok(mut done) => {
            done.kept = swap(it, &workshop).map_err(in_folder)?;
            Ok(done)
        }
        Err(error) => Err(error),
    };
    let _ = fs::remove_dir_all(&workshop);
    outcome
}

/// Everything but the last step, on a copy.
async fn prepared(it: &Restoring<'_>, workshop: &Path) -> Result<Restored, RestoreError> {
    let in_workshop = |error| RestoreError::File { path: workshop.to_owned(), error };
    let unsound = |error| RestoreError::Unsound { path: it.backup.to_owned(), error };
    match fs::remove_dir_all(workshop) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(in_workshop(error)),
        _ => {}
    }
    make_folder(workshop).map_err(in_workshop)?;
    let copy = database(workshop);
    fs::copy(it.backup, &copy).map_err(|error| RestoreError::File { path: it.backup.to_owned(), error })?;
    check_database(&copy).await.map_err(unsound)?;
    let beside = deletion_list_of(&database(it.data));
    let list = it.list.unwrap_or(&beside);
    if it.list.is_some_and(|list| !list.is_file()) {
        let error = io::Error::from(io::ErrorKind::NotFound);
        return Err(RestoreError::File { path: list.to_owned(), error });
    }
    let deletions = read_deletion_list(list).map_err(RestoreError::List)?;

    let sqlite = Arc::new(SqliteStore::open(&copy).await.map_err(unsound)?);
    let store: SharedStore = sqlite.clone();
    let (head, fault) = match store::walk_audit(&*store, it.head).await.map_err(unsound)? {
        Ok(head) => (head, None),
        Err(fault) if it.despite_audit => (store::audit_head(&*store).await.map_err(unsound)?, Some(fault)),
        Err(fault) => return Err(RestoreError::Tampered(fault)),
    };
    let mut tx = store.begin().await.map_err(unsound)?;
    let mut done = Restored { head, fault, destroyed: 0, buried: 0, sessions: 0, kept: None };
    let mut seen = HashSet::<DocId>::new();
    for deletion in deletions.iter().filter(|it| seen.insert(it.doc)) {
        let doc = deletion.doc;
        match tx.document(doc).await.map_err(unsound)? {
            Some(document) if document.destroyed => continue,
            Some(_) => {
                retention::destroy_again(&mut *tx, doc, it.now).await.map_err(unsound)?;
                done.destroyed += 1;
            }
            None => {
                tx.bury(deletion, it.now).await.map_err(unsound)?;
                audit(&mut *tx, retention::DESTROYED, doc.to_string(), it.now).await.map_err(unsound)?;
                done.buried += 1;
            }
        }
    }
    done.sessions = tx.end_all_sessions().await.map_err(unsound)?;
    audit(&mut *tx, RESTORED, head.seq.to_string(), it.now).await.map_err(unsound)?;
    tx.commit().await.map_err(unsound)?;
    sqlite.rebuild().await.map_err(unsound)?;
    store.scrub().await.map_err(unsound)?;
    store.close().await;
    if it.list.is_some() && !beside.try_exists().map_err(in_workshop)? {
        // From now on it goes on beside the database.
        fs::copy(list, &beside).map_err(|error| RestoreError::File { path: beside.clone(), error })?;
    }
    File::open(&copy).and_then(|it| it.sync_all()).map_err(in_workshop)?;
    Ok(done)
}

async fn audit(
    tx: &mut dyn store::WriteTx,
    action: &str,
    object: String,
    now: u64,
) -> Result<(), StoreError> {
    tx.audit(&AuditEvent { at: now, user: None, device: None, action: action.to_owned(), object }).await
}

/// Moves what is there aside, and the copy in its place.
fn swap(it: &Restoring<'_>, workshop: &Path) -> io::Result<Option<PathBuf>> {
    let there = database(it.data);
    let mut kept = None;
    if there.try_exists()? {
        let aside = it.data.join(format!("replaced-{}", it.now));
        make_folder(&aside)?;
        for end in ["", "-wal", "-shm"] {
            let name = |folder: &Path| {
                let mut file = database(folder).into_os_string();
                file.push(end);
                PathBuf::from(file)
            };
            if name(it.data).try_exists()? {
                fs::rename(name(it.data), name(&aside))?;
            }
        }
        kept = Some(aside);
    }
    fs::rename(database(workshop), &there)?;
    File::open(it.data)?.sync_all()?;
    Ok(kept)
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
