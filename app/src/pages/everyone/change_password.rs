//! Changing one's own password, in the settings.

use leptos::prelude::*;

use super::new_password::{NewPassword, NewPasswordFields};
use crate::components::PasswordField;
use crate::i18n::*;
use crate::pages::account_words::Failure;
use crate::session::passwords;

/// A fold with the form.
#[component]
pub fn ChangePassword() -> impl IntoView {
    let i18n = use_i18n();
    let before = RwSignal::new(String::new());
    let new = NewPassword::new();
    let (busy, tried, changed) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        changed.set(false);
        let password = new.take();
        if busy.get_untracked() || before.with_untracked(String::is_empty) {
            return;
        }
        let Some(password) = password else { return };
        busy.set(true);
        leptos::task::spawn_local(async move {
            match passwords::change(&before.get_untracked(), &password).await {
                Ok(()) => {
                    before.try_set(String::new());
                    new.clear();
                    tried.try_set(false);
                    changed.try_set(true);
                }
                Err(error) => {
                    new.failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let missing = Signal::derive(move || {
        if tried.get() && before.with(String::is_empty) {
            t_string!(i18n, account.missing_password).to_string()
        } else {
            String::new()
        }
    });
    view! {
        <section class="stack" aria-labelledby="password-heading">
            <h2 id="password-heading">{t!(i18n, session.password)}</h2>
            <details>
                <summary>{t!(i18n, account.change_title)}</summary>
                <form class="stack" novalidate on:submit=submit>
                    <p>{t!(i18n, account.change_lead)}</p>
                    <Failure error=Signal::derive(move || new.other_failure())/>
                    <PasswordField
                        id="password-now" label=move || t_string!(i18n, account.password_now)
                        value=before error=missing
                    />
                    <NewPasswordFields new=new/>
                    <div class="row">
                        <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                            {t!(i18n, account.change_submit)}
                        </button>
                        <span role="status">{move || busy.get().then(|| t_string!(i18n, account.busy))}</span>
                    </div>
                </form>
            </details>
            <div role="status">
                {move || changed.get().then(|| view! { <p class="notice">{t!(i18n, account.changed)}</p> })}
            </div>
        </section>
    }
}
