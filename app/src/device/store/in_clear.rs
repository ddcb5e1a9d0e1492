//! What lies in clear beside the sealed values: the wrapped key, failed attempts, and how much waits for the server.

use std::collections::BTreeSet;

use super::database::{RawPart, RawWrite};
use super::records::parse_outbox_key;
use super::{Connection, OUTBOX, StoreError, VAULT};
use crate::device::vault::{Attempts, DataKey, Wrapped};

/// The name of the wrapped key.
const KEY: &str = "key";
/// The name of the failed attempts.
const ATTEMPTS: &str = "attempts";
/// The name of the count of what waits.
const WAITING: &str = "waiting";

/// What became of a change of the wrapped key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It is on disk.
    Made,
    /// Another one lies there than was read: another tab was first. Nothing was written.
    OutOfDate,
}

/// What the server lacks, as far as can be known without the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Changes that the server has not acknowledged, or has refused.
    pub changes: u32,
    /// In so many documents.
    pub documents: u32,
    /// Commands without an answer.
    pub commands: u32,
}

impl Lacking {
    /// Whether the server has everything.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }

    /// By the keys of the outbox, which name documents and changes, and the count of all that waits.
    fn of(keys: &[String], waiting: u32) -> Self {
        let lacks = |key: &&String| key.starts_with("change/") || key.starts_with("refused/");
        let found: BTreeSet<_> = keys.iter().filter(lacks).filter_map(|key| parse_outbox_key(key)).collect();
        let documents: BTreeSet<_> = found.iter().map(|(doc, _)| *doc).collect();
        let waits = keys.iter().filter(|key| key.starts_with("change/")).count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            changes: number(found.len()),
            documents: number(documents.len()),
            commands: waiting.saturating_sub(number(waits)),
        }
    }
}

fn json(error: &serde_json::Error) -> StoreError {
    StoreError::Failed { message: error.to_string() }
}

impl Connection {
    async fn write_raw(&self, writes: Vec<RawWrite>) -> Result<(), StoreError> {
        self.write(&[RawPart { beside: None, writes }]).await.map(drop)
    }

    /// The wrapped key; `None` on a device without a vault.
    ///
    /// # Errors
    /// When the database cannot be read, or the wrapped key is damaged.
    pub async fn wrapped_key(&self) -> Result<Option<Wrapped>, StoreError> {
        let Some(bytes) = self.get(VAULT, KEY).await? else { return Ok(None) };
        let damaged = || StoreError::Damaged { store: VAULT, key: KEY.to_owned() };
        let wrapped: Wrapped = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if wrapped.is_sound() { Ok(Some(wrapped)) } else { Err(damaged()) }
    }

    /// Writes the first values of a new vault: the wrapped key and the given ones, sealed.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn create_vault(
        &self,
        key: &DataKey,
        wrapped: &Wrapped,
        first: &[(&'static str, &str, Vec<u8>)],
    ) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(wrapped).map_err(|error| json(&error))?;
        let mut writes = vec![
            RawWrite::Put { store: VAULT, key: KEY.to_owned(), bytes },
            RawWrite::Delete { store: VAULT, key: ATTEMPTS.to_owned() },
            RawWrite::Delete { store: VAULT, key: WAITING.to_owned() },
        ];
        for (store, name, plain) in first {
            let bytes = key.seal(store, name, plain);
            writes.push(RawWrite::Put { store, key: (*name).to_owned(), bytes });
        }
        self.write_raw(writes).await
    }

    /// Puts another wrapping of the same key in the place of `before`: whenever the power goes, the one or the other is
    /// there, whole.
    ///
    /// # Errors
    /// When nothing was written.
    pub async fn change_key(&self, before: &Wrapped, after: &Wrapped) -> Result<KeyChange, StoreError> {
        let bytes = serde_json::to_vec(after).map_err(|error| json(&error))?;
        let is_before = |found: Option<&[u8]>| {
            found.and_then(|it| serde_json::from_slice::<Wrapped>(it).ok()).is_some_and(|it| it == *before)
        };
        let found = self.change(VAULT, KEY, |found| is_before(found).then_some(bytes)).await?;
        Ok(if is_before(found.as_deref()) { KeyChange::Made } else { KeyChange::OutOfDate })
    }

    /// Wrong tries so far.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn attempts(&self) -> Result<Attempts, StoreError> {
        Ok(Attempts::read(self.get(VAULT, ATTEMPTS).await?.as_deref()))
    }

    /// Counts a try as failed before it is made, so that no reload and no second tab takes it back; or says that it is too
    /// early for one, in ms, and counts nothing. [`Self::no_attempts`] takes it back where the passphrase was right.
    ///
    /// # Errors
    /// When it was not written: there is no try then.
    pub async fn attempt(&self, now: u64) -> Result<Result<Attempts, u64>, StoreError> {
        let mut outcome = Err(0);
        let count = |found: Option<&[u8]>| {
            let attempts = Attempts::read(found);
            let wait_ms = attempts.wait(now);
            if wait_ms > 0 {
                outcome = Err(wait_ms);
                return None;
            }
            let failed = attempts.failed(now);
            outcome = Ok(failed);
            serde_json::to_vec(&failed).ok()
        };
        self.change(VAULT, ATTEMPTS, count).await?;
        Ok(outcome)
    }

    /// The passphrase was right: no tries are counted any more.
    ///
    /// # Errors
    /// When it was not written.
    pub async fn no_attempts(&self) -> Result<(), StoreError> {
        self.write_raw(vec![RawWrite::Delete { store: VAULT, key: ATTEMPTS.to_owned() }]).await
    }

    /// What the server lacks, as far as can be known without the key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn lacking(&self) -> Result<Lacking, StoreError> {
        let bytes = self.get(VAULT, WAITING).await?;
        let waiting = bytes.and_then(|it| it.try_into().ok()).map_or(0, u32::from_be_bytes);
        Ok(Lacking::of(&self.keys(OUTBOX, "").await?, waiting))
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{ChangeHash, DocId};

    use super::super::records::{refused_key, replaced_key, waiting_key};
    use super::*;

    #[test]
    fn what_waits_and_what_was_refused_is_lacking_each_change_once() {
        let (doc, other) = (DocId([1; 16]), DocId([2; 16]));
        let [one, two] = [ChangeHash([1; 32]), ChangeHash([2; 32])];
        let keys = [
            waiting_key(doc, one),
            waiting_key(other, one),
            refused_key(other, one),
            refused_key(other, two),
            "command/AAAA".to_owned(),
            replaced_key(doc, two),
        ];
        // Two changes and one command wait; commands that were answered have keys as well.
        assert_eq!(Lacking::of(&keys, 3), Lacking { changes: 3, documents: 2, commands: 1 });
        assert!(Lacking::of(&keys[4..], 0).is_nothing());
    }
}
