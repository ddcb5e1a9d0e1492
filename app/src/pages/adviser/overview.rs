//! *Overzicht*: what needs the adviser, then every trajectory with its merged progress.

use leptos::prelude::*;
use shared::domain::directory::{Directory, Trajectory};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::progress::{Phase, Progress};
use shared::ids::TrajectoryId;

use crate::components::{ChoiceField, DueSoon, Empty, Page, TextField, day_text, time_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::person_of;
use crate::pages::words;

/// So long without a talk is worth a look, in ms.
const SILENCE: u64 = 42 * 24 * 60 * 60 * 1_000;

/// A trajectory with everything that the list says of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Row {
    id: TrajectoryId,
    name: String,
    unit: String,
    state: TrajectoryState,
    registered_at: u64,
    intake_at: Option<u64>,
    shared_reflection: bool,
    coach: Option<String>,
    /// Who was asked and has not answered, and when.
    asked: Option<(String, u64)>,
    /// Who declined, if nobody else was asked since.
    declined: Option<String>,
    phase: Option<Phase>,
    attention: bool,
    last_talk: Option<u64>,
    next_talk: Option<u64>,
    has_progress: bool,
}

fn row(device: Device, directory: &Directory, trajectory: &Trajectory, now: u64) -> Row {
    let name_of = |user| person_of(directory, user).map(|it| it.name.clone()).unwrap_or_default();
    let person = person_of(directory, trajectory.employee);
    let document_of =
        |kind| directory.documents.iter().find(|it| it.kind == kind && it.trajectory == Some(trajectory.id));
    let document = document_of(DocKind::Progress).map(|it| device.document(it.id));
    let progress = document.and_then(|document| document.read(Progress::read));
    let found = progress.clone().unwrap_or_default();
    let last = trajectory.referrals.last();
    let in_state = |state| last.filter(|referral| referral.state == state);
    Row {
        id: trajectory.id,
        name: name_of(trajectory.employee),
        unit: person.map(|it| it.unit.clone()).unwrap_or_default(),
        state: trajectory.state,
        registered_at: trajectory.registered_at,
        intake_at: trajectory.intake_at,
        shared_reflection: document_of(DocKind::Reflection).is_some(),
        coach: trajectory.coach().map(name_of),
        asked: in_state(ReferralState::Offered).map(|it| (name_of(it.coach), it.offered_at)),
        declined: in_state(ReferralState::Declined).map(|it| name_of(it.coach)),
        phase: found.phase,
        attention: found.needs_attention,
        last_talk: found.last_talk().map(|talk| talk.at),
        next_talk: found.next_talk(now).map(|talk| talk.at),
        has_progress: progress.is_some(),
    }
}

/// Why a trajectory is among what needs the adviser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Need {
    Registration,
    IntakePast,
    ChooseRoute,
    Declined,
    Unanswered,
    Attention,
    Silent,
    IntakeComing,
}

fn need(row: &Row, now: u64) -> Option<Need> {
    match row.state {
        TrajectoryState::Registered => Some(Need::Registration),
        TrajectoryState::IntakePlanned if row.intake_at.is_some_and(|at| at < now) => Some(Need::IntakePast),
        TrajectoryState::IntakePlanned => Some(Need::IntakeComing),
        TrajectoryState::IntakeHeld => Some(Need::ChooseRoute),
        TrajectoryState::RouteChosen if row.declined.is_some() => Some(Need::Declined),
        TrajectoryState::RouteChosen => Some(Need::ChooseRoute),
        TrajectoryState::ReferralOffered => Some(Need::Unanswered),
        TrajectoryState::Active | TrajectoryState::Closing if row.attention => Some(Need::Attention),
        TrajectoryState::Active
            if row.has_progress
                && row.next_talk.is_none()
                && row.last_talk.unwrap_or(row.registered_at) + SILENCE < now =>
        {
            Some(Need::Silent)
        }
        _ => None,
    }
}

/// The page.
#[component]
pub fn Overview() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let rows = Memo::new(move |_| {
        let Some(directory) = device.directory() else { return Vec::new() };
        let now = device.now_ms();
        let mut rows: Vec<_> = directory
            .trajectories
            .iter()
            // Her own is another adviser's to see to.
            .filter(|trajectory| trajectory.employee != directory.me)
            .map(|trajectory| row(device, &directory, trajectory, now))
            .collect();
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        rows
    });
    let needs = Memo::new(move |_| {
        let now = device.now_ms();
        let mut needs: Vec<_> =
            rows.get().into_iter().filter_map(|row| Some((need(&row, now)?, row))).collect();
        needs.sort_by_key(|(need, row)| (*need, row.registered_at));
        needs
    });
    view! {
        <Page title=move || t_string!(i18n, adviser.overview) wide=true>
            <DueSoon/>
            <Show
                when=move || rows.with(|rows| !rows.is_empty())
                fallback=move || view! { <Empty><p>{t!(i18n, adviser.no_trajectories)}</p></Empty> }
            >
                <section class="stack" aria-labelledby="needs-heading">
                    <h2 id="needs-heading">{t!(i18n, adviser.needs_me)}</h2>
                    <Show
                        when=move || needs.with(|needs| !needs.is_empty())
                        fallback=move || view! { <p class="soft">{t!(i18n, adviser.nothing_needs_me)}</p> }
                    >
                        <ul class="things">
                            <For each=move || needs.get() key=Clone::clone let((need, row))>
                                <OneNeed need=need row=row/>
                            </For>
                        </ul>
                    </Show>
                </section>
                <All rows=rows/>
            </Show>
        </Page>
    }
}

#[component]
fn OneNeed(need: Need, row: Row) -> impl IntoView {
    let i18n = use_i18n();
    let row = StoredValue::new(row);
    let day = move |at: u64| day_text(i18n.get_locale(), at);
    let moment = move |at: u64| format!("{}, {}", day(at), time_text(i18n.get_locale(), at));
    let why = move || {
        row.with_value(|row| match need {
            Need::Registration => {
                let since =
                    t_string!(i18n, adviser.new_registration, at = day(row.registered_at)).to_string();
                if row.shared_reflection {
                    format!("{since} · {}", t_string!(i18n, adviser.reflection_shared))
                } else {
                    since
                }
            }
            Need::IntakeComing => {
                t_string!(i18n, adviser.intake_on, at = moment(row.intake_at.unwrap_or_default())).to_string()
            }
            Need::IntakePast => {
                t_string!(i18n, adviser.intake_past, at = moment(row.intake_at.unwrap_or_default()))
                    .to_string()
            }
            Need::ChooseRoute => t_string!(i18n, adviser.intake_done).to_string(),
            Need::Declined => {
                t_string!(i18n, adviser.coach_declined, name = row.declined.clone().unwrap_or_default())
                    .to_string()
            }
            Need::Unanswered => {
                let (name, at) = row.asked.clone().unwrap_or_default();
                t_string!(i18n, adviser.unanswered, name = name, at = day(at)).to_string()
            }
            Need::Attention => t_string!(i18n, adviser.asks_attention).to_string(),
            Need::Silent => row.last_talk.map_or_else(
                || t_string!(i18n, adviser.never_talked).to_string(),
                |at| t_string!(i18n, adviser.silent, at = day(at)).to_string(),
            ),
        })
    };
    let (id, name) = row.with_value(|row| (row.id, row.name.clone()));
    let name = StoredValue::new(name);
    let matching = matches!(need, Need::ChooseRoute | Need::Declined);
    let coach = row.with_value(|row| row.coach.clone());
    view! {
        <li>
            <div class="what">
                <a href=format!("/intake/{id}")>{name.get_value()}</a>
                <span class="small soft">
                    {why}
                    {coach.map(|coach| view! { " · " {t!(i18n, adviser.coach_until_now, name = coach)} })}
                </span>
            </div>
            {if matching {
                view! {
                    <a class="button" href=format!("/koppelen/{id}")
                        aria-label=move || t_string!(i18n, adviser.find_coach_for, name = name.get_value()).to_string()>
                        {t!(i18n, adviser.find_coach)}
                    </a>
                }.into_any()
            } else {
                view! {
                    <a class="button" href=format!("/intake/{id}")
                        aria-label=move || t_string!(i18n, adviser.open_intake_of, name = name.get_value()).to_string()>
                        {t!(i18n, adviser.open_intake)}
                    </a>
                }.into_any()
            }}
        </li>
    }
}

/// Every trajectory, as a table that folds on a telephone.
#[component]
fn All(rows: Memo<Vec<Row>>) -> impl IntoView {
    let i18n = use_i18n();
    let name = RwSignal::new(String::new());
    let show = RwSignal::new("open".to_owned());
    let choices = Signal::derive(move || {
        vec![
            ("open".to_owned(), t_string!(i18n, adviser.show_open).to_string()),
            ("closed".to_owned(), t_string!(i18n, adviser.show_closed).to_string()),
            ("all".to_owned(), t_string!(i18n, adviser.show_all).to_string()),
        ]
    });
    let found = Memo::new(move |_| {
        let (wanted, show) = (name.get().to_lowercase(), show.get());
        let fits = |row: &Row| {
            let state = match show.as_str() {
                "open" => row.state.is_open(),
                "closed" => !row.state.is_open(),
                _ => true,
            };
            state && row.name.to_lowercase().contains(wanted.trim())
        };
        rows.with(|rows| rows.iter().filter(|row| fits(row)).cloned().collect::<Vec<_>>())
    });
    view! {
        <section class="stack" aria-labelledby="all-heading">
            <h2 id="all-heading">{t!(i18n, adviser.all)}</h2>
            <div class="row end no-print">
                <TextField id="search-name" kind="search" label=move || t_string!(i18n, adviser.search_name) value=name/>
                <ChoiceField
                    id="show" label=move || t_string!(i18n, adviser.show) across=true
                    choices=choices chosen=show on_choose=Callback::new(move |code| show.set(code))
                />
            </div>
            <Show
                when=move || found.with(|found| !found.is_empty())
                fallback=move || view! { <p class="soft" role="status">{t!(i18n, adviser.none_found)}</p> }
            >
                <table class="folds">
                    <caption>{t!(i18n, adviser.all_caption)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(i18n, adviser.col_name)}</th>
                            <th scope="col">{t!(i18n, adviser.col_state)}</th>
                            <th scope="col">{t!(i18n, adviser.col_coach)}</th>
                            <th scope="col">{t!(i18n, adviser.col_phase)}</th>
                            <th scope="col">{t!(i18n, adviser.col_last)}</th>
                            <th scope="col">{t!(i18n, adviser.col_next)}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || found.get() key=Clone::clone let(row)><OneRow row=row/></For>
                    </tbody>
                </table>
            </Show>
        </section>
    }
}

#[component]
fn OneRow(row: Row) -> impl IntoView {
    let i18n = use_i18n();
    let day = move |at: Option<u64>| at.map(|at| day_text(i18n.get_locale(), at)).unwrap_or_default();
    let (state, phase, has_progress) = (row.state, row.phase, row.has_progress);
    let (last, next) = (row.last_talk, row.next_talk);
    let coach = row.coach.or(row.asked.map(|(name, _)| format!("{name} …"))).unwrap_or_default();
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/intake/{}", row.id)>{row.name}</a>
                <div class="small soft">{row.unit}</div>
                {row.attention.then(|| view! {
                    <span class="tag attention">{t!(i18n, common.needs_attention)}</span>
                })}
            </th>
            <td data-label=move || t_string!(i18n, adviser.col_state)>{move || words::state(i18n, state)}</td>
            <td data-label=move || t_string!(i18n, adviser.col_coach)>{coach}</td>
            <td data-label=move || t_string!(i18n, adviser.col_phase)>
                {move || has_progress.then(|| words::phase(i18n, phase))}
            </td>
            <td data-label=move || t_string!(i18n, adviser.col_last)>{move || day(last)}</td>
            <td data-label=move || t_string!(i18n, adviser.col_next)>{move || day(next)}</td>
        </tr>
    }
}
