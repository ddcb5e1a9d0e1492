//! What people write: through the typed documents, a little at a time.

use automerge::AutoCommit;
use shared::domain::coach_profile::{self, CoachProfile, ProfileSet, ProfileText};
use shared::domain::entry::{self, WriteError};
use shared::domain::kind::DocKind;
use shared::domain::notes::{self, NewNote, Notes};
use shared::domain::plan::{self, ItemKind, ItemState, NewItem, Plan};
use shared::domain::practice::{self, Practice};
use shared::domain::programme::{self, ModuleText, Programme};
use shared::domain::progress::{self, Moment, Progress, TalkKind};
use shared::domain::reflection::{self, Reflection};
use shared::domain::reflection_form::{SCALES, text_questions};
use shared::ids::UserId;

use super::random::Random;

/// Entries of one sort in one document: documents stay small, so that worlds go fast.
const ENTRIES: usize = 4;
/// Characters of one text.
const TEXT: usize = 60;
const WORDS: [&str; 8] = ["loopbaan", "é", "plan", "😀", "gesprek ", "\n", "doel, ", "richting"];

/// Someone at work in a document.
pub struct Hand<'a> {
    /// What she writes in.
    pub document: &'a mut AutoCommit,
    /// Who she is.
    pub me: UserId,
    /// Her clock.
    pub now: u64,
    /// What she happens to do.
    pub random: &'a mut Random,
}

impl Hand<'_> {
    /// Does something that fits the kind; it may turn out to change nothing.
    ///
    /// # Errors
    /// If the document is not of that kind, or its genesis is missing.
    pub fn write(&mut self, kind: DocKind) -> Result<(), WriteError> {
        match kind {
            DocKind::ReflectionDraft | DocKind::Reflection => self.reflect(),
            DocKind::Intake | DocKind::WorkingNotes => self.note(),
            DocKind::SharedNotes if self.random.in_thousand(500) => self.note(),
            DocKind::SharedNotes => self.plan(),
            DocKind::Progress => self.progress(),
            DocKind::CoachProfile => self.profile(),
            DocKind::Programme => self.programme(),
            DocKind::Practice => self.practice(),
        }
    }

    fn id(&mut self) -> String {
        entry::id(self.random.bytes())
    }

    /// What a text reads after some typing: longer at its end or beginning, shorter, or another.
    fn typed(&mut self, old: &str) -> String {
        let word = self.random.pick(&WORDS).unwrap_or_default();
        if old.chars().count() > TEXT {
            return word.to_owned();
        }
        match self.random.below(4) {
            0 => format!("{word}{old}"),
            1 => old.chars().skip(3).collect(),
            _ => format!("{old}{word}"),
        }
    }

    fn note(&mut self) -> Result<(), WriteError> {
        let found = Notes::read(self.document);
        if found.notes.is_empty() || (found.notes.len() < ENTRIES && self.random.in_thousand(200)) {
            let id = self.id();
            let parts: &[&str] = if self.random.in_thousand(300) { &["goal", "next"] } else { &[] };
            let new =
                NewNote { id: &id, by: self.me, talk: None, talk_at: Some(self.now), template: None, parts };
            return notes::add_session(self.document, new, self.now);
        }
        let note = &found.notes[self.random.below(found.notes.len())];
        match self.random.below(12) {
            0 => notes::delete(self.document, &note.id),
            1 => match found.deleted.first() {
                Some(deleted) => notes::restore(self.document, &deleted.id),
                None => notes::set_talk_at(self.document, &note.id, Some(self.now), self.now),
            },
            _ => {
                let new = self.typed(&note.text);
                notes::change_text(self.document, &note.id, None, &note.text, &new, self.now)
            }
        }
    }

    fn plan(&mut self) -> Result<(), WriteError> {
        let found = Plan::read(self.document);
        if found.items.is_empty() || (found.items.len() < ENTRIES && self.random.in_thousand(200)) {
            let (id, kind) = (self.id(), self.random.pick(&ItemKind::ALL).unwrap_or(ItemKind::Goal));
            let new =
                NewItem { id: &id, kind, text: "doel", owner: None, due: None, note: None, by: self.me };
            return plan::add(self.document, new, self.now);
        }
        let item = &found.items[self.random.below(found.items.len())];
        match self.random.below(6) {
            0 => plan::delete(self.document, item.kind, &item.id),
            1 => plan::set_due(self.document, item.kind, &item.id, Some("2026-03-31"), self.now),
            2 | 3 => {
                let state = self.random.pick(&ItemState::ALL).unwrap_or_default();
                plan::set_status(self.document, item.kind, &item.id, state, self.now)
            }
            _ => {
                let new = self.typed(&item.text);
                plan::change_text(self.document, item.kind, &item.id, &item.text, &new, self.now)
            }
        }
    }

    fn progress(&mut self) -> Result<(), WriteError> {
        let found = Progress::read(self.document);
        if found.talks.len() < ENTRIES && self.random.in_thousand(200) {
            let id = self.id();
            return progress::plan_talk(self.document, &id, TalkKind::First, self.now, self.me, self.now);
        }
        match found.talks.first() {
            Some(talk) if self.random.in_thousand(500) => {
                progress::set_held(self.document, &talk.id, !talk.held, self.now)
            }
            _ => {
                let scale = self.random.pick(&SCALES).unwrap_or_default();
                let value = u8::try_from(self.random.between(1, 10)).ok();
                progress::show_score(self.document, Moment::Start, scale, value)
            }
        }
    }

    fn reflect(&mut self) -> Result<(), WriteError> {
        let found = Reflection::read(self.document);
        if self.random.in_thousand(300) {
            let scale = self.random.pick(&SCALES).unwrap_or_default();
            let value = u8::try_from(self.random.between(1, 10)).ok();
            return reflection::set_scale(self.document, scale, value);
        }
        let questions: Vec<_> = text_questions().map(|question| question.id).take(6).collect();
        let question = self.random.pick(&questions).unwrap_or_default();
        let old = found.text(question);
        let new = self.typed(old);
        reflection::change_text(self.document, question, old, &new)
    }

    fn profile(&mut self) -> Result<(), WriteError> {
        let found = CoachProfile::read(self.document);
        match self.random.below(4) {
            0 => {
                let set = self.random.pick(&ProfileSet::ALL).unwrap_or(ProfileSet::Days);
                let within = self.random.in_thousand(700);
                coach_profile::set_member(self.document, set, "maandag", within)
            }
            1 => coach_profile::set_capacity(self.document, Some(self.random.between(0, 9))),
            _ => {
                let new = self.typed(&found.about);
                coach_profile::change_text(self.document, ProfileText::About, &found.about, &new)
            }
        }
    }

    fn programme(&mut self) -> Result<(), WriteError> {
        let found = Programme::read(self.document);
        let Some(module) = found.modules.first() else {
            let id = self.id();
            return programme::add_module(self.document, &id, "Luisteren", None, self.now);
        };
        match self.random.below(4) {
            0 if module.topics.len() < ENTRIES => {
                let id = self.id();
                programme::add_topic(self.document, &module.id, &id, "Stilte", self.now)
            }
            1 => match module.topics.first() {
                Some(topic) => {
                    let important = self.random.in_thousand(500);
                    programme::vote(self.document, &module.id, &topic.id, self.me, important)
                }
                None => Ok(()),
            },
            _ => {
                let new = self.typed(&module.title);
                let (id, old, now) = (&module.id, &module.title, self.now);
                programme::change_module(self.document, id, ModuleText::Title, old, &new, now)
            }
        }
    }

    fn practice(&mut self) -> Result<(), WriteError> {
        let found = Practice::read(self.document);
        match found.pages.first() {
            Some(page) if found.pages.len() >= ENTRIES || self.random.in_thousand(800) => {
                let new = self.typed(&page.text);
                practice::change_text(self.document, &page.id, &page.text, &new, self.now)
            }
            _ => {
                let id = self.id();
                practice::add_page(self.document, &id, "Werkwijze", self.now)
            }
        }
    }
}
