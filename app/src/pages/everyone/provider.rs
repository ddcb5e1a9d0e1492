//! At the door: the organisation's own sign-in.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::i18n::*;
use crate::session::provider::{self, Offer};
use crate::session::{Session, SignInError};

/// Why nobody came in, and what to do.
fn sentence(i18n: I18nContext<Locale>, code: &str) -> String {
    match code {
        "email_taken" => t_string!(i18n, factor.provider_email_taken).to_string(),
        "no_account" => t_string!(i18n, factor.provider_no_account).to_string(),
        "declined" => t_string!(i18n, factor.provider_declined).to_string(),
        "not_begun" => t_string!(i18n, factor.provider_not_begun).to_string(),
        "unreachable" => t_string!(i18n, factor.provider_unreachable).to_string(),
        _ => t_string!(i18n, factor.provider_failed).to_string(),
    }
}

/// The button, where there is a provider; who has come back goes on by herself. `failed` tells what went wrong then.
#[component]
pub fn ProviderDoor(failed: RwSignal<Option<SignInError>>) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let offer = RwSignal::new(Offer::default());
    let busy = RwSignal::new(false);
    leptos::task::spawn_local(async move {
        let Some(found) = provider::offer().await else { return };
        let ready = found.ready;
        // The page may be gone by now.
        if offer.try_set(found).is_some() || !ready {
            return;
        }
        busy.try_set(true);
        if let Err(error) = session.sign_in_by_provider().await {
            failed.try_set(Some(error));
        }
        busy.try_set(false);
    });
    let leave = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            if !session.leave_for_provider().await {
                failed.try_set(Some(SignInError::Offline));
                busy.try_set(false);
            }
        });
    };
    view! {
        <div role="alert">
            {move || offer.get().failed.map(|code| view! {
                <div class="notice warn"><p>{move || sentence(i18n, &code)}</p></div>
            })}
        </div>
        {move || offer.get().label.map(|label| view! {
            <div class="stack">
                <div class="row">
                    <button type="button" aria-disabled=move || busy.get().then_some("true") on:click=leave>{label}</button>
                    <span role="status">{move || busy.get().then(|| t_string!(i18n, session.busy))}</span>
                </div>
                <p>{t!(i18n, factor.provider_or)}</p>
            </div>
        })}
    }
}
