//! The pages of a link: accepting an invitation, and choosing another password.
//!
//! The link's secret stands behind the `#` of the address, and is taken out of it at once: the browser's history,
//! and whoever looks over a shoulder, have no use of it.

use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsValue;

use super::new_password::{NewPassword, NewPasswordFields};
use crate::components::Page;
use crate::device::platform;
use crate::i18n::*;
use crate::pages::account_words::{Failure, call_error};
use crate::session::CallError;
use crate::session::passwords::{self, LinkInfo, LinkPurpose};

/// Where somebody is with her link.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Looking,
    Failed(CallError),
    Choosing(LinkInfo),
    Done(LinkInfo),
}

/// The page of an invitation.
#[component]
pub fn Invitation() -> impl IntoView {
    view! { <ALink purpose=LinkPurpose::Invitation/> }
}

/// The page of a link for another password.
#[component]
pub fn ResetPassword() -> impl IntoView {
    view! { <ALink purpose=LinkPurpose::Password/> }
}

/// Takes the secret out of the address.
fn take_token() -> String {
    let window = platform::window();
    let location = window.location();
    let token = location.hash().unwrap_or_default().trim_start_matches('#').to_owned();
    if !token.is_empty()
        && let (Ok(history), Ok(path)) = (window.history(), location.pathname())
    {
        // Where the browser does not let go of it, the link works all the same.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&path));
    }
    token
}

#[component]
fn ALink(purpose: LinkPurpose) -> impl IntoView {
    let i18n = use_i18n();
    let token = RwSignal::new(String::new());
    let step = RwSignal::new(Step::Looking);
    let look = move || {
        step.set(Step::Looking);
        leptos::task::spawn_local(async move {
            let found = match passwords::look(purpose, &token.get_untracked()).await {
                Ok(info) => Step::Choosing(info),
                Err(error) => Step::Failed(error),
            };
            step.try_set(found);
        });
    };
    // Another link in the same tab is another fragment, and loads nothing anew.
    let hash = use_location().hash;
    Effect::new(move |_| {
        hash.track();
        let found = take_token();
        if !found.is_empty() || token.with_untracked(String::is_empty) {
            token.set(found);
            look();
        }
    });
    let title = move || match (step.get(), purpose) {
        (Step::Done(_), _) => t_string!(i18n, account.chosen_title),
        (Step::Failed(error), _) if error.is("link_over") => t_string!(i18n, account.link_over_title),
        (_, LinkPurpose::Invitation) => t_string!(i18n, account.invitation_title),
        (_, LinkPurpose::Password) => t_string!(i18n, account.password_title),
    };
    view! {
        <div class="door">
            <Page title=title>
                {move || match step.get() {
                    Step::Looking => view! { <p role="status">{t!(i18n, account.link_looking)}</p> }.into_any(),
                    Step::Failed(error) if error.is("link_over") => view! { <Over purpose=purpose/> }.into_any(),
                    Step::Failed(error) => view! {
                        <div class="notice warn" role="alert">
                            <p>{move || match error {
                                CallError::Offline => t_string!(i18n, account.link_offline).to_string(),
                                ref error => call_error(i18n, error),
                            }}</p>
                            <button type="button" on:click=move |_| look()>{t!(i18n, account.try_again)}</button>
                        </div>
                    }.into_any(),
                    Step::Choosing(info) => view! {
                        <Choose purpose=purpose token=token info=info step=step/>
                    }.into_any(),
                    Step::Done(info) => view! { <Done purpose=purpose info=info/> }.into_any(),
                }}
            </Page>
        </div>
    }
}

#[component]
fn Over(purpose: LinkPurpose) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <p role="alert">{move || match purpose {
            LinkPurpose::Invitation => t_string!(i18n, account.link_over_invitation),
            LinkPurpose::Password => t_string!(i18n, account.link_over_password),
        }}</p>
        <p><a href="/">{t!(i18n, account.to_sign_in)}</a></p>
        {(purpose == LinkPurpose::Password).then(|| view! {
            <p><a href="/wachtwoord-vergeten">{t!(i18n, account.forgotten)}</a></p>
        })}
    }
}

#[component]
fn Choose(
    purpose: LinkPurpose,
    token: RwSignal<String>,
    info: LinkInfo,
    step: RwSignal<Step>,
) -> impl IntoView {
    let i18n = use_i18n();
    let new = NewPassword::new();
    let busy = RwSignal::new(false);
    let LinkInfo { name, email } = info.clone();
    // For the browser's own store of passwords, which keeps what is in a field.
    let address = email.clone();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        let Some(password) = new.take() else { return };
        busy.set(true);
        let info = info.clone();
        leptos::task::spawn_local(async move {
            match passwords::choose(purpose, &token.get_untracked(), &password).await {
                Ok(()) => {
                    token.try_set(String::new());
                    step.try_set(Step::Done(info));
                }
                Err(error) if error.is("link_over") => {
                    step.try_set(Step::Failed(error));
                }
                Err(error) => {
                    new.failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <p class="lead">
            {move || t_string!(i18n, account.link_for, name = name.clone(), email = email.clone()).to_string()}
        </p>
        <form class="stack" novalidate on:submit=submit>
            <Failure error=Signal::derive(move || new.other_failure())/>
            <input
                type="email" name="email" autocomplete="username" value=address hidden=true tabindex="-1"
                aria-hidden="true"
            />
            <NewPasswordFields new=new/>
            <div class="row">
                <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                    {t!(i18n, account.choose_password)}
                </button>
                <span role="status">{move || busy.get().then(|| t_string!(i18n, account.busy))}</span>
            </div>
        </form>
    }
}

#[component]
fn Done(purpose: LinkPurpose, info: LinkInfo) -> impl IntoView {
    let i18n = use_i18n();
    let email = info.email;
    view! {
        <p class="lead" role="status">
            {move || t_string!(i18n, account.chosen, email = email.clone()).to_string()}
        </p>
        {(purpose == LinkPurpose::Password).then(|| view! { <p>{t!(i18n, account.chosen_elsewhere)}</p> })}
        <p><a class="button" href="/">{t!(i18n, account.to_sign_in)}</a></p>
    }
}
