//! Who wrote in which document of the demonstration, and what.

use automerge::AutoCommit;
use shared::domain::entry::WriteError;
use shared::domain::kind::DocKind;
use shared::ids::UserId;

use super::moments::Moments;
use super::people::{ADVISER, trajectory};
use super::{pool, profiles, reflections, talks};

/// From a person's address to her id.
pub type Ids<'a> = &'a dyn Fn(&str) -> UserId;

/// Who writes in the document of that kind, in that order. `about` is the address of the employee or coach whose it
/// is; empty for the pool's documents.
#[must_use]
pub fn authors(kind: DocKind, about: &'static str) -> Vec<&'static str> {
    let trajectory = trajectory(about);
    let coach = trajectory.and_then(|it| it.coach());
    match kind {
        DocKind::ReflectionDraft if reflections::has_draft(about) => vec![about],
        DocKind::Reflection => vec![about],
        DocKind::Intake if talks::has_intake(about) => vec![ADVISER],
        DocKind::WorkingNotes => coach.into_iter().collect(),
        DocKind::SharedNotes | DocKind::Progress => coach.into_iter().chain([about]).collect(),
        DocKind::CoachProfile if profiles::has(about) => vec![about],
        DocKind::Programme => pool::PROGRAMME_AUTHORS.to_vec(),
        DocKind::Practice => vec![ADVISER],
        DocKind::ReflectionDraft | DocKind::Intake | DocKind::CoachProfile => vec![],
    }
}

/// Writes what `author` wrote.
///
/// # Errors
/// When the document is not of that kind.
pub fn write(
    kind: DocKind,
    about: &str,
    author: &str,
    ids: Ids<'_>,
    doc: &mut AutoCommit,
    at: Moments,
) -> Result<(), WriteError> {
    match kind {
        DocKind::ReflectionDraft => reflections::write_draft(about, doc, at),
        DocKind::Reflection => reflections::write_shared(about, doc, at),
        DocKind::Intake => talks::write_intake(about, ids, doc, at),
        DocKind::WorkingNotes => talks::write_working_notes(about, ids, doc, at),
        DocKind::SharedNotes => talks::write_shared_notes(about, author, ids, doc, at),
        DocKind::Progress => talks::write_progress(about, author, ids, doc, at),
        DocKind::CoachProfile => profiles::write(about, doc),
        DocKind::Programme => pool::write_programme(author, ids, doc, at),
        DocKind::Practice => pool::write_practice(doc, at),
    }
}
