//! What the server has found harmful is left out of a document, with what was made on top of it.

use std::collections::HashSet;
use std::rc::Rc;

use automerge::Change;
use leptos::prelude::*;
use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::message::RejectCode;

use super::held::LocalCopy;
use super::notices;
use super::platform;
use super::recovery::{document, not_on_disk_yet, stored};
use super::replacement::Replacement;
use super::running::Running;
use super::status::Problem;
use super::store::records::{refused_key, waiting_key};
use super::store::{OUTBOX, Write};
use super::tabs::Tidings;

/// Leaves out what is void and what was made on top of it. It stays on disk, set aside, like what brought the device
/// down, and the document is usable without it; what this person wrote in it is offered for taking over.
pub(super) async fn leave_out(running: &Rc<Running>, doc: DocId, void: &[ChangeHash]) {
    let held = running.held(doc);
    let dropped = held.dropped.get();
    running.read_now(doc).await;
    let mut gone: HashSet<ChangeHash> = void.iter().copied().collect();
    gone.extend(running.marks.borrow().noted(doc));
    if gone.len() == running.marks.borrow().noted(doc).len() {
        return;
    }
    let Some(mut all) = stored(running, doc).await else { return };
    // From here on nothing waits for anything: what is typed is in, or comes after.
    if held.dropped.get() != dropped {
        // Deleted meanwhile: nothing of it is this person's any more.
        return;
    }
    running.commit(&held);
    all.extend(not_on_disk_yet(running, &held));
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

impl Running {
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
}
