//! The reflection form of one employee: `reflection_draft`, which is hers alone, and `reflection`, which holds
//! the sections that she chose to share. Both have the same shape.
//!
//! `answers`: a text per text question (in the genesis), a number per scale, a code for the choice. `closing`:
//! the scales that are asked again. `jobs`: entries of the timeline. `sections`: when a section was shared.

use std::collections::BTreeMap;

use automerge::ReadDoc;
use automerge::transaction::Transactable;

use super::entry::{self, Stamp, WriteError};
use super::read::{Node, Oddities, Oddity};
use super::reflection_form::{
    Guidance, QUESTIONS, Question, QuestionKind, SCALE_RANGE, SCALES, Section, WHEEL, question_of,
};
use super::text;

/// A form as far as it is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reflection {
    /// The texts that are not empty, by question.
    pub texts: BTreeMap<&'static str, String>,
    /// The scales that were chosen, by their id in [`SCALES`].
    pub scales: BTreeMap<&'static str, u8>,
    /// The scales as chosen at closing.
    pub closing: BTreeMap<&'static str, u8>,
    /// H1.
    pub guidance: Option<Guidance>,
    /// E3: the career so far, earliest first; deleted ones are at [`deleted_jobs`](Self::deleted_jobs).
    pub jobs: Vec<Job>,
    /// Jobs whose deletion can be undone.
    pub deleted_jobs: Vec<Job>,
    /// In the shared document: the sections in it, and when each was last brought up to date.
    pub shared: BTreeMap<Section, u64>,
    /// The section she was at.
    pub place: Option<Section>,
    /// What was found odd.
    pub oddities: Vec<Oddity>,
}

/// One job of the timeline (E3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// What she was.
    pub title: String,
    /// From when, as she wrote it.
    pub from: String,
    /// Until when, as she wrote it; empty for now.
    pub to: String,
    /// What she took from it.
    pub learned: String,
    /// When it was made and edited, and whether it is shown.
    pub stamp: Stamp,
}

/// A field of a [`Job`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobField {
    /// What she was.
    Title,
    /// From when.
    From,
    /// Until when.
    To,
    /// What she took from it.
    Learned,
}

impl JobField {
    /// Every field, in the order shown.
    pub const ALL: [Self; 4] = [Self::Title, Self::From, Self::To, Self::Learned];

    /// Its key in documents and translations.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::From => "from",
            Self::To => "to",
            Self::Learned => "learned",
        }
    }
}

impl Job {
    /// What is in a field.
    #[must_use]
    pub fn field(&self, field: JobField) -> &str {
        match field {
            JobField::Title => &self.title,
            JobField::From => &self.from,
            JobField::To => &self.to,
            JobField::Learned => &self.learned,
        }
    }

    /// Whether nothing is filled in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        JobField::ALL.into_iter().all(|field| self.field(field).is_empty())
    }
}

impl Reflection {
    /// Reads a `reflection_draft` or `reflection`.
    #[must_use]
    pub fn read<D: ReadDoc>(doc: &D) -> Self {
        let oddities = Oddities::default();
        let mut found = {
            let root = Node::root(doc, &oddities);
            let answers = root.map("answers");
            let closing = root.map("closing");
            let sections = root.map("sections");
            let (jobs, deleted_jobs) = read_jobs(&root);
            Self {
                texts: QUESTIONS
                    .iter()
                    .filter(|question| question.kind == QuestionKind::LongText)
                    .filter_map(|question| Some((question.id, answers.text(question.id)?)))
                    .filter(|(_, text)| !text.is_empty())
                    .collect(),
                scales: read_scales(&answers),
                closing: read_scales(&closing),
                guidance: answers.code("H1", Guidance::from_code),
                jobs,
                deleted_jobs,
                shared: Section::ALL
                    .into_iter()
                    .filter_map(|section| Some((section, sections.number(section.code())?)))
                    .collect(),
                place: root.map("meta").code("place", Section::from_code),
                oddities: Vec::new(),
            }
        };
        found.oddities = oddities.into_vec();
        found
    }

    /// The answer to a text question; empty if there is none.
    #[must_use]
    pub fn text(&self, question: &str) -> &str {
        self.texts.get(question).map_or("", String::as_str)
    }

    /// Whether `question` has an answer. A wheel has one when any of its scales has.
    #[must_use]
    pub fn is_answered(&self, question: &Question) -> bool {
        match question.kind {
            QuestionKind::LongText => !self.text(question.id).trim().is_empty(),
            QuestionKind::Scale => self.scales.contains_key(question.id),
            QuestionKind::Wheel => WHEEL.iter().any(|id| self.scales.contains_key(id)),
            QuestionKind::Timeline => !self.jobs.is_empty(),
            QuestionKind::Choice => self.guidance.is_some(),
        }
    }

    /// How many questions of `section` have an answer, and how many it has.
    #[must_use]
    pub fn progress(&self, section: Section) -> (usize, usize) {
        let answered = section.questions().filter(|question| self.is_answered(question)).count();
        (answered, section.questions().count())
    }

    /// Whether anything is filled in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        QUESTIONS.iter().all(|question| !self.is_answered(question))
    }

    /// Whether `section` reads the same in both.
    #[must_use]
    pub fn section_equals(&self, other: &Self, section: Section) -> bool {
        let jobs = |form: &Self| -> Vec<[String; 4]> {
            form.jobs.iter().map(|job| JobField::ALL.map(|field| job.field(field).to_owned())).collect()
        };
        section.questions().all(|question| match question.kind {
            QuestionKind::LongText => self.text(question.id) == other.text(question.id),
            QuestionKind::Scale => self.scales.get(question.id) == other.scales.get(question.id),
            QuestionKind::Wheel => WHEEL.iter().all(|id| self.scales.get(id) == other.scales.get(id)),
            QuestionKind::Timeline => jobs(self) == jobs(other),
            QuestionKind::Choice => self.guidance == other.guidance,
        })
    }
}

fn read_scales<D: ReadDoc>(map: &Node<'_, D>) -> BTreeMap<&'static str, u8> {
    SCALES.iter().filter_map(|&id| Some((id, map.number_in(id, &SCALE_RANGE)?))).collect()
}

fn read_jobs<D: ReadDoc>(root: &Node<'_, D>) -> (Vec<Job>, Vec<Job>) {
    let mut jobs: Vec<Job> = root
        .map("jobs")
        .entries()
        .into_iter()
        .map(|(id, node)| Job {
            id,
            title: node.text("title").unwrap_or_default(),
            from: node.text("from").unwrap_or_default(),
            to: node.text("to").unwrap_or_default(),
            learned: node.text("learned").unwrap_or_default(),
            stamp: Stamp::read(&node),
        })
        .collect();
    // In the order in which they were added: what she types in a field must not make the row jump.
    jobs.sort_by(|one, other| (one.stamp.created_at, &one.id).cmp(&(other.stamp.created_at, &other.id)));
    jobs.into_iter().partition(|job| job.stamp.is_shown())
}

/// Carries over what changed in the text field of `question`.
///
/// # Errors
/// If the form has no such text question, or the genesis is not there.
pub fn change_text<T: Transactable>(
    doc: &mut T,
    question: &str,
    old: &str,
    new: &str,
) -> Result<(), WriteError> {
    let question = question_of(question)
        .filter(|question| question.kind == QuestionKind::LongText)
        .ok_or_else(|| WriteError::NotThisAnswer(question.to_owned()))?;
    let answers = entry::container(doc, "answers")?;
    let answer = text::text_at(doc, &answers, question.id)?;
    text::change(doc, &answer, old, new)?;
    Ok(())
}

/// Sets a scale of [`SCALES`], or takes it back.
///
/// # Errors
/// If there is no such scale, or the number is not within 1 to 10.
pub fn set_scale<T: Transactable>(doc: &mut T, scale: &str, value: Option<u8>) -> Result<(), WriteError> {
    put_scale(doc, "answers", scale, value)
}

/// Sets a scale as answered at closing, or takes it back.
///
/// # Errors
/// As [`set_scale`].
pub fn set_closing_scale<T: Transactable>(
    doc: &mut T,
    scale: &str,
    value: Option<u8>,
) -> Result<(), WriteError> {
    put_scale(doc, "closing", scale, value)
}

fn put_scale<T: Transactable>(
    doc: &mut T,
    container: &'static str,
    scale: &str,
    value: Option<u8>,
) -> Result<(), WriteError> {
    if !SCALES.contains(&scale) || value.is_some_and(|value| !SCALE_RANGE.contains(&value)) {
        return Err(WriteError::NotThisAnswer(scale.to_owned()));
    }
    let map = entry::container(doc, container)?;
    entry::put_number(doc, &map, scale, value.map(u64::from))?;
    Ok(())
}

/// Sets H1, or takes it back.
///
/// # Errors
/// If the genesis is not there.
pub fn set_guidance<T: Transactable>(doc: &mut T, choice: Option<Guidance>) -> Result<(), WriteError> {
    let answers = entry::container(doc, "answers")?;
    entry::put_string(doc, &answers, "H1", choice.map_or("", Guidance::code))?;
    Ok(())
}

/// Notes the section she is at, to resume there.
///
/// # Errors
/// If the genesis is not there.
pub fn set_place<T: Transactable>(doc: &mut T, section: Section) -> Result<(), WriteError> {
    let meta = entry::container(doc, "meta")?;
    entry::put_string(doc, &meta, "place", section.code())?;
    Ok(())
}

/// Adds an empty job under a fresh `id` (see [`entry::id`]).
///
/// # Errors
/// If the genesis is not there.
pub fn add_job<T: Transactable>(doc: &mut T, id: &str, now: u64) -> Result<(), WriteError> {
    let (job, new) = entry::add(doc, "jobs", id, now)?;
    if new {
        for field in JobField::ALL {
            text::new_text(doc, &job, field.code(), "")?;
        }
    }
    Ok(())
}

/// Carries over what changed in a field of a job.
///
/// # Errors
/// If there is no such job.
pub fn change_job<T: Transactable>(
    doc: &mut T,
    id: &str,
    field: JobField,
    old: &str,
    new: &str,
    now: u64,
) -> Result<(), WriteError> {
    let job = entry::find(doc, "jobs", id)?;
    let content = text::text_at(doc, &job, field.code())?;
    if text::change(doc, &content, old, new)? {
        entry::touch(doc, &job, now)?;
    }
    Ok(())
}

/// Deletes a job; [`restore_job`] takes that back.
///
/// # Errors
/// If there is no such job.
pub fn delete_job<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let job = entry::find(doc, "jobs", id)?;
    entry::delete(doc, &job)
}

/// Takes the deletion of a job back.
///
/// # Errors
/// If there is no such job.
pub fn restore_job<T: Transactable>(doc: &mut T, id: &str) -> Result<(), WriteError> {
    let job = entry::find(doc, "jobs", id)?;
    entry::restore(doc, &job)
}

/// Makes `sections` of the shared document `to` read as they do in the draft. Doing it twice changes nothing.
///
/// # Errors
/// If the genesis of `to` is not there.
pub fn copy_sections<T: Transactable>(
    draft: &Reflection,
    to: &mut T,
    sections: &[Section],
    now: u64,
) -> Result<(), WriteError> {
    let before = Reflection::read(to);
    let shared = entry::container(to, "sections")?;
    for &section in sections {
        if before.shared.contains_key(&section) && draft.section_equals(&before, section) {
            continue;
        }
        write_section(to, &before, draft, section, now)?;
        entry::put_number(to, &shared, section.code(), Some(now))?;
    }
    Ok(())
}

/// Empties `sections` of the shared document and no longer names them as shared.
///
/// Who has the document has its history too: to take words back from others' devices, withdraw the whole
/// document by command.
///
/// # Errors
/// If the genesis of `to` is not there.
pub fn withdraw_sections<T: Transactable>(
    to: &mut T,
    sections: &[Section],
    now: u64,
) -> Result<(), WriteError> {
    let before = Reflection::read(to);
    let shared = entry::container(to, "sections")?;
    for &section in sections {
        write_section(to, &before, &Reflection::default(), section, now)?;
        entry::put_number(to, &shared, section.code(), None)?;
    }
    Ok(())
}

fn write_section<T: Transactable>(
    to: &mut T,
    before: &Reflection,
    wanted: &Reflection,
    section: Section,
    now: u64,
) -> Result<(), WriteError> {
    for question in section.questions() {
        match question.kind {
            QuestionKind::LongText => {
                change_text(to, question.id, before.text(question.id), wanted.text(question.id))?;
            }
            QuestionKind::Scale => set_scale(to, question.id, wanted.scales.get(question.id).copied())?,
            QuestionKind::Wheel => {
                for id in WHEEL {
                    set_scale(to, id, wanted.scales.get(id).copied())?;
                }
            }
            QuestionKind::Choice => set_guidance(to, wanted.guidance)?,
            QuestionKind::Timeline => write_jobs(to, before, wanted, now)?,
        }
    }
    Ok(())
}

fn write_jobs<T: Transactable>(
    to: &mut T,
    before: &Reflection,
    wanted: &Reflection,
    now: u64,
) -> Result<(), WriteError> {
    for job in before.jobs.iter().filter(|job| wanted.jobs.iter().all(|other| other.id != job.id)) {
        delete_job(to, &job.id)?;
    }
    let empty = Job::default();
    for job in &wanted.jobs {
        let known = before.jobs.iter().chain(&before.deleted_jobs).find(|other| other.id == job.id);
        if known.is_none() {
            // The moment of the draft's job, so that both show the same order.
            add_job(to, &job.id, job.stamp.created_at)?;
        }
        restore_job(to, &job.id)?;
        for field in JobField::ALL {
            change_job(to, &job.id, field, known.unwrap_or(&empty).field(field), job.field(field), now)?;
        }
    }
    Ok(())
}
