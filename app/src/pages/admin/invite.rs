//! Inviting somebody: an account, and a link with which she chooses her password.

use leptos::html;
use leptos::prelude::*;
use shared::domain::role::Role;

use super::roles_field::RolesField;
use super::roster::Roster;
use super::shown_link::ShownLink;
use crate::components::TextField;
use crate::i18n::*;
use crate::pages::account_words::Failure;
use crate::session::CallError;
use crate::session::accounts::{self, LinkShown};

/// The form, and the link that comes of it.
#[component]
pub fn Invite(roster: Roster) -> impl IntoView {
    let i18n = use_i18n();
    let text = || RwSignal::new(String::new());
    let (email, name, unit) = (text(), text(), text());
    let roles = RwSignal::new(Vec::<Role>::new());
    let failed = RwSignal::new(None::<CallError>);
    let shown = RwSignal::new(None::<(String, LinkShown)>);
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let (email_field, name_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let missing = move |value: RwSignal<String>| tried.get() && value.with(|value| value.trim().is_empty());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        tried.set(true);
        failed.set(None);
        let empty = [(email, email_field), (name, name_field)]
            .into_iter()
            .find(|(value, _)| value.with_untracked(|value| value.trim().is_empty()));
        if let Some((_, field)) = empty {
            if let Some(field) = field.get_untracked() {
                // A field that is shown takes the focus.
                let _ = field.focus();
            }
            return;
        }
        busy.set(true);
        shown.set(None);
        leptos::task::spawn_local(async move {
            let (address, called) = (email.get_untracked(), name.get_untracked());
            let made =
                accounts::invite(&address, &called, &unit.get_untracked(), &roles.get_untracked()).await;
            match made {
                Ok(link) => {
                    for field in [email, name, unit] {
                        field.try_set(String::new());
                    }
                    roles.try_set(Vec::new());
                    tried.try_set(false);
                    shown.try_set(Some((called, link)));
                    roster.refresh();
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    let email_error = Signal::derive(move || {
        if missing(email) { t_string!(i18n, account.error_email).to_string() } else { String::new() }
    });
    let name_error = Signal::derive(move || {
        if missing(name) { t_string!(i18n, account.error_name).to_string() } else { String::new() }
    });
    view! {
        <details>
            <summary>{t!(i18n, account.invite)}</summary>
            <form class="stack" novalidate on:submit=submit>
                <p>{t!(i18n, account.invite_lead)}</p>
                <Failure error=failed/>
                <TextField
                    id="invite-email" kind="email" required=true label=move || t_string!(i18n, account.email)
                    value=email error=email_error node_ref=email_field
                />
                <TextField
                    id="invite-name" required=true label=move || t_string!(i18n, account.name)
                    value=name error=name_error node_ref=name_field
                />
                <TextField id="invite-unit" label=move || t_string!(i18n, account.unit) value=unit/>
                <RolesField chosen=roles/>
                <div class="row">
                    <button type="submit" class="primary" aria-disabled=move || busy.get().then_some("true")>
                        {t!(i18n, account.invite_submit)}
                    </button>
                    <span role="status">{move || busy.get().then(|| t_string!(i18n, account.busy))}</span>
                </div>
            </form>
        </details>
        <ShownLink shown=shown/>
    }
}
