//! What the session machine asks, answered from the store.

use shared::sync::session::{Answer, Ask};
use store::{BatchLimit, Carrier, StoreError};

use super::push::push;
use crate::directory;
use crate::state::AppState;

/// Finds out what a session wants to know.
pub(super) async fn answer(state: &AppState, carrier: Carrier, ask: Ask) -> Answer {
    let answer = match ask {
        Ask::Read { places, max_items, max_bytes } => {
            let most = BatchLimit { items: max_items, bytes: max_bytes };
            state.store.read_logs(carrier, &places, most).await.map(Answer::Read)
        }
        Ask::Push { doc, items, .. } => {
            // On a task of its own: whoever hangs up or is cut right at the commit keeps nobody from being woken.
            let pushing = tokio::spawn(push(state.clone(), carrier, doc, items));
            let pushed = pushing
                .await
                .unwrap_or_else(|error| Err(StoreError::Corrupt(format!("a push did not end: {error}"))));
            pushed.map(Answer::Push)
        }
        Ask::DirectoryVersion => directory::of(&state.store, carrier.user)
            .await
            .map(|it| it.map_or(Answer::Failed, |it| Answer::DirectoryVersion(it.version))),
    };
    answer.unwrap_or_else(|error| match error {
        StoreError::Unavailable(_) => {
            tracing::warn!(%error, user = %carrier.user, "storage is not available to sync");
            Answer::Unavailable
        }
        error => {
            tracing::error!(%error, user = %carrier.user, "storage failed sync");
            Answer::Failed
        }
    })
}

#[cfg(test)]
mod tests;
