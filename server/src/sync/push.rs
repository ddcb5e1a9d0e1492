//! A push on its way through the gate: examined and decoded before the store's transaction, judged inside it.

use std::collections::{HashMap, HashSet};

use shared::ids::{ChangeHash, DeviceId, DocId, PublicKey};
use shared::sync::gate::{self, Examined};
use shared::sync::message::{PushItem, RejectCode};
use shared::sync::session::PushAnswer;
use store::{BeforePush, Carrier, Quarantined, StoreError};

use crate::gate::Finding;
use crate::hub::NotifyBus as _;
use crate::state::AppState;

/// Items examined on the thread that serves; more go to a thread of their own, since each signature costs some
/// fifty microseconds.
const EXAMINED_AT_ONCE: usize = 8;
/// How often a push is looked at: again only where something has changed in the meantime, such as a grant.
const TRIES: usize = 3;

pub(super) async fn push(
    state: AppState,
    carrier: Carrier,
    doc: DocId,
    items: Vec<PushItem>,
) -> Result<PushAnswer, StoreError> {
    let hashes: Vec<ChangeHash> = items.iter().map(|it| it.hash).collect();
    let authors: Vec<DeviceId> = items.iter().map(|it| it.by).collect::<HashSet<_>>().into_iter().collect();
    let before = state.store.before_push(doc, &authors, &hashes).await?;
    let mut examined = examine(doc, items, &before).await?;
    let mut before = Some(before);
    for _ in 0..TRIES {
        let before = match before.take() {
            Some(before) => before,
            None => state.store.before_push(doc, &authors, &hashes).await?,
        };
        decode(&state, doc, &mut examined, &before).await?;
        match state.store.push(carrier, doc, examined.clone()).await {
            Err(StoreError::Undecoded) => {}
            answer => {
                if let Ok(PushAnswer::Done { stored, .. }) = &answer
                    && let Some(&head) = stored.iter().max()
                {
                    state.hub.grown(doc, head);
                    state.trials.note(doc, state.config.trial_after);
                }
                return answer;
            }
        }
    }
    Err(StoreError::Unavailable("who may write keeps changing".to_owned()))
}

async fn examine(doc: DocId, items: Vec<PushItem>, before: &BeforePush) -> Result<Vec<Examined>, StoreError> {
    let keys: HashMap<DeviceId, PublicKey> =
        before.authors.iter().map(|author| (author.id, author.public_key)).collect();
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

/// Has a worker decode what could be stored, as far as is known before the transaction: what the log has is acked
/// unread, and what will be refused anyway is not worth it. What brings the worker down is kept in quarantine
/// before anybody is answered.
async fn decode(
    state: &AppState,
    doc: DocId,
    items: &mut [Examined],
    before: &BeforePush,
) -> Result<(), StoreError> {
    let writers: HashSet<DeviceId> =
        before.authors.iter().filter(|author| author.writes).map(|author| author.id).collect();
    let mut asked: Vec<&mut Examined> = Vec::new();
    for item in items.iter_mut().filter(|item| item.is_authentic()) {
        if before.quarantined.contains(&item.hash()) {
            item.set_decoded(Err(RejectCode::Quarantined));
        } else if writers.contains(&item.item().by) && !before.known.contains(&item.hash()) {
            asked.push(item);
        }
    }
    let changes = asked.iter().map(|item| item.item().data.clone()).collect();
    let findings =
        state.gate.decode(changes).await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let mut harmful = Vec::new();
    for (item, finding) in asked.into_iter().zip(findings) {
        item.set_decoded(match finding {
            Finding::Sound => Ok(()),
            Finding::Refused(code) => Err(code),
            Finding::Harmful(reason) => {
                harmful.push(found_harmful(state, doc, item.item(), reason));
                Err(RejectCode::Quarantined)
            }
        });
    }
    if harmful.is_empty() { Ok(()) } else { state.store.quarantine(&harmful).await }
}

fn found_harmful(state: &AppState, doc: DocId, item: &PushItem, reason: String) -> Quarantined {
    tracing::error!(%doc, hash = %item.hash, by = %item.by, reason, "a change brought the worker down; it is kept in quarantine");
    Quarantined {
        doc,
        hash: item.hash,
        by: item.by,
        at: state.clock.now(),
        reason,
        seq: None,
        data: Some(item.data.clone()),
    }
}
