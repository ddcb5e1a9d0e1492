//! Commands on their way: queued on disk, sent in order, answered once, kept for 30 days.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::domain::command::{Command, CommandDone, CommandRequest, Refusal};
use shared::domain::reflection_form::Section;
use shared::ids::CommandId;

use super::http::{self, Request};
use super::platform;
use super::running::Running;
use super::status::Problem;
use super::store::{OUTBOX, StoreError, Write};
use super::tabs::Tidings;
use super::verdict::{Verdict, verdict};

/// How long an answered command is kept, to be sent again after the server's memory was reset, in ms.
const KEEP_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
/// How the keys of commands begin.
const PREFIX: &str = "command/";

/// A command and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// Its id.
    pub id: CommandId,
    /// What was asked.
    pub command: Command,
    /// When, in ms since 1970.
    pub made_at: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Sections of the reflection form still to be copied into the document that the answer names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// The person has read the refusal.
    #[serde(default)]
    pub read: bool,
    /// To be sent once more although it was carried out: the server's memory was reset to an earlier moment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It has not been answered.
    Waiting,
    /// It was carried out.
    Done(CommandDone),
    /// It was not; without a reason when what it is about is not there (any more).
    Refused(Option<Refusal>),
}

impl Queued {
    /// A command to be sent.
    #[must_use]
    pub fn new(id: CommandId, command: Command, made_at: u64) -> Self {
        Self {
            id,
            command,
            made_at,
            outcome: Outcome::Waiting,
            sections: Vec::new(),
            read: false,
            again: false,
        }
    }

    pub(super) fn with_sections(mut self, sections: &[Section]) -> Self {
        self.sections = sections.iter().map(|section| section.code().to_owned()).collect();
        self
    }

    /// Whether it is on its way: not answered, or answered and not yet followed up.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        match self.outcome {
            Outcome::Waiting => true,
            Outcome::Done(_) => !self.sections.is_empty(),
            Outcome::Refused(_) => false,
        }
    }

    /// Whether the server may lack it, or the device what is to follow.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.again || self.is_waiting()
    }

    /// Whether the server is to hear of it.
    fn is_to_send(&self) -> bool {
        self.again || self.outcome == Outcome::Waiting
    }

    /// The server has answered. What was carried out before stays so: a command that is refused when it comes once
    /// more was done then, or its ground is gone.
    fn answer(&mut self, outcome: Outcome) {
        self.again = false;
        if self.outcome == Outcome::Waiting {
            self.outcome = outcome;
        }
    }

    fn write(&self) -> Write {
        // A queued command is plain data: it always has a JSON form.
        let json = serde_json::to_vec(self).unwrap_or_default();
        Write::Put(OUTBOX, format!("{PREFIX}{}", self.id), json)
    }
}

/// The commands of this device, and whether they are being sent.
#[derive(Default)]
pub struct Outbox {
    queued: RefCell<Vec<Queued>>,
    /// Commands with writes on their way to the disk, and how many.
    under_way: RefCell<HashMap<CommandId, usize>>,
    /// Counts what is done to the commands here: whoever reads them from disk notices that it has missed something.
    turn: Cell<u64>,
    sending: Cell<bool>,
    /// Commands whose answers this version does not understand: not sent again in this run.
    not_understood: RefCell<HashSet<CommandId>>,
    pub(super) following: Cell<bool>,
}

impl Outbox {
    pub(super) fn unanswered(&self) -> usize {
        self.queued.borrow().iter().filter(|it| it.is_unsettled()).count()
    }

    pub(super) fn any(&self, f: impl FnMut(&Queued) -> bool) -> bool {
        self.queued.borrow().iter().any(f)
    }

    pub(super) fn all(&self) -> Vec<Queued> {
        self.queued.borrow().clone()
    }

    fn write_begins(&self, id: CommandId) {
        self.turn.set(self.turn.get() + 1);
        *self.under_way.borrow_mut().entry(id).or_default() += 1;
    }

    fn write_ends(&self, id: CommandId) {
        self.turn.set(self.turn.get() + 1);
        let mut under_way = self.under_way.borrow_mut();
        if let Some(count) = under_way.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&id);
            }
        }
    }
}

/// The commands as they are now: those of the disk, but where a write is on its way, as they are in memory.
fn merged(
    on_disk: Vec<Queued>,
    in_memory: &[Queued],
    is_under_way: impl Fn(CommandId) -> bool,
) -> Vec<Queued> {
    let mut all: Vec<Queued> = on_disk.into_iter().filter(|it| !is_under_way(it.id)).collect();
    all.extend(in_memory.iter().filter(|it| is_under_way(it.id)).cloned());
    all.sort_by_key(|it| it.made_at);
    all
}

impl Running {
    /// Reads the commands from disk.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub(super) async fn read_commands(self: &Rc<Self>) -> Result<(), StoreError> {
        // What is done here while the disk is read may be in what was read, or not: then it is read once more.
        let found = loop {
            let turn = self.outbox.turn.get();
            let found = self.store.all(OUTBOX, PREFIX).await?;
            if self.outbox.turn.get() == turn {
                break found;
            }
        };
        if !found.damaged.is_empty() {
            self.status.report(Problem::Damaged { document: None });
        }
        let mut queued: Vec<Queued> =
            found.values.iter().filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect();
        let now = platform::now_ms();
        let stale = |it: &Queued| !it.is_waiting() && it.made_at.saturating_add(KEEP_MS) < now;
        let old: Vec<Write> = queued
            .iter()
            .filter(|it| stale(it))
            .map(|it| Write::Delete(OUTBOX, format!("{PREFIX}{}", it.id)))
            .collect();
        queued.retain(|it| !stale(it));
        let queued = {
            let under_way = self.outbox.under_way.borrow();
            merged(queued, &self.outbox.queued.borrow(), |id| under_way.contains_key(&id))
        };
        for refused in queued.iter().filter(|it| !it.read) {
            if let Outcome::Refused(refusal) = refused.outcome {
                self.status.report(Problem::CommandRefused { id: refused.id, refusal });
            }
        }
        *self.outbox.queued.borrow_mut() = queued;
        if !old.is_empty() {
            self.writer.own(old, || ());
        }
        self.show_commands();
        Ok(())
    }

    fn show_commands(&self) {
        self.status.commands.set(self.outbox.all());
        self.show_waiting();
    }

    pub(super) fn queue_command(self: &Rc<Self>, queued: Queued) {
        let (id, write) = (queued.id, queued.write());
        self.outbox.queued.borrow_mut().push(queued);
        self.outbox.write_begins(id);
        self.show_commands();
        self.unsaved(1);
        let running = self.clone();
        self.writer.own(vec![write, self.waiting_write()], move || {
            running.unsaved(-1);
            running.outbox.write_ends(id);
            running.tabs.tell(&Tidings::Commands);
            running.send_commands();
        });
    }

    pub(super) fn dismiss_command(self: &Rc<Self>, id: CommandId) {
        self.change_command(id, |queued| queued.read = true);
    }

    pub(super) fn change_command(self: &Rc<Self>, id: CommandId, f: impl FnOnce(&mut Queued)) {
        let write = {
            let mut all = self.outbox.queued.borrow_mut();
            let Some(queued) = all.iter_mut().find(|it| it.id == id) else { return };
            f(queued);
            queued.write()
        };
        self.outbox.write_begins(id);
        self.show_commands();
        let running = self.clone();
        self.writer.own(vec![write, self.waiting_write()], move || {
            running.outbox.write_ends(id);
            running.tabs.tell(&Tidings::Commands);
        });
    }

    /// Sends what waits, in order, until the server is out of reach.
    pub(super) fn send_commands(self: &Rc<Self>) {
        if self.outbox.sending.replace(true) {
            return;
        }
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            while let Some(request) = running.next_command() {
                let Ok(body) = serde_json::to_vec(&request) else { break };
                let body = Some(("application/json", body.as_slice()));
                let post = Request { method: "POST", path: "/api/commands", body, ..Request::default() };
                match http::fetch(post).await.map(|answer| verdict(&answer)) {
                    Ok(Verdict::Answered(outcome)) => running.answered(request.id, outcome),
                    Ok(Verdict::SignedOut) => {
                        running.session_ended();
                        break;
                    }
                    Ok(Verdict::Later(ms)) => platform::sleep(ms).await,
                    Ok(Verdict::NotUnderstood) => {
                        running.outbox.not_understood.borrow_mut().insert(request.id);
                    }
                    // The next connection, wake or command tries again.
                    Err(_) => break,
                }
            }
            running.outbox.sending.set(false);
        });
    }

    fn next_command(&self) -> Option<CommandRequest> {
        let all = self.outbox.queued.borrow();
        let not_understood = self.outbox.not_understood.borrow();
        let is_due = |it: &&Queued| it.is_to_send() && !not_understood.contains(&it.id);
        let next = all.iter().find(is_due)?;
        Some(CommandRequest { id: next.id, command: next.command.clone() })
    }

    fn answered(self: &Rc<Self>, id: CommandId, outcome: Outcome) {
        self.change_command(id, |queued| queued.answer(outcome));
        let of_it = |it: &Queued| (it.id == id).then(|| it.outcome.clone());
        if let Some(Outcome::Refused(refusal)) = self.outbox.all().iter().find_map(of_it) {
            self.status.report(Problem::CommandRefused { id, refusal });
        }
        self.drop_withdrawn(id);
        // The socket says so too; a network without WebSockets does not.
        self.fetch_directory();
        self.follow_up();
    }

    /// The server's memory was reset to an earlier moment: it may have forgotten answers it gave. Each command stays
    /// marked on disk until it has been answered once more.
    pub(super) fn resend_commands(self: &Rc<Self>) {
        let done = |it: &Queued| matches!(it.outcome, Outcome::Done(_)) && !it.again;
        for queued in self.outbox.all().into_iter().filter(done) {
            self.change_command(queued.id, |it| it.again = true);
        }
        self.send_commands();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(n: u8) -> Queued {
        let command = Command::RevokeDevice { device: shared::ids::DeviceId([n; 16]) };
        Queued::new(CommandId([n; 16]), command, u64::from(n))
    }

    #[test]
    fn a_command_that_is_sent_once_more_after_a_reset_stays_carried_out() {
        let done = || {
            serde_json::from_value(serde_json::json!({}))
                .map(Outcome::Done)
                .expect("an answer may name nothing")
        };
        let mut queued = command(1);
        queued.answer(done());
        queued.again = true;
        assert!(queued.is_to_send() && !queued.is_waiting() && queued.is_unsettled());
        // The mark survives the disk, and a page that ends before the answer.
        let json = serde_json::to_vec(&queued).unwrap();
        let mut queued: Queued = serde_json::from_slice(&json).unwrap();
        assert!(queued.is_to_send());
        queued.answer(Outcome::Refused(None));
        assert!(!queued.is_to_send() && !queued.is_unsettled());
        assert_eq!(queued.outcome, done());
    }

    #[test]
    fn what_is_on_its_way_to_the_disk_is_not_overlooked_when_the_disk_is_read() {
        let mut answered = command(2);
        answered.outcome = Outcome::Refused(None);
        let in_memory = [command(1), answered.clone(), command(3), command(5)];
        // The disk has the second without its answer, not yet the third, and one of another tab; the fifth is gone.
        let on_disk = vec![command(4), command(2), command(1)];
        let under_way = [answered.id, command(3).id];
        let all = merged(on_disk, &in_memory, |id| under_way.contains(&id));
        assert_eq!(all, [command(1), answered, command(3), command(4)]);
    }
}
