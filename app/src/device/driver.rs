//! Drives the sync machine of `shared::sync` from the device's disk, the browser's socket and its clock.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use leptos::prelude::*;
use shared::domain::directory::Directory;
use shared::domain::kind::DocKind;
use shared::ids::DocId;
use shared::sync::device::{Device as Machine, Effect, Event, Problem as SyncProblem, Safety};
use shared::sync::message::{MEDIA_TYPE, PushItem};

use super::documents::Arrived;
use super::http::{self, Request};
use super::running::Running;
use super::socket::Socket;
use super::status::{Connection, Download, Problem};
use super::store::records::{StoredCursor, StoredItem, item_key, refused_key, waiting_key};
use super::store::{BLOBS, CURSORS, ITEMS, OUTBOX, Write};
use super::{loading, platform, reading, replay, wipe};

/// How often the machine is told that time passes, in ms.
const TICK_MS: u32 = 1_000;
/// How long to wait before a directory that could not be fetched is asked for again, in ms.
const DIRECTORY_RETRY_MS: u64 = 5_000;
/// What the server's log calls this client.
const CLIENT: &str = concat!("loopbaanmaat-web/", env!("CARGO_PKG_VERSION"));

/// The machine and what it has open.
#[derive(Default)]
pub struct Driver {
    machine: RefCell<Option<Machine>>,
    socket: RefCell<Option<Socket>>,
    events: RefCell<VecDeque<Event>>,
    stepping: Cell<bool>,
    kinds: RefCell<HashMap<DocId, DocKind>>,
    directory: Cell<Fetching>,
    /// The session has ended: nothing is fetched until someone signs in.
    signed_out: Cell<bool>,
    /// Everything has been here once: what comes later comes without a progress bar.
    complete: Cell<bool>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Fetching {
    #[default]
    No,
    Yes,
    /// Once more when it is done: something changed meanwhile.
    Again,
}

impl Driver {
    /// Whether the server answered within the last heartbeat.
    pub(super) fn is_online(&self) -> bool {
        self.machine.borrow().as_ref().is_some_and(Machine::is_online)
    }

    /// Whether a document has been opened at this kind before.
    pub(super) fn kind(&self, doc: DocId) -> Option<DocKind> {
        self.kinds.borrow().get(&doc).copied()
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
        platform::listen(&window, "pagehide", move |_| {
            if let Some(running) = running.upgrade() {
                running.farewell();
            }
        });
    }

    fn wake(self: &Rc<Self>) {
        self.step(Event::Wake);
        self.send_commands();
    }

    /// Reads what the disk holds and hands it to a new machine; an earlier one is dropped with its socket.
    fn restart_machine(self: &Rc<Self>) {
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let docs = match loading::docs(&running).await {
                Ok(docs) => docs,
                Err(error) => {
                    running.status.report(Problem::StorageFailed { message: error.to_string() });
                    return;
                }
            };
            for doc in &docs {
                if let Some(kind) = doc.kind {
                    running.driver.kinds.borrow_mut().insert(doc.doc, kind);
                }
            }
            running.driver.socket.borrow_mut().take();
            let random = u64::from_be_bytes(platform::random());
            let machine = Machine::new(running.identity.me.device, CLIENT, random);
            *running.driver.machine.borrow_mut() = Some(machine);
            running.step(Event::Start { docs });
            running.directory_changed();
            if running.status.directory.with_untracked(Option::is_none) {
                running.fetch_directory();
            }
        });
    }

    /// Reads a document from the server from its beginning; its cursor has been deleted.
    pub(super) fn fetch_anew(self: &Rc<Self>, _doc: DocId) {
        self.restart_machine();
    }

    /// A change was made here, or in another tab of this device.
    pub(super) fn local_item(self: &Rc<Self>, doc: DocId, item: PushItem) {
        self.step(Event::Local { doc, item });
    }

    /// The directory is another one now.
    pub(super) fn directory_changed(self: &Rc<Self>) {
        let Some(directory) = self.status.directory.get_untracked() else { return };
        self.step(Event::Directory {
            version: directory.version.clone(),
            devices: directory.devices.iter().map(|it| (it.id, it.public_key)).collect(),
            documents: directory.documents.iter().map(|it| it.id).collect(),
        });
        self.follow_up();
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
                Some(machine) => machine.step(event, platform::now_ms()),
                // Before the disk has been read there is nothing to tell: it will all be found there.
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
            Effect::Send(bytes) => {
                if let Some(socket) = &*self.driver.socket.borrow() {
                    socket.send(&bytes);
                }
            }
            Effect::Disconnect => drop(self.driver.socket.borrow_mut().take()),
            Effect::FetchDirectory => self.fetch_directory(),
            Effect::SignedOut => self.session_ended(),
            Effect::ResendCommands => self.resend_commands(),
            Effect::Wipe => wipe::wipe(Some(self.clone()), wipe::WipeReason::Revoked),
            Effect::Opened { doc, kind, .. } => {
                self.driver.kinds.borrow_mut().insert(doc, kind);
            }
            Effect::Persist { doc, batch, items, cursor, chain } => {
                self.persist(
                    doc,
                    batch,
                    items,
                    StoredCursor { cursor, chain: Some(chain), kind: self.driver.kind(doc) },
                );
            }
            Effect::Apply { doc, batch, changes, authors } => {
                let arrived =
                    authors.into_iter().zip(changes).map(|(by, data)| Arrived { by, data }).collect();
                self.apply(doc, arrived);
                self.step(Event::Applied { doc, batch });
            }
            Effect::ClearNote { doc, batch } => {
                let name = self.note_name(doc, batch);
                self.writer.foreign(vec![Write::Delete(BLOBS, name)], || ());
            }
            Effect::Acked { doc, hashes } => self.acknowledged(doc, &hashes),
            Effect::Offer { doc, what } => {
                let running = self.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    let items = loading::held_items(&running, doc, &what).await;
                    running.step(Event::Held { doc, items });
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
                self.writer.own(writes, || ());
            }
            Effect::Recover { doc, hashes } => {
                let running = self.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    replay::recover(&running, doc, &hashes).await;
                    running.step(Event::Recovered { doc });
                });
            }
            Effect::Void { doc, hashes } => {
                let running = self.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    replay::leave_out(&running, doc, &hashes).await;
                });
            }
            Effect::Delete { doc } => self.delete_copy(doc),
            Effect::Presence { .. } => {}
            Effect::Changed => self.show_state(),
        }
    }

    fn connect(self: &Rc<Self>, attempt: u64) {
        self.status.connection.set(Connection::Connecting);
        let (opened, heard, closed) = (Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self));
        let socket = Socket::open(
            move || {
                if let Some(running) = opened.upgrade() {
                    running.step(Event::Connected { attempt });
                    running.send_commands();
                }
            },
            move |bytes| {
                if let Some(running) = heard.upgrade() {
                    running.step(Event::Frame { attempt, bytes });
                }
            },
            move |code| {
                if let Some(running) = closed.upgrade() {
                    running.step(Event::Disconnected { attempt, code });
                }
            },
        );
        match socket {
            Some(socket) => *self.driver.socket.borrow_mut() = Some(socket),
            None => self.step(Event::Disconnected { attempt, code: 1006 }),
        }
    }

    fn persist(
        self: &Rc<Self>,
        doc: DocId,
        batch: u64,
        items: Vec<shared::sync::device::CheckedItem>,
        cursor: StoredCursor,
    ) {
        let mut writes = Vec::with_capacity(items.len() + 2);
        let mut note = vec![0];
        self.logged.borrow_mut().extend(items.iter().map(|item| item.hash));
        for item in items {
            // Without data it is here already, or void.
            let Some(data) = item.data else { continue };
            note.extend(item.hash.0);
            let stored = StoredItem { by: item.by, sig: item.sig, data: Some(data) };
            writes.push(Write::Put(ITEMS, item_key(doc, item.hash), stored.encode()));
        }
        if note.len() > 1 {
            writes.push(Write::Put(BLOBS, self.note_name(doc, batch), note));
        }
        writes.push(Write::Put(CURSORS, doc.to_string(), cursor.encode()));
        let running = self.clone();
        self.writer.foreign(writes, move || running.step(Event::Persisted { doc, batch }));
    }

    fn note_name(&self, doc: DocId, batch: u64) -> String {
        format!("{}{doc}/{}/{batch}", reading::APPLYING, self.documents.actor)
    }

    /// Shows what the machine knows.
    fn show_state(self: &Rc<Self>) {
        let (online, safety, (done, total)) = {
            let machine = self.driver.machine.borrow();
            let Some(machine) = &*machine else { return };
            (machine.is_online(), machine.safety(), machine.progress())
        };
        let connection = match (online, self.driver.socket.borrow().is_some()) {
            (true, _) => Connection::Online,
            (false, true) => Connection::Connecting,
            (false, false) => Connection::Offline,
        };
        if self.status.connection.get_untracked() != connection {
            self.status.connection.set(connection);
        }
        if online && total > 0 && done == total {
            self.driver.complete.set(true);
        }
        let first = online && done < total && !self.driver.complete.get();
        let download = first.then_some(Download { done, total });
        if self.status.download.get_untracked() != download {
            self.status.download.set(download);
        }
        let mut current = Vec::new();
        let mut to_push = 0;
        match safety {
            Safety::Synchronised { at } => self.note_synchronised(at),
            Safety::Saved { waiting } => to_push = waiting,
            Safety::ActionNeeded { problems, waiting } => {
                to_push = waiting;
                current.extend(problems.into_iter().map(|(document, problem)| match problem {
                    SyncProblem::Denied => Problem::Denied { document },
                    SyncProblem::Refused { .. } => Problem::Refused { document },
                    SyncProblem::SetAside { .. } => Problem::SetAside { document },
                    SyncProblem::Untrusted { .. } => Problem::Untrusted { document },
                    SyncProblem::Storage => Problem::StorageFull,
                }));
            }
        }
        if self.status.to_push.get_untracked() != to_push {
            self.status.to_push.set(to_push);
        }
        self.status.solve_where(|problem| problem.is_of_sync() && !current.contains(problem));
        current.into_iter().for_each(|problem| self.status.report(problem));
    }

    /// Fetches the directory, if it is another one than the one here.
    pub(super) fn fetch_directory(self: &Rc<Self>) {
        if self.driver.directory.get() != Fetching::No {
            self.driver.directory.set(Fetching::Again);
            return;
        }
        self.driver.directory.set(Fetching::Yes);
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            loop {
                let version = running
                    .status
                    .directory
                    .with_untracked(|it| it.as_ref().map(|directory| directory.version.clone()));
                let path = "/api/directory";
                let request = Request { method: "GET", path, etag: version.as_deref(), ..Request::default() };
                let answer = http::fetch(request).await;
                let again = running.driver.directory.replace(Fetching::Yes) == Fetching::Again;
                match answer {
                    Ok(answer) if answer.status == 200 => {
                        if let Some(directory) = answer.json::<Directory>() {
                            running.take_directory(directory);
                        }
                    }
                    Ok(answer) if answer.status == 304 => running.directory_changed(),
                    Ok(answer) if answer.status == 401 => {
                        running.session_ended();
                        break;
                    }
                    _ => {
                        // Offline: the next connection says `directory` again.
                        if !running.driver.is_online() || running.driver.signed_out.get() {
                            break;
                        }
                        platform::sleep(DIRECTORY_RETRY_MS).await;
                        continue;
                    }
                }
                if !again {
                    break;
                }
            }
            running.driver.directory.set(Fetching::No);
        });
    }

    /// The page closes: what waits and fits is sent on its way; whether it arrived is heard next time.
    fn farewell(self: &Rc<Self>) {
        let Some(body) = self.driver.machine.borrow().as_ref().and_then(Machine::farewell) else { return };
        wasm_bindgen_futures::spawn_local(async move {
            let body = Some((MEDIA_TYPE, body.as_slice()));
            let request = Request { method: "POST", path: "/api/sync", body, keepalive: true, etag: None };
            let _ = http::fetch(request).await;
        });
    }

    /// Closes the socket for good: the device is locked or emptied.
    pub(super) fn stop_driver(&self) {
        self.driver.machine.borrow_mut().take();
        self.driver.socket.borrow_mut().take();
    }
}
