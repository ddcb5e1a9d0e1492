//! Which coaches she would rather not have: ticked, without a reason, for her and the advisers alone.

use std::collections::BTreeSet;

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::role::Role;
use shared::ids::UserId;

use super::mine::Mine;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// The question, while she has a trajectory in which it matters.
#[component]
pub fn RatherNot() -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let is_open =
        Memo::new(move |_| mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.state.is_open())));
    let is_fixed = Memo::new(move |_| {
        mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.coach().is_some() && it.asked().is_none()))
    });
    let avoided = Memo::new(move |_| {
        let avoided = mine.trajectory.with(|it| it.as_ref().map(|it| it.avoided.clone()));
        avoided.unwrap_or_default().into_iter().collect::<BTreeSet<UserId>>()
    });
    let coaches = Memo::new(move |_| {
        let Some(directory) = mine.device.directory() else { return Vec::new() };
        // Who is named and is no coach any more stays to be seen.
        let is_choice = |id: UserId, roles: &[Role]| {
            id != directory.me && (roles.contains(&Role::InternalCoach) || avoided.get().contains(&id))
        };
        let mut coaches: Vec<_> = directory
            .people
            .iter()
            .filter(|it| is_choice(it.id, &it.roles))
            .map(|it| (it.id, it.name.clone()))
            .collect();
        coaches.sort_by(|one, other| one.1.cmp(&other.1));
        coaches
    });
    let waiting =
        Memo::new(move |_| is_on_its_way(mine.device, |it| matches!(it, Command::AvoidCoaches { .. })));
    // What she ticked or unticked since it was last saved.
    let changed = RwSignal::new(BTreeSet::<UserId>::new());
    let is_ticked =
        move |coach: &UserId| avoided.with(|it| it.contains(coach)) != changed.with(|it| it.contains(coach));
    let saved = RwSignal::new(false);
    let save = move |_| {
        let Some(trajectory) = mine.trajectory.get_untracked().map(|it| it.id) else { return };
        let coaches =
            untrack(|| coaches.get().into_iter().map(|it| it.0).filter(|it| is_ticked(it)).collect());
        mine.device.command(Command::AvoidCoaches { trajectory, coaches });
        saved.set(true);
    };
    // What was saved is what is ticked from now on.
    Effect::new(move |_| {
        let _ = avoided.get();
        changed.set(BTreeSet::new());
    });
    view! {
        <Show when=move || is_open.get()>
            <section class="stack" aria-labelledby="rather-not-heading">
                <h2 id="rather-not-heading">{t!(i18n, access.rather_not_title)}</h2>
                <p>{t!(i18n, access.rather_not_text)}</p>
                <Show when=move || is_fixed.get()><p class="soft">{t!(i18n, access.rather_not_fixed)}</p></Show>
                <Show
                    when=move || !coaches.with(Vec::is_empty)
                    fallback=move || view! { <p class="soft">{t!(i18n, access.rather_not_none)}</p> }
                >
                    <fieldset class="stack tight" disabled=move || is_fixed.get()>
                        <legend class="visually-hidden">{t!(i18n, access.rather_not_title)}</legend>
                        <For each=move || coaches.get() key=Clone::clone let((coach, name))>
                            <label class="choice">
                                <input
                                    type="checkbox"
                                    prop:checked=move || is_ticked(&coach)
                                    on:change=move |_| {
                                        saved.set(false);
                                        changed.update(|it| {
                                            if !it.remove(&coach) {
                                                it.insert(coach);
                                            }
                                        });
                                    }
                                />
                                <span>{name.clone()}</span>
                            </label>
                        </For>
                    </fieldset>
                    <div class="row">
                        <button
                            type="button" on:click=save
                            disabled=move || is_fixed.get() || waiting.get() || changed.with(BTreeSet::is_empty)
                        >
                            {t!(i18n, common.save)}
                        </button>
                    </div>
                    <div role="status">
                        {move || if waiting.get() {
                            t_string!(i18n, common.command_waiting)
                        } else if saved.get() && changed.with(BTreeSet::is_empty) {
                            t_string!(i18n, access.rather_not_saved)
                        } else {
                            ""
                        }}
                    </div>
                </Show>
            </section>
        </Show>
    }
}
