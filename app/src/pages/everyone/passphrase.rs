//! Choosing the passphrase that opens this device.

use leptos::prelude::*;

use super::new_passphrase::{NewPassphrase, NewPassphraseFields};
use crate::components::Page;
use crate::i18n::*;
use crate::session::{PassphraseError, Session};

/// After the first sign-in on a device.
#[component]
pub fn ChoosePassphrase() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let phrase = NewPassphrase::new();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(false);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(chosen) = phrase.chosen().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        failed.set(false);
        leptos::task::spawn_local(async move {
            match session.choose_passphrase(&chosen).await {
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
                    <NewPassphraseFields value=phrase label=move || t_string!(i18n, session.passphrase)/>
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
