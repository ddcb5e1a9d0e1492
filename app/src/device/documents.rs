//! The documents that this device holds, and the handle through which pages read and write them.
//!
//! A document is made from its stored items when it is first read. An edit is a change is a signed item;
//! what comes from elsewhere is on disk before it is applied.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, AutomergeError, Change, TextEncoding};
use leptos::prelude::*;
use reactive_graph::signal::ArcTrigger;
use shared::access::Access;
use shared::domain::entry::WriteError;
use shared::ids::{ActorId, DeviceId, DocId, UserId};
use shared::sync::limits;

use super::running::Running;
use super::{Device, platform, replay};

/// A pause in typing after which what was typed becomes a change, in ms.
pub(super) const TYPING_PAUSE_MS: u64 = 300;
/// So many keystrokes become a change without a pause.
const TYPING_STROKES: usize = 20;

/// What this device has of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentStatus {
    /// It is being read from disk, or the device is locked.
    Loading,
    /// It can be read, and written if so.
    Ready {
        /// Whether this person may write it.
        writable: bool,
    },
    /// Nothing of it has arrived yet.
    Absent,
    /// It was destroyed or is no longer this person's; the copy has been deleted.
    Gone,
    /// What is on disk could not be read; it is being fetched anew.
    Damaged,
}

/// Why an edit did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The document is not here (yet).
    #[error("the document is not here")]
    NotHere,
    /// This person may read the document, not write it.
    #[error("the document can be read, not written")]
    ReadOnly,
    /// An edit inside a read of the same document.
    #[error("the document is being read")]
    Busy,
    /// The change does not fit the document.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<AutomergeError> for EditError {
    fn from(error: AutomergeError) -> Self {
        Self::Write(WriteError::Document(error))
    }
}

/// The newest change by someone else, or by another device of this person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteEdit {
    /// On which device.
    pub device: DeviceId,
    /// Who, if the directory knows.
    pub user: Option<UserId>,
    /// When, in ms since 1970, by the author's clock.
    pub at: u64,
}

/// A handle on a document; `Copy` and cheap.
#[derive(Clone, Copy)]
pub struct Document {
    device: Device,
    id: DocId,
}

impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Document").field(&self.id).finish()
    }
}

impl Document {
    pub(super) fn new(device: Device, id: DocId) -> Self {
        Self { device, id }
    }

    /// Which document.
    #[must_use]
    pub fn id(&self) -> DocId {
        self.id
    }

    /// What `f` makes of the document; `None` while it is not here. Tracked: runs again after every change,
    /// own or remote.
    pub fn read<T>(&self, f: impl FnOnce(&AutoCommit) -> T) -> Option<T> {
        let running = self.device.get()?;
        let held = running.held(self.id);
        held.changed.track();
        running.want(&held);
        held.with(f)
    }

    /// Like [`Self::read`], untracked.
    pub fn read_untracked<T>(&self, f: impl FnOnce(&AutoCommit) -> T) -> Option<T> {
        let running = self.device.get()?;
        let held = running.held(self.id);
        running.want(&held);
        held.with(f)
    }

    /// Changes the document at once: one click, one change. On disk within a moment; [`Device::safe`] says
    /// when.
    ///
    /// # Errors
    /// When nothing was changed; an error of `f` takes back what it had done.
    pub fn edit<T, E: Into<EditError>>(
        &self,
        f: impl FnOnce(&mut AutoCommit) -> Result<T, E>,
    ) -> Result<T, EditError> {
        let running = self.device.get().ok_or(EditError::NotHere)?;
        let held = running.held(self.id);
        running.may_write(self.id)?;
        running.commit(&held);
        let done = held.change(|doc| {
            let done = f(doc);
            if done.is_err() {
                doc.rollback();
            }
            done
        })?;
        running.commit(&held);
        held.changed.notify();
        Ok(done)
    }

    /// Changes the document as part of typing: changes are gathered into one until a pause of 300 ms, some
    /// 20 strokes, blur, hiding or closing of the page.
    ///
    /// # Errors
    /// When nothing was changed.
    pub fn type_in<T, E: Into<EditError>>(
        &self,
        f: impl FnOnce(&mut AutoCommit) -> Result<T, E>,
    ) -> Result<T, EditError> {
        let running = self.device.get().ok_or(EditError::NotHere)?;
        let held = running.held(self.id);
        running.may_write(self.id)?;
        let done = held.change(|doc| {
            let done = f(doc);
            // Earlier strokes of the same change stay; they were good.
            if done.is_err() && held.strokes.get() == 0 {
                doc.rollback();
            }
            done
        })?;
        running.typed(&held);
        held.changed.notify();
        Ok(done)
    }

    /// Makes a change of what was typed, now.
    pub fn flush(&self) {
        if let Some(running) = self.device.get() {
            let held = running.held(self.id);
            running.commit(&held);
        }
    }

    /// What this device has of it. Tracked.
    #[must_use]
    pub fn status(&self) -> DocumentStatus {
        let Some(running) = self.device.get() else { return DocumentStatus::Loading };
        let held = running.held(self.id);
        held.changed.track();
        running.want(&held);
        let writable = self.device.directory().is_some_and(|it| {
            it.documents.iter().any(|doc| doc.id == self.id && doc.access == Access::Write)
        });
        held.status(writable)
    }

    /// The newest change that was not made here. Tracked.
    #[must_use]
    pub fn last_remote_edit(&self) -> Option<RemoteEdit> {
        let running = self.device.get()?;
        let held = running.held(self.id);
        held.changed.track();
        let (device, at) = held.last_remote.get()?;
        let directory = self.device.directory();
        let user = directory.and_then(|it| it.devices.iter().find(|it| it.id == device).map(|it| it.user));
        Some(RemoteEdit { device, user, at })
    }
}

/// What this tab has of one document.
pub struct Held {
    pub(super) id: DocId,
    pub(super) changed: ArcTrigger,
    pub(super) copy: RefCell<LocalCopy>,
    /// Keystrokes gathered since the last change.
    pub(super) strokes: Cell<usize>,
    /// Counts keystrokes, so that a pause knows whether it was one.
    pub(super) stroke_count: Cell<u64>,
    pub(super) last_remote: Cell<Option<(DeviceId, u64)>>,
    /// What arrived while the document was being read from disk.
    backlog: RefCell<Vec<Arrived>>,
}

/// The document itself, as far as it is in memory.
pub enum LocalCopy {
    /// Nobody asked for it yet.
    Unread,
    /// Being read from disk.
    Loading,
    /// In memory.
    Ready(Box<AutoCommit>),
    /// Nothing on disk.
    Absent,
    /// Deleted for good.
    Gone,
    /// Not readable from disk.
    Damaged,
}

/// A change that came from elsewhere and is on disk.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Its author's device.
    pub by: DeviceId,
    /// The change chunk.
    pub data: Vec<u8>,
}

/// Stored changes that do not make a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored changes do not make a document: {0}")]
pub struct NotADocument(String);

impl Held {
    fn new(id: DocId) -> Self {
        Self {
            id,
            changed: ArcTrigger::new(),
            copy: RefCell::new(LocalCopy::Unread),
            strokes: Cell::new(0),
            stroke_count: Cell::new(0),
            last_remote: Cell::new(None),
            backlog: RefCell::new(Vec::new()),
        }
    }

    pub(super) fn with<T>(&self, f: impl FnOnce(&AutoCommit) -> T) -> Option<T> {
        match &*self.copy.try_borrow().ok()? {
            LocalCopy::Ready(doc) => Some(f(doc)),
            _ => None,
        }
    }

    pub(super) fn change<T, E: Into<EditError>>(
        &self,
        f: impl FnOnce(&mut AutoCommit) -> Result<T, E>,
    ) -> Result<T, EditError> {
        match &mut *self.copy.try_borrow_mut().map_err(|_| EditError::Busy)? {
            LocalCopy::Ready(doc) => f(doc).map_err(Into::into),
            _ => Err(EditError::NotHere),
        }
    }

    fn status(&self, writable: bool) -> DocumentStatus {
        match &*self.copy.borrow() {
            LocalCopy::Unread | LocalCopy::Loading => DocumentStatus::Loading,
            LocalCopy::Ready(_) => DocumentStatus::Ready { writable },
            LocalCopy::Absent => DocumentStatus::Absent,
            LocalCopy::Gone => DocumentStatus::Gone,
            LocalCopy::Damaged => DocumentStatus::Damaged,
        }
    }

    /// Makes a change of what was edited since the last one, several if one would be too large to be sent.
    pub(super) fn commit(&self, now_ms: u64) -> Vec<Change> {
        let Ok(mut copy) = self.copy.try_borrow_mut() else { return Vec::new() };
        let LocalCopy::Ready(doc) = &mut *copy else { return Vec::new() };
        self.strokes.set(0);
        let Some(change) = commit(doc, now_ms) else { return Vec::new() };
        if change.raw_bytes().len() > limits::CHANGE || change.len() as u64 > limits::OPERATIONS {
            // What cannot be split is kept whole: on this disk it is safe, and the server says why not there.
            return replay::split(doc, &change, now_ms).unwrap_or_else(|_| vec![change]);
        }
        vec![change]
    }

    /// Takes in changes that are on disk. Nothing edited here may be uncommitted.
    ///
    /// Returns whether the document changed.
    pub(super) fn apply(&self, arrived: Vec<Arrived>, own: DeviceId) -> Result<bool, NotADocument> {
        let mut copy = self.copy.borrow_mut();
        match &mut *copy {
            LocalCopy::Ready(doc) => {
                let changes = parse(&arrived)?;
                for (item, change) in arrived.iter().zip(&changes) {
                    if item.by != DeviceId::GENESIS {
                        let at = u64::try_from(change.timestamp()).unwrap_or_default() * 1_000;
                        let other = item.by != own;
                        let newer = self.last_remote.get().is_none_or(|(_, last)| last <= at);
                        if other && newer {
                            self.last_remote.set(Some((item.by, at)));
                        }
                    }
                }
                doc.apply_changes(changes).map_err(|error| NotADocument(error.to_string()))?;
                Ok(true)
            }
            LocalCopy::Loading => {
                self.backlog.borrow_mut().extend(arrived);
                Ok(false)
            }
            LocalCopy::Absent | LocalCopy::Gone | LocalCopy::Damaged => {
                *copy = LocalCopy::Unread;
                Ok(true)
            }
            LocalCopy::Unread => Ok(false),
        }
    }

    /// Makes the document from what was read from disk.
    pub(super) fn loaded(
        &self,
        mut stored: Vec<Arrived>,
        actor: ActorId,
        own: DeviceId,
    ) -> Result<(), NotADocument> {
        stored.append(&mut self.backlog.borrow_mut());
        let changes = parse(&stored)?;
        let mut newest: Option<(DeviceId, u64)> = None;
        for (item, change) in stored.iter().zip(&changes) {
            let at = u64::try_from(change.timestamp()).unwrap_or_default() * 1_000;
            if item.by != DeviceId::GENESIS && item.by != own && newest.is_none_or(|(_, last)| last <= at) {
                newest = Some((item.by, at));
            }
        }
        self.last_remote.set(newest);
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
            .with_actor(automerge::ActorId::from(actor.0.as_slice()));
        doc.apply_changes(changes).map_err(|error| NotADocument(error.to_string()))?;
        // Without its genesis a document has no heads: its changes wait for what they depend on.
        let empty = doc.get_heads().is_empty();
        *self.copy.borrow_mut() = if empty { LocalCopy::Absent } else { LocalCopy::Ready(Box::new(doc)) };
        Ok(())
    }
}

/// Makes a change of the operations that are pending; `None` if there are none.
pub(super) fn commit(doc: &mut AutoCommit, now_ms: u64) -> Option<Change> {
    if doc.pending_ops() == 0 {
        return None;
    }
    let seconds = i64::try_from(now_ms / 1_000).unwrap_or_default();
    let hash = doc.commit_with(CommitOptions::default().with_time(seconds))?;
    doc.get_change_by_hash(&hash)
}

fn parse(arrived: &[Arrived]) -> Result<Vec<Change>, NotADocument> {
    let parse = |item: &Arrived| {
        Change::from_bytes(item.data.clone()).map_err(|error| NotADocument(error.to_string()))
    };
    arrived.iter().map(parse).collect()
}

/// Every document that this tab has touched.
pub struct Documents {
    held: RefCell<HashMap<DocId, Rc<Held>>>,
    /// The actor of this run of this tab.
    pub(super) actor: ActorId,
}

impl Documents {
    pub(super) fn new(device: DeviceId) -> Self {
        Self {
            held: RefCell::new(HashMap::new()),
            // Fresh for each run: a reused actor would fork its own history.
            actor: ActorId::of_device(device, platform::random()),
        }
    }

    pub(super) fn held(&self, id: DocId) -> Rc<Held> {
        self.held.borrow_mut().entry(id).or_insert_with(|| Rc::new(Held::new(id))).clone()
    }

    pub(super) fn all(&self) -> Vec<Rc<Held>> {
        self.held.borrow().values().cloned().collect()
    }
}

impl Running {
    pub(super) fn held(&self, id: DocId) -> Rc<Held> {
        self.documents.held(id)
    }

    fn may_write(&self, id: DocId) -> Result<(), EditError> {
        let writable = self.status.directory.with_untracked(|directory| {
            directory
                .as_ref()
                .is_some_and(|it| it.documents.iter().any(|doc| doc.id == id && doc.access == Access::Write))
        });
        if writable { Ok(()) } else { Err(EditError::ReadOnly) }
    }

    /// Counts a keystroke and makes a change of those gathered when it is time.
    fn typed(self: &Rc<Self>, held: &Rc<Held>) {
        if held.strokes.get() == 0 {
            self.unsaved(1);
        }
        held.strokes.set(held.strokes.get() + 1);
        let stroke = held.stroke_count.get().wrapping_add(1);
        held.stroke_count.set(stroke);
        if held.strokes.get() >= TYPING_STROKES {
            self.commit(held);
            return;
        }
        let (running, held) = (self.clone(), held.clone());
        wasm_bindgen_futures::spawn_local(async move {
            platform::sleep(TYPING_PAUSE_MS).await;
            if held.stroke_count.get() == stroke && held.strokes.get() > 0 {
                running.commit(&held);
            }
        });
    }

    /// Makes a change of what was edited in one document and sends it on its way to the disk.
    pub(super) fn commit(self: &Rc<Self>, held: &Rc<Held>) {
        let was_typing = held.strokes.get() > 0;
        for change in held.commit(platform::now_ms()) {
            self.keep(held, &change);
        }
        if was_typing && held.strokes.get() == 0 {
            self.unsaved(-1);
        }
    }

    /// Makes changes of whatever was edited anywhere.
    pub(super) fn commit_all(self: &Rc<Self>) {
        for held in self.documents.all() {
            self.commit(&held);
        }
    }
}
