//! "Gemeente Voorbeeld": made-up people to look around with.

pub mod content;
mod conversations;
pub mod moments;
pub mod people;
mod pool;
mod profiles;
mod reflections;
mod seed;
mod talks;

use std::fmt::Write as _;

use shared::domain::entry::WriteError;
use store::{SharedStore, StoreError};

use crate::commands::accounts::AccountError;
use crate::state::AppState;
pub(crate) use content::Ids;

/// The setting that says that a database is the demonstration's.
const SETTING: &str = "demo";
/// The demonstration is being made.
const BEGUN: &str = "begun";
/// The demonstration is complete.
const COMPLETE: &str = "complete";

/// Why the demonstration cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Somebody's data is in there.
    #[error(
        "the demo fills an empty database only, and this one holds accounts; \
         choose another folder with --data, or start without --demo"
    )]
    NotEmpty,
    /// It was interrupted the first time.
    #[error(
        "the demo's database was not completed; delete its folder, or choose another one with --data, and try again"
    )]
    Unfinished,
    /// The password could not be hashed.
    #[error("the demo's password could not be hashed")]
    Hash,
    /// A document did not take its content.
    #[error("the demo's content does not fit its documents: {0}")]
    Content(#[from] WriteError),
    /// The gate refused something of it.
    #[error("the demo's content was refused: {0}")]
    Refused(String),
    /// An account could not be made.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fills an empty database; leaves one that is the demonstration's already as it is.
///
/// # Errors
/// [`DemoError`].
pub async fn ensure(state: &AppState) -> Result<(), DemoError> {
    match setting(&state.store).await?.as_deref() {
        Some(COMPLETE) => return Ok(()),
        Some(_) => return Err(DemoError::Unfinished),
        None if !state.store.users().await?.is_empty() => return Err(DemoError::NotEmpty),
        None => {}
    }
    seed::fill(state).await
}

/// Whether everybody in that database is made up.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_one(store: &SharedStore) -> Result<bool, StoreError> {
    Ok(setting(store).await?.is_some())
}

async fn setting(store: &SharedStore) -> Result<Option<String>, StoreError> {
    store.begin().await?.setting(SETTING).await
}

/// Who there is to sign in as, and with what.
#[must_use]
pub fn introduction() -> String {
    let mut text = format!("\n{} · wachtwoord van iedereen: {}\n\n", people::ORGANISATION, people::PASSWORD);
    for person in people::people() {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.code()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:26} {:20} {}", person.email, person.name, roles.join(", "));
    }
    text.push('\n');
    text
}
