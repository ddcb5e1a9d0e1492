//! A person's directory with its version.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use shared::domain::directory::Directory;
use shared::ids::UserId;
use store::{SharedStore, StoreError};

/// Bytes of the hash that make a version: enough that two contents never share one.
const VERSION_BYTES: usize = 16;

/// Everything that `user` may know; none if there is no such account.
///
/// # Errors
/// When the store cannot be read.
pub async fn of(store: &SharedStore, user: UserId) -> Result<Option<Directory>, StoreError> {
    let Some(mut directory) = store.directory(user).await? else { return Ok(None) };
    // When a device was last seen moves all the time and nobody waits for it: it is told, but makes no version.
    let mut lasting = directory.clone();
    for device in &mut lasting.devices {
        device.last_seen = None;
    }
    lasting.version = String::new();
    let content = serde_json::to_vec(&lasting).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    directory.version = URL_SAFE_NO_PAD.encode(&Sha256::digest(content)[..VERSION_BYTES]);
    Ok(Some(directory))
}

/// Versions that are remembered; when there are more, all are forgotten and worked out anew.
const MOST: usize = 20_000;

/// The versions of directories that were worked out, each with the store's count of changes before it was: it is the same
/// while that is.
#[derive(Debug, Default)]
pub struct Versions(Mutex<HashMap<UserId, (u64, String)>>);

impl Versions {
    /// The version of what `user` may know now; none if there is no such account.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(&self, store: &SharedStore, user: UserId) -> Result<Option<String>, StoreError> {
        // Before the directory is read: what changes in between counts as a change after it.
        let changes = store.directory_changes().await?;
        if let Some((since, version)) = self.memory().get(&user)
            && *since == changes
        {
            return Ok(Some(version.clone()));
        }
        let Some(directory) = of(store, user).await? else { return Ok(None) };
        let mut memory = self.memory();
        if memory.len() >= MOST {
            memory.clear();
        }
        memory.insert(user, (changes, directory.version.clone()));
        Ok(Some(directory.version))
    }

    /// Puts another version in the place of what is remembered of somebody.
    #[cfg(test)]
    pub(crate) fn pretend(&self, user: UserId, version: &str) {
        if let Some((_, remembered)) = self.memory().get_mut(&user) {
            version.clone_into(remembered);
        }
    }

    fn memory(&self) -> MutexGuard<'_, HashMap<UserId, (u64, String)>> {
        // Nothing in here panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::domain::role::Role;
    use store::contract::World;
    use store_sqlite::SqliteStore;

    use super::*;

    #[tokio::test]
    async fn a_version_is_worked_out_once_until_something_changes() {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore =
            Arc::new(SqliteStore::open(&folder.path().join("loopbaanmaat.db")).await.unwrap());
        let world = World::on(Arc::clone(&store));
        let anna = world.human(1, &[Role::CareerAdviser]).await.user;
        let versions = Versions::default();
        let first = versions.of(&store, anna).await.unwrap().unwrap();
        assert_eq!(Some(&first), of(&store, anna).await.unwrap().map(|it| it.version).as_ref());
        // Whatever is remembered is what is told.
        versions.pretend(anna, "remembered");
        assert_eq!(versions.of(&store, anna).await.unwrap().as_deref(), Some("remembered"));
        world.human(2, &[Role::Employee]).await;
        let second = versions.of(&store, anna).await.unwrap().unwrap();
        assert!(second != first && second != "remembered");
        assert_eq!(versions.of(&store, UserId([9; 16])).await.unwrap(), None);
    }
}
