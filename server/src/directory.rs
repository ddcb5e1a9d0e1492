//! A person's directory with its version.

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
