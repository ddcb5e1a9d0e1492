//! Who changes what guards her account shows once more that it is she.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

use super::sentence;
use crate::components::{PasswordField, TextField};
use crate::i18n::*;
use crate::session::factors::FactorError;

/// Password, code, and whom to tell when it did not work.
pub type Asks = (String, String, Callback<FactorError>);

/// Password, and a code where one is asked for.
#[component]
pub fn ProofForm(
    /// Unique on the page.
    id: &'static str,
    with_code: bool,
    #[prop(into)] words: TextProp,
    act: Callback<Asks>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (password, code) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let failed = RwSignal::new(None::<FactorError>);
    let (busy, tried) = (RwSignal::new(false), RwSignal::new(false));
    let (password_field, code_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let is_empty = |value: RwSignal<String>| value.with(|value| value.trim().is_empty());
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        tried.set(true);
        failed.set(None);
        let empty = [(password, password_field), (code, code_field)]
            .into_iter()
            .take(if with_code { 2 } else { 1 })
            .find(|(value, _)| untrack(|| is_empty(*value)));
        if let Some((_, field)) = empty {
            if let Some(field) = field.get_untracked() {
                // A field that is shown takes the focus.
                let _ = field.focus();
            }
            return;
        }
        busy.set(true);
        let done = Callback::new(move |error| {
            busy.try_set(false);
            failed.try_set(Some(error));
        });
        act.run((password.get_untracked(), code.get_untracked(), done));
    };
    let error = move |value: RwSignal<String>, words: Signal<String>| {
        Signal::derive(move || if tried.get() && is_empty(value) { words.get() } else { String::new() })
    };
    let password_error =
        error(password, Signal::derive(move || t_string!(i18n, session.missing_password).to_string()));
    let code_error = error(code, Signal::derive(move || t_string!(i18n, factor.missing_code).to_string()));
    let field = move |part: &'static str| -> &'static str {
        // Two forms of one page have fields of different names.
        match (id, part) {
            ("begin", _) => "begin-password",
            ("renew", "password") => "renew-password",
            ("renew", _) => "renew-code",
            (_, "password") => "remove-password",
            _ => "remove-code",
        }
    };
    view! {
        <form class="stack" novalidate on:submit=submit>
            <div role="alert">
                {move || failed.get().map(|error| view! {
                    <div class="notice warn"><p>{move || sentence(i18n, &error)}</p></div>
                })}
            </div>
            <PasswordField
                id=field("password") label=move || t_string!(i18n, session.password)
                value=password error=password_error node_ref=password_field
            />
            {with_code.then(|| view! {
                <TextField
                    id=field("code") autocomplete="one-time-code" required=true
                    label=move || t_string!(i18n, factor.code) hint=move || t_string!(i18n, factor.code_hint)
                    value=code error=code_error node_ref=code_field
                />
            })}
            <div class="row">
                <button type="submit" aria-disabled=move || busy.get().then_some("true")>{move || words.get()}</button>
                <span role="status">{move || busy.get().then(|| t_string!(i18n, factor.busy))}</span>
            </div>
        </form>
    }
}
