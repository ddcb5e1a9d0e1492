//! What makes the client offline-first: vault, store, documents, sync driver, outbox, tabs.
//!
//! A page gets a [`Device`] with `expect_context::<Device>()` and talks to documents through it:
//!
//! ```ignore
//! let device = expect_context::<Device>();
//! let notes = device.document(id);
//! // Tracked: runs again after every change, own or remote. `None` while the document is not (yet) here.
//! let title = move || notes.read(|doc| title_of(doc));
//! // A click: one change, on disk within a moment.
//! notes.edit(|doc| set_title(doc, "…"))?;
//! // A keystroke: one change per pause of 300 ms, ~20 characters, blur, hide or close.
//! notes.type_in(|doc| splice(doc, at, del, "…"))?;
//! ```
//!
//! One direction, no shortcut: a page never writes a signal that mirrors a document.

mod catching_up;
mod compaction;
mod directory;
pub mod documents;
mod driver;
pub mod export;
mod following;
mod held;
pub(crate) mod http;
pub mod identity;
pub(crate) mod keeping;
mod lacking;
mod leaving;
mod left_out;
mod link;
mod lives;
mod loading;
pub(crate) mod locks;
mod lost;
mod notices;
pub mod outbox;
pub(crate) mod platform;
mod post;
mod queue;
mod reading;
mod recovery;
mod replacement;
mod replay;
mod running;
mod showing;
mod snapshots;
mod socket;
mod status;
pub mod store;
mod tabs;
mod unfit;
pub mod vault;
mod verdict;
mod whole;
pub mod wipe;
mod writer;

use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory::Directory;
use shared::domain::kind::DocKind;
use shared::domain::reflection_form::Section;
use shared::ids::{CommandId, DocId, TrajectoryId};

pub use documents::{Document, DocumentStatus, EditError};
pub use leaving::Leaving;
pub use lost::Piece;
pub use outbox::Queued;
pub(crate) use running::Running;
pub use status::{Connection, Download, Problem, Safe, Status};
pub use whole::{Borrowed, Unread, Written, written};

/// This browser profile as a full replica of what its person may read. `Copy`, provided as a context by
/// the session; everything in it is empty until the vault is open.
#[derive(Clone, Copy)]
pub struct Device {
    running: StoredValue<Option<Rc<Running>>, LocalStorage>,
    status: Status,
}

impl Device {
    /// An empty device: nothing is read until the vault is open.
    #[must_use]
    pub fn new() -> Self {
        Self { running: StoredValue::new_local(None), status: Status::new() }
    }

    /// A handle on a document, `Copy` and cheap; the document is loaded when it is first read.
    #[must_use]
    pub fn document(&self, id: DocId) -> Document {
        Document::new(*self, id)
    }

    /// Who and what this person may know, as last heard. Tracked. `None` before the first contact.
    #[must_use]
    pub fn directory(&self) -> Option<Arc<Directory>> {
        self.status.directory.get()
    }

    /// The documents of a kind, with `trajectory` if one is named, from the directory. Tracked.
    #[must_use]
    pub fn documents_of(&self, kind: DocKind, trajectory: Option<TrajectoryId>) -> Vec<Document> {
        let Some(directory) = self.directory() else { return Vec::new() };
        let wanted = |it: &&shared::domain::directory::Document| {
            it.kind == kind && (trajectory.is_none() || it.trajectory == trajectory)
        };
        directory.documents.iter().filter(wanted).map(|it| self.document(it.id)).collect()
    }

    /// What is safe where, for the line that is always in view. Tracked.
    #[must_use]
    pub fn safe(&self) -> Safe {
        self.status.safe()
    }

    /// Everything that needs the person, newest last. Tracked.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        self.status.problems.get()
    }

    /// Takes a problem off the list that the person has read.
    pub fn dismiss(&self, problem: &Problem) {
        if let Problem::CommandRefused { id, .. } = problem {
            self.with(|running| running.dismiss_command(*id));
        }
        if let Problem::Lost { document } = problem {
            self.with(|running| running.do_without(*document));
        }
        // The sync machine reports it again for as long as it is.
        if let Problem::SetAside { document, mark } = *problem
            && mark != 0
        {
            self.status.read.update(|read| _ = read.insert((document, mark)));
            notices::keep(document, mark);
        }
        self.status.solve(problem);
    }

    /// Whether something of a document is set aside. Tracked.
    #[must_use]
    pub fn is_set_aside(&self, document: DocId) -> bool {
        self.status.set_aside.with(|set_aside| set_aside.contains(&document))
    }

    /// Whether the server is in reach. Tracked.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.status.connection.get()
    }

    /// How far a first download is, in documents; `None` when nothing is being downloaded. Tracked.
    #[must_use]
    pub fn download(&self) -> Option<Download> {
        self.status.download.get()
    }

    /// Whether the browser promised not to clear this site's storage by itself; `None` until it answered.
    /// Tracked.
    #[must_use]
    pub fn storage_promised(&self) -> Option<bool> {
        self.status.storage_promised.get()
    }

    /// Queues a command: it survives a reload, is sent when the server is in reach, and carried out once.
    /// Follow it in [`Self::commands`] by the id.
    pub fn command(&self, command: Command) -> CommandId {
        let id = CommandId(platform::random());
        self.with(|running| running.queue_command(Queued::new(id, command, platform::now_ms())));
        id
    }

    /// Queues `share_reflection` and remembers which sections of the draft to copy into the shared document
    /// once the server has named it.
    pub fn share_reflection(&self, trajectory: TrajectoryId, sections: &[Section]) -> CommandId {
        let id = CommandId(platform::random());
        let command = Command::ShareReflection { trajectory };
        let queued = Queued::new(id, command, platform::now_ms()).with_sections(sections);
        self.with(|running| running.queue_command(queued));
        id
    }

    /// Commands of the last 30 days with what became of them, oldest first. Tracked.
    #[must_use]
    pub fn commands(&self) -> Vec<Queued> {
        self.status.commands.get()
    }

    /// Takes everything to this device's disk before the page starts anew for a new version. Whether it may:
    /// where something could not be saved, [`Self::stuck`] says so.
    pub async fn may_update(&self) -> bool {
        match self.get() {
            Some(running) => running.may_leave(Leaving::Update).await,
            None => true,
        }
    }

    /// What was asked for and did not happen, since something could not be saved. Tracked.
    #[must_use]
    pub fn stuck(&self) -> Option<Leaving> {
        self.status.stuck.get()
    }

    /// The person goes on working.
    pub fn go_on(&self) {
        self.status.stuck.set(None);
    }

    /// How many things are typed or made and not on this device's disk (yet). Tracked.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.status.unsaved.get()
    }

    /// How many changes and commands have not reached the server (yet). Tracked.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.status.waiting.get()
    }

    /// What has not reached the server, as readable JSON to download; `None` while locked.
    pub async fn export_unsynchronised(&self) -> Option<String> {
        match self.get() {
            Some(running) => Some(export::unsynchronised(&running).await),
            None => None,
        }
    }

    /// Documents in memory for as long as what is given lives; a few at a time, since each takes many times its size.
    /// Empty while locked.
    pub async fn borrow(&self, documents: &[DocId]) -> Vec<Borrowed> {
        match self.get() {
            Some(running) => whole::borrow(&running, documents).await,
            None => Vec::new(),
        }
    }

    /// Lets the browser draw and answer, in the middle of long work.
    pub async fn breathe(&self) {
        platform::sleep(0).await;
    }

    /// What this person wrote in a document and has lost, since the server found it harmful; for her to take over.
    /// Tracked.
    #[must_use]
    pub fn lost(&self, document: DocId) -> Vec<Piece> {
        let pieces = |lost: &lost::Lost| lost.pieces.clone();
        self.status.lost.with(|lost| lost.get(&document).map(pieces).unwrap_or_default())
    }

    /// Whether the server takes nothing from this device until the operator says so. Tracked.
    #[must_use]
    pub fn is_suspended(&self) -> bool {
        let own = self.id();
        self.directory().is_some_and(|it| it.devices.iter().any(|it| Some(it.id) == own && it.suspended))
    }

    /// Writes anew what was lost of a document, at the end of where it stood.
    pub fn take_over(&self, document: DocId) {
        if let Some(running) = self.get() {
            leptos::task::spawn_local(async move { running.take_over(document).await });
        }
    }

    /// This device's own id; `None` while locked. Not tracked: it never changes.
    #[must_use]
    pub fn id(&self) -> Option<shared::ids::DeviceId> {
        self.get().map(|running| running.identity.me.device)
    }

    /// Ms since 1970, by the device's clock.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        platform::now_ms()
    }

    /// Fresh random bytes, for ids of things inside documents.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        platform::random()
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn start(&self, running: Rc<Running>) {
        self.running.set_value(Some(running));
    }

    pub(crate) fn get(&self) -> Option<Rc<Running>> {
        self.running.try_get_value().flatten()
    }

    pub(crate) fn with(&self, f: impl FnOnce(&Rc<Running>)) {
        if let Some(running) = self.get() {
            f(&running);
        }
    }
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}
