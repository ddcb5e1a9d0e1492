//! Documents whole, for a copy that their person takes with her: read a few at a time, and not kept in memory where nobody
//! was reading them.

use std::rc::Rc;

use automerge::AutoCommit;
use automerge::transaction::Transactable as _;
use leptos::prelude::Notify as _;
use shared::ids::{ActorId, DeviceId, DocId};

use super::held::{Held, LocalCopy};
use super::running::Running;

/// Why there is nothing of a document to take along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It has not arrived yet, or is gone meanwhile.
    NotHere,
    /// The disk could not be read just now.
    DiskFails,
    /// What is on the disk is damaged.
    Damaged,
}

/// What one run of somebody's tab wrote in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Which run; its device is the one that it [belongs to](ActorId::belongs_to).
    pub actor: ActorId,
    /// How many changes.
    pub changes: usize,
    /// When the first and the newest one were made, in ms since 1970 by the author's clock; 0 where that is not said.
    pub between: (u64, u64),
}

impl Written {
    /// Whether that device wrote it.
    #[must_use]
    pub fn is_by(&self, device: DeviceId) -> bool {
        self.actor.belongs_to(device)
    }
}

/// A document that is in memory for as long as this lives.
pub struct Borrowed {
    running: Rc<Running>,
    held: Rc<Held>,
    /// Nobody had it in memory before.
    is_ours: bool,
}

/// Has documents read from the disk, all at once.
pub(super) async fn borrow(running: &Rc<Running>, documents: &[DocId]) -> Vec<Borrowed> {
    let borrowed: Vec<_> = documents
        .iter()
        .map(|id| {
            let held = running.held(*id);
            let is_ours = matches!(*held.copy.borrow(), LocalCopy::Unread);
            running.want(&held);
            Borrowed { running: running.clone(), held, is_ours }
        })
        .collect();
    for one in &borrowed {
        running.read_now(one.held.id).await;
    }
    borrowed
}

impl Borrowed {
    /// What `read` makes of it, with everything that was typed until now.
    ///
    /// # Errors
    /// When there is nothing to read.
    pub fn read<T>(&self, read: impl FnOnce(&mut AutoCommit) -> T) -> Result<T, Unread> {
        self.running.commit(&self.held);
        match &mut *self.held.copy.borrow_mut() {
            LocalCopy::Ready(doc) => Ok(read(doc)),
            LocalCopy::Damaged => Err(Unread::Damaged),
            LocalCopy::Unread | LocalCopy::Loading => Err(Unread::DiskFails),
            LocalCopy::Absent | LocalCopy::Gone => Err(Unread::NotHere),
        }
    }

    /// What this person wrote in it and has lost, since the server found it harmful.
    #[must_use]
    pub fn lost(&self) -> Vec<String> {
        self.running.lost_texts(self.held.id)
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        {
            let Ok(mut copy) = self.held.copy.try_borrow_mut() else { return };
            let LocalCopy::Ready(doc) = &mut *copy else { return };
            // Where this tab has written in it meanwhile it stays: what is on its way to the disk would be missed, and
            // its numbers given twice.
            if doc.pending_ops() > 0 || doc.get_last_local_change().is_some() {
                return;
            }
            *copy = LocalCopy::Unread;
        }
        // Who has begun to read it meanwhile reads it anew.
        self.held.changed.notify();
    }
}

/// Who wrote how much in a document, by the runs of their tabs; the genesis is nobody's.
#[must_use]
pub fn written(doc: &mut AutoCommit) -> Vec<Written> {
    let mut all: Vec<Written> = Vec::new();
    for change in doc.get_changes_meta(&[]) {
        let Ok(actor) = ActorId::try_from(change.actor.to_bytes()) else { continue };
        if actor == ActorId::GENESIS {
            continue;
        }
        let at = u64::try_from(change.timestamp).unwrap_or_default().saturating_mul(1_000);
        match all.iter_mut().find(|it| it.actor == actor) {
            None => all.push(Written { actor, changes: 1, between: (at, at) }),
            Some(it) => {
                it.changes += 1;
                it.between = (it.between.0.min(at), it.between.1.max(at));
            }
        }
    }
    all
}
