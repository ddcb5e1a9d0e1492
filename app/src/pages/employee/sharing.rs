//! Sharing the form section by section: what is shared, what has changed since, and what others will read.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::directory::Trajectory;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::reflection::Reflection;
use shared::domain::reflection_form::Section;

use super::mine::Mine;
use crate::components::{Notice, Page, WhoCanSee, day_text};
use crate::i18n::*;
use crate::pages::case::is_on_its_way;
use crate::pages::reflection::Answers;
use crate::pages::words;

/// How a section stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Empty,
    Private,
    Shared(u64),
    Changed(u64),
}

/// The page.
#[component]
pub fn Sharing() -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let shared_document = Memo::new(move |_| mine.document(DocKind::Reflection));
    let shared = Memo::new(move |_| {
        shared_document.get().and_then(|it| it.read(Reflection::read)).unwrap_or_default()
    });
    let open =
        Memo::new(move |_| mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.state.is_open())));
    let can_withdraw = Memo::new(move |_| {
        mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.state < TrajectoryState::IntakeHeld))
    });
    let under_way = Memo::new(move |_| {
        is_on_its_way(mine.device, |command| {
            matches!(command, Command::ShareReflection { .. } | Command::WithdrawReflection { .. })
        })
    });
    // What she ticked or unticked since it was last shared.
    let changed = RwSignal::new(BTreeSet::<Section>::new());
    let wanted = move |section: Section| {
        shared.with(|it| it.shared.contains_key(&section)) != changed.with(|it| it.contains(&section))
    };
    let standing = move |section: Section| {
        mine.form.with(|form| {
            shared.with(|shared| match (form, shared.shared.get(&section)) {
                (Some(form), Some(&at)) if form.section_equals(shared, section) => Standing::Shared(at),
                (_, Some(&at)) => Standing::Changed(at),
                (Some(form), None) if form.progress(section).0 == 0 => Standing::Empty,
                (_, None) => Standing::Private,
            })
        })
    };
    let outdated =
        Memo::new(move |_| Section::ALL.into_iter().any(|it| matches!(standing(it), Standing::Changed(_))));
    let share = move |_| {
        let Some(trajectory) = mine.trajectory.get_untracked().map(|it| it.id) else { return };
        let now: Vec<Section> = untrack(|| Section::ALL.into_iter().filter(|&it| wanted(it)).collect());
        let taken_back = untrack(|| shared.with(|it| it.shared.keys().any(|section| !now.contains(section))));
        if taken_back {
            // Who has a document has its history: what is taken back goes with the whole of it.
            mine.device.command(Command::WithdrawReflection { trajectory });
        }
        if !now.is_empty() {
            mine.device.share_reflection(trajectory, &now);
        }
        changed.set(BTreeSet::new());
    };
    let withdraw = move |_| {
        let Some(trajectory) = mine.trajectory.get_untracked().map(|it| it.id) else { return };
        mine.device.command(Command::WithdrawReflection { trajectory });
        changed.set(BTreeSet::new());
    };
    let can_share = move || open.get() && (!changed.with(BTreeSet::is_empty) || outdated.get());
    view! {
        <Page title=move || t_string!(i18n, employee.sharing_title)>
            <p class="lead">{t!(i18n, employee.sharing_intro)}</p>
            <Show when=move || !open.get()>
                <Notice>
                    <p>{t!(i18n, employee.sharing_register_first)}</p>
                    <p><a href="/loopbaan">{t!(i18n, employee.title)}</a></p>
                </Notice>
            </Show>
            <Show when=move || open.get()>
                <p>{move || if can_withdraw.get() {
                    t_string!(i18n, employee.sharing_until_intake)
                } else {
                    t_string!(i18n, employee.sharing_after_intake)
                }}</p>
            </Show>
            <div aria-live="polite">
                <Show when=move || under_way.get()>
                    <Notice><p>{t!(i18n, employee.sharing_under_way)}</p></Notice>
                </Show>
            </div>
            <ul class="things">
                {Section::ALL.into_iter().map(|section| {
                    let standing = Memo::new(move |_| standing(section));
                    let fixed = move || {
                        let is_shared = shared.with(|it| it.shared.contains_key(&section));
                        !open.get() || (is_shared && !can_withdraw.get())
                            || (!is_shared && standing.get() == Standing::Empty)
                    };
                    view! {
                        <li class="share">
                            <label class="choice">
                                <input
                                    type="checkbox" autocomplete="off"
                                    prop:checked=move || wanted(section)
                                    disabled=fixed
                                    on:change=move |_| changed.update(|it| {
                                        if !it.remove(&section) {
                                            it.insert(section);
                                        }
                                    })
                                />
                                <span>
                                    {section.code()} ". " {move || words::section(i18n, section)}
                                </span>
                            </label>
                            <span class="small soft">
                                {move || match standing.get() {
                                    Standing::Empty => t_string!(i18n, employee.share_empty).to_string(),
                                    Standing::Private => t_string!(i18n, employee.share_private).to_string(),
                                    Standing::Shared(at) => {
                                        t_string!(i18n, employee.share_shared, at = day_text(i18n.get_locale(), at)).to_string()
                                    }
                                    Standing::Changed(at) => {
                                        t_string!(i18n, employee.share_changed, at = day_text(i18n.get_locale(), at)).to_string()
                                    }
                                }}
                            </span>
                            <Show when=move || standing.get() != Standing::Empty>
                                <details>
                                    <summary>
                                        {t!(i18n, employee.preview)}
                                        <span class="visually-hidden">": " {move || words::section(i18n, section)}</span>
                                    </summary>
                                    <Answers section=section found=mine.form/>
                                </details>
                            </Show>
                        </li>
                    }
                }).collect_view()}
            </ul>
            <div class="row">
                <button type="button" class="primary" on:click=share disabled=move || !can_share()>
                    {move || if outdated.get() && changed.with(BTreeSet::is_empty) {
                        t_string!(i18n, employee.share_update)
                    } else {
                        t_string!(i18n, employee.share)
                    }}
                </button>
                <Show when=move || shared_document.get().is_some() && can_withdraw.get()>
                    <button type="button" on:click=withdraw>{t!(i18n, employee.withdraw_all)}</button>
                </Show>
            </div>
            <Show
                when=move || shared_document.get().is_some()
                fallback=move || view! { <p class="soft">{t!(i18n, employee.nothing_shared)}</p> }
            >
                <section class="stack tight" aria-labelledby="shared-heading">
                    <h2 id="shared-heading">{t!(i18n, employee.now_shared)}</h2>
                    <p>
                        {t!(i18n, employee.shared_with, names = move || readers(mine))}
                        " "
                        {move || {
                            let sections = shared.with(|it| it.shared.keys().copied().collect::<Vec<_>>());
                            sections.into_iter().map(|it| words::section(i18n, it)).collect::<Vec<_>>().join(", ")
                        }}
                        "."
                    </p>
                    <WhoCanSee document=Signal::derive(move || shared_document.get().map(|it| it.id()))/>
                </section>
            </Show>
            <p><a href="/loopbaan/formulier">{t!(i18n, employee.to_form)}</a></p>
        </Page>
    }
}

/// Whom she shares with: the advisers and, if she has one, the coach.
fn readers(mine: Mine) -> String {
    let coach = mine.trajectory.with(|it| it.as_ref().and_then(Trajectory::coach)).and_then(|_| mine.coach());
    let names = [mine.advisers()].into_iter().chain(coach.map(|(name, _)| name));
    names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ")
}
