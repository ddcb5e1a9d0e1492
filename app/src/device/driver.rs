//! Drives the sync machine of `shared::sync` from the device's disk, the browser's socket and its clock.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use leptos::prelude::*;
use shared::domain::kind::DocKind;
use shared::ids::DocId;
use shared::sync::device::{CheckedItem, Device as Machine, Effect, Event};
use shared::sync::message::{MEDIA_TYPE, PushItem};

use super::directory::Fetch;
use super::held::Arrived;
use super::http::{self, Request};
use super::link::Link;
use super::running::Running;
use super::snapshots::Received;
use super::status::Problem;
use super::store::records::{StoredCursor, StoredItem, item_key, refused_key, waiting_key};
use super::store::{BLOBS, CURSORS, ITEMS, OUTBOX, StoreError, Write};
use super::{left_out, loading, platform, recovery, wipe};

/// How often the machine is told that time passes, in ms.
const TICK_MS: u32 = 1_000;
/// How long an exchange may be under way before it counts as silence, in ms: once everything has been here, and
/// during a first download.
const VOUCH_MS: u64 = 10_000;
const VOUCH_FIRST_MS: u64 = 60_000;
/// How long to wait before a disk that could not be read at start is read again, in ms.
const REREAD_MS: u64 = 5_000;
/// What the server's log calls this client.
const CLIENT: &str = concat!("loopbaanmaat-web/", env!("CARGO_PKG_VERSION"));

/// The machine and what it has open.
#[derive(Default)]
pub struct Driver {
    machine: RefCell<Option<Machine>>,
    /// Counts machines: what an earlier one asked for is not told to a later one.
    run: Cell<u64>,
    /// There was one before.
    has_run: Cell<bool>,
    /// The disk is being read for the machine: it hears of nothing but what is made meanwhile.
    starting: Cell<bool>,
    pub(super) link: Link,
    events: RefCell<VecDeque<Event>>,
    stepping: Cell<bool>,
    kinds: RefCell<HashMap<DocId, DocKind>>,
    pub(super) directory: Fetch,
    /// The session has ended: nothing is fetched until someone signs in.
    signed_out: Cell<bool>,
    /// Everything has been here once: what comes later comes without a progress bar.
    pub(super) complete: Cell<bool>,
}

impl Driver {
    /// Whether the server answered within the last heartbeat.
    pub(super) fn is_online(&self) -> bool {
        self.with_machine(Machine::is_online).unwrap_or_default()
    }

    /// Whether the session has ended.
    pub(super) fn is_signed_out(&self) -> bool {
        self.signed_out.get()
    }

    /// The number of the machine that runs.
    pub(super) fn run(&self) -> u64 {
        self.run.get()
    }

    /// Whether a document has been opened at this kind before.
    pub(super) fn kind(&self, doc: DocId) -> Option<DocKind> {
        self.kinds.borrow().get(&doc).copied()
    }

    /// What the machine says; `None` where there is none.
    pub(super) fn with_machine<T>(&self, f: impl FnOnce(&Machine) -> T) -> Option<T> {
        self.machine.borrow().as_ref().map(f)
    }
}

impl Running {
    /// Starts the machine from what is on disk, the clock, and the ears for network and page.
    pub(super) fn start_driver(self: &Rc<Self>) {
        self.restart_machine();
        let running = Rc::downgrade(self);
        gloo_timers::callback::Interval::new(TICK_MS, move || {
            if let Some(running) = running.upgrade() {
                running.step(Event::Tick);
                running.vouch();
                running.look_at_records();
            }
        })
        .forget();
        let window = platform::window();
        for event in ["online", "focus", "pageshow"] {
            let running = Rc::downgrade(self);
            platform::listen(&window, event, move |_| {
                if let Some(running) = running.upgrade() {
                    running.wake();
                }
            });
        }
        if let Some(document) = window.document() {
            let running = Rc::downgrade(self);
            platform::listen(&document, "visibilitychange", move |_| {
                if let Some(running) = running.upgrade()
                    && platform::is_visible()
                {
                    running.wake();
                }
            });
        }
        let running = Rc::downgrade(self);
        platform::listen(&window, "offline", move |_| {
            // A socket is noticed to be dead; a request that is under way would be waited for.
            if let Some(running) = running.upgrade()
                && running.driver.link.post().is_some()
            {
                running.lose_post();
            }
        });
        let running = Rc::downgrade(self);
        platform::listen(&window, "pagehide", move |_| {
            if let Some(running) = running.upgrade() {
                running.farewell();
            }
        });
    }

    fn wake(self: &Rc<Self>) {
        self.catch_up();
        self.step(Event::Wake);
        self.send_commands();
        if let Some(post) = self.driver.link.post() {
            post.wake();
        }
    }

    /// An exchange that takes long is no silence, as long as there is much to bring.
    fn vouch(self: &Rc<Self>) {
        let patience = if self.driver.complete.get() { VOUCH_MS } else { VOUCH_FIRST_MS };
        if let Some(sign) = self.driver.link.post().and_then(|post| post.sign_of_life(patience)) {
            self.step(sign);
        }
    }

    /// Reads what the disk holds and hands it to a new machine; an earlier one is dropped with its connection.
    pub(super) fn restart_machine(self: &Rc<Self>) {
        self.stop_driver();
        let run = self.driver.run.get();
        let random = u64::from_be_bytes(platform::random());
        *self.driver.machine.borrow_mut() = Some(Machine::new(self.identity.me.device, CLIENT, random));
        self.driver.starting.set(true);
        let running = self.clone();
        let is_first = !self.driver.has_run.replace(true);
        wasm_bindgen_futures::spawn_local(async move {
            let docs = loop {
                let docs = loading::docs(&running).await;
                if running.driver.run.get() != run {
                    return;
                }
                match docs {
                    Ok(docs) => break docs,
                    Err(StoreError::Closed) => return,
                    Err(error) => {
                        running.status.report(Problem::StorageFailed { message: error.to_string() });
                    }
                }
                platform::sleep(REREAD_MS).await;
            };
            for doc in &docs {
                if let Some(kind) = doc.kind {
                    running.driver.kinds.borrow_mut().insert(doc.doc, kind);
                }
                if doc.cursor > 0 && running.held(doc.doc).is_back() {
                    running.held(doc.doc).changed.notify();
                }
            }
            running.mark_lives(docs.iter().filter(|it| it.cursor > 0).map(|it| it.doc));
            if !is_first {
                // What the machine before would have said to be taken in is held, for this one.
                running.take_unheard().await;
                if running.driver.run.get() != run {
                    return;
                }
            }
            running.driver.starting.set(false);
            running.step(Event::Start { docs });
            running.directory_changed();
            if running.status.directory.with_untracked(Option::is_none) {
                running.fetch_directory();
            }
        });
    }

    /// Tells the machine what it asked for, unless another one has taken its place.
    pub(super) fn answer(self: &Rc<Self>, run: u64, event: Event) {
        if self.driver.run.get() == run {
            self.step(event);
        }
    }

    /// A change was made here, or in another tab of this device.
    pub(super) fn local_item(self: &Rc<Self>, doc: DocId, item: PushItem) {
        self.step(Event::Local { doc, item });
    }

    /// The server said that there is no session. Local work goes on.
    pub(super) fn session_ended(&self) {
        self.driver.signed_out.set(true);
        self.status.report(Problem::SignInAgain);
    }

    /// Someone signed in again.
    pub(super) fn signed_in(self: &Rc<Self>) {
        self.driver.signed_out.set(false);
        self.status.solve(&Problem::SignInAgain);
        self.step(Event::SignedIn);
        self.send_commands();
    }

    /// Feeds an event and does what the machine says, in order; events that come up meanwhile wait.
    pub(super) fn step(self: &Rc<Self>, event: Event) {
        self.driver.events.borrow_mut().push_back(event);
        if self.driver.stepping.replace(true) {
            return;
        }
        loop {
            let Some(event) = self.driver.events.borrow_mut().pop_front() else { break };
            let effects = match self.driver.machine.borrow_mut().as_mut() {
                Some(_) if self.driver.starting.get() && !matches!(event, Event::Local { .. }) => Vec::new(),
                Some(machine) => machine.step(event, platform::now_ms()),
                // Stopped: it will all be found on disk.
                None => Vec::new(),
            };
            for effect in effects {
                self.perform(effect);
            }
        }
        self.driver.stepping.set(false);
    }

    fn perform(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Connect { attempt } => self.connect(attempt),
            Effect::Send(bytes) => self.driver.link.send(bytes),
            Effect::Disconnect => self.driver.link.close(),
            Effect::FetchDirectory => self.fetch_directory(),
            Effect::SignedOut => self.session_ended(),
            Effect::ResendCommands => self.resend_commands(),
            Effect::Wipe => wipe::wipe(Some(self.clone()), wipe::WipeReason::Revoked),
            Effect::Opened { doc, kind, .. } => {
                self.driver.kinds.borrow_mut().insert(doc, kind);
                // Access that was taken has been given back.
                if self.held(doc).is_back() {
                    self.held(doc).changed.notify();
                }
            }
            Effect::Persist { doc, batch, items, cursor, chain, owes } => {
                self.persist(
                    doc,
                    batch,
                    items,
                    StoredCursor { cursor, chain: Some(chain), kind: self.driver.kind(doc), owes },
                );
            }
            Effect::TakeSnapshot { doc, batch, snapshot, new, whole, owes } => {
                let (running, run) = (self.clone(), self.driver.run.get());
                let dropped = self.held(doc).dropped.get();
                let received = Received { doc, batch, snapshot, new, whole, owes, dropped };
                wasm_bindgen_futures::spawn_local(async move { running.take_snapshot(run, received).await });
            }
            Effect::Apply { doc, batch, changes, authors } => {
                let arrived =
                    authors.into_iter().zip(changes).map(|(by, data)| Arrived { by, data }).collect();
                self.apply(doc, arrived);
                self.applied(doc, batch);
            }
            Effect::ClearNote { doc, batch } => {
                let name = self.note_name(doc, batch);
                self.writer.foreign(vec![Write::Delete(BLOBS, name)], || ());
            }
            Effect::Acked { doc, hashes } => self.acknowledged(doc, &hashes),
            Effect::Offer { doc, what } => {
                let (running, run) = (self.clone(), self.driver.run.get());
                wasm_bindgen_futures::spawn_local(async move {
                    let items = loading::held_items(&running, doc, &what).await;
                    running.answer(run, Event::Held { doc, items });
                });
            }
            Effect::Aside { doc, items } => {
                let hashes: Vec<_> = items.iter().map(|(hash, _)| *hash).collect();
                self.no_longer_waiting(doc, &hashes);
                let mut writes = Vec::new();
                for (hash, code) in items {
                    writes.push(Write::Delete(OUTBOX, waiting_key(doc, hash)));
                    writes.push(Write::Put(OUTBOX, refused_key(doc, hash), code.code().into()));
                }
                writes.push(self.waiting_write());
                self.own_in(doc, writes, || (), || ());
            }
            Effect::Recover { doc, hashes } => {
                let running = self.clone();
                // The machine that asks is gone afterwards.
                wasm_bindgen_futures::spawn_local(async move {
                    recovery::recover(&running, doc, &hashes).await;
                });
            }
            Effect::Void { doc, hashes } => {
                let running = self.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    left_out::leave_out(&running, doc, &hashes).await;
                });
            }
            Effect::Delete { doc } => self.delete_copy(doc),
            Effect::Presence { .. } => {}
            Effect::Changed => self.show_state(),
        }
    }

    fn persist(self: &Rc<Self>, doc: DocId, batch: u64, items: Vec<CheckedItem>, cursor: StoredCursor) {
        let mut writes = Vec::with_capacity(items.len() + 2);
        let mut marks = Vec::new();
        let mut note = vec![0];
        self.logged.borrow_mut().extend(items.iter().map(|item| item.hash));
        for item in items {
            // What is from elsewhere and new never waited.
            if item.data.is_none() || item.by == self.identity.me.device {
                marks.push(Write::Delete(OUTBOX, waiting_key(doc, item.hash)));
                marks.push(Write::Delete(OUTBOX, refused_key(doc, item.hash)));
            }
            // Without data it is here already, or void.
            let Some(data) = item.data else { continue };
            note.extend(item.hash.0);
            let stored = StoredItem { by: item.by, sig: item.sig, data: Some(data) };
            writes.push(Write::Put(ITEMS, item_key(doc, item.hash), stored.encode()));
            self.count_records(doc, 1);
        }
        if note.len() > 1 {
            writes.push(Write::Put(BLOBS, self.note_name(doc, batch), note));
        }
        // The place says that the log has them: with it nothing says any more that they wait.
        writes.extend(marks);
        writes.push(Write::Put(CURSORS, doc.to_string(), cursor.encode()));
        let run = self.driver.run.get();
        let (persisted, failed) = (self.clone(), self.clone());
        self.received_in(
            doc,
            writes,
            move || persisted.answer(run, Event::Persisted { doc, batch }),
            move || failed.answer(run, Event::PersistFailed { doc, batch }),
        );
    }

    /// The page closes: what waits and fits is sent on its way; whether it arrived is heard next time.
    fn farewell(self: &Rc<Self>) {
        let Some(body) = self.driver.machine.borrow().as_ref().and_then(Machine::farewell) else { return };
        wasm_bindgen_futures::spawn_local(async move {
            let body = Some((MEDIA_TYPE, body.as_slice()));
            let request =
                Request { method: "POST", path: "/api/sync", body, keepalive: true, ..Request::default() };
            let _ = http::fetch(request).await;
        });
    }

    /// Stops the machine and closes its connection: the device is locked or emptied, or the machine starts anew.
    pub(super) fn stop_driver(&self) {
        self.driver.run.set(self.driver.run.get() + 1);
        self.driver.starting.set(false);
        self.driver.machine.borrow_mut().take();
        self.driver.link.close();
    }
}
