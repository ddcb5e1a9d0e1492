//! Opening this device, with or without a network; and what to do when the passphrase is gone.

use leptos::html;
use leptos::prelude::*;

use super::wipe_offer::WipeOffer;
use crate::components::{Page, PasswordField};
use crate::i18n::*;
use crate::session::{Session, UnlockError};

/// The passphrase.
#[component]
pub fn Unlock() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let phrase = RwSignal::new(String::new());
    let failed = RwSignal::new(None::<UnlockError>);
    let busy = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let seconds = |wait_ms: u64| wait_ms.div_ceil(1_000);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failed.set(None);
        leptos::task::spawn_local(async move {
            if let Err(error) = session.unlock(&phrase.get_untracked()).await {
                failed.try_set(Some(error));
            }
            busy.try_set(false);
        });
    };
    // The one thing to do here is to type: the field has the focus at once.
    Effect::new(move |_| {
        if let Some(field) = field.get() {
            request_animation_frame(move || {
                // A field that is shown takes the focus.
                let _ = field.focus();
            });
        }
    });
    let error = Signal::derive(move || match failed.get() {
        None => String::new(),
        Some(UnlockError::Wrong { wait_ms: 0 }) => t_string!(i18n, session.wrong_passphrase).to_string(),
        Some(UnlockError::Wrong { wait_ms }) => format!(
            "{} {}",
            t_string!(i18n, session.wrong_passphrase),
            t_string!(i18n, session.wait, seconds = seconds(wait_ms))
        ),
        Some(UnlockError::Wait { wait_ms }) => {
            t_string!(i18n, session.wait, seconds = seconds(wait_ms)).to_string()
        }
        Some(UnlockError::Storage(_)) => t_string!(i18n, session.storage_failed).to_string(),
    });
    view! {
        <div class="door">
            <Page title=move || t_string!(i18n, session.unlock_title)>
                <p class="lead">{t!(i18n, session.unlock_lead)}</p>
                <form class="stack" novalidate on:submit=submit>
                    <PasswordField
                        id="passphrase" autocomplete="off" label=move || t_string!(i18n, session.passphrase)
                        value=phrase error=error node_ref=field
                    />
                    <div class="row">
                        <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                            {t!(i18n, session.unlock)}
                        </button>
                        <span role="status">{move || busy.get().then(|| t_string!(i18n, session.unlocking))}</span>
                    </div>
                </form>
                <Forgotten/>
            </Page>
        </div>
    }
}

/// Wiping the device, after a warning that says what is lost.
#[component]
fn Forgotten() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <details>
            <summary>{t!(i18n, session.forgotten)}</summary>
            <div class="stack">
                <p>{t!(i18n, session.forgotten_lead)}</p>
                <Show when=move || !session.lacking().is_nothing()>
                    <p>{t!(i18n, vault.lacking_wait)}</p>
                </Show>
                <WipeOffer/>
            </div>
        </details>
    }
}
