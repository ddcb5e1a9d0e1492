//! Before the page goes, for a lock, a sign-out or a new version: everything made here is on disk, or the person is
//! told what is not and decides.

use std::rc::Rc;

use leptos::prelude::*;

use super::running::Running;
use super::tabs::Tidings;

/// What was asked for and did not happen, since something could not be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Locking this device.
    Lock,
    /// Taking a new version of the program.
    Update,
}

impl Running {
    /// Makes changes of everything typed and resolves once all is on disk, or the disk has refused it or takes too
    /// long. Whether everything that was made here is on disk.
    pub(super) async fn flush(self: &Rc<Self>) -> bool {
        self.commit_all();
        self.writer.flushed().await;
        // What is queued besides, such as marks of what the server has, is made again.
        self.unsaved_count() == 0
    }

    /// Like [`Self::flush`] before the page goes: nothing more comes in. Where something could not be saved it all
    /// goes on as before.
    pub(crate) async fn settle(self: &Rc<Self>) -> bool {
        self.stop_driver();
        let is_saved = self.flush().await;
        if !is_saved {
            self.restart_machine();
        }
        is_saved
    }

    /// The page stays after all.
    pub(crate) fn stay(self: &Rc<Self>) {
        self.restart_machine();
    }

    /// Like [`Self::settle`]; where something could not be saved, that is shown with what can be done.
    pub(crate) async fn may_leave(self: &Rc<Self>, why: Leaving) -> bool {
        let is_saved = self.settle().await;
        self.status.stuck.set((!is_saved).then_some(why));
        is_saved
    }

    /// Takes everything to disk, tells the other tabs, closes the database and stops. Whether it did: not where
    /// something could not be saved.
    pub(crate) async fn lock(self: &Rc<Self>) -> bool {
        // The other tabs see for themselves whether they can.
        self.tabs.tell(&Tidings::Locked);
        let is_saved = self.may_leave(Leaving::Lock).await;
        if is_saved {
            self.store.close();
        }
        is_saved
    }

    /// Locks without what could not be saved, which is lost with it.
    pub(crate) fn abandon(self: &Rc<Self>) {
        self.tabs.tell(&Tidings::Locked);
        self.writer.stop();
        self.stop_driver();
        self.store.close();
    }
}
