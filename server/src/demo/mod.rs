//! "Gemeente Voorbeeld": made-up people to look around with.

use store::StoreError;

use crate::state::AppState;

/// Why the demo cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets it up.
///
/// # Errors
/// [`DemoError`].
pub async fn ensure(state: &AppState) -> Result<(), DemoError> {
    state.store.ready().await?;
    Ok(())
}

/// Who there is.
#[must_use]
pub fn introduction() -> String {
    String::new()
}
