//! The server's own key: what must be read again, and must not be readable in a stolen database or backup of it, is
//! sealed with it. It lies in a file beside the database, which only the server's account may read.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

use crate::random;

/// The key's file in the data folder.
const FILE: &str = "sealing.key";
/// Bytes of the key.
const KEY: usize = 32;
/// Bytes of a nonce; 96 random bits allow 2^32 values per key.
const NONCE: usize = 12;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SealingError {
    /// The file cannot be read or made.
    #[error("the server's key {}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is something else.
    #[error("{} holds no key of {KEY} bytes; put back the one that belongs to this database", .0.display())]
    NoKey(PathBuf),
    /// Others can read it.
    #[error("others may read the server's key {}; run chmod 600 on it", .0.display())]
    Exposed(PathBuf),
}

/// A value that this server did not seal for that place, or with another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value cannot be opened: it is damaged, or sealed with another key than this server's")]
pub struct Unsealable;

/// Seals and opens.
#[derive(Clone)]
pub struct Sealing {
    file: PathBuf,
    cipher: Arc<OnceLock<Aes256Gcm>>,
}

impl Sealing {
    /// With the key in that data folder, which is read, or made, when it is first needed.
    #[must_use]
    pub fn of_folder(data: &Path) -> Self {
        Self { file: data.join(FILE), cipher: Arc::default() }
    }

    /// Reads the key, or makes it where there is none.
    ///
    /// # Errors
    /// [`SealingError`] says what to do about it.
    pub fn ready(&self) -> Result<(), SealingError> {
        self.cipher().map(drop)
    }

    /// Seals `plain` for one place: it opens under the same name alone.
    ///
    /// # Errors
    /// Where there is no key.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealingError> {
        let nonce: [u8; NONCE] = random::fresh();
        let sealed = self.cipher()?.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: place });
        let mut out = nonce.to_vec();
        out.extend(sealed.expect("AES-GCM refuses only messages above 64 GiB"));
        Ok(out)
    }

    /// Opens what [`seal`](Self::seal) made for that place.
    ///
    /// # Errors
    /// [`Unsealable`]; also where there is no key, which [`ready`](Self::ready) tells of.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(Unsealable)?;
        let cipher = self.cipher().map_err(|_| Unsealable)?;
        cipher.decrypt(&Nonce::from(*nonce), Payload { msg: body, aad: place }).map_err(|_| Unsealable)
    }

    fn cipher(&self) -> Result<&Aes256Gcm, SealingError> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher);
        }
        let key = read_or_make(&self.file)?;
        Ok(self.cipher.get_or_init(|| Aes256Gcm::new(&key.into())))
    }
}

fn read_or_make(file: &Path) -> Result<[u8; KEY], SealingError> {
    match read(file) {
        Err(SealingError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => make(file),
        read => read,
    }
}

fn read(file: &Path) -> Result<[u8; KEY], SealingError> {
    let failed = |error| SealingError::File { file: file.to_owned(), error };
    let open = fs::File::open(file).map_err(failed)?;
    if open.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        return Err(SealingError::Exposed(file.to_owned()));
    }
    let mut bytes = Vec::new();
    // One more than it has shows that there is more.
    open.take(KEY as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    bytes.try_into().map_err(|_| SealingError::NoKey(file.to_owned()))
}

fn make(file: &Path) -> Result<[u8; KEY], SealingError> {
    let failed = |error| SealingError::File { file: file.to_owned(), error };
    let key: [u8; KEY] = random::fresh();
    // Whole under another name first: a key of which half is on the disk would be none for good.
    let new = file.with_extension(format!("new{}", std::process::id()));
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new).map_err(failed)?;
    open.write_all(&key).and_then(|()| open.sync_all()).map_err(failed)?;
    // A link is refused where another process was first, whose key it is then.
    let linked = fs::hard_link(&new, file);
    fs::remove_file(&new).map_err(failed)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return read(file),
        Err(error) => return Err(failed(error)),
    }
    if let Some(folder) = file.parent() {
        fs::File::open(folder).and_then(|it| it.sync_all()).map_err(failed)?;
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_sealed_opens_again_after_a_restart_and_in_its_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = Sealing::of_folder(folder.path()).seal(b"here", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|it| it == b"secret"));
        let again = Sealing::of_folder(folder.path());
        assert_eq!(again.open(b"here", &sealed), Ok(b"secret".to_vec()));
        assert_eq!(again.open(b"there", &sealed), Err(Unsealable));
        assert_eq!(again.open(b"here", &sealed[1..]), Err(Unsealable));
        assert_eq!(again.open(b"here", &[]), Err(Unsealable));
        let other = tempfile::tempdir().unwrap();
        assert_eq!(Sealing::of_folder(other.path()).open(b"here", &sealed), Err(Unsealable));
    }

    #[test]
    fn the_key_is_the_server_s_alone_and_is_never_made_anew_over_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        Sealing::of_folder(folder.path()).ready().unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Sealing::of_folder(folder.path()).ready(), Err(SealingError::Exposed(_))));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for wrong in [&b""[..], &[7; 31], &[7; 33]] {
            fs::write(&file, wrong).unwrap();
            assert!(matches!(Sealing::of_folder(folder.path()).ready(), Err(SealingError::NoKey(_))));
            assert_eq!(fs::read(&file).unwrap(), wrong);
        }
        let nowhere = Sealing::of_folder(&folder.path().join("nowhere"));
        assert!(matches!(nowhere.ready(), Err(SealingError::File { .. })));
    }
}
