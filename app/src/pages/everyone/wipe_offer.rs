//! Wiping a device that cannot be opened, after a warning that says what is lost.

use leptos::prelude::*;

use crate::i18n::*;
use crate::session::Session;

/// What the server lacks, and the button.
#[component]
pub fn WipeOffer() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let sure = RwSignal::new(false);
    let lost = move || {
        let lacking = session.lacking();
        if lacking.is_nothing() {
            return view! { <p>{t!(i18n, vault.lacking_nothing)}</p> }.into_any();
        }
        let (changes, documents, commands) = (lacking.changes, lacking.documents, lacking.commands);
        view! {
            <p>{t!(i18n, vault.lacking_title)}</p>
            <ul>
                {(changes > 0).then(|| view! {
                    <li>{t!(i18n, vault.lacking_changes, count = changes, documents = documents)}</li>
                })}
                {(commands > 0).then(|| view! { <li>{t!(i18n, vault.lacking_commands, count = commands)}</li> })}
            </ul>
            <p>{t!(i18n, vault.lacking_which)}</p>
        }
        .into_any()
    };
    view! {
        {lost}
        <label class="choice">
            <input type="checkbox" prop:checked=move || sure.get()
                on:change=move |event| sure.set(event_target_checked(&event))/>
            {t!(i18n, session.wipe_confirm)}
        </label>
        <div class="row">
            <button type="button" class="danger" disabled=move || !sure.get()
                on:click=move |_| leptos::task::spawn_local(async move { session.forget().await })>
                {t!(i18n, session.wipe)}
            </button>
        </div>
    }
}
