//! *Wachtwoord vergeten*: asking for a link. What the page says does not tell whether there is such an account.

use leptos::html;
use leptos::prelude::*;

use crate::components::{Page, TextField};
use crate::i18n::*;
use crate::pages::account_words::Failure;
use crate::session::{CallError, passwords};

/// The page.
#[component]
pub fn ForgottenPassword() -> impl IntoView {
    let i18n = use_i18n();
    let email = RwSignal::new(String::new());
    let failed = RwSignal::new(None::<CallError>);
    let (busy, tried, sent) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let field = NodeRef::<html::Input>::new();
    let is_empty = move || email.with(|email| email.trim().is_empty());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        failed.set(None);
        if untrack(is_empty) {
            if let Some(field) = field.get_untracked() {
                // A field that is shown takes the focus.
                let _ = field.focus();
            }
            return;
        }
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            match passwords::forgotten(&email.get_untracked()).await {
                Ok(()) => {
                    sent.try_set(true);
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let error = Signal::derive(move || {
        if tried.get() && is_empty() {
            t_string!(i18n, account.missing_email).to_string()
        } else {
            String::new()
        }
    });
    let title = move || match sent.get() {
        true => t_string!(i18n, account.forgotten_sent_title),
        false => t_string!(i18n, account.forgotten_title),
    };
    view! {
        <div class="door">
            <Page title=title>
                <div role="status">
                    {move || sent.get().then(|| view! { <p class="lead">{t!(i18n, account.forgotten_sent)}</p> })}
                </div>
                <Show when=move || !sent.get()>
                    <p class="lead">{t!(i18n, account.forgotten_lead)}</p>
                    <form class="stack" novalidate on:submit=submit>
                        <Failure error=failed/>
                        <TextField
                            id="email" kind="email" autocomplete="username" required=true
                            label=move || t_string!(i18n, account.email) value=email error=error node_ref=field
                        />
                        <div class="row">
                            <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                                {t!(i18n, account.forgotten_submit)}
                            </button>
                            <span role="status">{move || busy.get().then(|| t_string!(i18n, account.busy))}</span>
                        </div>
                    </form>
                </Show>
                <p>{t!(i18n, account.forgotten_safe)}</p>
                <p><a href="/">{t!(i18n, account.to_sign_in)}</a></p>
            </Page>
        </div>
    }
}
