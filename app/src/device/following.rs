//! What follows once a command has been carried out: shared sections are copied into the document that the answer
//! names.

use std::rc::Rc;

use leptos::prelude::*;
use shared::access::Access;
use shared::domain::command::{Command, CommandDone};
use shared::domain::kind::DocKind;
use shared::domain::reflection::{Reflection, copy_sections};
use shared::domain::reflection_form::Section;
use shared::ids::{CommandId, DocId};

use super::outbox::{Outcome, Queued};
use super::platform;
use super::running::Running;

impl Running {
    /// What was shared and taken back before it could be copied is not copied any more.
    pub(super) fn drop_withdrawn(self: &Rc<Self>, id: CommandId) {
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

    /// Copies shared sections into the documents that answers have named, as far as both are here. The
    /// command stays in the outbox until that is done, and doing it twice changes nothing.
    pub(super) fn follow_up(self: &Rc<Self>) {
        let pending = |it: &Queued| matches!(it.outcome, Outcome::Done(_)) && !it.sections.is_empty();
        if !self.outbox.any(pending) || self.outbox.following.replace(true) {
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
