//! What the server refuses of this device for good is said again in new changes: on disk in one transaction, in
//! memory in one moment, so that not a keystroke falls in between.

use std::collections::HashSet;
use std::rc::Rc;

use automerge::{AutoCommit, AutomergeError, Change, TextEncoding};
use leptos::prelude::*;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::message::RejectCode;

use super::held::LocalCopy;
use super::notices;
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
    running.read_now(doc).await;
    let mut changes = loop {
        match stored(running, doc).await {
            Ok(changes) => break changes,
            Err(StoreError::Closed) => return,
            Err(error) => running.status.report(Problem::StorageFailed { message: error.to_string() }),
        }
        platform::sleep(REREAD_MS).await;
    };
    // From here on nothing waits for anything: what is typed is in, or comes after.
    let held = running.held(doc);
    if matches!(*held.copy.borrow(), LocalCopy::Gone) {
        return;
    }
    running.commit(&held);
    if let LocalCopy::Ready(copy) = &mut *held.copy.borrow_mut() {
        changes.extend(copy.get_changes(&[]));
    }
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

/// Leaves out what is void and what was made on top of it. It stays on disk, set aside, like what brought the device
/// down, and the document is usable without it; what this person wrote in it is offered for taking over.
pub(super) async fn leave_out(running: &Rc<Running>, doc: DocId, void: &[ChangeHash]) {
    running.read_now(doc).await;
    let held = running.held(doc);
    let mut gone: HashSet<ChangeHash> = void.iter().copied().collect();
    gone.extend(running.marks.borrow().noted(doc));
    if gone.len() == running.marks.borrow().noted(doc).len() {
        return;
    }
    // Where the disk cannot be read nothing is changed; the next connection tells again.
    let Ok(mut all) = stored(running, doc).await else { return };
    // From here on nothing waits for anything: what is typed is in, or comes after.
    running.commit(&held);
    if let LocalCopy::Ready(copy) = &mut *held.copy.borrow_mut() {
        all.extend(copy.get_changes(&[]));
    }
    let mut seen = HashSet::new();
    all.retain(|change| seen.insert(change.hash()));
    // An operation has a higher number than all it depends on, which makes this an order of dependencies.
    all.sort_by_key(|change| (change.start_op(), change.seq()));
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    let own = running.identity.me.device;
    let replaced = running.marks.borrow().replaced(doc);
    for change in all {
        let hash = ChangeHash(change.hash().0);
        if change.deps().iter().any(|dep| gone.contains(&ChangeHash(dep.0))) {
            gone.insert(hash);
        }
        let is_own = ActorId::try_from(change.actor_id().to_bytes()).is_ok_and(|actor| actor.belongs_to(own));
        match (gone.contains(&hash), replaced.contains(&hash)) {
            (false, false) => kept.push(change),
            (true, false) if is_own => lost.push(change),
            _ => {}
        }
    }
    let actor = ActorId::of_device(own, platform::random());
    let found = Replacement { all: kept, ..Replacement::default() };
    let Ok(document) = document(&found, actor) else { return };
    if matches!(*held.copy.borrow(), LocalCopy::Ready(_)) {
        *held.copy.borrow_mut() = LocalCopy::Ready(Box::new(document));
    }
    running.keep_left_out(doc, gone, &lost);
    held.changed.notify();
}

/// Every change of a document that is on disk.
async fn stored(running: &Running, doc: DocId) -> Result<Vec<Change>, StoreError> {
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

fn document(found: &Replacement, actor: ActorId) -> Result<AutoCommit, AutomergeError> {
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

    /// Takes to disk what is left out from now on, and the offer of what was lost by it; then tells the other tabs and
    /// has the machine start anew.
    fn keep_left_out(self: &Rc<Self>, doc: DocId, gone: HashSet<ChangeHash>, lost: &[Change]) {
        let mut writes = Vec::new();
        writes.extend(self.offer(doc, &lost.iter().collect::<Vec<_>>(), &gone));
        if writes.is_empty() {
            self.status.report(Problem::SetAside { document: doc, mark: notices::mark(&gone) });
        }
        // What waits on top of it can never be stored.
        let waiting = self.waiting.borrow().get(&doc).cloned().unwrap_or_default();
        let hopeless: Vec<ChangeHash> = waiting.intersection(&gone).copied().collect();
        for hash in &hopeless {
            writes.push(Write::Delete(OUTBOX, waiting_key(doc, *hash)));
            writes.push(Write::Put(OUTBOX, refused_key(doc, *hash), RejectCode::MissingDeps.code().into()));
        }
        self.no_longer_waiting(doc, &hopeless);
        writes.push(self.waiting_write());
        writes.push(self.marks.borrow_mut().set_aside(doc, gone));
        let running = self.clone();
        let done = move || {
            running.tabs.tell(&Tidings::LeftOut { doc });
            running.restart_machine();
        };
        self.own_in(doc, writes, done, || ());
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
