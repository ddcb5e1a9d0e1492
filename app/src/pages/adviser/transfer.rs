//! *Overdragen*: another coach takes over; and what speaks against the coach of now, or the one who was asked.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::access::{Conflict, conflicts};
use shared::domain::directory::{Directory, Trajectory};
use shared::domain::lifecycle::TrajectoryState;
use shared::ids::UserId;

use crate::components::{Notice, Tone};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::{Case, name_of, person_of};

/// Why somebody should not be the coach of a trajectory.
pub fn conflicts_of(directory: &Directory, trajectory: &Trajectory, coach: UserId) -> Vec<Conflict> {
    match (person_of(directory, trajectory.employee), person_of(directory, coach)) {
        (Some(employee), Some(coach)) => {
            conflicts(employee.colleague(), coach.colleague(), &trajectory.avoided)
        }
        _ => Vec::new(),
    }
}

fn words(i18n: I18nContext<Locale>, conflict: Conflict, unit: &str) -> String {
    match conflict {
        Conflict::Herself => t_string!(i18n, adviser.conflict_self).to_string(),
        Conflict::OwnManager => t_string!(i18n, access.conflict_manager).to_string(),
        Conflict::OwnUnit => t_string!(i18n, adviser.conflict_unit, unit = unit.to_owned()).to_string(),
        Conflict::RatherNot => t_string!(i18n, access.conflict_rather_not).to_string(),
    }
}

/// The way to a successor, and what has come up since somebody was asked or accepted.
#[component]
pub fn Transferring(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let coach = Memo::new(move |_| case.trajectory().and_then(|it| it.coach()));
    let asked = Memo::new(move |_| case.trajectory().and_then(|it| it.asked()));
    let is_under_way = Memo::new(move |_| {
        let state = case.trajectory().map(|it| it.state);
        matches!(state, Some(TrajectoryState::Active | TrajectoryState::Closing))
    });
    let against = move |person: Option<UserId>| {
        let (trajectory, directory) = (case.trajectory()?, device.directory()?);
        if !trajectory.state.is_open() {
            return None;
        }
        let person = person?;
        let unit = person_of(&directory, person).map(|it| it.unit.clone()).unwrap_or_default();
        let found = conflicts_of(&directory, &trajectory, person);
        let why: Vec<_> = found.into_iter().map(|it| words(i18n, it, &unit)).collect();
        (!why.is_empty()).then(|| (name_of(device, person).unwrap_or_default(), why.join(". ")))
    };
    let name = move || coach.get().and_then(|coach| name_of(device, coach)).unwrap_or_default();
    view! {
        {move || against(coach.get()).map(|(name, why)| view! {
            <Notice tone=Tone::Warning><p>{t!(i18n, access.conflict_now, name = name, why = why)}</p></Notice>
        })}
        {move || against(asked.get()).map(|(name, why)| view! {
            <Notice tone=Tone::Warning><p>{t!(i18n, access.conflict_asked, name = name, why = why)}</p></Notice>
        })}
        <Show when=move || is_under_way.get() && coach.get().is_some()>
            <Show
                when=move || asked.get().is_none()
                fallback=move || view! { <SuccessorAsked case=case/> }
            >
                <p class="soft">{t!(i18n, access.transfer_text, coach = name)}</p>
                <div class="row">
                    <a class="button" href=move || case.id().map(|id| format!("/koppelen/{id}"))>
                        {t!(i18n, access.transfer)}
                    </a>
                </div>
            </Show>
        </Show>
    }
}

/// Who has been asked to take over.
#[component]
pub fn SuccessorAsked(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let name = move |person: Option<UserId>| person.and_then(|it| name_of(device, it)).unwrap_or_default();
    let asked = move || name(case.trajectory().and_then(|it| it.asked()));
    let coach = move || name(case.trajectory().and_then(|it| it.coach()));
    view! { <p role="status">{t!(i18n, access.transfer_asked, name = asked, coach = coach)}</p> }
}
