//! Who wrote in which document of the demonstration, and what.

use automerge::AutoCommit;
use shared::domain::entry::WriteError;
use shared::domain::kind::DocKind;
use shared::ids::UserId;

use super::moments::Moments;
use super::people::{ADVISER, DemoTrajectory, trajectory};
use super::{pool, profiles, reflections, talks};

/// From a person's address to her id.
pub type Ids<'a> = &'a dyn Fn(&str) -> UserId;

/// Who writes in the document of that kind, in that order. `about` is the address of the employee or coach whose it
/// is; empty for the pool's documents.
#[must_use]
pub fn authors(kind: DocKind, about: &'static str) -> Vec<&'static str> {
    let trajectory = trajectory(about);
    let coach = trajectory.and_then(DemoTrajectory::coach);
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

#[cfg(test)]
mod tests {
    use automerge::{Change, TextEncoding};
    use shared::domain::genesis::genesis;
    use shared::domain::lifecycle::TrajectoryState;
    use shared::domain::notes::Notes;
    use shared::domain::plan::Plan;
    use shared::domain::progress::Progress;
    use shared::domain::reflection::Reflection;
    use shared::domain::reflection_form::Section;

    use super::super::people::{people, person, trajectories};
    use super::*;

    const NOW: u64 = 1_790_000_000_000;

    fn id_of(email: &str) -> UserId {
        let place = people().iter().position(|person| person.email == email).unwrap();
        UserId([u8::try_from(place).unwrap() + 1; 16])
    }

    fn made(kind: DocKind, about: &'static str) -> AutoCommit {
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        doc.apply_changes([Change::from_bytes(genesis(kind).data.clone()).unwrap()]).unwrap();
        for author in authors(kind, about) {
            write(kind, about, author, &id_of, &mut doc, Moments::new(NOW)).unwrap();
            doc.commit();
        }
        doc
    }

    #[test]
    fn everybody_is_there_and_every_state_of_the_lifecycle_too() {
        assert_eq!(people().len(), 1 + 6 + 12 + 2);
        for state in TrajectoryState::ALL {
            assert!(trajectories().iter().any(|trajectory| trajectory.state == state), "{state:?}");
        }
        for trajectory in trajectories() {
            assert!(person(trajectory.employee).is_some());
            assert!(trajectory.referrals.iter().all(|referral| person(referral.coach).is_some()));
        }
    }

    #[test]
    fn every_document_reads_without_oddities() {
        for person in people() {
            for kind in DocKind::ALL {
                let doc = made(kind, person.email);
                assert_eq!(Reflection::read(&doc).oddities, [], "{kind:?} {}", person.email);
                assert_eq!(Notes::read(&doc).oddities, []);
                assert_eq!(Plan::read(&doc).oddities, []);
                assert_eq!(Progress::read(&doc).oddities, []);
            }
        }
    }

    #[test]
    fn the_shared_reflection_holds_what_was_shared_and_nothing_else() {
        for trajectory in trajectories().iter().filter(|it| !it.shared.is_empty()) {
            let draft = Reflection::read(&made(DocKind::ReflectionDraft, trajectory.employee));
            let shared = Reflection::read(&made(DocKind::Reflection, trajectory.employee));
            assert_eq!(shared.shared.keys().copied().collect::<Vec<_>>(), trajectory.shared);
            for section in Section::ALL {
                let wanted =
                    if trajectory.shared.contains(&section) { &draft } else { &Reflection::default() };
                assert!(shared.section_equals(wanted, section), "{} {section:?}", trajectory.employee);
            }
        }
    }

    #[test]
    fn there_is_a_talk_today() {
        let progress = Progress::read(&made(DocKind::Progress, "medewerker1@demo.example"));
        assert!(progress.talks.iter().any(|talk| talk.at / 86_400_000 == NOW / 86_400_000 && !talk.held));
    }
}
