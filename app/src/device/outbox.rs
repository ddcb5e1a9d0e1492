//! Commands on their way: queued on disk, sent in order, answered once, kept for 30 days.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::access::Access;
use shared::domain::command::{Command, CommandDone, CommandRequest, Refusal};
use shared::domain::kind::DocKind;
use shared::domain::reflection::{Reflection, copy_sections};
use shared::domain::reflection_form::Section;
use shared::ids::{CommandId, DocId};

use super::http::{self, Answer, Request};
use super::platform;
use super::running::Running;
use super::status::Problem;
use super::store::{OUTBOX, StoreError, Write};
use super::tabs::Tidings;

/// How long an answered command is kept, to be sent again after the server's memory was reset, in ms.
const KEEP_MS: u64 = 30 * 24 * 60 * 60 * 1_000;
/// How long to wait before a command that the server could not take is sent again, in ms.
const RETRY_MS: u64 = 10_000;
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
        Self { id, command, made_at, outcome: Outcome::Waiting, sections: Vec::new(), read: false }
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
    following: Cell<bool>,
}

impl Outbox {
    pub(super) fn unanswered(&self) -> usize {
        self.queued.borrow().iter().filter(|it| it.is_waiting()).count()
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

    fn change_command(self: &Rc<Self>, id: CommandId, f: impl FnOnce(&mut Queued)) {
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
                match http::fetch(post).await.map(|answer| outcome(&answer)) {
                    Ok(Verdict::Answered(outcome)) => running.answered(request.id, outcome),
                    Ok(Verdict::SignedOut) => {
                        running.session_ended();
                        break;
                    }
                    Ok(Verdict::Later(ms)) => platform::sleep(ms).await,
                    // The next connection, wake or command tries again.
                    Err(_) => break,
                }
            }
            running.outbox.sending.set(false);
        });
    }

    fn next_command(&self) -> Option<CommandRequest> {
        let all = self.outbox.queued.borrow();
        let next = all.iter().find(|it| it.outcome == Outcome::Waiting)?;
        Some(CommandRequest { id: next.id, command: next.command.clone() })
    }

    fn answered(self: &Rc<Self>, id: CommandId, outcome: Outcome) {
        if let Outcome::Refused(refusal) = outcome {
            self.status.report(Problem::CommandRefused { id, refusal });
        }
        self.change_command(id, |queued| queued.outcome = outcome);
        self.drop_withdrawn(id);
        // The socket says so too; a network without WebSockets does not.
        self.fetch_directory();
        self.follow_up();
    }

    /// What was shared and taken back before it could be copied is not copied any more.
    fn drop_withdrawn(self: &Rc<Self>, id: CommandId) {
        let all = self.outbox.all();
        let Some(place) = all.iter().position(|it| it.id == id) else { return };
        let (Command::WithdrawReflection { trajectory }, Outcome::Done(_)) =
            (&all[place].command, &all[place].outcome)
        else {
            return;
        };
        let share = Command::ShareReflection { trajectory: *trajectory };
        for earlier in all[..place].iter().filter(|it| it.command == share && !it.sections.is_empty()) {
            self.change_command(earlier.id, |queued| queued.sections.clear());
        }
    }

    /// The server's memory was reset to an earlier moment: it may have forgotten answers it gave.
    pub(super) fn resend_commands(self: &Rc<Self>) {
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let done: Vec<Queued> = running
                .outbox
                .all()
                .into_iter()
                .filter(|it| matches!(it.outcome, Outcome::Done(_)))
                .collect();
            for queued in done {
                let request = CommandRequest { id: queued.id, command: queued.command };
                let Ok(body) = serde_json::to_vec(&request) else { continue };
                let body = Some(("application/json", body.as_slice()));
                let post = Request { method: "POST", path: "/api/commands", body, ..Request::default() };
                // A command that is refused now was done before, or its ground is gone: nothing to tell.
                if http::fetch(post).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Copies shared sections into the documents that answers have named, as far as both are here. The
    /// command stays in the outbox until that is done, and doing it twice changes nothing.
    pub(super) fn follow_up(self: &Rc<Self>) {
        let pending = |it: &Queued| matches!(it.outcome, Outcome::Done(_)) && !it.sections.is_empty();
        if !self.outbox.queued.borrow().iter().any(pending) || self.outbox.following.replace(true) {
            return;
        }
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move {
            for queued in running.outbox.all().into_iter().filter(pending) {
                if let Outcome::Done(CommandDone { document: Some(document), .. }) = queued.outcome
                    && running.copy_sections(document, &queued.sections).await
                {
                    running.change_command(queued.id, |it| it.sections.clear());
                }
            }
            running.outbox.following.set(false);
        });
    }

    async fn copy_sections(self: &Rc<Self>, to: DocId, sections: &[String]) -> bool {
        let sections: Vec<Section> = sections.iter().filter_map(|code| Section::from_code(code)).collect();
        let Some(draft) = self.status.directory.with_untracked(|directory| {
            let directory = directory.as_ref()?;
            let mut own = directory.documents.iter().filter(|it| it.owner == Some(directory.me));
            let draft = own.find(|it| it.kind == DocKind::ReflectionDraft)?.id;
            let writable = directory.documents.iter().any(|it| it.id == to && it.access == Access::Write);
            writable.then_some(draft)
        }) else {
            return false;
        };
        self.read_now(draft).await;
        self.read_now(to).await;
        let draft = self.held(draft);
        let Some(draft) = draft.with(Reflection::read) else { return false };
        let to = self.held(to);
        self.commit(&to);
        let now = platform::now_ms();
        let copied = to.change(|doc| copy_sections(&draft, doc, &sections, now)).is_ok();
        self.commit(&to);
        to.changed.notify();
        // The copy is on disk before the command counts as followed up: both go through one queue.
        copied
    }
}

enum Verdict {
    Answered(Outcome),
    SignedOut,
    Later(u64),
}

fn outcome(answer: &Answer) -> Verdict {
    match answer.status {
        200 => match answer.json() {
            Some(done) => Verdict::Answered(Outcome::Done(done)),
            // Something between here and the server answered in its place.
            None => Verdict::Later(RETRY_MS),
        },
        401 => Verdict::SignedOut,
        400..=499 if answer.status != 408 && answer.status != 429 => match answer.problem_code() {
            Some(code) => {
                let refusal = serde_json::from_value(serde_json::Value::String(code)).ok();
                Verdict::Answered(Outcome::Refused(refusal))
            }
            // A proxy's page, not the server's word.
            None => Verdict::Later(RETRY_MS),
        },
        _ => Verdict::Later(answer.retry_after.map_or(RETRY_MS, |seconds| seconds * 1_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(n: u8) -> Queued {
        let command = Command::RevokeDevice { device: shared::ids::DeviceId([n; 16]) };
        Queued::new(CommandId([n; 16]), command, u64::from(n))
    }

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec(), retry_after: None }
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

    #[test]
    fn what_a_proxy_says_is_not_the_servers_refusal() {
        for status in [400, 403, 404, 413, 502, 503] {
            for page in ["<html><body>Blocked by the network</body></html>", "", "{\"error\":\"no\"}"] {
                assert!(matches!(outcome(&answer(status, page)), Verdict::Later(_)), "{status} {page}");
            }
        }
        assert!(matches!(outcome(&answer(200, "<html>Log in to the network</html>")), Verdict::Later(_)));
        let refusal = outcome(&answer(409, r#"{"code":"wrong_state","title":"Not now"}"#));
        assert!(matches!(refusal, Verdict::Answered(Outcome::Refused(Some(Refusal::WrongState)))));
        let gone = outcome(&answer(404, r#"{"code":"not_found","title":"Not found"}"#));
        assert!(matches!(gone, Verdict::Answered(Outcome::Refused(None))));
        assert!(matches!(outcome(&answer(401, "")), Verdict::SignedOut));
    }
}
