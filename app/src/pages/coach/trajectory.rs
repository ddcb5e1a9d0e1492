//! One trajectory: talks and notes, the plan, the reflection that was shared, and the progress.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map};
use shared::domain::entry::Stamp;
use shared::domain::kind::DocKind;
use shared::domain::notes::Notes;
use shared::domain::progress::{self, Progress, Talk, TalkKind};

use super::notes::{NotePlace, NotesFor};
use super::plan::PlanPart;
use super::progress::{ProgressPart, TalkDetails};
use super::today::place_for_new_talk;
use crate::components::{Audience, AudienceSection, Page, day_text, time_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::Case;
use crate::pages::handover::{EarlierNotes, FormerNotes};
use crate::pages::reflection::SharedReflection;
use crate::pages::words;

/// Which part of the trajectory the address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Talks,
    Plan,
    Reflection,
    Progress,
}

impl Part {
    const ALL: [Self; 4] = [Self::Talks, Self::Plan, Self::Reflection, Self::Progress];

    fn of(word: Option<&str>) -> Self {
        match word {
            Some("plan") => Self::Plan,
            Some("reflectie") => Self::Reflection,
            Some("voortgang") => Self::Progress,
            _ => Self::Talks,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Talks => "",
            Self::Plan => "/plan",
            Self::Reflection => "/reflectie",
            Self::Progress => "/voortgang",
        }
    }
}

/// The page.
#[component]
pub fn Trajectory() -> impl IntoView {
    let i18n = use_i18n();
    let case = Case::from_address();
    let params = use_params_map();
    let part = Memo::new(move |_| Part::of(params.with(|params| params.get("part")).as_deref()));
    let words_of = move |part| match part {
        Part::Talks => t_string!(i18n, coach.tab_talks),
        Part::Plan => t_string!(i18n, coach.tab_plan),
        Part::Reflection => t_string!(i18n, coach.tab_reflection),
        Part::Progress => t_string!(i18n, coach.tab_progress),
    };
    let address = move |part: Part| case.id().map(|id| format!("/trajecten/{id}{}", part.word()));
    let known = Memo::new(move |_| case.trajectory().is_some());
    let is_former = Memo::new(move |_| case.is_former());
    let title = move || {
        let name = case.employee_name();
        if name.is_empty() { t_string!(i18n, coach.trajectories).to_string() } else { name }
    };
    view! {
        <Page title=title window=move || t_string!(i18n, vault.window_trajectory) wide=true>
            <Show
                when=move || known.get()
                fallback=move || view! { <p>{t!(i18n, coach.not_yours)}</p> }
            >
                <p class="soft">
                    {move || case.trajectory().filter(|_| !is_former.get()).map(|it| words::state(i18n, it.state))}
                </p>
                <Show when=move || !is_former.get() fallback=move || view! { <FormerNotes case=case/> }>
                <nav class="tabs" aria-label=move || t_string!(i18n, coach.parts)>
                    <ul>
                        {Part::ALL.into_iter().map(|each| view! {
                            <li>
                                <a href=move || address(each)
                                    aria-current=move || (part.get() == each).then_some("page")>
                                    {move || words_of(each)}
                                </a>
                            </li>
                        }).collect_view()}
                    </ul>
                </nav>
                {move || match part.get() {
                    Part::Talks => view! { <TalksPart case=case/> }.into_any(),
                    Part::Plan => view! { <PlanPart case=case/> }.into_any(),
                    Part::Reflection => view! { <ReflectionPart case=case/> }.into_any(),
                    Part::Progress => view! { <ProgressPart case=case/> }.into_any(),
                }}
                <EarlierNotes case=case/>
                </Show>
            </Show>
        </Page>
    }
}

#[component]
fn ReflectionPart(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let document = case.document(DocKind::Reflection);
    view! {
        <Show
            when=move || document.get().is_some()
            fallback=move || view! {
                <p class="soft">{t!(i18n, coach.no_reflection, name = move || case.employee_name())}</p>
            }
        >
            <h2>{t!(i18n, coach.tab_reflection)}</h2>
            <SharedReflection document=document/>
        </Show>
    }
}

/// Talks on the left, the notes of one of them on the right.
#[component]
fn TalksPart(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let params = use_params_map();
    let progress_document = case.document(DocKind::Progress);
    let private = case.document(DocKind::WorkingNotes);
    let shared = case.document(DocKind::SharedNotes);
    let progress = Memo::new(move |_| {
        progress_document.get().and_then(|document| document.read(Progress::read)).unwrap_or_default()
    });
    let talks = Memo::new(move |_| {
        let mut talks = progress.get().talks;
        talks.reverse();
        talks
    });
    // A note whose talk was deleted is not deleted with it.
    let loose = Memo::new(move |_| {
        let progress = progress_document.get().and_then(|document| document.read(Progress::read));
        NotePlace::Loose(progress.map(|it| it.talks.into_iter().map(|talk| talk.id).collect()))
    });
    let has_loose = Memo::new(move |_| {
        [private, shared].into_iter().any(|document| {
            let notes = document.get().and_then(|document| document.read(Notes::read)).unwrap_or_default();
            let loose = loose.get();
            notes.notes.iter().any(|note| loose.holds(note) && !note.is_empty())
        })
    });
    let chosen = Memo::new(move |_| {
        let (part, talk) = params.with(|params| (params.get("part"), params.get("talk")));
        if part.as_deref() == Some("los") {
            return Some(loose.get());
        }
        let talk = talk?;
        // A note may be written before the talk it belongs to has arrived.
        let at = progress.with(|it| it.talks.iter().find(|each| each.id == talk).map(|each| each.at));
        Some(NotePlace::Talk(talk, at.unwrap_or_else(|| device.now_ms())))
    });
    let navigate = StoredValue::new_local(use_navigate());
    let begin = move |_| {
        let Some(trajectory) = untrack(|| case.id()) else { return };
        let place = place_for_new_talk(device, trajectory);
        navigate.with_value(|navigate| navigate(&place, NavigateOptions::default()));
    };
    let open =
        Memo::new(move |_| case.trajectory().is_some_and(|it| it.state.is_open()) && !device.is_suspended());
    let is_chosen = move |id: &str| {
        chosen.with(|chosen| matches!(chosen, Some(NotePlace::Talk(talk, _)) if talk == id)).then_some("true")
    };
    view! {
        <div class="list-and-note" class:chosen=move || chosen.with(Option::is_some)>
            <section class="list stack" aria-labelledby="talks-heading">
                <h2 id="talks-heading">{t!(i18n, coach.talks)}</h2>
                <Show when=move || open.get()>
                    <div class="row no-print">
                        <button type="button" class="primary" on:click=begin>{t!(i18n, coach.note_now)}</button>
                    </div>
                </Show>
                <Show when=move || talks.with(Vec::is_empty) && !has_loose.get()>
                    <p class="soft">{t!(i18n, coach.no_talks_yet)}</p>
                </Show>
                <ul class="things">
                    <For each=move || talks.get() key=|talk| (talk.id.clone(), talk.at, talk.held, talk.kind) let(talk)>
                        {
                            let id = talk.id.clone();
                            let to = id.clone();
                            view! {
                                <li>
                                    <div class="what">
                                        <a
                                            href=move || case.id().map(|case| format!("/trajecten/{case}/gesprek/{to}"))
                                            aria-current=move || is_chosen(&id)
                                        >
                                            {move || day_text(i18n.get_locale(), talk.at)}
                                        </a>
                                        <span class="small soft">
                                            {move || words::talk(i18n, talk.kind)} ", "
                                            {move || if talk.held {
                                                t_string!(i18n, coach.talk_held)
                                            } else {
                                                t_string!(i18n, coach.talk_planned)
                                            }}
                                        </span>
                                    </div>
                                </li>
                            }
                        }
                    </For>
                    <Show when=move || has_loose.get()>
                        <li>
                            <div class="what">
                                <a
                                    href=move || case.id().map(|case| format!("/trajecten/{case}/los"))
                                    aria-current=move || matches!(chosen.get(), Some(NotePlace::Loose(_))).then_some("true")
                                >
                                    {t!(i18n, coach.loose_notes)}
                                </a>
                            </div>
                        </li>
                    </Show>
                </ul>
            </section>
            <div class="stack">
                {
                    let is_chosen = Memo::new(move |_| chosen.with(Option::is_some));
                    let place = Signal::derive(move || chosen.get().unwrap_or(NotePlace::Loose(None)));
                    view! {
                        <Show
                            when=move || is_chosen.get()
                            fallback=move || view! { <p class="soft">{t!(i18n, coach.choose_talk)}</p> }
                        >
                            <p class="only-narrow no-print">
                                <a href=move || case.id().map(|id| format!("/trajecten/{id}"))>
                                    {t!(i18n, coach.all_talks)}
                                </a>
                            </p>
                            <Desk case=case place=place/>
                        </Show>
                    }
                }
            </div>
        </div>
    }
}

/// The writing desk of one talk: three audiences, each in its own place.
#[component]
fn Desk(case: Case, place: Signal<NotePlace>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let private = case.document(DocKind::WorkingNotes);
    let shared = case.document(DocKind::SharedNotes);
    let progress = case.document(DocKind::Progress);
    let name = Signal::derive(move || case.employee_name());
    let talk = Memo::new(move |_| match place.get() {
        NotePlace::Talk(talk, _) => Some(talk),
        NotePlace::Loose(_) => None,
    });
    // What was opened now, until its first word makes it a talk.
    let unwritten = Memo::new(move |_| {
        let found = progress.get()?.read(Progress::read)?;
        let NotePlace::Talk(id, at) = place.get() else { return None };
        let is_there = found.talks.iter().chain(&found.deleted_talks).any(|talk| talk.id == id);
        let kind = if found.talks.is_empty() { TalkKind::First } else { TalkKind::FollowUp };
        (!is_there).then(|| Talk { id, kind, at, held: false, stamp: Stamp::default() })
    });
    let begin_talk = Callback::new(move |()| {
        let (Some(talk), Some(document)) = (unwritten.get_untracked(), progress.get_untracked()) else {
            return;
        };
        let Some(by) = untrack(|| device.directory()).map(|directory| directory.me) else { return };
        let (id, now) = (talk.id, device.now_ms());
        if let Err(error) = document.edit(|doc| progress::plan_talk(doc, &id, talk.kind, talk.at, by, now)) {
            leptos::logging::warn!("no talk made: {error}");
        }
    });
    let about = move || {
        let id = talk.get()?;
        let found = progress.get()?.read(Progress::read)?.talks.into_iter().find(|talk| talk.id == id);
        let talk = found.or_else(|| unwritten.get())?;
        let locale = i18n.get_locale();
        let (day, time) = (day_text(locale, talk.at), time_text(locale, talk.at));
        Some(format!("{}: {day}, {time}", words::talk(i18n, talk.kind)))
    };
    let navigate = StoredValue::new_local(use_navigate());
    let deleted = Callback::new(move |()| {
        if let Some(id) = case.id() {
            navigate.with_value(|navigate| navigate(&format!("/trajecten/{id}"), NavigateOptions::default()));
        }
    });
    view! {
        {move || about().map(|about| view! { <p class="lead"><strong>{about}</strong></p> })}
        <div class="columns two">
            <AudienceSection audience=Audience::Private document=Signal::derive(move || private.get().map(|it| it.id()))>
                <NotesFor
                    id="private" document=private place=place begin_talk=begin_talk
                    label=move || t_string!(i18n, coach.note_private)
                />
            </AudienceSection>
            <AudienceSection
                audience=Audience::Shared with=name
                document=Signal::derive(move || shared.get().map(|it| it.id()))
            >
                <NotesFor
                    id="shared" document=shared place=place begin_talk=begin_talk
                    label=move || t_string!(i18n, coach.note_shared)
                />
            </AudienceSection>
        </div>
        <Show when=move || talk.get().is_some()>
            <AudienceSection audience=Audience::Progress document=Signal::derive(move || progress.get().map(|it| it.id()))>
                <TalkDetails
                    document=progress talk=Signal::derive(move || talk.get().unwrap_or_default())
                    unwritten=unwritten begin_talk=begin_talk on_delete=deleted
                />
            </AudienceSection>
        </Show>
    }
}
