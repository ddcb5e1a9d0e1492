//! What the server refuses of this device for good is said again in new changes: on disk in one transaction, in
//! memory in one moment, so that not a keystroke falls in between.

use std::collections::HashSet;
use std::rc::Rc;

use automerge::{AutoCommit, AutomergeError, Change, TextEncoding};
use leptos::prelude::*;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::message::RejectCode;

use super::held::{Held, LocalCopy};
use super::platform;
use super::replacement::{Replacement, replace};
use super::running::Running;
use super::snapshots;
use super::status::Problem;
use super::store::records::{
    StoredItem, item_key, item_prefix, parse_item_key, parse_outbox_key, refused_key, replaced_key,
    waiting_key,
};
use super::store::{ITEMS, OUTBOX, StoreError, Write};
use super::tabs::Tidings;

/// How long to wait before a disk that could not be read is read again, in ms.
const REREAD_MS: u64 = 3_000;

/// Says anew what the `refused` changes said, and what was made here on top of them. The sync machine then starts
/// anew from what is on disk.
pub(super) async fn recover(running: &Rc<Running>, doc: DocId, refused: &[ChangeHash]) {
    let held = running.held(doc);
    let dropped = held.dropped.get();
    running.read_now(doc).await;
    let Some(mut changes) = stored(running, doc).await else { return };
    // From here on nothing waits for anything: what is typed is in, or comes after.
    if held.dropped.get() != dropped {
        // Deleted meanwhile.
        return;
    }
    running.commit(&held);
    changes.extend(not_on_disk_yet(running, &held));
    let own = running.identity.me.device;
    let refused: HashSet<ChangeHash> = refused.iter().copied().collect();
    let replaced = running.marks.borrow().replaced(doc);
    let mut found = replace(changes, &refused, &replaced, own);
    // The actor of this tab is among those that were refused, as like as not.
    let actor = ActorId::of_device(own, platform::random());
    match document(&found, actor) {
        Ok(document) => *held.copy.borrow_mut() = LocalCopy::Ready(Box::new(document)),
        // Nothing is changed then: what is refused stays, and is shown as such.
        Err(_) => found = Replacement::default(),
    }
    // What cannot be said again is not tried for ever either.
    let said = |hash: &ChangeHash| replaced.contains(hash) || found.new.iter().any(|(old, _)| old == hash);
    found.hopeless = refused.iter().filter(|hash| !said(hash)).copied().collect();
    running.keep_replacement(doc, &refused, &found);
    held.changed.notify();
}

/// Every change of a document that is on disk, however long it takes to read it; none once the disk is closed.
pub(super) async fn stored(running: &Running, doc: DocId) -> Option<Vec<Change>> {
    loop {
        match read(running, doc).await {
            Ok(changes) => return Some(changes),
            Err(StoreError::Closed) => return None,
            Err(error) => running.status.report(Problem::StorageFailed { message: error.to_string() }),
        }
        platform::sleep(REREAD_MS).await;
    }
}

async fn read(running: &Running, doc: DocId) -> Result<Vec<Change>, StoreError> {
    let found = running.store.all(ITEMS, &item_prefix(doc)).await?;
    let kept = snapshots::of_one(&running.store, doc).await?;
    let noted: HashSet<ChangeHash> = running.marks.borrow().noted(doc).into_iter().collect();
    let change = |(key, bytes): &(String, Vec<u8>)| {
        let (_, hash) = parse_item_key(key)?;
        let data = StoredItem::decode(bytes)?.data.filter(|_| !noted.contains(&hash))?;
        Change::from_bytes(data).ok()
    };
    let mut changes: Vec<Change> = found.values.iter().filter_map(change).collect();
    let covered = kept.and_then(|kept| kept.changes().ok()).into_iter().flatten().map(|(change, _)| change);
    changes.extend(covered.filter(|change| !noted.contains(&ChangeHash(change.hash().0))));
    Ok(changes)
}

/// What was made here and is on its way to the disk; nothing edited may be uncommitted. Others' changes are taken from the
/// disk alone: a harmful one comes out of a document as another change than went in, under a hash that nobody knows.
pub(super) fn not_on_disk_yet(running: &Running, held: &Held) -> Vec<Change> {
    let waiting = running.waiting.borrow();
    match (&mut *held.copy.borrow_mut(), waiting.get(&held.id)) {
        (LocalCopy::Ready(copy), Some(waiting)) => waiting
            .iter()
            .filter_map(|hash| copy.get_change_by_hash(&automerge::ChangeHash(hash.0)))
            .collect(),
        _ => Vec::new(),
    }
}

/// The document of all that stays and is new.
pub(super) fn document(found: &Replacement, actor: ActorId) -> Result<AutoCommit, AutomergeError> {
    let mut document = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
        .with_actor(automerge::ActorId::from(actor.0.as_slice()));
    document.apply_changes(found.all.iter().cloned())?;
    Ok(document)
}

impl Running {
    /// Takes a replacement to disk, all or nothing, then tells the other tabs and has the machine start anew.
    fn keep_replacement(self: &Rc<Self>, doc: DocId, refused: &HashSet<ChangeHash>, found: &Replacement) {
        let mut writes = Vec::new();
        let mut gone: HashSet<ChangeHash> = found.new.iter().map(|(old, _)| *old).collect();
        gone.extend(refused.iter().filter(|hash| !found.hopeless.contains(hash)));
        for hash in gone.iter().chain(&found.hopeless) {
            // A code that nothing cures is shown as such, with an export.
            let code = if gone.contains(hash) { RejectCode::SeqGap } else { RejectCode::Unknown };
            writes.push(Write::Delete(OUTBOX, waiting_key(doc, *hash)));
            writes.push(Write::Put(OUTBOX, refused_key(doc, *hash), code.code().into()));
        }
        writes.extend(gone.iter().map(|hash| Write::Put(OUTBOX, replaced_key(doc, *hash), Vec::new())));
        self.marks.borrow_mut().replace(doc, gone.iter().copied());
        self.no_longer_waiting(doc, &gone.iter().chain(&found.hopeless).copied().collect::<Vec<_>>());
        let mut hashes = Vec::new();
        for (_, change) in &found.new {
            let (hash, item) = self.sign(doc, change);
            writes.push(Write::Put(ITEMS, item_key(doc, hash), item.encode()));
            writes.push(Write::Put(OUTBOX, waiting_key(doc, hash), self.next_order().to_be_bytes().to_vec()));
            self.waiting.borrow_mut().entry(doc).or_default().insert(hash);
            hashes.push(hash);
        }
        writes.push(self.waiting_write());
        // Nothing new has no answer, or two tabs would go on answering each other.
        let is_news = !gone.is_empty() || !hashes.is_empty();
        self.unsaved(1);
        let (running, dropped) = (self.clone(), self.clone());
        let done = move || {
            running.unsaved(-1);
            running.show_waiting();
            running.held(doc).changed.notify();
            if is_news {
                running.tabs.tell(&Tidings::Replaced { doc });
                running.tabs.tell(&Tidings::Items { doc, hashes });
            }
            running.restart_machine();
        };
        self.own_in(doc, writes, done, move || dropped.unsaved(-1));
    }

    /// Another tab has replaced changes of a document: this one does the same to its own copy, and to what was
    /// made here on top of them.
    pub(super) async fn replaced_by_tab(self: &Rc<Self>, doc: DocId) {
        let keys = loop {
            match self.store.keys(OUTBOX, &format!("replaced/{doc}/")).await {
                Ok(keys) => break keys,
                Err(StoreError::Closed) => return,
                Err(_) => platform::sleep(REREAD_MS).await,
            }
        };
        let hashes: Vec<ChangeHash> =
            keys.iter().filter_map(|key| parse_outbox_key(key)).map(|(_, hash)| hash).collect();
        self.marks.borrow_mut().replace(doc, hashes.iter().copied());
        self.no_longer_waiting(doc, &hashes);
        recover(self, doc, &[]).await;
    }
}
