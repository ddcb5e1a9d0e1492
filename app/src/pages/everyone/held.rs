//! A shared device that was left alone while the server lacked something: nothing of it is shown.

use leptos::prelude::*;

use super::sign_in::SignInForm;
use crate::components::Page;
use crate::device::Device;
use crate::i18n::*;
use crate::session::Session;

/// What is waited for; going on after a sign-in, or throwing it away.
#[component]
pub fn Held() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let device = expect_context::<Device>();
    let sure = RwSignal::new(false);
    let discard = move |_| leptos::task::spawn_local(async move { session.sign_out_anyway().await });
    view! {
        <div class="door">
            <Page title=move || t_string!(i18n, vault.held_title)>
                <p class="lead">{t!(i18n, vault.held_why)}</p>
                <p role="status">
                    {move || match device.waiting() + device.unsaved() {
                        0 => t_string!(i18n, vault.held_nothing).to_string(),
                        count => t_string!(i18n, vault.held_waiting, count = count).to_string(),
                    }}
                </p>
                <p>{t!(i18n, vault.held_again)}</p>
                <SignInForm again=true/>
                <details>
                    <summary>{t!(i18n, vault.held_discard)}</summary>
                    <div class="stack">
                        <p>{t!(i18n, vault.held_discard_text)}</p>
                        <label class="choice">
                            <input type="checkbox" prop:checked=move || sure.get()
                                on:change=move |event| sure.set(event_target_checked(&event))/>
                            {t!(i18n, vault.held_discard_confirm)}
                        </label>
                        <div class="row">
                            <button type="button" class="danger" disabled=move || !sure.get() on:click=discard>
                                {t!(i18n, vault.held_discard_button)}
                            </button>
                        </div>
                    </div>
                </details>
            </Page>
        </div>
    }
}
