//! Which roles somebody has, as boxes to tick. Everybody is an employee: that one is not asked.

use leptos::prelude::*;
use shared::domain::role::Role;

use crate::i18n::*;
use crate::pages::words;

/// The roles besides employee.
#[component]
pub fn RolesField(
    chosen: RwSignal<Vec<Role>>,
    /// The roles that cannot be given or taken here.
    #[prop(optional)]
    fixed: Vec<Role>,
) -> impl IntoView {
    let i18n = use_i18n();
    let box_of = move |role: Role| {
        let is_fixed = fixed.contains(&role);
        let toggle = move |event| {
            let on = event_target_checked(&event);
            chosen.update(|roles| {
                roles.retain(|it| *it != role);
                if on {
                    roles.push(role);
                    roles.sort_unstable();
                }
            });
        };
        view! {
            <label class="choice">
                <input
                    type="checkbox" disabled=is_fixed
                    prop:checked=move || chosen.with(|roles| roles.contains(&role))
                    on:change=toggle
                />
                {move || words::role(i18n, role)}
            </label>
        }
    };
    let asked = Role::ALL.into_iter().filter(|role| *role != Role::Employee);
    view! {
        <fieldset class="field">
            <legend>{t!(i18n, account.roles)}</legend>
            <span class="hint">{t!(i18n, account.roles_hint)}</span>
            <div class="choices">{asked.map(box_of).collect_view()}</div>
        </fieldset>
    }
}
