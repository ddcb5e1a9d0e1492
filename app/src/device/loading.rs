//! What the sync machine needs to know of the disk: at start, and when it asks.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use automerge::Change;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::device::{LoadedDoc, Offered};
use shared::sync::message::{PushItem, RejectCode};

use super::running::Running;
use super::snapshots;
use super::store::records::{
    StoredCursor, StoredItem, item_key, item_prefix, parse_item_key, parse_outbox_key,
};
use super::store::{CURSORS, ITEMS, OUTBOX, StoreError};

/// Every document on disk, as the sync machine wants it.
///
/// # Errors
/// When the disk cannot be read; damaged values are as if absent and come again from the server.
pub(super) async fn docs(running: &Rc<Running>) -> Result<Vec<LoadedDoc>, StoreError> {
    let mut docs: HashMap<DocId, LoadedDoc> = HashMap::new();
    let entry =
        |docs: &mut HashMap<DocId, LoadedDoc>, doc: DocId| docs.entry(doc).or_insert_with(|| empty(doc)).doc;
    running.read_lives().await?;
    // The places before what was read up to there: what comes in between is found as well, which costs a reading of the
    // log, and a place without it would leave a hole. The items before the snapshots, into which they are moved.
    for (key, bytes) in running.store.all(CURSORS, "").await?.values {
        let (Ok(doc), Some(cursor)) = (key.parse(), StoredCursor::decode(&bytes)) else { continue };
        entry(&mut docs, doc);
        if let Some(it) = docs.get_mut(&doc) {
            (it.cursor, it.chain, it.kind) = (cursor.cursor, cursor.chain, cursor.kind);
            it.owes = cursor.owes;
        }
    }
    for (doc, hash) in running.store.keys(ITEMS, "").await?.iter().filter_map(|key| parse_item_key(key)) {
        entry(&mut docs, doc);
        if let Some(it) = docs.get_mut(&doc) {
            it.hashes.push(hash);
        }
    }
    running.records_found(docs.values().map(|it| (it.doc, it.hashes.len())));
    for (doc, hashes) in snapshots::hashes(&running.store).await? {
        entry(&mut docs, doc);
        if let Some(it) = docs.get_mut(&doc) {
            it.hashes.extend(hashes);
        }
    }
    for (doc, item) in waiting_items(running).await? {
        entry(&mut docs, doc);
        if let Some(it) = docs.get_mut(&doc) {
            it.waiting.push(item);
        }
    }
    for (key, code) in running.store.all(OUTBOX, "refused/").await?.values {
        let Some((doc, hash)) = parse_outbox_key(&key) else { continue };
        entry(&mut docs, doc);
        if let Some(it) = docs.get_mut(&doc) {
            it.aside.push((hash, RejectCode::from_code(&String::from_utf8_lossy(&code))));
        }
    }
    for doc in docs.values_mut() {
        let marks = running.marks.borrow();
        // What is offered for taking over is shown as that.
        let offered = running.offered(doc.doc);
        doc.noted = marks.noted(doc.doc).into_iter().filter(|hash| !offered.contains(hash)).collect();
        doc.noted.extend(marks.unopened(doc.doc));
    }
    let mut docs: Vec<LoadedDoc> = docs.into_values().filter(|it| !running.lives.is_ending(it.doc)).collect();
    docs.sort_by_key(|it| it.doc);
    Ok(docs)
}

fn empty(doc: DocId) -> LoadedDoc {
    LoadedDoc {
        doc,
        kind: None,
        cursor: 0,
        chain: None,
        owes: false,
        hashes: Vec::new(),
        waiting: Vec::new(),
        aside: Vec::new(),
        noted: Vec::new(),
    }
}

/// Everything that waits for an acknowledgement, in the order in which it was made.
pub(super) async fn waiting_items(running: &Running) -> Result<Vec<(DocId, PushItem)>, StoreError> {
    let mut marks: Vec<(Vec<u8>, DocId, ChangeHash)> = Vec::new();
    let found = running.store.all(OUTBOX, "change/").await?;
    // A damaged mark has lost its place, not its change: it goes last.
    let damaged = found.damaged.into_iter().map(|key| (key, vec![0xff; 8]));
    for (key, order) in found.values.into_iter().chain(damaged) {
        marks.extend(parse_outbox_key(&key).map(|(doc, hash)| (order, doc, hash)));
    }
    marks.sort();
    let mut items = Vec::with_capacity(marks.len());
    for (_, doc, hash) in marks {
        items.extend(item(running, doc, hash).await?.map(|item| (doc, item)));
    }
    Ok(items)
}

async fn item(running: &Running, doc: DocId, hash: ChangeHash) -> Result<Option<PushItem>, StoreError> {
    let bytes = match running.store.get(ITEMS, &item_key(doc, hash)).await {
        Ok(bytes) => bytes,
        Err(StoreError::Damaged { .. }) => None,
        Err(error) => return Err(error),
    };
    let stored = bytes.and_then(|it| StoredItem::decode(&it));
    Ok(stored.and_then(|it| Some(PushItem { hash, by: it.by, sig: it.sig, data: it.data? })))
}

/// The held items that the machine wants to offer, each after what it depends on.
pub(super) async fn held_items(running: &Rc<Running>, doc: DocId, what: &Offered) -> Vec<PushItem> {
    let Ok(found) = running.store.all(ITEMS, &item_prefix(doc)).await else { return Vec::new() };
    let mut held = Vec::new();
    for (key, bytes) in found.values {
        let Some((_, hash)) = parse_item_key(&key) else { continue };
        let Some(StoredItem { by, sig, data: Some(data) }) = StoredItem::decode(&bytes) else { continue };
        let Ok(change) = Change::from_bytes(data.clone()) else { continue };
        held.push((change, PushItem { hash, by, sig, data }));
    }
    let known: HashSet<ChangeHash> = held.iter().map(|(_, item)| item.hash).collect();
    let Ok(kept) = snapshots::of_one(&running.store, doc).await else { return Vec::new() };
    for (change, item) in kept.and_then(|kept| kept.changes().ok()).into_iter().flatten() {
        let hash = ChangeHash(change.hash().0);
        if let StoredItem { by, sig, data: Some(data) } = item
            && !known.contains(&hash)
        {
            held.push((change, PushItem { hash, by, sig, data }));
        }
    }
    let wanted = |change: &Change, hash: ChangeHash| match what {
        Offered::Hashes(hashes) => hashes.contains(&hash),
        Offered::Actor(actor) => ActorId::try_from(change.actor_id().to_bytes()).is_ok_and(|it| it == *actor),
    };
    let chosen: HashSet<ChangeHash> =
        held.iter().filter(|(change, item)| wanted(change, item.hash)).map(|(_, item)| item.hash).collect();
    in_order(held).into_iter().filter(|item| chosen.contains(&item.hash)).collect()
}

/// Sorts items so that each comes after what it depends on. An item's first operation has a higher number
/// than all those it depends on, which makes this a plain sort.
fn in_order(mut held: Vec<(Change, PushItem)>) -> Vec<PushItem> {
    held.sort_by_key(|(change, item)| (change.start_op(), change.seq(), item.hash));
    held.into_iter().map(|(_, item)| item).collect()
}
