//! What the session machine asks, answered from the store.

use std::sync::Arc;

use shared::sync::message::Place;
use shared::sync::session::{Answer, Ask, ReadAnswer};
use store::{BatchLimit, Carrier, StoreError};

use super::finishing::Finishing;
use super::openings;
use super::push::push;
use crate::hub::Fresh;
use crate::state::AppState;

/// Finds out what a session wants to know. `fresh` is what is at hand of the logs, and what pushes add to that.
pub(super) async fn answer(
    state: &AppState,
    carrier: Carrier,
    ask: Ask,
    fresh: &mut Vec<Arc<Fresh>>,
) -> Answer {
    let answer = match ask {
        Ask::Read { places, max_items, max_bytes } => {
            let answers = match at_hand(state, carrier, &places, max_items, fresh) {
                Some(answer) => Ok(vec![answer]),
                None => {
                    let most = BatchLimit { items: max_items, bytes: max_bytes };
                    state.store.read_logs(carrier, &places, most).await
                }
            };
            // Noted before anything of it goes out.
            match answers {
                Ok(answers) => {
                    openings::note(state, carrier, &places, &answers).await.map(|()| Answer::Read(answers))
                }
                Err(error) => Err(error),
            }
        }
        Ask::Push { doc, items, .. } => {
            // To its end: whoever hangs up or is cut right at the commit keeps nobody from being woken.
            let pushed = Finishing::new(push(state.clone(), carrier, doc, items)).await;
            pushed.unwrap_or_else(|| Err(StoreError::Corrupt("a push panicked".to_owned()))).map(
                |(answer, stored)| {
                    fresh.extend(stored);
                    Answer::Push(answer)
                },
            )
        }
        Ask::DirectoryVersion => state
            .directories
            .of(&state.store, carrier.user)
            .await
            .map(|it| it.map_or(Answer::Failed, Answer::DirectoryVersion)),
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

/// Whether this is answered without the store.
pub(super) fn is_at_hand(state: &AppState, carrier: Carrier, ask: &Ask, fresh: &[Arc<Fresh>]) -> bool {
    match ask {
        Ask::Read { places, max_items, .. } => at_hand(state, carrier, places, *max_items, fresh).is_some(),
        Ask::Push { .. } | Ask::DirectoryVersion => false,
    }
}

fn at_hand(
    state: &AppState,
    carrier: Carrier,
    places: &[Place],
    max_items: usize,
    fresh: &[Arc<Fresh>],
) -> Option<ReadAnswer> {
    let [place] = places else { return None };
    if max_items == 0 { None } else { Fresh::answer(fresh, &state.hub, *place, carrier) }
}

#[cfg(test)]
mod tests;
