//! One document in memory, and what may be done with it: read, changed, added to, made from what is on disk.

use std::cell::{Cell, RefCell};

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, TextEncoding};
use reactive_graph::signal::ArcTrigger;
use shared::ids::{ActorId, DeviceId, DocId};
use shared::sync::limits;

use super::documents::{DocumentStatus, EditError};
use super::{replay, snapshots};

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
    /// What is being read from disk is out of date already.
    pub(super) is_stale: Cell<bool>,
    /// How often the document was dropped from memory for good. Whoever waited for something compares: what was begun
    /// with it before is no longer wanted.
    pub(super) dropped: Cell<u64>,
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

/// The document of a snapshot, with the newest change in it that another device made.
pub struct Base {
    pub(super) doc: Box<AutoCommit>,
    pub(super) newest: Option<(DeviceId, u64)>,
}

/// Stored changes that do not make a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored changes do not make a document: {0}")]
pub struct NotADocument(String);

impl Held {
    pub(super) fn new(id: DocId) -> Self {
        Self {
            id,
            changed: ArcTrigger::new(),
            copy: RefCell::new(LocalCopy::Unread),
            strokes: Cell::new(0),
            stroke_count: Cell::new(0),
            last_remote: Cell::new(None),
            backlog: RefCell::new(Vec::new()),
            is_stale: Cell::new(false),
            dropped: Cell::new(0),
        }
    }

    /// Drops the document from memory: it is deleted.
    pub(super) fn drop_copy(&self) {
        self.dropped.set(self.dropped.get() + 1);
        if let Ok(mut copy) = self.copy.try_borrow_mut() {
            *copy = LocalCopy::Gone;
        }
    }

    /// A document that was deleted is there again: it is read when it is next wanted. Whether it was.
    pub(super) fn is_back(&self) -> bool {
        let Ok(mut copy) = self.copy.try_borrow_mut() else { return false };
        let was_gone = matches!(*copy, LocalCopy::Gone);
        if was_gone {
            *copy = LocalCopy::Unread;
        }
        was_gone
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

    pub(super) fn status(&self, writable: bool) -> DocumentStatus {
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

    /// Makes the document from what was read from disk: from a chunk, if there is one, and the changes beside it.
    pub(super) fn loaded(
        &self,
        base: Option<Base>,
        mut stored: Vec<Arrived>,
        actor: ActorId,
        own: DeviceId,
    ) -> Result<(), NotADocument> {
        stored.append(&mut self.backlog.borrow_mut());
        let changes = parse(&stored)?;
        let (mut doc, before) = match base {
            Some(Base { doc, newest }) => (*doc, newest),
            None => (AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit), None),
        };
        doc.set_actor(automerge::ActorId::from(actor.0.as_slice()));
        let newest = snapshots::newest(changes.iter().zip(&stored).map(|(it, item)| (it, item.by)), own);
        self.last_remote.set([before, newest].into_iter().flatten().max_by_key(|(_, at)| *at));
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
