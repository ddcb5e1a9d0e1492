//! A push on its way through the gate: examined and decoded before the store's transaction, judged inside it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use shared::ids::{ChangeHash, DeviceId, DocId, PublicKey};
use shared::sync::gate::{self, Examined};
use shared::sync::message::{PushItem, RejectCode};
use shared::sync::session::PushAnswer;
use store::{BeforePush, Carrier, Quarantined, StoreError, Told};

use crate::gate::Finding;
use crate::hub::{Fresh, NotifyBus as _};
use crate::state::AppState;

/// Items examined on the thread that serves; more go to a thread of their own, since each signature costs some
/// fifty microseconds.
const EXAMINED_AT_ONCE: usize = 8;
/// How often a push is looked at: again only where something has changed in the meantime, such as a grant.
const TRIES: usize = 3;

/// Puts a push through, wakes whoever has the document open, and gives the answer with what was stored.
pub(super) async fn push(
    state: AppState,
    carrier: Carrier,
    doc: DocId,
    items: Vec<PushItem>,
) -> Result<(PushAnswer, Option<Arc<Fresh>>), StoreError> {
    let hashes: Vec<ChangeHash> = items.iter().map(|it| it.hash).collect();
    let authors: Vec<DeviceId> = items.iter().map(|it| it.by).collect::<HashSet<_>>().into_iter().collect();
    // Whoever stored something here just now may do so again, as far as what follows is concerned: the transaction
    // looks for itself.
    let mut before = match state.authors.before_push(carrier, doc, &authors, &hashes) {
        Some(before) => Some(before),
        None => Some(state.store.before_push(doc, &authors, &hashes).await?),
    };
    let keys: Vec<_> = before.iter().flat_map(|before| &before.authors).copied().collect();
    let mut examined = match &before {
        Some(before) => examine(doc, items, before).await?,
        None => Vec::new(),
    };
    for _ in 0..TRIES {
        let before = match before.take() {
            Some(before) => before,
            None => state.store.before_push(doc, &authors, &hashes).await?,
        };
        decode(&state, doc, &mut examined, &before).await?;
        let (epoch, audience) = (state.hub.epoch(), state.hub.audience(doc));
        match state.store.push_told(carrier, doc, examined.clone(), audience).await {
            Err(StoreError::Undecoded) => state.authors.forget(carrier, doc),
            Err(error) => return Err(error),
            Ok(Told { answer, news }) => {
                let mut fresh = None;
                if let PushAnswer::Done { rejected, stored, .. } = &answer {
                    if rejected.is_empty() && !stored.is_empty() {
                        state.authors.remember(carrier, doc, &keys);
                    } else if !rejected.is_empty() {
                        state.authors.forget(carrier, doc);
                    }
                    if let Some(&head) = stored.iter().max() {
                        fresh = news.map(|news| Arc::new(Fresh::new(news, epoch)));
                        state.hub.grown(doc, head, fresh.as_ref());
                        state.trials.note(doc, state.config.trial_after);
                    }
                } else {
                    state.authors.forget(carrier, doc);
                }
                return Ok((answer, fresh));
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
    if harmful.is_empty() {
        return Ok(());
    }
    state.store.quarantine(&harmful).await?;
    state.authors.quarantined(harmful.iter().map(|it| it.hash));
    Ok(())
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
