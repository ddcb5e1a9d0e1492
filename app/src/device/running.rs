//! An unlocked device: everything between the pages above and disk and server below.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use automerge::Change;
use leptos::prelude::*;
use shared::ids::{ChangeHash, DocId};
use shared::sync::device::Event;
use shared::sync::message::PushItem;

use super::compaction::Records;
use super::documents::Documents;
use super::driver::Driver;
use super::held::{Arrived, Held, LocalCopy};
use super::identity::Identity;
use super::lives::Lives;
use super::outbox::Outbox;
use super::platform;
use super::reading::Marks;
use super::snapshots;
use super::status::{Problem, Status};
use super::store::records::{StoredItem, item_key, item_prefix, parse_outbox_key, refused_key, waiting_key};
use super::store::{BLOBS, ITEMS, OUTBOX, Store, StoreError, Write};
use super::tabs::{Tabs, Tidings};
use super::writer::Writer;

/// The name of the moment of the last complete synchronisation among the blobs.
const SYNCHRONISED: &str = "synchronised";

/// What an unlocked device consists of.
pub struct Running {
    pub(crate) identity: Identity,
    pub(super) store: Store,
    pub(super) status: Status,
    pub(super) documents: Documents,
    pub(super) writer: Rc<Writer>,
    pub(super) driver: Driver,
    pub(super) outbox: Outbox,
    pub(super) tabs: Tabs,
    /// When the disk was last looked through for what other tabs did not tell of.
    pub(super) caught_up: Cell<u64>,
    /// How much there is to tidy on the disk.
    pub(super) records: Records,
    /// Batches that are on disk and have not been tried on their document yet, with the machine's run.
    pub(super) untried: RefCell<HashMap<DocId, Vec<(u64, u64)>>>,
    /// Changes on disk that the server has not acknowledged, of every tab of this device.
    pub(super) waiting: RefCell<HashMap<DocId, HashSet<ChangeHash>>>,
    /// Changes that this run knows to be in the server's log: word of them from another tab may come later.
    pub(super) logged: RefCell<HashSet<ChangeHash>>,
    /// The marks on the disk beside which this tab writes about documents.
    pub(super) lives: Lives,
    /// What earlier runs left to be known before a document is read.
    pub(super) marks: RefCell<Marks>,
    /// Documents that someone waits for, to be read together.
    pub(super) wanted: RefCell<Vec<Rc<Held>>>,
    /// Things typed or committed that are not on disk yet.
    unsaved: Cell<isize>,
    /// Orders what is made within one ms.
    order: Cell<u64>,
}

impl Running {
    /// Reads what is needed before the first page, and starts.
    ///
    /// # Errors
    /// When the disk cannot be read at all; damaged values are set aside.
    pub(crate) async fn start(
        identity: Identity,
        store: Store,
        status: Status,
    ) -> Result<Rc<Self>, StoreError> {
        let running = Rc::new(Self {
            documents: Documents::new(identity.me.device),
            writer: Writer::new(store.clone(), status),
            driver: Driver::default(),
            outbox: Outbox::default(),
            tabs: Tabs::open(!store.keeps()),
            caught_up: Cell::new(0),
            records: Records::default(),
            untried: RefCell::default(),
            waiting: RefCell::default(),
            logged: RefCell::default(),
            lives: Lives::default(),
            marks: RefCell::default(),
            wanted: RefCell::default(),
            unsaved: Cell::new(0),
            order: Cell::new(0),
            identity,
            store,
            status,
        });
        running.read_lives().await?;
        running.read_marks().await?;
        running.read_lost().await?;
        running.read_directory().await?;
        running.read_synchronised().await;
        running.read_waiting().await?;
        running.read_commands().await?;
        running.listen();
        Ok(running)
    }

    async fn read_synchronised(&self) {
        if let Ok(Some(bytes)) = self.store.get(BLOBS, SYNCHRONISED).await {
            self.status.synchronised_at.set(bytes.try_into().ok().map(u64::from_be_bytes));
        }
    }

    async fn read_waiting(&self) -> Result<(), StoreError> {
        let found = self.store.all(OUTBOX, "change/").await?;
        // A damaged mark still names its change: it waits.
        let keys = found.values.iter().map(|(key, _)| key).chain(&found.damaged);
        for (doc, hash) in keys.filter_map(|key| parse_outbox_key(key)) {
            self.waiting.borrow_mut().entry(doc).or_default().insert(hash);
        }
        self.show_waiting();
        Ok(())
    }

    /// A number that grows with everything made on this device.
    pub(super) fn next_order(&self) -> u64 {
        let order = (platform::now_ms() << 12).max(self.order.get() + 1);
        self.order.set(order);
        order
    }

    /// Counts things that are not on disk yet.
    pub(super) fn unsaved(&self, by: isize) {
        self.unsaved.set(self.unsaved.get() + by);
        self.status.unsaved.set(self.unsaved_count());
    }

    /// Things typed or made that are not on disk.
    pub(crate) fn unsaved_count(&self) -> usize {
        self.unsaved.get().max(0).cast_unsigned()
    }

    /// Changes and commands that wait for the server.
    pub(crate) fn waiting_count(&self) -> usize {
        let changes: usize = self.waiting.borrow().values().map(HashSet::len).sum();
        changes + self.outbox.unanswered()
    }

    pub(super) fn show_waiting(&self) {
        self.status.waiting.set(self.waiting_count());
    }

    pub(super) fn waiting_write(&self) -> Write {
        Write::Waiting(u32::try_from(self.waiting_count()).unwrap_or(u32::MAX))
    }

    /// A change made here, signed.
    pub(super) fn sign(&self, doc: DocId, change: &Change) -> (ChangeHash, StoredItem) {
        let hash = ChangeHash(change.hash().0);
        let sig = self.identity.key.sign_change(doc, hash).0.to_vec();
        (hash, StoredItem { by: self.identity.me.device, sig, data: Some(change.raw_bytes().to_vec()) })
    }

    /// Signs a change made here and takes it to disk; after that it counts as saved, and goes on to the
    /// other tabs and the server.
    pub(super) fn keep(self: &Rc<Self>, held: &Rc<Held>, change: &Change) {
        let doc = held.id;
        let (hash, stored) = self.sign(doc, change);
        let item = PushItem {
            hash,
            by: stored.by,
            sig: stored.sig.clone(),
            data: stored.data.clone().unwrap_or_default(),
        };
        self.waiting.borrow_mut().entry(doc).or_default().insert(hash);
        self.count_records(doc, 1);
        self.unsaved(1);
        let writes = vec![
            Write::Put(ITEMS, item_key(doc, hash), stored.encode()),
            Write::Put(OUTBOX, waiting_key(doc, hash), self.next_order().to_be_bytes().to_vec()),
            self.waiting_write(),
        ];
        let (running, held, dropped) = (self.clone(), held.clone(), self.clone());
        let done = move || {
            running.unsaved(-1);
            running.show_waiting();
            held.changed.notify();
            running.tabs.tell(&Tidings::Items { doc, hashes: vec![hash] });
            // Its content is in another change by now: that one goes to the server.
            if !running.marks.borrow().is_replaced(doc, hash) {
                running.local_item(doc, item);
            }
        };
        self.own_in(doc, writes, done, move || dropped.unsaved(-1));
    }

    /// The server has these on durable storage.
    pub(super) fn acknowledged(self: &Rc<Self>, doc: DocId, hashes: &[ChangeHash]) {
        // What was refused for a while was offered again, and does not wait.
        let mut writes: Vec<Write> =
            hashes.iter().map(|hash| Write::Delete(OUTBOX, refused_key(doc, *hash))).collect();
        if !self.no_longer_waiting(doc, hashes) {
            self.writer.own(writes, || ());
            return;
        }
        writes.extend(hashes.iter().map(|hash| Write::Delete(OUTBOX, waiting_key(doc, *hash))));
        writes.push(self.waiting_write());
        self.own_in(doc, writes, || (), || ());
        self.tabs.tell(&Tidings::Acknowledged { doc, hashes: hashes.to_vec() });
    }

    /// Takes changes off the list of those that wait; whether any was on it.
    pub(super) fn no_longer_waiting(self: &Rc<Self>, doc: DocId, hashes: &[ChangeHash]) -> bool {
        self.logged.borrow_mut().extend(hashes);
        let mut waiting = self.waiting.borrow_mut();
        let Some(of_doc) = waiting.get_mut(&doc) else { return false };
        let before = of_doc.len();
        of_doc.retain(|hash| !hashes.contains(hash));
        let any = of_doc.len() != before;
        if of_doc.is_empty() {
            waiting.remove(&doc);
        }
        drop(waiting);
        if any {
            self.held(doc).changed.notify();
            self.show_waiting();
        }
        any
    }

    /// Everything is on the server, and everything there was here, at that moment by the device's clock.
    pub(super) fn note_synchronised(self: &Rc<Self>, at: u64) {
        let last = self.status.synchronised_at.get_untracked();
        if last == Some(at) {
            return;
        }
        // The line shows minutes; more would be noise on the disk.
        if last.is_none_or(|last| last / 60_000 != at / 60_000) {
            let bytes = at.to_be_bytes().to_vec();
            self.writer.received(vec![Write::Put(BLOBS, SYNCHRONISED.to_owned(), bytes)], || (), || ());
        }
        self.status.synchronised_at.set(Some(at));
    }

    /// Tells the sync machine of a batch that has been applied. One of a document that is not in memory has not been
    /// tried: its note stays until the document has been made with it.
    pub(super) fn applied(self: &Rc<Self>, doc: DocId, batch: u64) {
        let run = self.driver.run();
        if matches!(*self.held(doc).copy.borrow(), LocalCopy::Unread | LocalCopy::Loading) {
            self.untried.borrow_mut().entry(doc).or_default().push((run, batch));
        } else {
            self.step(Event::Applied { doc, batch });
        }
    }

    /// A document has been made of everything that is on disk, and the device still stands.
    pub(super) fn tried(self: &Rc<Self>, doc: DocId) {
        let tried = self.untried.borrow_mut().remove(&doc);
        for (run, batch) in tried.into_iter().flatten() {
            self.answer(run, Event::Applied { doc, batch });
        }
    }

    /// Applies changes that are on disk to the document, if it is in memory.
    pub(super) fn apply(self: &Rc<Self>, doc: DocId, arrived: Vec<Arrived>) {
        let held = self.held(doc);
        self.commit(&held);
        match held.apply(arrived, self.identity.me.device) {
            Ok(true) => held.changed.notify(),
            Ok(false) => {}
            Err(_) => self.status.report(Problem::SetAside { document: doc, mark: 0 }),
        }
        self.follow_up();
    }

    /// Another tab has put items on disk.
    pub(super) async fn items_from_tab(self: &Rc<Self>, doc: DocId, hashes: Vec<ChangeHash>) {
        let mut arrived = Vec::new();
        let mut missed = Vec::new();
        for hash in hashes {
            let key = item_key(doc, hash);
            let Ok(Some(bytes)) = self.store.get(ITEMS, &key).await else {
                missed.push(hash);
                continue;
            };
            let Some(item) = StoredItem::decode(&bytes) else { continue };
            let Some(data) = item.data else { continue };
            let waits = matches!(self.store.get(OUTBOX, &waiting_key(doc, hash)).await, Ok(Some(_)));
            // The server may have been quicker than the other tab's word, or than this disk.
            if waits && !self.logged.borrow().contains(&hash) {
                self.waiting.borrow_mut().entry(doc).or_default().insert(hash);
                self.show_waiting();
                let (by, sig) = (item.by, item.sig);
                self.local_item(doc, PushItem { hash, by, sig, data: data.clone() });
            }
            arrived.push(Arrived { by: item.by, data });
        }
        if !missed.is_empty() {
            // This tab heard late: they are in a snapshot by now.
            let kept = snapshots::of_one(&self.store, doc).await.ok().flatten();
            let covered = kept.and_then(|kept| kept.changes().ok()).into_iter().flatten();
            let missed = covered.filter(|(change, _)| missed.contains(&ChangeHash(change.hash().0)));
            arrived.extend(missed.filter_map(|(_, item)| Some(Arrived { by: item.by, data: item.data? })));
        }
        if !arrived.is_empty() {
            self.apply(doc, arrived);
        }
    }

    /// The document is gone: deletes everything of it.
    pub(super) fn delete_copy(self: &Rc<Self>, doc: DocId) {
        self.waiting.borrow_mut().remove(&doc);
        let mut writes = self.delete_marks(doc);
        writes.extend([
            Write::DeletePrefix(ITEMS, item_prefix(doc)),
            Write::DeletePrefix(OUTBOX, format!("change/{doc}/")),
            self.waiting_write(),
        ]);
        let running = self.clone();
        self.end_life(doc, writes, move || running.tabs.tell(&Tidings::Gone { doc }));
        self.forget_copy(doc);
    }

    /// Drops a document from memory.
    pub(super) fn forget_copy(self: &Rc<Self>, doc: DocId) {
        self.waiting.borrow_mut().remove(&doc);
        let held = self.held(doc);
        held.drop_copy();
        if held.strokes.take() > 0 {
            self.unsaved(-1);
        }
        held.changed.notify();
        self.show_waiting();
    }

    /// Whether something would be lost with this page: the disk takes nothing, or there is none and the server lacks it.
    fn would_lose(&self) -> bool {
        let is_fleeting = !self.store.keeps() && !self.writer.is_stopped();
        self.writer.is_in_trouble() || (is_fleeting && self.waiting_count() + self.unsaved_count() > 0)
    }

    /// The session is good again.
    pub(crate) fn resume(self: &Rc<Self>) {
        self.signed_in();
        self.tabs.tell(&Tidings::SignedIn);
    }

    /// Hears when the person leaves a field, the tab or the page.
    fn listen(self: &Rc<Self>) {
        let window = platform::window();
        let mut targets: Vec<(web_sys::EventTarget, &'static str)> =
            vec![(window.clone().into(), "pagehide"), (window.clone().into(), "freeze")];
        if let Some(document) = window.document() {
            targets.push((document.clone().into(), "visibilitychange"));
            targets.push((document.into(), "focusout"));
        }
        let running = Rc::downgrade(self);
        platform::listen(&window, "beforeunload", move |event| {
            // The browser asks whether the person means it.
            if running.upgrade().is_some_and(|running| running.would_lose()) {
                event.prevent_default();
            }
        });
        for (target, event) in targets {
            let running = Rc::downgrade(self);
            platform::listen(&target, event, move |_| {
                if let Some(running) = running.upgrade() {
                    running.commit_all();
                }
            });
        }
        self.hear_tabs();
        self.start_driver();
    }
}
