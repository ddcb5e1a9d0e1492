//! Who changes what guards her account shows once more that it is she.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

use super::sentence;
use crate::components::{PasswordField, TextField};
use crate::i18n::*;
use crate::session::factors::{FactorError, Proof, Second, Ways};

/// What shows who it is, and whom to tell when it did not work.
pub type Asks = (Proof, Callback<FactorError>);

/// Password, and a code or a passkey where one is asked for.
#[component]
pub fn ProofForm(
    /// Unique on the page: the names of the fields of password and code.
    fields: (&'static str, &'static str),
    ways: Ways,
    #[prop(into)] words: TextProp,
    act: Callback<Asks>,
    /// What else is asked, before the password.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let i18n = use_i18n();
    let (password, code) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let failed = RwSignal::new(None::<FactorError>);
    // What was tried: a code is not missed by who shows a passkey.
    let (busy, tried, tried_code) = (RwSignal::new(false), RwSignal::new(false), RwSignal::new(false));
    let (password_field, code_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let is_empty = |value: RwSignal<String>| value.with(|value| value.trim().is_empty());
    let go = move |by_passkey: bool| {
        if busy.get_untracked() {
            return;
        }
        let by_code = ways.code && !by_passkey;
        tried.set(true);
        tried_code.set(by_code);
        failed.set(None);
        let empty = [(password, password_field), (code, code_field)]
            .into_iter()
            .take(if by_code { 2 } else { 1 })
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
        let second = match (by_passkey, by_code) {
            (true, _) => Second::Passkey,
            (_, true) => Second::Code(code.get_untracked()),
            _ => Second::None,
        };
        act.run((Proof { password: password.get_untracked(), second }, done));
    };
    // Who has nothing but passkeys shows one by the button that does what she came for.
    let only_passkey = ways.passkey && !ways.code;
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        go(only_passkey);
    };
    let password_error = Signal::derive(move || {
        let missing = tried.get() && is_empty(password);
        if missing { t_string!(i18n, session.missing_password).to_string() } else { String::new() }
    });
    let code_error = Signal::derive(move || {
        let missing = tried_code.get() && is_empty(code);
        if missing { t_string!(i18n, factor.missing_code).to_string() } else { String::new() }
    });
    view! {
        <form class="stack" novalidate on:submit=submit>
            <div role="alert">
                {move || failed.get().map(|error| view! {
                    <div class="notice warn"><p>{move || sentence(i18n, &error)}</p></div>
                })}
            </div>
            {children.map(|children| children())}
            <PasswordField
                id=fields.0 label=move || t_string!(i18n, session.password)
                value=password error=password_error node_ref=password_field
            />
            {ways.code.then(|| view! {
                <TextField
                    id=fields.1 autocomplete="one-time-code" required=true
                    label=move || t_string!(i18n, factor.code) hint=move || t_string!(i18n, factor.code_hint)
                    value=code error=code_error node_ref=code_field
                />
            })}
            {(ways.passkey && ways.code).then(|| view! { <p>{t!(i18n, factor.or_passkey)}</p> })}
            <div class="row">
                <button type="submit" aria-disabled=move || busy.get().then_some("true")>{move || words.get()}</button>
                {(ways.passkey && ways.code).then(|| view! {
                    <button
                        type="button" aria-disabled=move || busy.get().then_some("true")
                        on:click=move |_| go(true)
                    >
                        {t!(i18n, factor.with_passkey)}
                    </button>
                })}
                <span role="status">{move || busy.get().then(|| t_string!(i18n, factor.busy))}</span>
            </div>
        </form>
    }
}
