//! A push on its way through the gate: examined and decoded before the store's transaction, judged inside it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::body::Bytes;
use shared::ids::{ChangeHash, DeviceId, DocId, UserId};
use shared::sync::gate::{self, Examined};
use shared::sync::message::{PushItem, RejectCode};
use shared::sync::session::PushAnswer;
use shared::sync::signature::Verifier;
use store::{BeforePush, Carrier, Quarantined, StoreError, Told};

use super::authors::Author;
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
    let known_at = state.hub.epoch();
    let known = state.authors.before_push(known_at, carrier, doc, &authors, &hashes);
    let (before, keys) = match known {
        Some(known) => known,
        None => {
            let before = state.store.before_push(carrier, doc, &authors, &hashes).await?;
            let keys = before.authors.iter().copied().map(Author::new).collect();
            (before, keys)
        }
    };
    if !before.carries {
        return refuse(&state, carrier, doc).await;
    }
    let examined = examine(doc, items, &keys).await?;
    let mut before = Some(before);
    for _ in 0..TRIES {
        let before = match before.take() {
            Some(before) => before,
            None => state.store.before_push(carrier, doc, &authors, &hashes).await?,
        };
        if !before.carries {
            return refuse(&state, carrier, doc).await;
        }
        decode(&state, carrier.user, doc, &examined, &before).await?;
        let (epoch, audience) = (state.hub.epoch(), state.hub.audience(doc));
        match state.store.push_told(carrier, doc, Arc::clone(&examined), audience).await {
            Err(StoreError::Undecoded) => state.authors.forget(carrier, doc),
            Err(error) => return Err(error),
            Ok(Told { answer, news }) => {
                let mut fresh = None;
                if let PushAnswer::Done { rejected, stored, .. } = &answer {
                    if rejected.is_empty() && !stored.is_empty() {
                        state.authors.remember(known_at, carrier, doc, &keys);
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
    Err(changing())
}

/// What somebody pushed who cannot read the document is neither examined nor decoded nor kept; what she is told is
/// the store's to say.
async fn refuse(
    state: &AppState,
    carrier: Carrier,
    doc: DocId,
) -> Result<(PushAnswer, Option<Arc<Fresh>>), StoreError> {
    match state.store.push(carrier, doc, Arc::default()).await? {
        // She can by now: nothing of hers has been judged, so she is to push it again.
        PushAnswer::Done { .. } => Err(changing()),
        refused => Ok((refused, None)),
    }
}

fn changing() -> StoreError {
    StoreError::Unavailable("who may write keeps changing".to_owned())
}

async fn examine(
    doc: DocId,
    items: Vec<PushItem>,
    authors: &[Author],
) -> Result<Arc<[Examined]>, StoreError> {
    let keys: HashMap<DeviceId, Arc<Verifier>> =
        authors.iter().map(|author| (author.key.id, Arc::clone(&author.verifier))).collect();
    let work = move |items: Vec<PushItem>| -> Arc<[Examined]> {
        items
            .into_iter()
            .map(|item| {
                let key = keys.get(&item.by).map(|key| &**key);
                gate::examine_with(doc, item, key)
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
    person: UserId,
    doc: DocId,
    items: &Arc<[Examined]>,
    before: &BeforePush,
) -> Result<(), StoreError> {
    let writers: HashSet<DeviceId> =
        before.authors.iter().filter(|author| author.writes).map(|author| author.id).collect();
    for item in items.iter().filter(|item| before.quarantined.contains(&item.hash())) {
        item.set_decoded(Err(RejectCode::Quarantined));
    }
    loop {
        let asked = undecoded(items, &writers, &before.known);
        let changes = asked.iter().map(|&at| shared_data(items, at)).collect();
        let findings = state
            .gate
            .decode(person, changes)
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let is_done = findings.len() == asked.len();
        for (at, finding) in asked.into_iter().zip(findings) {
            let item = &items[at];
            item.set_decoded(match finding {
                Finding::Sound => Ok(()),
                Finding::Refused(code) => Err(code),
                Finding::Harmful(reason) => {
                    state.store.quarantine(&[found_harmful(state, doc, item.item(), reason)]).await?;
                    state.authors.quarantined([item.hash()]);
                    Err(RejectCode::Quarantined)
                }
            });
        }
        if is_done {
            return Ok(());
        }
    }
}

/// The places of the items that are to be decoded. What builds on something refused will be missing it.
fn undecoded(items: &[Examined], writers: &HashSet<DeviceId>, known: &HashSet<ChangeHash>) -> Vec<usize> {
    let mut refused: HashMap<ChangeHash, Option<RejectCode>> = HashMap::new();
    let mut asked = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let hash = item.hash();
        let Some(change) = item.change().filter(|_| item.is_authentic() && !known.contains(&hash)) else {
            continue;
        };
        match (item.decoded(), refused.get(&hash)) {
            (None, Some(Some(code))) => item.set_decoded(Err(*code)),
            (Some(Err(code)), _) => {
                refused.insert(hash, Some(code));
            }
            (None, None) if change.deps.iter().any(|dep| refused.contains_key(dep)) => {
                refused.insert(hash, None);
            }
            (None, None) if writers.contains(&item.item().by) => asked.push(at),
            _ => {}
        }
    }
    asked
}

/// The bytes of one of the items, shared with them.
fn shared_data(items: &Arc<[Examined]>, at: usize) -> Bytes {
    struct Data(Arc<[Examined]>, usize);
    impl AsRef<[u8]> for Data {
        fn as_ref(&self) -> &[u8] {
            &self.0[self.1].item().data
        }
    }
    Bytes::from_owner(Data(Arc::clone(items), at))
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
