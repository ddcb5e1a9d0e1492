//! After a transfer: whether the employee hands her shared notes over, and notes from before to read.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory::{Document as Listed, Trajectory};
use shared::domain::kind::DocKind;
use shared::domain::notes::{Note, Notes};
use shared::domain::plan::{ItemKind, Plan};
use shared::ids::DocId;

use super::case::{Case, is_on_its_way, name_of};
use super::words;
use crate::components::{WhoCanSee, day_text};
use crate::device::Device;
use crate::i18n::*;

/// The shared notes with earlier coaches that this person can read. Tracked.
fn earlier(device: Device, trajectory: &Trajectory) -> Vec<Listed> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let coach = trajectory.coach();
    let is_earlier = |it: &&Listed| {
        it.kind == DocKind::SharedNotes
            && it.trajectory == Some(trajectory.id)
            && it.kept_with.is_some_and(|kept| Some(kept) != coach)
    };
    directory.documents.iter().filter(is_earlier).cloned().collect()
}

/// *Wil je je gedeelde notities meegeven?*, for the employee, while there is something to hand over.
#[component]
pub fn HandOver(#[prop(into)] trajectory: Signal<Option<Trajectory>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let id = Memo::new(move |_| trajectory.with(|it| it.as_ref().map(|it| it.id)));
    let question = Memo::new(move |_| {
        let (trajectory, directory) = (trajectory.get()?, device.directory()?);
        let coach = trajectory.coach()?;
        if trajectory.employee != directory.me || !trajectory.state.is_open() {
            return None;
        }
        let kept = earlier(device, &trajectory).into_iter().filter(|it| !it.handed_to.contains(&coach));
        let former: Vec<_> = kept.filter_map(|it| name_of(device, it.kept_with?)).collect();
        (!former.is_empty()).then(|| (name_of(device, coach).unwrap_or_default(), former.join(", ")))
    });
    let waiting = Memo::new(move |_| {
        let id = id.get();
        is_on_its_way(
            device,
            |it| matches!(it, Command::HandOverNotes { trajectory } if Some(*trajectory) == id),
        )
    });
    let hand_over = move |_| {
        if let Some(trajectory) = id.get_untracked() {
            device.command(Command::HandOverNotes { trajectory });
        }
    };
    view! {
        {move || question.get().map(|(coach, former)| view! {
            <section class="stack notice" aria-labelledby="hand-over-heading">
                <h2 id="hand-over-heading">{t!(i18n, access.hand_over_title)}</h2>
                <p>{t!(i18n, access.hand_over_text, coach = coach, former = former)}</p>
                <div class="row">
                    <button type="button" on:click=hand_over disabled=move || waiting.get()>
                        {t!(i18n, access.hand_over)}
                    </button>
                </div>
                <div role="status">{move || waiting.get().then(|| t_string!(i18n, common.command_waiting))}</div>
            </section>
        })}
    }
}

/// The shared notes with earlier coaches, to read: for the employee, and for a coach to whom they were handed over.
#[component]
pub fn EarlierNotes(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let all = Memo::new(move |_| case.trajectory().map(|it| earlier(device, &it)).unwrap_or_default());
    let is_mine = Memo::new(move |_| {
        device.directory().is_some_and(|it| case.trajectory().is_some_and(|case| case.employee == it.me))
    });
    view! {
        <For each=move || all.get() key=|it| it.id let(listed)>
            {
                let (id, kept) = (listed.id, listed.kept_with);
                let coach = move || {
                    let name = kept.and_then(|coach| name_of(device, coach));
                    name.unwrap_or_else(|| t_string!(i18n, access.earlier_coach).to_string())
                };
                let handed = Memo::new(move |_| {
                    let now = case.trajectory()?.coach()?;
                    let listed = all.get().into_iter().find(|it| it.id == id)?;
                    (is_mine.get() && listed.handed_to.contains(&now)).then(|| name_of(device, now))?
                });
                view! {
                    <details class="earlier">
                        <summary>{t!(i18n, access.earlier_title, coach = coach)}</summary>
                        <div class="stack">
                            <p class="small soft">
                                {move || if is_mine.get() {
                                    t_string!(i18n, access.earlier_hint_mine)
                                } else {
                                    t_string!(i18n, access.earlier_hint_coach)
                                }}
                                {move || handed.get().map(|coach| {
                                    format!(" {}", t_string!(i18n, access.handed_over, coach = coach))
                                })}
                            </p>
                            <WrittenBefore id=id/>
                        </div>
                    </details>
                }
            }
        </For>
    }
}

/// What is left to a coach who has been succeeded: her own notes, to read.
#[component]
pub fn FormerNotes(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let own = case.document(DocKind::WorkingNotes);
    view! {
        <p>{t!(i18n, access.former_page)}</p>
        <section class="stack" aria-labelledby="former-heading">
            <h2 id="former-heading">{t!(i18n, access.former_notes)}</h2>
            {move || own.get().map(|it| view! { <WrittenBefore id=it.id()/> })}
        </section>
    }
}

/// Everything that is written in a document of notes, to read.
#[component]
fn WrittenBefore(id: DocId) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let document = device.document(id);
    let notes = Memo::new(move |_| {
        let notes = document.read(Notes::read).map(|it| it.notes).unwrap_or_default();
        notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>()
    });
    let items = Memo::new(move |_| document.read(Plan::read).map(|it| it.items).unwrap_or_default());
    view! {
        <Show
            when=move || !notes.with(Vec::is_empty) || !items.with(Vec::is_empty)
            fallback=move || view! { <p class="soft">{t!(i18n, access.earlier_empty)}</p> }
        >
            <For each=move || notes.get() key=|note| (note.id.clone(), note.stamp.edited_at) let(note)>
                <OneNote note=note/>
            </For>
            {[ItemKind::Goal, ItemKind::Action, ItemKind::Agreement].into_iter().map(|kind| {
                let of = Memo::new(move |_| {
                    items.get().into_iter().filter(|it| it.kind == kind).collect::<Vec<_>>()
                });
                view! {
                    <Show when=move || !of.with(Vec::is_empty)>
                        <p><strong>{move || words::item_kind(i18n, kind)}</strong></p>
                        <ul>
                            <For each=move || of.get() key=|it| (it.id.clone(), it.stamp.edited_at) let(item)>
                                <li>
                                    {item.text.clone()} " "
                                    <span class="small soft">{move || words::item_state(i18n, item.state)}</span>
                                </li>
                            </For>
                        </ul>
                    </Show>
                }
            }).collect_view()}
        </Show>
        <WhoCanSee document=Signal::stored(Some(id))/>
    }
}

#[component]
fn OneNote(note: Note) -> impl IntoView {
    let i18n = use_i18n();
    let moment = note.moment();
    let text = note.all_text();
    view! {
        <article class="stack tight">
            <p class="small soft">{move || day_text(i18n.get_locale(), moment)}</p>
            <p class="prose">{text}</p>
        </article>
    }
}
