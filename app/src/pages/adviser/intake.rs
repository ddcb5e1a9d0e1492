//! The intake: what the employee shared beside the adviser's own notes, and the steps to take.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;

use super::transfer::Transferring;
use crate::components::{Audience, AudienceSection, Moment, Page, input_of_moment, moment_of_input};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::{Case, is_on_its_way, name_of, person_of};
use crate::pages::coach::{NotePlace, NotesFor};
use crate::pages::reflection::SharedReflection;
use crate::pages::words;

/// The page.
#[component]
pub fn Intake() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let case = Case::from_address();
    let reflection = case.document(DocKind::Reflection);
    let notes = case.document(DocKind::Intake);
    let known = Memo::new(move |_| case.trajectory().is_some());
    let name = move || case.employee_name();
    let about = move || {
        let trajectory = case.trajectory()?;
        let directory = device.directory()?;
        let unit = person_of(&directory, trajectory.employee).map(|it| it.unit.clone()).unwrap_or_default();
        let unit = if unit.is_empty() { t_string!(i18n, adviser.unit_unknown).to_string() } else { unit };
        let coach = trajectory.coach().and_then(|coach| name_of(device, coach));
        let coach = coach.map(|name| t_string!(i18n, adviser.coach_until_now, name = name).to_string());
        let parts = [Some(words::state(i18n, trajectory.state).to_owned()), Some(unit), coach];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    };
    view! {
        <Page
            title=move || t_string!(i18n, adviser.intake_of, name = name()).to_string()
            window=move || t_string!(i18n, vault.window_intake) wide=true
        >
            <Show
                when=move || known.get()
                fallback=move || view! { <p>{t!(i18n, adviser.not_known)}</p> }
            >
                <p class="soft">{about}</p>
                <Steps case=case/>
                <div class="columns two">
                    <section class="stack" aria-labelledby="reflection-heading">
                        <h2 id="reflection-heading">{t!(i18n, adviser.reflection)}</h2>
                        <Show
                            when=move || reflection.get().is_some()
                            fallback=move || view! { <p class="soft">{t!(i18n, adviser.no_reflection, name = name)}</p> }
                        >
                            <SharedReflection document=reflection/>
                        </Show>
                    </section>
                    <AudienceSection
                        audience=Audience::Advisers
                        document=Signal::derive(move || notes.get().map(|it| it.id()))
                    >
                        <NotesFor
                            id="intake" document=notes place=Signal::stored(NotePlace::Loose(None))
                            label=move || t_string!(i18n, adviser.my_notes)
                        />
                    </AudienceSection>
                </div>
            </Show>
        </Page>
    }
}

/// What comes next, by state.
#[component]
fn Steps(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let state = Memo::new(move |_| case.trajectory().map(|it| it.state));
    let intake_at = Memo::new(move |_| case.trajectory().and_then(|it| it.intake_at));
    let waiting = Memo::new(move |_| {
        let id = case.id();
        is_on_its_way(device, |command| match command {
            Command::PlanIntake { trajectory, .. } | Command::HoldIntake { trajectory } => {
                Some(*trajectory) == id
            }
            _ => false,
        })
    });
    let hold = move |_| {
        if let Some(trajectory) = untrack(|| case.id()) {
            device.command(Command::HoldIntake { trajectory });
        }
    };
    let before = Memo::new(move |_| {
        matches!(state.get(), Some(TrajectoryState::Registered | TrajectoryState::IntakePlanned))
    });
    let to_match = Memo::new(move |_| {
        matches!(state.get(), Some(TrajectoryState::IntakeHeld | TrajectoryState::RouteChosen))
    });
    view! {
        <section class="stack no-print" aria-labelledby="steps-heading">
            <h2 id="steps-heading">{t!(i18n, adviser.next_step)}</h2>
            {move || intake_at.get().map(|at| view! {
                <p>{t!(i18n, adviser.intake_on, at = move || view! { <Moment at=at/> })}</p>
            })}
            <div role="status">{move || waiting.get().then(|| t_string!(i18n, common.command_waiting))}</div>
            <Show when=move || before.get()>
                <PlanIntake case=case/>
                <p class="soft">{t!(i18n, adviser.hold_intake_text, name = move || case.employee_name())}</p>
                <div class="row">
                    <button type="button" class="primary" on:click=hold>{t!(i18n, adviser.hold_intake)}</button>
                </div>
            </Show>
            <Show when=move || to_match.get()>
                <div class="row">
                    <a class="button primary" href=move || case.id().map(|id| format!("/koppelen/{id}"))>
                        {t!(i18n, adviser.find_coach)}
                    </a>
                </div>
            </Show>
            <Show when=move || state.get() == Some(TrajectoryState::ReferralOffered)>
                <Asked case=case/>
            </Show>
            <Transferring case=case/>
        </section>
    }
}

#[component]
fn PlanIntake(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let planned = untrack(|| case.trajectory()).and_then(|it| it.intake_at);
    let when = RwSignal::new(planned.map(input_of_moment).unwrap_or_default());
    let plan = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if let (Some(at), Some(trajectory)) = (moment_of_input(&when.get_untracked()), untrack(|| case.id()))
        {
            device.command(Command::PlanIntake { trajectory, at });
        }
    };
    view! {
        <form class="row end" on:submit=plan>
            <div class="field">
                <label for="intake-when">
                    {move || if planned.is_some() {
                        t_string!(i18n, adviser.replan_intake)
                    } else {
                        t_string!(i18n, adviser.plan_intake)
                    }}
                </label>
                <input
                    id="intake-when" type="datetime-local" autocomplete="off" required=true
                    prop:value=move || when.get() on:input=move |event| when.set(event_target_value(&event))
                />
            </div>
            <button type="submit">{t!(i18n, adviser.plan)}</button>
        </form>
    }
}

/// Who has been asked.
#[component]
pub fn Asked(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let name = move || {
        let asked = case.trajectory().and_then(|it| it.referrals.last().map(|referral| referral.coach));
        asked.and_then(|coach| name_of(device, coach)).unwrap_or_default()
    };
    view! { <p role="status">{t!(i18n, adviser.asked, name = name)}</p> }
}
