//! A lock on a data folder: whoever serves from it holds it together with others, whoever replaces what is in it alone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// The file that is locked.
const FILE: &str = "loopbaanmaat.lock";

/// Held until it is dropped, or its process has ended, however that was.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// For who uses what is in the folder. `None`: it is being replaced.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn to_use(data: &Path) -> io::Result<Option<Self>> {
        let file = open(data)?;
        let locked = file.try_lock_shared();
        taken(file, locked)
    }

    /// For who replaces what is in the folder. `None`: somebody uses it.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn to_replace(data: &Path) -> io::Result<Option<Self>> {
        let file = open(data)?;
        let locked = file.try_lock();
        taken(file, locked)
    }
}

fn taken(file: File, locked: Result<(), TryLockError>) -> io::Result<Option<FolderLock>> {
    match locked {
        Ok(()) => Ok(Some(FolderLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn open(data: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(data.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_use_a_folder_and_one_replaces_it() {
        let folder = tempfile::tempdir().unwrap();
        let used = FolderLock::to_use(folder.path()).unwrap().unwrap();
        let by_another = FolderLock::to_use(folder.path()).unwrap().unwrap();
        assert!(FolderLock::to_replace(folder.path()).unwrap().is_none());
        drop(used);
        assert!(FolderLock::to_replace(folder.path()).unwrap().is_none());
        drop(by_another);
        let replaced = FolderLock::to_replace(folder.path()).unwrap().unwrap();
        assert!(FolderLock::to_use(folder.path()).unwrap().is_none());
        drop(replaced);
        assert!(FolderLock::to_use(folder.path()).unwrap().is_some());
    }
}
