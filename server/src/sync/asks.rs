//! What the session machine asks, answered from the store.

use std::collections::HashMap;

use shared::ids::{DeviceId, DocId, PublicKey};
use shared::sync::gate::{self, Examined};
use shared::sync::message::PushItem;
use shared::sync::session::{Answer, Ask, PushAnswer};
use store::{BatchLimit, Carrier, StoreError};

use crate::directory;
use crate::hub::NotifyBus as _;
use crate::state::AppState;

/// Items examined on the thread that serves; more go to a thread of their own, since each signature costs some
/// fifty microseconds.
const EXAMINED_AT_ONCE: usize = 8;

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

async fn push(
    state: AppState,
    carrier: Carrier,
    doc: DocId,
    items: Vec<PushItem>,
) -> Result<PushAnswer, StoreError> {
    let mut authors: Vec<DeviceId> = items.iter().map(|it| it.by).collect();
    authors.sort_unstable();
    authors.dedup();
    let keys: HashMap<DeviceId, PublicKey> =
        state.store.devices(&authors).await?.into_iter().map(|it| (it.id, it.public_key)).collect();
    let examined = examine(doc, items, keys).await?;
    let answer = state.store.push(carrier, doc, examined).await?;
    if let PushAnswer::Done { stored, .. } = &answer
        && let Some(&head) = stored.iter().max()
    {
        state.hub.grown(doc, head);
    }
    Ok(answer)
}

async fn examine(
    doc: DocId,
    items: Vec<PushItem>,
    keys: HashMap<DeviceId, PublicKey>,
) -> Result<Vec<Examined>, StoreError> {
    let work = move |items: Vec<PushItem>| -> Vec<Examined> {
        items
            .into_iter()
            .map(|item| {
                let key = keys.get(&item.by).copied();
                gate::examine(doc, item, key.as_ref())
            })
            .collect()
    };
    if items.len() <= EXAMINED_AT_ONCE {
        return Ok(work(items));
    }
    tokio::task::spawn_blocking(move || work(items))
        .await
        .map_err(|error| StoreError::Corrupt(format!("examining a push did not end: {error}")))
}

#[cfg(test)]
mod tests;
