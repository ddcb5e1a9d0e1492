//! The documents that this device holds, and the handle through which pages read and write them.
//!
//! A document is made from its stored items when it is first read. An edit is a change is a signed item;
//! what comes from elsewhere is on disk before it is applied.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use automerge::{AutoCommit, AutomergeError};
use leptos::prelude::*;
use shared::access::Access;
use shared::domain::directory::Directory;
use shared::domain::entry::WriteError;
use shared::ids::{ActorId, DeviceId, DocId, UserId};

use super::held::Held;
use super::running::Running;
use super::{Device, platform};

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
        let own = running.identity.me.device;
        let writable = self.device.directory().is_some_and(|it| is_writable(&it, self.id, own));
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

/// Whether this device may write a document: what a suspended one writes is refused for good.
fn is_writable(directory: &Directory, document: DocId, own: DeviceId) -> bool {
    directory.documents.iter().any(|doc| doc.id == document && doc.access == Access::Write)
        && !directory.devices.iter().any(|device| device.id == own && device.suspended)
}

impl Running {
    pub(super) fn held(&self, id: DocId) -> Rc<Held> {
        self.documents.held(id)
    }

    pub(super) fn may_write(&self, id: DocId) -> Result<(), EditError> {
        let own = self.identity.me.device;
        let writable = self
            .status
            .directory
            .with_untracked(|directory| directory.as_ref().is_some_and(|it| is_writable(it, id, own)));
        if writable { Ok(()) } else { Err(EditError::ReadOnly) }
    }

    /// Counts a keystroke and makes a change of those gathered when it is time.
    fn typed(self: &Rc<Self>, held: &Rc<Held>) {
        self.stir();
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
