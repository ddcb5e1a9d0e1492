//! *Vandaag*: what is on today and soon, and a note in one tap.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use shared::domain::entry;
use shared::domain::progress::Talk;
use shared::ids::TrajectoryId;

use super::referrals::Referrals;
use super::trajectories::{mine, progress_of};
use crate::components::{DueSoon, Empty, InstallInvitation, Page, day_text, same_day, time_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::words;

/// How far ahead *Binnenkort* looks, in ms.
const SOON: u64 = 14 * 24 * 60 * 60 * 1_000;

/// A talk and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Planned {
    trajectory: TrajectoryId,
    name: String,
    talk: Talk,
}

/// Where to write about a talk of this moment. The talk itself is made by the first word, so that looking and going
/// back leaves nothing behind.
pub fn place_for_new_talk(device: Device, trajectory: TrajectoryId) -> String {
    format!("/trajecten/{trajectory}/gesprek/{}", entry::id(device.random()))
}

/// The page.
#[component]
pub fn Today() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let talks = Memo::new(move |_| {
        let mut talks = Vec::new();
        for it in mine(device).into_iter().filter(|it| it.state.is_open()) {
            for talk in progress_of(device, it.id).talks {
                talks.push(Planned { trajectory: it.id, name: it.name.clone(), talk });
            }
        }
        talks.sort_by_key(|planned| planned.talk.at);
        talks
    });
    let now = device.now_ms();
    let pick = move |wanted: fn(&Talk, u64) -> bool| {
        Memo::new(move |_| talks.get().into_iter().filter(|it| wanted(&it.talk, now)).collect::<Vec<_>>())
    };
    let today = pick(|talk, now| same_day(talk.at, now));
    let coming = pick(|talk, now| talk.at > now && talk.at < now + SOON && !same_day(talk.at, now));
    let past = pick(|talk, now| talk.at < now && !talk.held && !same_day(talk.at, now));
    let people =
        Memo::new(move |_| mine(device).into_iter().filter(|it| it.state.is_open()).collect::<Vec<_>>());
    // No field could be written in there.
    let may_begin = Memo::new(move |_| !device.is_suspended() && people.with(|it| !it.is_empty()));
    let date = move || day_text(i18n.get_locale(), now);
    let navigate = StoredValue::new_local(use_navigate());
    let start = move |trajectory: TrajectoryId| {
        let place = place_for_new_talk(device, trajectory);
        navigate.with_value(|navigate| navigate(&place, NavigateOptions::default()));
    };
    view! {
        <Page title=move || t_string!(i18n, coach.today_title)>
            <p class="lead">{date}</p>
            <InstallInvitation/>
            <DueSoon/>
            <Referrals/>
            <section class="stack" aria-labelledby="today-heading">
                <h2 id="today-heading">{t!(i18n, coach.talks_today)}</h2>
                <Show
                    when=move || today.with(|it| !it.is_empty())
                    fallback=move || view! { <p class="soft">{t!(i18n, coach.no_talks_today)}</p> }
                >
                    <ul class="things">
                        <For each=move || today.get() key=|it| (it.talk.id.clone(), it.talk.at, it.talk.held, it.talk.kind, it.name.clone()) let(it)><OneTalk it=it today=true/></For>
                    </ul>
                </Show>
            </section>
            <Show when=move || may_begin.get()>
                <section class="stack" aria-labelledby="quick-heading">
                    <h2 id="quick-heading">{t!(i18n, coach.quick_start)}</h2>
                    <div class="row">
                        <For each=move || people.get() key=|it| (it.id, it.name.clone()) let(it)>
                            {
                                let (id, name) = (it.id, StoredValue::new(it.name));
                                view! {
                                    <button
                                        type="button"
                                        aria-label=move || t_string!(i18n, coach.note_now_for, name = name.get_value()).to_string()
                                        on:click=move |_| start(id)
                                    >
                                        {name.get_value()}
                                    </button>
                                }
                            }
                        </For>
                    </div>
                </section>
            </Show>
            <Show when=move || past.with(|it| !it.is_empty())>
                <section class="stack" aria-labelledby="past-heading">
                    <h2 id="past-heading">{t!(i18n, coach.open_talks)}</h2>
                    <p class="soft">{t!(i18n, coach.open_talks_hint)}</p>
                    <ul class="things">
                        <For each=move || past.get() key=|it| (it.talk.id.clone(), it.talk.at, it.talk.held, it.talk.kind, it.name.clone()) let(it)><OneTalk it=it today=false/></For>
                    </ul>
                </section>
            </Show>
            <Show when=move || people.with(Vec::is_empty)>
                <Empty><p>{t!(i18n, coach.no_trajectories)}</p></Empty>
            </Show>
            <Show when=move || people.with(|it| !it.is_empty())>
                <section class="stack" aria-labelledby="coming-heading">
                    <h2 id="coming-heading">{t!(i18n, coach.coming)}</h2>
                    <Show
                        when=move || coming.with(|it| !it.is_empty())
                        fallback=move || view! { <p class="soft">{t!(i18n, coach.no_coming)}</p> }
                    >
                        <ul class="things">
                            <For each=move || coming.get() key=|it| (it.talk.id.clone(), it.talk.at, it.talk.held, it.talk.kind, it.name.clone()) let(it)><OneTalk it=it today=false/></For>
                        </ul>
                    </Show>
                </section>
            </Show>
        </Page>
    }
}

#[component]
fn OneTalk(it: Planned, today: bool) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let only_reads = Memo::new(move |_| device.is_suspended());
    let Planned { trajectory, name, talk } = it;
    let when = move || {
        let locale = i18n.get_locale();
        let time = time_text(locale, talk.at);
        if today { time } else { format!("{}, {time}", day_text(locale, talk.at)) }
    };
    let place = format!("/trajecten/{trajectory}/gesprek/{}", talk.id);
    let name = StoredValue::new(name);
    view! {
        <li>
            <div class="what">
                <a href=format!("/trajecten/{trajectory}")>{name.get_value()}</a>
                <span class="small soft">
                    {when} " · " {move || words::talk(i18n, talk.kind)}
                    {move || talk.held.then(|| format!(" · {}", t_string!(i18n, coach.talk_held)))}
                </span>
            </div>
            <a
                class="button" class:primary=today href=place
                aria-label=move || if only_reads.get() {
                    t_string!(i18n, coach.read_note_about, name = name.get_value()).to_string()
                } else {
                    t_string!(i18n, coach.write_note_about, name = name.get_value()).to_string()
                }
            >
                {move || if only_reads.get() {
                    t_string!(i18n, coach.read_note)
                } else {
                    t_string!(i18n, coach.write_note)
                }}
            </a>
        </li>
    }
}
