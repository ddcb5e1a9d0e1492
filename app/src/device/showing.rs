//! What the sync machine knows, as the pages see it.

use std::collections::HashSet;
use std::rc::Rc;

use leptos::prelude::*;
use shared::ids::DocId;
use shared::sync::device::{Device as Machine, Problem as SyncProblem, Safety};

use super::notices;
use super::running::Running;
use super::status::{Connection, Download, Problem};

impl Running {
    /// Shows what the machine knows.
    pub(super) fn show_state(self: &Rc<Self>) {
        let (online, safety, (done, total)) = {
            let state = |machine: &Machine| (machine.is_online(), machine.safety(), machine.progress());
            let Some(state) = self.driver.with_machine(state) else { return };
            state
        };
        let connection = match (online, self.driver.link.is_there()) {
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
                    SyncProblem::SetAside { hashes } => {
                        Problem::SetAside { document, mark: notices::mark(&hashes) }
                    }
                    SyncProblem::Untrusted { .. } => Problem::Untrusted { document },
                    SyncProblem::Storage => Problem::NotReceived,
                }));
            }
        }
        if self.status.to_push.get_untracked() != to_push {
            self.status.to_push.set(to_push);
        }
        let set_aside: HashSet<DocId> = current
            .iter()
            .filter_map(|problem| match problem {
                Problem::SetAside { document, .. } => Some(*document),
                _ => None,
            })
            .collect();
        if self.status.set_aside.with_untracked(|before| *before != set_aside) {
            self.status.set_aside.set(set_aside);
        }
        self.status.solve_where(|problem| problem.is_of_sync() && !current.contains(problem));
        current.into_iter().for_each(|problem| self.status.report(problem));
    }
}
