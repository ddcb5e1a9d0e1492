//! What a person calls a document: by its kind and by whom it is about, in the middle of a sentence.

use leptos_i18n::I18nContext;
use shared::domain::kind::DocKind;
use shared::ids::DocId;

use crate::device::Device;
use crate::i18n::*;

/// As in "je eigen aantekeningen over Sanne Bakker". Tracked.
pub fn document_name(i18n: I18nContext<Locale>, device: Device, id: DocId) -> String {
    let unknown = || t_string!(i18n, common.doc_unknown).to_string();
    let Some(directory) = device.directory() else { return unknown() };
    let Some(document) = directory.documents.iter().find(|it| it.id == id) else { return unknown() };
    let trajectory = document.trajectory.and_then(|id| directory.trajectories.iter().find(|it| it.id == id));
    let person = match trajectory {
        Some(trajectory) if trajectory.employee != directory.me => Some(trajectory.employee),
        Some(trajectory) => document.kept_with.or_else(|| trajectory.coach()),
        None => document.owner,
    };
    let is_own = trajectory.map_or(document.owner, |it| Some(it.employee)) == Some(directory.me);
    let name = person.and_then(|person| directory.people.iter().find(|it| it.id == person));
    let name =
        name.map_or_else(|| t_string!(i18n, common.unknown_person).to_string(), |person| person.name.clone());
    match document.kind {
        DocKind::ReflectionDraft => t_string!(i18n, common.doc_reflection_draft).to_string(),
        DocKind::Reflection if is_own => t_string!(i18n, common.doc_own_reflection).to_string(),
        DocKind::Reflection => t_string!(i18n, common.doc_reflection, name = name).to_string(),
        DocKind::Intake => t_string!(i18n, common.doc_intake, name = name).to_string(),
        DocKind::WorkingNotes => t_string!(i18n, common.doc_working_notes, name = name).to_string(),
        DocKind::SharedNotes if person.is_none() => t_string!(i18n, common.doc_own_shared_notes).to_string(),
        DocKind::SharedNotes => t_string!(i18n, common.doc_shared_notes, name = name).to_string(),
        DocKind::Progress if is_own => t_string!(i18n, common.doc_own_progress).to_string(),
        DocKind::Progress => t_string!(i18n, common.doc_progress, name = name).to_string(),
        DocKind::CoachProfile if is_own => t_string!(i18n, common.doc_own_profile).to_string(),
        DocKind::CoachProfile => t_string!(i18n, common.doc_profile, name = name).to_string(),
        DocKind::Programme => t_string!(i18n, common.doc_programme).to_string(),
        DocKind::Practice => t_string!(i18n, common.doc_practice).to_string(),
    }
}
