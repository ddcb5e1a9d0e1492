//! The employee's trajectory with her coach: the plan, and the talks with the notes that both share.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use shared::domain::kind::DocKind;
use shared::domain::notes::Notes;
use shared::domain::progress::Progress;

use crate::components::{Audience, AudienceSection, Page, day_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::Case;
use crate::pages::coach::{NotePlace, NotesFor, PlanPart};
use crate::pages::handover::{EarlierNotes, HandOver};
use crate::pages::words;

/// The page.
#[component]
pub fn MyTrajectory() -> impl IntoView {
    let i18n = use_i18n();
    let case = Case::from_address();
    let params = use_params_map();
    let talks = Memo::new(move |_| params.with(|params| params.get("part")).as_deref() == Some("gesprekken"));
    let known = Memo::new(move |_| case.trajectory().is_some());
    let address = move |part: &str| case.id().map(|id| format!("/loopbaan/traject/{id}{part}"));
    view! {
        <Page title=move || t_string!(i18n, employee.trajectory_title) wide=true>
            <Show when=move || known.get() fallback=move || view! { <p>{t!(i18n, common.not_here_yet)}</p> }>
                <p class="soft">
                    {move || case.trajectory().map(|it| words::state(i18n, it.state))}
                    {move || {
                        let name = case.companion_name();
                        (!name.is_empty()).then(|| t_string!(i18n, employee.together_with, name = name).to_string())
                    }}
                </p>
                <HandOver trajectory=Signal::derive(move || case.trajectory())/>
                <nav class="tabs" aria-label=move || t_string!(i18n, employee.trajectory_parts)>
                    <ul>
                        <li>
                            <a href=move || address("") aria-current=move || (!talks.get()).then_some("page")>
                                {t!(i18n, employee.tab_plan)}
                            </a>
                        </li>
                        <li>
                            <a href=move || address("/gesprekken") aria-current=move || talks.get().then_some("page")>
                                {t!(i18n, employee.tab_talks)}
                            </a>
                        </li>
                        <li><a href="/loopbaan/terugblik">{t!(i18n, employee.tab_review)}</a></li>
                    </ul>
                </nav>
                {move || if talks.get() {
                    view! { <Talks case=case/> }.into_any()
                } else {
                    view! { <PlanPart case=case/> }.into_any()
                }}
                <EarlierNotes case=case/>
            </Show>
        </Page>
    }
}

/// The talks on the left, the shared notes of one of them on the right.
#[component]
fn Talks(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let params = use_params_map();
    let shared = case.document(DocKind::SharedNotes);
    let progress = case.document(DocKind::Progress);
    let talks = Memo::new(move |_| {
        let found = progress.get().and_then(|it| it.read(Progress::read)).unwrap_or_default();
        let mut talks = found.talks;
        talks.reverse();
        talks
    });
    let loose = Memo::new(move |_| {
        let progress = progress.get().and_then(|it| it.read(Progress::read));
        NotePlace::Loose(progress.map(|it| it.talks.into_iter().map(|talk| talk.id).collect()))
    });
    let has_loose = Memo::new(move |_| {
        let notes = shared.get().and_then(|it| it.read(Notes::read)).unwrap_or_default();
        let loose = loose.get();
        notes.notes.iter().any(|note| loose.holds(note) && !note.is_empty())
    });
    // The talk of the address; without one the latest with a note, and then that one also when others get notes.
    let chosen = Memo::new(move |before: Option<&Option<String>>| {
        match (params.with(|params| params.get("talk")).as_deref(), before) {
            (Some("los"), _) => None,
            (Some(talk), _) => Some(talk.to_owned()),
            (None, Some(Some(before))) => Some(before.clone()),
            (None, _) => {
                let notes = shared.get().and_then(|it| it.read(Notes::read)).unwrap_or_default();
                let has_note = |talk: &str| notes.notes.iter().any(|it| it.talk.as_deref() == Some(talk));
                let now = device.now_ms();
                talks.with(|talks| {
                    let written = talks.iter().find(|it| has_note(&it.id));
                    let chosen = written.or_else(|| talks.iter().find(|it| it.at <= now)).or(talks.last());
                    chosen.map(|it| it.id.clone())
                })
            }
        }
    });
    let picked = Memo::new(move |_| params.with(|params| params.get("talk")).is_some());
    let about = move || {
        let talk =
            chosen.get().and_then(|id| talks.with(|talks| talks.iter().find(|it| it.id == id).cloned()));
        talk.map_or_else(
            || t_string!(i18n, employee.loose_notes).to_string(),
            |talk| format!("{}: {}", words::talk(i18n, talk.kind), day_text(i18n.get_locale(), talk.at)),
        )
    };
    let place = Signal::derive(move || {
        let at = |id: &str| talks.with(|talks| talks.iter().find(|it| it.id == id).map(|it| it.at));
        match chosen.get() {
            Some(id) => {
                let at = at(&id).unwrap_or_else(|| device.now_ms());
                NotePlace::Talk(id, at)
            }
            None => loose.get(),
        }
    });
    let address = move |talk: &str| case.id().map(|id| format!("/loopbaan/traject/{id}/gesprekken/{talk}"));
    view! {
        <Show
            when=move || !talks.with(Vec::is_empty) || has_loose.get()
            fallback=move || view! { <p class="soft">{t!(i18n, employee.no_talks_yet)}</p> }
        >
            <div class="list-and-note" class:chosen=move || picked.get()>
                <section class="list stack" aria-labelledby="talks-heading">
                    <h2 id="talks-heading">{t!(i18n, employee.talks)}</h2>
                    <ul class="things">
                        <For each=move || talks.get() key=Clone::clone let(talk)>
                            {
                                let (id, to) = (talk.id.clone(), talk.id.clone());
                                view! {
                                    <li>
                                        <div class="what">
                                            <a
                                                href=move || address(&to)
                                                aria-current=move || (chosen.get().as_ref() == Some(&id)).then_some("true")
                                            >
                                                {move || day_text(i18n.get_locale(), talk.at)}
                                            </a>
                                            <span class="small soft">{move || words::talk(i18n, talk.kind)}</span>
                                        </div>
                                    </li>
                                }
                            }
                        </For>
                        <Show when=move || has_loose.get()>
                            <li>
                                <div class="what">
                                    <a
                                        href=move || address("los")
                                        aria-current=move || chosen.get().is_none().then_some("true")
                                    >
                                        {t!(i18n, employee.loose_notes)}
                                    </a>
                                </div>
                            </li>
                        </Show>
                    </ul>
                </section>
                <div class="stack">
                    <p class="only-narrow no-print">
                        <a href=move || case.id().map(|id| format!("/loopbaan/traject/{id}/gesprekken"))>
                            {t!(i18n, employee.all_talks)}
                        </a>
                    </p>
                    <p class="lead"><strong>{about}</strong></p>
                    <AudienceSection
                        audience=Audience::Shared
                        with=Signal::derive(move || case.companion_name())
                        document=Signal::derive(move || shared.get().map(|it| it.id()))
                    >
                        <NotesFor
                            id="shared" document=shared place=place plain=true
                            label=move || t_string!(i18n, employee.shared_note)
                        />
                    </AudienceSection>
                </div>
            </div>
        </Show>
    }
}
