//! What stands in a document, as a person reads it: under headings, with the questions and by whom, and at the end every
//! other text that is in it, so that nothing is left out.

use std::collections::HashSet;

use automerge::{AutoCommit, AutoSerde};
use leptos_i18n::I18nContext;
use serde_json::Value;
use shared::domain::coach_profile::{CoachProfile, ProfileSet};
use shared::domain::directory::Directory;
use shared::domain::kind::DocKind;
use shared::domain::notes::Notes;
use shared::domain::plan::Plan;
use shared::domain::practice::Practice;
use shared::domain::programme::Programme;
use shared::domain::progress::Progress;
use shared::domain::reflection::Reflection;
use shared::domain::reflection_form::{QuestionKind, Section, WHEEL};
use shared::ids::UserId;

use crate::components::{day_text, time_text};
use crate::i18n::*;
use crate::pages::case::person_of;
use crate::pages::words;
use crate::shell::sentences;

/// A heading with what stands under it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// In words.
    pub heading: String,
    /// By whom and when, where the document says so.
    pub by: String,
    /// A question or label, and what was written; the label may be empty.
    pub lines: Vec<(String, String)>,
}

impl Part {
    fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), ..Self::default() }
    }

    /// Adds what was written, if anything was.
    fn line(&mut self, label: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        if !text.trim().is_empty() {
            self.lines.push((label.into(), text));
        }
    }
}

/// With whose eyes a document is read.
pub struct Reader<'a> {
    /// The words.
    pub i18n: I18nContext<Locale>,
    /// The names.
    pub directory: &'a Directory,
}

impl Reader<'_> {
    /// A person's name.
    pub fn name(&self, user: UserId) -> String {
        person_of(self.directory, user)
            .map_or_else(|| t_string!(self.i18n, common.unknown_person).to_owned(), |it| it.name.clone())
    }

    /// A day with the time.
    pub fn moment(&self, at: u64) -> String {
        let locale = self.i18n.get_locale_untracked();
        format!("{}, {}", day_text(locale, at), time_text(locale, at))
    }

    fn by(&self, user: Option<UserId>, at: u64) -> String {
        let at = if at == 0 { String::new() } else { self.moment(at) };
        match user.map(|user| self.name(user)) {
            Some(name) if at.is_empty() => name,
            Some(name) => format!("{name}, {at}"),
            None => at,
        }
    }

    /// Everything in a document.
    pub fn parts(&self, kind: DocKind, doc: &AutoCommit) -> Vec<Part> {
        let mut parts = match kind {
            DocKind::ReflectionDraft | DocKind::Reflection => self.reflection(&Reflection::read(doc)),
            DocKind::Intake | DocKind::WorkingNotes => self.notes(&Notes::read(doc)),
            DocKind::SharedNotes => {
                let mut parts = self.notes(&Notes::read(doc));
                parts.extend(self.plan(&Plan::read(doc)));
                parts
            }
            DocKind::Progress => self.progress(&Progress::read(doc)),
            DocKind::CoachProfile => self.profile(&CoachProfile::read(doc)),
            DocKind::Programme => self.programme(&Programme::read(doc)),
            DocKind::Practice => Practice::read(doc).pages.into_iter().map(practice).collect(),
        };
        parts.retain(|part| !part.lines.is_empty());
        let content = serde_json::to_value(AutoSerde::from(doc)).unwrap_or_default();
        let rest = rest(&parts, &content);
        if !rest.is_empty() {
            let mut part = Part::new(t_string!(self.i18n, mydata.html_rest));
            rest.into_iter().for_each(|text| part.line("", text));
            parts.push(part);
        }
        parts
    }

    fn reflection(&self, form: &Reflection) -> Vec<Part> {
        let i18n = self.i18n;
        let again = |label: &str| format!("{label} ({})", t_string!(i18n, mydata.html_at_closing));
        let scale = |part: &mut Part, label: &str, id: &str| {
            part.line(label, form.scales.get(id).map(u8::to_string).unwrap_or_default());
            part.line(again(label), form.closing.get(id).map(u8::to_string).unwrap_or_default());
        };
        let section = |section: Section| {
            let mut part = Part::new(format!("{}. {}", section.code(), words::section(i18n, section)));
            for question in section.questions() {
                let label = words::question(i18n, question.id);
                match question.kind {
                    QuestionKind::LongText => part.line(label, form.text(question.id)),
                    QuestionKind::Scale => scale(&mut part, label, question.id),
                    QuestionKind::Wheel => {
                        for id in WHEEL {
                            scale(&mut part, words::wheel(i18n, id), id);
                        }
                    }
                    QuestionKind::Timeline => {
                        for job in form.jobs.iter().filter(|job| !job.is_empty()) {
                            let years = [&*job.from, &*job.to].join(" – ");
                            part.line(format!("{label} {years}"), &*job.title);
                            part.line("", &*job.learned);
                        }
                    }
                    QuestionKind::Choice => {
                        part.line(
                            label,
                            form.guidance.map(|it| words::guidance(i18n, it)).unwrap_or_default(),
                        );
                    }
                }
            }
            part
        };
        Section::ALL.into_iter().map(section).collect()
    }

    fn notes(&self, notes: &Notes) -> Vec<Part> {
        let i18n = self.i18n;
        let note = |note: &shared::domain::notes::Note| {
            let template = note.template.as_deref();
            let heading = template.map(|it| words::template(i18n, it));
            let heading = heading.unwrap_or_else(|| t_string!(i18n, mydata.html_note).to_owned());
            let mut part = Part::new(heading);
            part.by = self.by(note.by, note.moment());
            for (name, text) in &note.parts {
                part.line(words::part(i18n, template.unwrap_or_default(), name), &**text);
            }
            part.line("", &*note.text);
            part
        };
        notes.notes.iter().map(note).collect()
    }

    fn plan(&self, plan: &Plan) -> Vec<Part> {
        let i18n = self.i18n;
        let item = |item: &shared::domain::plan::Item| {
            let state = words::item_state(i18n, item.state);
            let mut part = Part::new(format!("{}: {state}", words::item_kind(i18n, item.kind)));
            part.by = self.by(item.by, item.stamp.created_at);
            part.line("", &*item.text);
            if let Some(owner) = item.owner {
                part.line(t_string!(i18n, mydata.html_for), self.name(owner));
            }
            part.line(t_string!(i18n, mydata.html_due), item.due.as_deref().unwrap_or_default());
            part
        };
        plan.items.iter().map(item).collect()
    }

    fn progress(&self, progress: &Progress) -> Vec<Part> {
        let i18n = self.i18n;
        let mut state = Part::new(t_string!(i18n, mydata.html_progress));
        state.line(t_string!(i18n, common.phase), words::phase(i18n, progress.phase));
        state.line(t_string!(i18n, mydata.html_status), words::status(i18n, progress.status));
        if progress.needs_attention {
            state.line("", t_string!(i18n, mydata.html_attention));
        }
        for ((moment, scale), value) in &progress.scores {
            let label = words::wheel(i18n, scale);
            let when = match moment {
                shared::domain::progress::Moment::Start => t_string!(i18n, mydata.html_at_start),
                shared::domain::progress::Moment::End => t_string!(i18n, mydata.html_at_closing),
            };
            state.line(format!("{label} ({when})"), value.to_string());
        }
        let mut talks = Part::new(t_string!(i18n, mydata.html_talks));
        for talk in &progress.talks {
            let held = if talk.held {
                t_string!(i18n, mydata.html_held)
            } else {
                t_string!(i18n, mydata.html_planned)
            };
            talks.line(self.moment(talk.at), format!("{}, {held}", words::talk(i18n, talk.kind)));
        }
        vec![state, talks]
    }

    fn profile(&self, profile: &CoachProfile) -> Vec<Part> {
        let mut part = Part::new(t_string!(self.i18n, mydata.html_profile));
        part.line("", &*profile.about);
        part.line("", &*profile.approach);
        for set in [ProfileSet::Expertise, ProfileSet::Languages, ProfileSet::Days, ProfileSet::Places] {
            part.line("", profile.set(set).iter().cloned().collect::<Vec<_>>().join(", "));
        }
        part.line("", profile.capacity.map(|it| it.to_string()).unwrap_or_default());
        vec![part]
    }

    fn programme(&self, programme: &Programme) -> Vec<Part> {
        let module = |module: &shared::domain::programme::Module| {
            let mut part = Part::new(module.title.clone());
            part.line("", &*module.about);
            part.line("", &*module.check_in);
            for topic in &module.topics {
                part.line("", &*topic.title);
            }
            for (user, offer) in &module.offers {
                part.line(self.name(*user), &**offer);
            }
            part
        };
        let talk = |it: &shared::domain::programme::Supervision| {
            let mut part = Part::new(self.moment(it.at));
            part.line("", &*it.place);
            part.line("", &*it.learned);
            part
        };
        let modules = programme.modules.iter().map(module);
        modules.chain(programme.supervision.iter().map(talk)).collect()
    }
}

fn practice(page: shared::domain::practice::Page) -> Part {
    let mut part = Part::new(page.title);
    part.line("", page.text);
    part
}

/// The texts of a document that are in none of these parts: what was deleted and can be put back, what another version
/// of the program wrote.
fn rest(parts: &[Part], content: &Value) -> Vec<String> {
    let mut said: HashSet<&str> = HashSet::new();
    for part in parts {
        said.insert(part.heading.trim());
        said.extend(part.lines.iter().map(|(_, text)| text.trim()));
    }
    let mut rest = sentences(content);
    rest.retain(|text| !said.contains(text.trim()));
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_part_says_is_said_at_the_end_and_nothing_twice() {
        let mut part = Part::new("Notitie");
        part.line("", "Zij wil verder.");
        part.line("", "  ");
        assert_eq!(part.lines.len(), 1);
        let content = serde_json::json!({ "n": {
            "a": { "text": "Zij wil verder.", "state": "open" },
            "b": { "text": "Weg ermee 🗑", "deleted_version": 3 },
        } });
        assert_eq!(rest(&[part], &content), ["Weg ermee 🗑"]);
    }
}
