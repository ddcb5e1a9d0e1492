//! Choosing the passphrase that opens this device.

use leptos::prelude::*;

use crate::components::{Page, PasswordField};
use crate::device::vault::{PASSPHRASE_MIN, WeakPassphrase, check_passphrase};
use crate::i18n::*;
use crate::session::{PassphraseError, Session};

/// After the first sign-in on a device.
#[component]
pub fn ChoosePassphrase() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let (first, again) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let tried = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let first_error = Signal::derive(move || {
        if !tried.get() {
            return String::new();
        }
        match first.with(|phrase| check_passphrase(phrase)) {
            Ok(()) => String::new(),
            Err(WeakPassphrase::TooShort { .. }) => t_string!(i18n, session.passphrase_short).to_string(),
            Err(WeakPassphrase::TooSimple) => t_string!(i18n, session.passphrase_simple).to_string(),
        }
    });
    let again_error = Signal::derive(move || {
        if tried.get() && first.get() != again.get() {
            t_string!(i18n, session.passphrase_differs).to_string()
        } else {
            String::new()
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let right = untrack(|| first_error.get().is_empty() && again_error.get().is_empty());
        if busy.get_untracked() || !right {
            return;
        }
        busy.set(true);
        failed.set(false);
        leptos::task::spawn_local(async move {
            match session.choose_passphrase(&first.get_untracked()).await {
                Ok(()) | Err(PassphraseError::NotSignedIn) => {}
                Err(PassphraseError::Weak(_) | PassphraseError::Storage(_)) => {
                    failed.try_set(true);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="door">
            <Page title=move || t_string!(i18n, session.choose_title)>
                <p class="lead">{t!(i18n, session.choose_lead)}</p>
                <p>{t!(i18n, session.choose_tip)}</p>
                <form class="stack" novalidate on:submit=submit>
                    <div role="alert">
                        {move || failed.get().then(|| view! {
                            <div class="notice warn"><p>{t!(i18n, session.storage_failed)}</p></div>
                        })}
                    </div>
                    <PasswordField
                        id="passphrase" autocomplete="new-password"
                        label=move || t_string!(i18n, session.passphrase)
                        hint=move || t_string!(i18n, session.passphrase_hint, min = PASSPHRASE_MIN)
                        value=first error=first_error
                    />
                    <PasswordField
                        id="passphrase-again" autocomplete="new-password"
                        label=move || t_string!(i18n, session.passphrase_again)
                        value=again error=again_error
                    />
                    <div class="row">
                        <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                            {t!(i18n, session.go_on)}
                        </button>
                        <span role="status">{move || busy.get().then(|| t_string!(i18n, session.preparing))}</span>
                    </div>
                </form>
            </Page>
        </div>
    }
}
