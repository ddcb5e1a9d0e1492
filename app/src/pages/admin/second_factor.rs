//! Taking away a second step that somebody has lost, asked first.

use leptos::html;
use leptos::prelude::*;
use shared::domain::command::Command;
use shared::ids::UserId;

use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// A button with its question; nothing for oneself, who can switch it off in the settings.
#[component]
pub fn ResetSecondFactor(user: UserId, name: StoredValue<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let is_me = Memo::new(move |_| device.directory().is_some_and(|directory| directory.me == user));
    let waiting = Memo::new(move |_| {
        is_on_its_way(
            device,
            |command| matches!(command, Command::ResetSecondFactor { user: it } if *it == user),
        )
    });
    let dialog = NodeRef::<html::Dialog>::new();
    let ask = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Only fails when it is open already.
            let _ = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let reset = move |_| {
        device.command(Command::ResetSecondFactor { user });
        close();
    };
    let title = move || t_string!(i18n, factor.reset_title, name = name.get_value()).to_string();
    view! {
        <Show when=move || !is_me.get()>
            <Show
                when=move || !waiting.get()
                fallback=move || view! { <span role="status">{t!(i18n, factor.resetting)}</span> }
            >
                <div class="row">
                    <button type="button" on:click=ask>
                        {t!(i18n, factor.reset)}
                        <span class="visually-hidden">" " {name.get_value()}</span>
                    </button>
                </div>
            </Show>
            <dialog node_ref=dialog aria-label=title>
                <div class="stack">
                    <h2>{title}</h2>
                    <p>{t!(i18n, factor.reset_text)}</p>
                    <div class="row">
                        <button type="button" class="danger" on:click=reset>{t!(i18n, factor.reset)}</button>
                        <button type="button" class="plain" on:click=move |_| close()>{t!(i18n, common.cancel)}</button>
                    </div>
                </div>
            </dialog>
        </Show>
    }
}
