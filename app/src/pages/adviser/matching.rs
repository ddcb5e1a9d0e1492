//! *Koppelen*: finding a coach by visible criteria. Nobody is ranked; who cannot be asked is shown with the
//! reason.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::access;
use shared::domain::command::Command;
use shared::domain::directory::{Directory, Trajectory};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::reflection::Reflection;

use super::intake::Asked;
use super::pool::{Coach, CoachFacts, coaches};
use super::transfer::{SuccessorAsked, conflicts_of};
use crate::components::{Empty, Page, SelectField};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::{Case, is_on_its_way};
use crate::pages::coach::DAYS;
use crate::pages::words;

/// Why a coach cannot be asked now.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Conflict {
    Herself,
    IsCoach,
    OwnManager,
    SameUnit(String),
    RatherNot,
    Declined,
    Paused,
}

fn conflict(directory: &Directory, coach: &Coach, trajectory: &Trajectory) -> Option<Conflict> {
    let declined = |it: &shared::domain::directory::Referral| {
        it.coach == coach.user && it.state == ReferralState::Declined
    };
    if trajectory.coach() == Some(coach.user) {
        Some(Conflict::IsCoach)
    } else if let Some(found) = conflicts_of(directory, trajectory, coach.user).first() {
        Some(match found {
            access::Conflict::Herself => Conflict::Herself,
            access::Conflict::OwnManager => Conflict::OwnManager,
            access::Conflict::OwnUnit => Conflict::SameUnit(coach.unit.clone()),
            access::Conflict::RatherNot => Conflict::RatherNot,
        })
    } else if trajectory.referrals.iter().any(declined) {
        Some(Conflict::Declined)
    } else if coach.profile.paused {
        Some(Conflict::Paused)
    } else {
        None
    }
}

/// What is filtered by; empty means anything.
#[derive(Clone, Copy)]
struct Filter {
    expertise: RwSignal<String>,
    language: RwSignal<String>,
    day: RwSignal<String>,
}

impl Filter {
    fn fits(self, coach: &Coach) -> bool {
        let has = |wanted: RwSignal<String>, set: &BTreeSet<String>| {
            wanted.with(|wanted| wanted.is_empty() || set.contains(wanted))
        };
        has(self.expertise, &coach.profile.expertise)
            && has(self.language, &coach.profile.languages)
            && has(self.day, &coach.profile.days)
    }
}

/// The page.
#[component]
pub fn Matching() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let case = Case::from_address();
    let all = Memo::new(move |_| coaches(device));
    let text = || RwSignal::new(String::new());
    let filter = Filter { expertise: text(), language: text(), day: text() };
    let sorted = Memo::new(move |_| {
        let (Some(trajectory), Some(directory)) = (case.trajectory(), device.directory()) else {
            return (Vec::new(), Vec::new());
        };
        let (mut free, mut not) = (Vec::new(), Vec::new());
        for coach in all.get().into_iter().filter(|coach| filter.fits(coach)) {
            match conflict(&directory, &coach, &trajectory) {
                None => free.push(coach),
                Some(conflict) => not.push((coach, conflict)),
            }
        }
        (free, not)
    });
    let free = Memo::new(move |_| sorted.get().0);
    let conflicts = Memo::new(move |_| sorted.get().1);
    let state = Memo::new(move |_| case.trajectory().map(|it| it.state));
    let asked = Memo::new(move |_| case.trajectory().and_then(|it| it.asked()).is_some());
    let transfers =
        Memo::new(move |_| matches!(state.get(), Some(TrajectoryState::Active | TrajectoryState::Closing)));
    let may_refer = Memo::new(move |_| {
        matches!(state.get(), Some(TrajectoryState::IntakeHeld | TrajectoryState::RouteChosen))
            || transfers.get() && !asked.get()
    });
    let waiting = Memo::new(move |_| {
        let id = case.id();
        is_on_its_way(
            device,
            |it| matches!(it, Command::Refer { trajectory, .. } | Command::Transfer { trajectory, .. } if Some(*trajectory) == id),
        )
    });
    let title = move || {
        let name = case.employee_name();
        if transfers.get() {
            t_string!(i18n, access.transfer_for, name = name).to_string()
        } else {
            t_string!(i18n, adviser.match_for, name = name).to_string()
        }
    };
    let may_ask = Signal::derive(move || may_refer.get() && !waiting.get());
    view! {
        <Page title=title window=move || t_string!(i18n, vault.window_matching) wide=true>
            <Show when=move || transfers.get()><p>{t!(i18n, access.transfer_lead)}</p></Show>
            <p class="lead">{t!(i18n, adviser.match_lead)}</p>
            <div role="status">{move || waiting.get().then(|| t_string!(i18n, common.command_waiting))}</div>
            {move || match state.get() {
                Some(TrajectoryState::ReferralOffered) => view! { <Asked case=case/> }.into_any(),
                _ if transfers.get() && asked.get() => view! { <SuccessorAsked case=case/> }.into_any(),
                _ if !may_refer.get() => view! { <p>{t!(i18n, adviser.not_now)}</p> }.into_any(),
                _ => ().into_any(),
            }}
            <Wishes case=case/>
            <Filters filter=filter all=all/>
            <section class="stack" aria-labelledby="coaches-heading">
                <h2 id="coaches-heading">{t!(i18n, adviser.coaches)}</h2>
                <p class="soft" role="status">
                    {t!(i18n, adviser.count_found, count = move || free.with(Vec::len))}
                </p>
                <Show when=move || all.with(Vec::is_empty)>
                    <Empty><p>{t!(i18n, adviser.no_coaches)}</p></Empty>
                </Show>
                <Show when=move || all.with(|all| !all.is_empty()) && free.with(Vec::is_empty)>
                    <p>{t!(i18n, adviser.no_match)}</p>
                </Show>
                <ul class="things">
                    <For each=move || free.get() key=Coach::face let(coach)>
                        <Candidate coach=coach case=case may_ask=may_ask/>
                    </For>
                </ul>
            </section>
            <Show when=move || conflicts.with(|it| !it.is_empty())>
                <section class="stack" aria-labelledby="conflicts-heading">
                    <h2 id="conflicts-heading">{t!(i18n, adviser.conflicts)}</h2>
                    <p class="soft">{t!(i18n, adviser.conflicts_lead)}</p>
                    <ul class="things">
                        <For each=move || conflicts.get() key=|(coach, conflict)| (coach.user, conflict.clone()) let((coach, conflict))>
                            <li>
                                <div class="what">
                                    <strong>{coach.name}</strong>
                                    <span>{move || match &conflict {
                                        Conflict::Herself => t_string!(i18n, adviser.conflict_self).to_string(),
                                        Conflict::IsCoach => t_string!(i18n, access.is_coach).to_string(),
                                        Conflict::OwnManager => t_string!(i18n, access.conflict_manager).to_string(),
                                        Conflict::RatherNot => t_string!(i18n, access.conflict_rather_not).to_string(),
                                        Conflict::SameUnit(unit) => {
                                            t_string!(i18n, adviser.conflict_unit, unit = unit.clone()).to_string()
                                        }
                                        Conflict::Declined => t_string!(i18n, adviser.conflict_declined).to_string(),
                                        Conflict::Paused => t_string!(i18n, adviser.conflict_paused).to_string(),
                                    }}</span>
                                </div>
                            </li>
                        </For>
                    </ul>
                </section>
            </Show>
        </Page>
    }
}

#[component]
fn Candidate(coach: Coach, case: Case, may_ask: Signal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let user = coach.user;
    let name = StoredValue::new(coach.name.clone());
    let ask = move |_| {
        if let Some(trajectory) = untrack(|| case.id()) {
            let has_coach = untrack(|| case.trajectory()).is_some_and(|it| it.coach().is_some());
            device.command(if has_coach {
                Command::Transfer { trajectory, coach: user }
            } else {
                Command::Refer { trajectory, coach: user }
            });
        }
    };
    view! {
        <li>
            <div class="what">
                <h3>{name.get_value()}</h3>
                <CoachFacts coach=coach/>
            </div>
            <Show when=move || may_ask.get()>
                <button
                    type="button" class="primary" on:click=ask
                    aria-label=move || t_string!(i18n, adviser.ask_named, name = name.get_value()).to_string()
                >
                    {t!(i18n, adviser.ask)}
                </button>
            </Show>
        </li>
    }
}

/// What the employee wrote about guidance, if she shared it.
#[component]
fn Wishes(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let document = case.document(DocKind::Reflection);
    let found = Memo::new(move |_| document.get().and_then(|it| it.read(Reflection::read)));
    let answers = move || {
        let found = found.get()?;
        let mut answers = Vec::new();
        if let Some(guidance) = found.guidance {
            answers.push(("H1", words::guidance(i18n, guidance).to_owned()));
        }
        for id in ["H2", "H3", "H4"] {
            let text = found.text(id);
            if !text.trim().is_empty() {
                answers.push((id, text.to_owned()));
            }
        }
        (!answers.is_empty()).then_some(answers)
    };
    view! {
        {move || answers().map(|answers| view! {
            <section class="stack tight" aria-labelledby="wishes-heading">
                <h2 id="wishes-heading">{t!(i18n, adviser.wishes)}</h2>
                <dl class="facts">
                    {answers.into_iter().map(|(id, text)| view! {
                        <dt>{words::question(i18n, id)}</dt><dd>{text}</dd>
                    }).collect_view()}
                </dl>
            </section>
        })}
    }
}

#[component]
fn Filters(filter: Filter, all: Memo<Vec<Coach>>) -> impl IntoView {
    let i18n = use_i18n();
    let any = move || (String::new(), t_string!(i18n, adviser.any).to_string());
    let of = move |set: fn(&Coach) -> &BTreeSet<String>| {
        Signal::derive(move || {
            let members: BTreeSet<_> =
                all.with(|all| all.iter().flat_map(|coach| set(coach).iter().cloned()).collect());
            std::iter::once(any()).chain(members.into_iter().map(|it| (it.clone(), it))).collect::<Vec<_>>()
        })
    };
    let expertise = of(|coach| &coach.profile.expertise);
    let languages = of(|coach| &coach.profile.languages);
    let days = Signal::derive(move || {
        std::iter::once(any())
            .chain(DAYS.map(|day| (day.to_owned(), words::day(i18n, day))))
            .collect::<Vec<_>>()
    });
    view! {
        <section class="stack tight no-print" aria-labelledby="filter-heading">
            <h2 id="filter-heading">{t!(i18n, adviser.filter)}</h2>
            <div class="row end">
                <SelectField
                    id="expertise" label=move || t_string!(i18n, adviser.expertise) choices=expertise
                    chosen=filter.expertise on_choose=Callback::new(move |it| filter.expertise.set(it))
                />
                <SelectField
                    id="speaks" label=move || t_string!(i18n, adviser.speaks) choices=languages
                    chosen=filter.language on_choose=Callback::new(move |it| filter.language.set(it))
                />
                <SelectField
                    id="day" label=move || t_string!(i18n, adviser.day) choices=days
                    chosen=filter.day on_choose=Callback::new(move |it| filter.day.set(it))
                />
            </div>
        </section>
    }
}
