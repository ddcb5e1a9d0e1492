//! *Mijn loopbaan*: where am I, what is next, and with whom.

use std::collections::BTreeSet;

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::coach_profile::CoachProfile;
use shared::domain::command::Command;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::plan::{ItemKind, Plan};
use shared::domain::progress::Progress;
use shared::domain::reflection_form::Section;
use shared::ids::UserId;

use super::form::answered;
use super::mine::Mine;
use super::section::address_of;
use crate::components::{DueSoon, InstallInvitation, Moment, Notice, Page, day_of_input, day_text};
use crate::i18n::*;
use crate::pages::case::{is_on_its_way, name_of};
use crate::pages::coach::DAYS;
use crate::pages::handover::HandOver;
use crate::pages::words;

/// How long after its beginning a talk still counts as the next one, in ms.
const DURING: u64 = 60 * 60 * 1_000;

/// The page.
#[component]
pub fn Career() -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let state = Memo::new(move |_| mine.trajectory.with(|it| it.as_ref().map(|it| it.state)));
    let is_open = Memo::new(move |_| state.get().is_some_and(TrajectoryState::is_open));
    let has_notes = Memo::new(move |_| mine.document(DocKind::SharedNotes).is_some());
    view! {
        <Page title=move || t_string!(i18n, employee.title)>
            <InstallInvitation/>
            <DueSoon/>
            <Show when=move || is_open.get()><Journey state=state/></Show>
            <section class="stack next" aria-labelledby="next-heading">
                <h2 id="next-heading">{t!(i18n, employee.next_title)}</h2>
                {move || view! { <Next mine=mine state=state.get()/> }}
            </section>
            <HandOver trajectory=mine.trajectory/>
            <Show when=move || has_notes.get()><PlanAtAGlance mine=mine/></Show>
            <FormAtAGlance mine=mine/>
            <Guide mine=mine/>
            <details>
                <summary>{t!(i18n, employee.confidential_title)}</summary>
                <div class="stack tight">
                    <p>{t!(i18n, employee.confidential_1)}</p>
                    <p>{t!(i18n, employee.confidential_2)}</p>
                    <p>{t!(i18n, employee.confidential_3)}</p>
                    <p>{t!(i18n, employee.confidential_4)}</p>
                    <p><a href="/privacy">{t!(i18n, common.who_more)}</a></p>
                </div>
            </details>
        </Page>
    }
}

/// The way from registration to closing, and where she is on it.
#[component]
fn Journey(state: Memo<Option<TrajectoryState>>) -> impl IntoView {
    use TrajectoryState as T;
    let i18n = use_i18n();
    let at = Memo::new(move |_| match state.get() {
        None | Some(T::Registered) => 0,
        Some(T::IntakePlanned) => 1,
        Some(T::IntakeHeld | T::RouteChosen | T::ReferralOffered) => 2,
        Some(T::Active) => 3,
        Some(_) => 4,
    });
    let name = move |step: usize| match step {
        0 => t_string!(i18n, employee.step_registered),
        1 => t_string!(i18n, employee.step_intake),
        2 => t_string!(i18n, employee.step_coach),
        3 => t_string!(i18n, employee.step_guidance),
        _ => t_string!(i18n, employee.step_closing),
    };
    view! {
        <section class="stack tight" aria-labelledby="where-heading">
            <h2 id="where-heading">{t!(i18n, employee.where_title)}</h2>
            <ol class="steps small">
                {(0..5).map(|step| view! {
                    <li
                        data-done=move || (step < at.get()).then_some("")
                        aria-current=move || (step == at.get()).then_some("step")
                    >
                        {move || name(step)}
                        <span class="visually-hidden">
                            {move || (step < at.get()).then(|| t_string!(i18n, employee.step_done))}
                        </span>
                    </li>
                }).collect_view()}
            </ol>
        </section>
    }
}

/// The one next step.
#[component]
fn Next(mine: Mine, state: Option<TrajectoryState>) -> impl IntoView {
    use TrajectoryState as T;
    let i18n = use_i18n();
    let intake_at = move || mine.trajectory.with(|it| it.as_ref().and_then(|it| it.intake_at));
    let coach = move || {
        let name = mine.coach().map(|(name, _)| name);
        name.unwrap_or_else(|| t_string!(i18n, employee.a_coach).to_string())
    };
    let to_form = move || {
        view! {
            <div class="row">
                <a class="button primary" href="/loopbaan/formulier">{t!(i18n, employee.to_form)}</a>
                <a class="button" href="/loopbaan/delen">{t!(i18n, employee.to_sharing)}</a>
            </div>
        }
    };
    match state {
        None | Some(T::Closed | T::Retained | T::Destroyed) => {
            view! { <Register mine=mine again=state.is_some()/> }.into_any()
        }
        Some(T::Registered) => view! {
            <p>{t!(i18n, employee.next_registered, adviser = move || mine.advisers())}</p>
            {to_form()}
        }
        .into_any(),
        Some(T::IntakePlanned) => view! {
            <p>{t!(i18n, employee.next_intake, adviser = move || mine.advisers())}</p>
            <p class="lead">{move || intake_at().map(|at| view! { <strong><Moment at=at/></strong> })}</p>
            <p>{t!(i18n, employee.next_intake_prepare)}</p>
            {to_form()}
        }
        .into_any(),
        Some(T::IntakeHeld) => view! {
            <p>{t!(i18n, employee.next_held, adviser = move || mine.advisers())}</p>
        }
        .into_any(),
        Some(T::RouteChosen) => view! {
            <p>{t!(i18n, employee.next_route, adviser = move || mine.advisers())}</p>
        }
        .into_any(),
        Some(T::ReferralOffered) => view! { <p>{t!(i18n, employee.next_offered, coach = coach)}</p> }.into_any(),
        Some(T::Active) => view! { <NextTalk mine=mine/> }.into_any(),
        Some(T::Closing) => view! {
            <p>{t!(i18n, employee.next_closing)}</p>
            <div class="row"><a class="button primary" href="/loopbaan/terugblik">{t!(i18n, employee.to_review)}</a></div>
            <NextTalk mine=mine/>
        }
        .into_any(),
    }
}

#[component]
fn Register(mine: Mine, again: bool) -> impl IntoView {
    let i18n = use_i18n();
    let under_way = Memo::new(move |_| is_on_its_way(mine.device, |it| matches!(it, Command::Register {})));
    let register = move |_| {
        mine.device.command(Command::Register {});
    };
    view! {
        <p>{if again {
            view! { {t!(i18n, employee.register_again)} }.into_any()
        } else {
            view! { {t!(i18n, employee.register_intro)} }.into_any()
        }}</p>
        <ul>
            <li>{t!(i18n, employee.register_1)}</li>
            <li>{t!(i18n, employee.register_2)}</li>
            <li>{t!(i18n, employee.register_3)}</li>
        </ul>
        <div class="row">
            <button type="button" class="primary" on:click=register disabled=move || under_way.get()>
                {t!(i18n, employee.register)}
            </button>
        </div>
        <div aria-live="polite">
            <Show when=move || under_way.get()><Notice><p>{t!(i18n, employee.register_under_way)}</p></Notice></Show>
        </div>
        <Show when=move || again>
            {move || mine.trajectory.get().map(|it| view! {
                <p><a href=format!("/loopbaan/traject/{}", it.id)>{t!(i18n, employee.to_old_trajectory)}</a></p>
            })}
        </Show>
    }
}

#[component]
fn NextTalk(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let talk = Memo::new(move |_| {
        let progress = mine.document(DocKind::Progress)?.read(Progress::read)?;
        progress.next_talk(mine.device.now_ms().saturating_sub(DURING)).cloned()
    });
    let coach = move || mine.coach().map(|(name, _)| name).unwrap_or_default();
    move || match talk.get() {
        Some(talk) => view! {
            <p class="lead">
                <strong><Moment at=talk.at/></strong>
            </p>
            <p>{move || words::talk(i18n, talk.kind)} " " {t!(i18n, employee.with_coach, coach = coach)}</p>
        }
        .into_any(),
        None => view! { <p>{t!(i18n, employee.no_talk, coach = coach)}</p> }.into_any(),
    }
}

/// What she and her coach are at.
#[component]
fn PlanAtAGlance(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let plan = Memo::new(move |_| {
        mine.document(DocKind::SharedNotes).and_then(|it| it.read(Plan::read)).unwrap_or_default()
    });
    let actions = Memo::new(move |_| {
        let open = |it: &&shared::domain::plan::Item| it.kind == ItemKind::Action && it.state.is_open();
        plan.with(|plan| plan.items.iter().filter(open).cloned().collect::<Vec<_>>())
    });
    let goals = Memo::new(move |_| {
        plan.with(|plan| {
            plan.of(ItemKind::Goal)
                .filter(|it| it.state.is_open())
                .map(|it| it.text.clone())
                .collect::<Vec<_>>()
        })
    });
    let address =
        move || mine.trajectory.with(|it| it.as_ref().map(|it| format!("/loopbaan/traject/{}", it.id)));
    view! {
        <section class="stack tight" aria-labelledby="plan-heading">
            <h2 id="plan-heading">{t!(i18n, employee.plan_title)}</h2>
            {move || goals.get().into_iter().map(|goal| view! { <p class="goal">{goal}</p> }).collect_view()}
            <Show
                when=move || actions.with(|actions| !actions.is_empty())
                fallback=move || view! { <p class="soft">{t!(i18n, employee.no_actions)}</p> }
            >
                <ul class="things">
                    <For each=move || actions.get() key=Clone::clone let(action)>
                        <li>
                            <div class="what">
                                <span>{action.text.clone()}</span>
                                {
                                    let due = action.due.as_deref().and_then(day_of_input);
                                    let owner = action.owner;
                                    view! { <span class="small soft">{move || about(mine, i18n, owner, due)}</span> }
                                }
                            </div>
                        </li>
                    </For>
                </ul>
            </Show>
            <div class="row">
                <a class="button" href=address>{t!(i18n, employee.to_plan)}</a>
                <a class="button" href=move || address().map(|it| format!("{it}/gesprekken"))>
                    {t!(i18n, employee.to_talks)}
                </a>
            </div>
        </section>
    }
}

#[component]
fn FormAtAGlance(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let count = Memo::new(move |_| answered(mine));
    let place =
        move || mine.form.with(|form| form.as_ref().and_then(|form| form.place)).unwrap_or(Section::A);
    view! {
        <section class="stack tight" aria-labelledby="form-heading">
            <h2 id="form-heading">{t!(i18n, employee.form_title)}</h2>
            <progress
                max=move || count.get().1 value=move || count.get().0
                aria-label=move || t_string!(i18n, employee.form_progress)
            ></progress>
            <p class="soft">
                {t!(i18n, employee.answered, done = move || count.get().0, total = move || count.get().1)}
            </p>
            <div class="row">
                <a class="button" href=move || address_of(place())>
                    {move || if count.get().0 > 0 {
                        t_string!(i18n, employee.form_resume)
                    } else {
                        t_string!(i18n, employee.form_begin)
                    }}
                </a>
                <a href="/loopbaan/formulier">{t!(i18n, employee.all_sections)}</a>
                <a href="/loopbaan/delen">{t!(i18n, employee.to_sharing)}</a>
            </div>
        </section>
    }
}

/// Who guides her, in the coach's own words.
#[component]
fn Guide(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let has_coach =
        Memo::new(move |_| mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.coach().is_some())));
    let coach = Memo::new(move |_| mine.coach());
    let profile =
        Memo::new(move |_| coach.get().and_then(|(_, document)| document?.read(CoachProfile::read)));
    let line = move |members: &BTreeSet<String>| members.iter().cloned().collect::<Vec<_>>().join(", ");
    move || {
        coach.get().map(|(name, _)| {
            view! {
                <section class="stack tight" aria-labelledby="coach-heading">
                    <h2 id="coach-heading">
                        {move || if has_coach.get() {
                            t_string!(i18n, employee.coach_title)
                        } else {
                            t_string!(i18n, employee.coach_asked)
                        }}
                    </h2>
                    <p><strong>{name}</strong></p>
                    {move || profile.get().map(|profile| {
                        let shown_days = profile.days.clone();
                        view! {
                        <p class="prose">{profile.about.clone()}</p>
                        <p class="prose">{profile.approach.clone()}</p>
                        <dl class="facts across">
                            <dt>{t!(i18n, employee.coach_days)}</dt><dd>{move || days(i18n, &shown_days)}</dd>
                            <dt>{t!(i18n, employee.coach_places)}</dt><dd>{line(&profile.places)}</dd>
                            <dt>{t!(i18n, employee.coach_languages)}</dt><dd>{line(&profile.languages)}</dd>
                        </dl>
                    }})}
                </section>
            }
        })
    }
}

/// The days in the order of the week; what is no day comes last.
fn days(i18n: I18nContext<Locale>, days: &BTreeSet<String>) -> String {
    let known = DAYS.iter().copied().filter(|&day| days.contains(day));
    let other = days.iter().map(String::as_str).filter(|day| !DAYS.contains(day));
    known.chain(other).map(|day| words::day(i18n, day)).collect::<Vec<_>>().join(", ")
}

/// Who does it, if it is not she herself, and by when.
fn about(mine: Mine, i18n: I18nContext<Locale>, owner: Option<UserId>, due: Option<u64>) -> String {
    let me = mine.device.directory().map(|directory| directory.me);
    let other = owner.filter(|owner| Some(*owner) != me).and_then(|owner| name_of(mine.device, owner));
    let due = due.map(|at| t_string!(i18n, employee.due, at = day_text(i18n.get_locale(), at)).to_string());
    other.into_iter().chain(due).collect::<Vec<_>>().join(", ")
}
