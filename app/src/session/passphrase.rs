//! Trying a passphrase, and taking another one.

use leptos::prelude::*;

use super::{PAINT_MS, Session, UnlockError, normalised};
use crate::device::platform;
use crate::device::store::{KeyChange, StoreError};
use crate::device::vault::{self, Attempts, Unreadable, WeakPassphrase};

/// Why the passphrase was not changed. The one before opens the device as it did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The new one is too short or too simple.
    #[error(transparent)]
    Weak(#[from] WeakPassphrase),
    /// The old one is wrong, or it is too early for another try, or the disk cannot be read.
    #[error(transparent)]
    Old(#[from] UnlockError),
    /// Another tab has changed it meanwhile, or this device keeps nothing.
    #[error("the passphrase is another one by now")]
    OutOfDate,
    /// The disk does not take it.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl Session {
    /// Tries what a passphrase opens. The try is counted before it is made.
    pub(super) async fn try_passphrase<T>(
        &self,
        open: impl FnOnce() -> Result<T, Unreadable>,
    ) -> Result<T, UnlockError> {
        let wait_ms = self.not_before.get_value().saturating_sub(platform::since_start_ms());
        if wait_ms > 0 {
            return Err(UnlockError::Wait { wait_ms });
        }
        let connection = self.connection.get_value();
        let attempts = match connection.attempt(platform::now_ms()).await {
            Ok(Ok(attempts)) => attempts,
            Ok(Err(wait_ms)) => return Err(UnlockError::Wait { wait_ms }),
            // Who has no room left must still be able to read what is here; after a failure it has to be counted.
            Err(StoreError::Full) if connection.attempts().await? == Attempts::default() => {
                Attempts::default().failed(platform::now_ms())
            }
            Err(error) => return Err(error.into()),
        };
        platform::sleep(PAINT_MS).await;
        let Ok(opened) = open() else {
            let wait_ms = attempts.delay();
            // A clock that is set forward ends no wait while the page stays.
            self.not_before.set_value(platform::since_start_ms() + wait_ms);
            return Err(UnlockError::Wrong { wait_ms });
        };
        // Where it cannot be taken back, the next right passphrase does.
        let _ = connection.no_attempts().await;
        Ok(opened)
    }

    /// Wraps the data key with another passphrase. What it opens, and the other tabs, stay as they are.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing has changed then.
    pub async fn change_passphrase(&self, old: &str, new: &str) -> Result<(), ChangeError> {
        let (old, new) = (normalised(old), normalised(new));
        vault::check_passphrase(&new)?;
        let connection = self.connection.get_value();
        let before = connection.wrapped_key().await?.ok_or(ChangeError::OutOfDate)?;
        let after = self.try_passphrase(|| vault::rewrap(&old, &before, &new)).await?;
        match connection.change_key(&before, &after).await? {
            KeyChange::Made => Ok(()),
            KeyChange::OutOfDate => Err(ChangeError::OutOfDate),
        }
    }
}
