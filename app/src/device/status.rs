//! What the pages may know about the state of this device, as signals that only the device writes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use leptos::prelude::*;
use shared::domain::command::Refusal;
use shared::domain::directory::Directory;
use shared::ids::{CommandId, DocId};

use super::leaving::Leaving;
use super::lost::Lost;
use super::notices;
use super::outbox::Queued;

/// What is safe where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Safe {
    /// Something typed is on its way to this device's disk: shorter than half a second unless the disk
    /// refuses. The line may keep its text meanwhile, but must not claim that it is saved.
    Saving,
    /// Everything is on this device's disk; so many changes and commands have not reached the server.
    Saved {
        /// How many.
        waiting: usize,
    },
    /// Everything is on the server's disk.
    Synchronised {
        /// Since when, in ms since 1970.
        at: u64,
    },
    /// The person has to do something; the first of [`super::Device::problems`].
    ActionNeeded(Problem),
}

/// Why the person has to do something. Each is one sentence and one button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The browser gives no more room. What is typed is kept in memory and tried again.
    StorageFull,
    /// The browser's database fails. What is typed is kept in memory and tried again.
    StorageFailed {
        /// What the browser said.
        message: String,
    },
    /// What others wrote does not fit on this device; it stays on the server and is fetched again.
    NotReceived,
    /// A stored value could not be read: it was set aside and the document is fetched anew.
    Damaged {
        /// Whose value it was.
        document: Option<DocId>,
    },
    /// The server does not give this document (any more); what is here is kept, an export is offered.
    Denied {
        /// Which.
        document: DocId,
    },
    /// The server does not take changes of this device; they are kept here, an export is offered.
    Refused {
        /// Of which document.
        document: DocId,
    },
    /// Changes of others could not be applied and were set aside; the document stays usable without.
    SetAside {
        /// Of which document.
        document: DocId,
        /// Stands for which changes, 0 where that is not known: of the same ones who has read it is not told again.
        mark: u64,
    },
    /// A change of this device was found harmful and left out with what was built on it; the words are offered.
    Lost {
        /// Of which document.
        document: DocId,
    },
    /// What the server sent of this document is not what its authors signed; nothing of it was taken in.
    Untrusted {
        /// Of which document.
        document: DocId,
    },
    /// The server said no to a command.
    CommandRefused {
        /// Which; `device.commands()` has it.
        id: CommandId,
        /// Why; `None` when the thing is not there (any more), or not this person's to decide.
        refusal: Option<Refusal>,
    },
    /// The session has ended; reading and writing go on, signing in again resumes the sync.
    SignInAgain,
    /// A newer version of the client wrote this device's database; this tab is too old to read it.
    NewerVersion,
}

impl Problem {
    /// Whether the sync machine reports it, and takes it back when it is over.
    pub(crate) fn is_of_sync(&self) -> bool {
        matches!(
            self,
            Self::NotReceived
                | Self::Denied { .. }
                | Self::Refused { .. }
                | Self::SetAside { .. }
                | Self::Untrusted { .. }
        )
    }
}

/// Whether the server is in reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Not connected, and not before the next try.
    Offline,
    /// Trying.
    Connecting,
    /// Connected and heard from.
    Online,
}

/// How far a first download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// Documents that are complete.
    pub done: usize,
    /// Documents in all.
    pub total: usize,
}

/// The signals behind [`super::Device`]'s tracked getters.
#[derive(Clone, Copy)]
pub struct Status {
    pub(crate) directory: RwSignal<Option<Arc<Directory>>>,
    pub(crate) problems: RwSignal<Vec<Problem>>,
    pub(crate) connection: RwSignal<Connection>,
    pub(crate) download: RwSignal<Option<Download>>,
    pub(crate) storage_promised: RwSignal<Option<bool>>,
    pub(crate) commands: RwSignal<Vec<Queued>>,
    /// Changes typed or committed that are not on disk yet.
    pub(crate) unsaved: RwSignal<usize>,
    /// Changes and commands on disk that the server has not acknowledged.
    pub(crate) waiting: RwSignal<usize>,
    /// Changes that the sync machine has still to bring to the server: after the server went back to a backup
    /// also such as once were there.
    pub(crate) to_push: RwSignal<usize>,
    /// When everything was last known to be on the server.
    pub(crate) synchronised_at: RwSignal<Option<u64>>,
    /// What was written here and lost, by document, and what was offered of it.
    pub(crate) lost: RwSignal<HashMap<DocId, Lost>>,
    /// Documents of which something is set aside, whether the person has read it or not.
    pub(crate) set_aside: RwSignal<HashSet<DocId>>,
    /// What of it she has read.
    pub(crate) read: RwSignal<HashSet<(DocId, u64)>>,
    /// What was asked for and waits until everything can be saved.
    pub(crate) stuck: RwSignal<Option<Leaving>>,
}

impl Status {
    pub(crate) fn new() -> Self {
        Self {
            directory: RwSignal::new(None),
            problems: RwSignal::new(Vec::new()),
            connection: RwSignal::new(Connection::Offline),
            download: RwSignal::new(None),
            storage_promised: RwSignal::new(None),
            commands: RwSignal::new(Vec::new()),
            unsaved: RwSignal::new(0),
            waiting: RwSignal::new(0),
            to_push: RwSignal::new(0),
            synchronised_at: RwSignal::new(None),
            lost: RwSignal::new(HashMap::new()),
            set_aside: RwSignal::new(HashSet::new()),
            read: RwSignal::new(notices::read()),
            stuck: RwSignal::new(None),
        }
    }

    pub(crate) fn safe(&self) -> Safe {
        if let Some(problem) = self.problems.with(|problems| problems.first().cloned()) {
            return Safe::ActionNeeded(problem);
        }
        if self.unsaved.get() > 0 {
            return Safe::Saving;
        }
        match (self.waiting.get().max(self.to_push.get()), self.synchronised_at.get()) {
            (0, Some(at)) => Safe::Synchronised { at },
            (waiting, _) => Safe::Saved { waiting },
        }
    }

    pub(crate) fn report(&self, problem: Problem) {
        if let Problem::SetAside { document, mark } = problem
            && self.read.with_untracked(|read| read.contains(&(document, mark)))
        {
            return;
        }
        if self.problems.with_untracked(|problems| !problems.contains(&problem)) {
            self.problems.update(|problems| problems.push(problem));
        }
    }

    pub(crate) fn solve(&self, problem: &Problem) {
        if self.problems.with_untracked(|problems| problems.contains(problem)) {
            self.problems.update(|problems| problems.retain(|it| it != problem));
        }
    }

    pub(crate) fn solve_where(&self, solved: impl Fn(&Problem) -> bool) {
        if self.problems.with_untracked(|problems| problems.iter().any(&solved)) {
            self.problems.update(|problems| problems.retain(|it| !solved(it)));
        }
    }
}
