//! Signing in: the first time on a device, and again when a session has ended.

use leptos::html;
use leptos::prelude::*;
use leptos_i18n::I18nContext;

use super::provider::ProviderDoor;
use crate::components::{Notice, Page, PasswordField, TextField, Tone};
use crate::device::Device;
use crate::i18n::*;
use crate::session::passkeys::{self, PasskeyError};
use crate::session::{Second, Session, SignInError, WipeReason};
use serde_json::Value;

/// What went wrong, what is safe, what to do.
fn sentence(i18n: I18nContext<Locale>, error: &SignInError, again: bool) -> String {
    match error {
        SignInError::Wrong => t_string!(i18n, session.wrong_password).to_string(),
        SignInError::SecondFactor { .. } => String::new(),
        SignInError::WrongCode { .. } => t_string!(i18n, factor.step_wrong).to_string(),
        SignInError::CopiedPasskey => t_string!(i18n, factor.passkey_copied).to_string(),
        SignInError::Throttled { seconds } => {
            t_string!(i18n, session.throttled, seconds = *seconds).to_string()
        }
        SignInError::OtherPerson => t_string!(i18n, session.other_person).to_string(),
        SignInError::Offline if again => t_string!(i18n, session.out_of_reach_again).to_string(),
        SignInError::Offline => t_string!(i18n, session.out_of_reach).to_string(),
        SignInError::Unavailable if again => t_string!(i18n, session.unavailable_again).to_string(),
        SignInError::Unavailable => t_string!(i18n, session.unavailable).to_string(),
        SignInError::Server { .. } => t_string!(i18n, session.failed).to_string(),
    }
}

/// Why a passkey did not open the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PasskeyFailure {
    /// The browser showed none.
    Here(PasskeyError),
    /// The server did not take it.
    There,
}

fn passkey_sentence(i18n: I18nContext<Locale>, failure: PasskeyFailure) -> String {
    match failure {
        PasskeyFailure::There => t_string!(i18n, factor.step_passkey_wrong).to_string(),
        PasskeyFailure::Here(PasskeyError::Stopped) => t_string!(i18n, factor.passkey_stopped).to_string(),
        PasskeyFailure::Here(PasskeyError::Unable | PasskeyError::Known) => {
            t_string!(i18n, factor.passkey_unable).to_string()
        }
    }
}

/// Address and password.
#[component]
pub fn SignInForm(
    /// The device is unlocked: only the session is renewed.
    again: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let (email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let failed = RwSignal::new(None::<SignInError>);
    let busy = RwSignal::new(false);
    let tried = RwSignal::new(false);
    // The password was right, and a code is asked for.
    let code = RwSignal::new(String::new());
    let asks_code = RwSignal::new(false);
    let methods = RwSignal::new(Vec::<String>::new());
    // What the browser is to be asked for, where a passkey would do.
    let asked = RwSignal::new(None::<Value>);
    let by_passkey = Memo::new(move |_| asked.with(Option::is_some) && passkeys::are_possible());
    let by_code = Memo::new(move |_| methods.with(|it| it.iter().any(|it| it != "passkey")));
    let has_passkey = Memo::new(move |_| methods.with(|it| it.iter().any(|it| it == "passkey")));
    // What became of a passkey, where that is no matter of the server's.
    let passkey_failed = RwSignal::new(None::<PasskeyFailure>);
    let missing = move |value: RwSignal<String>| tried.get() && value.with(|value| value.trim().is_empty());
    let (email_field, password_field) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let code_field = NodeRef::<html::Input>::new();
    let passkey_button = NodeRef::<html::Button>::new();
    // Where the step begins.
    Effect::new(move |_| {
        if let Some(button) = passkey_button.get() {
            let _ = button.focus();
        } else if let Some(field) = code_field.get() {
            let _ = field.focus();
        }
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        tried.set(true);
        failed.set(None);
        passkey_failed.set(None);
        let fields = [(email, email_field), (password, password_field), (code, code_field)];
        let empty = fields
            .into_iter()
            .take(if asks_code.get_untracked() { 3 } else { 2 })
            .find(|(value, _)| value.with_untracked(|value| value.trim().is_empty()));
        if let Some((_, field)) = empty {
            if let Some(field) = field.get_untracked() {
                // A field that is shown takes the focus.
                let _ = field.focus();
            }
            return;
        }
        busy.set(true);
        leptos::task::spawn_local(async move {
            let given = code.get_untracked();
            let second = if given.trim().is_empty() { Second::None } else { Second::Code(&given) };
            let outcome = session.sign_in(&email.get_untracked(), &password.get_untracked(), second).await;
            busy.try_set(false);
            // Where it worked, this page is gone by now.
            match outcome {
                Ok(()) => {}
                Err(SignInError::SecondFactor { methods: would_do, passkey }) => {
                    tried.try_set(false);
                    methods.try_set(would_do);
                    asked.try_set(passkey);
                    asks_code.try_set(true);
                }
                Err(error) => {
                    if let SignInError::WrongCode { passkey } = &error {
                        asked.try_set(passkey.clone());
                    }
                    failed.try_set(Some(error));
                }
            }
        });
    };
    let show_passkey = move |_| {
        let Some(options) = asked.get_untracked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        failed.set(None);
        passkey_failed.set(None);
        leptos::task::spawn_local(async move {
            let outcome = match passkeys::show(&options).await {
                Ok(answer) => {
                    let second = Second::Passkey(&answer);
                    session.sign_in(&email.get_untracked(), &password.get_untracked(), second).await
                }
                Err(error) => {
                    passkey_failed.try_set(Some(PasskeyFailure::Here(error)));
                    busy.try_set(false);
                    return;
                }
            };
            busy.try_set(false);
            match outcome {
                Ok(()) => {}
                Err(SignInError::WrongCode { passkey }) => {
                    asked.try_set(passkey);
                    passkey_failed.try_set(Some(PasskeyFailure::There));
                }
                Err(error) => {
                    failed.try_set(Some(error));
                }
            }
        });
    };
    // On a shared device the browser is asked not to keep for the next one who signed in here.
    let remembered = move |as_what: &'static str| {
        Signal::derive(move || if session.is_shared() { "off" } else { as_what })
    };
    let email_error = Signal::derive(move || {
        if missing(email) { t_string!(i18n, session.missing_email).to_string() } else { String::new() }
    });
    let password_error = Signal::derive(move || {
        if missing(password) { t_string!(i18n, session.missing_password).to_string() } else { String::new() }
    });
    let code_error = Signal::derive(move || {
        if missing(code) { t_string!(i18n, factor.missing_code).to_string() } else { String::new() }
    });
    let back = move |_| {
        code.set(String::new());
        failed.set(None);
        tried.set(false);
        passkey_failed.set(None);
        asked.set(None);
        asks_code.set(false);
    };
    view! {
        <Show when=move || !asks_code.get()>
            <ProviderDoor failed=failed/>
        </Show>
        <form class="stack" novalidate on:submit=submit>
            <div role="alert">
                {move || failed.get().map(|error| view! {
                    <div class="notice warn"><p>{move || sentence(i18n, &error, again)}</p></div>
                })}
                {move || passkey_failed.get().map(|failure| view! {
                    <div class="notice warn"><p>{move || passkey_sentence(i18n, failure)}</p></div>
                })}
            </div>
            <Show
                when=move || asks_code.get()
                fallback=move || view! {
                    <TextField
                        id="email" kind="email" autocomplete=remembered("username") required=true
                        label=move || t_string!(i18n, session.email)
                        value=email error=email_error node_ref=email_field
                    />
                    <PasswordField
                        id="password" autocomplete=remembered("current-password")
                        label=move || t_string!(i18n, session.password)
                        value=password error=password_error node_ref=password_field
                    />
                    {(!again).then(|| view! { <SharedChoice/> })}
                }
            >
                <p role="status">
                    {move || if by_passkey.get() {
                        t_string!(i18n, factor.step_lead_passkey)
                    } else if has_passkey.get() {
                        t_string!(i18n, factor.step_not_here)
                    } else {
                        t_string!(i18n, factor.step_lead)
                    }}
                </p>
                <Show when=move || by_passkey.get()>
                    <p>
                        <button
                            type="button" class="primary" node_ref=passkey_button
                            aria-disabled=move || busy.get().then_some("true") on:click=show_passkey
                        >
                            {t!(i18n, factor.with_passkey)}
                        </button>
                    </p>
                </Show>
                <Show when=move || by_code.get()>
                    <Show when=move || by_passkey.get()><p>{t!(i18n, factor.step_or_code)}</p></Show>
                    <TextField
                        id="code" autocomplete="one-time-code" required=true
                        label=move || t_string!(i18n, factor.code) hint=move || t_string!(i18n, factor.code_hint)
                        value=code error=code_error node_ref=code_field
                    />
                </Show>
                <p>{t!(i18n, factor.step_recovery)}</p>
            </Show>
            <div class="row">
                <Show when=move || !asks_code.get() || by_code.get()>
                    <button
                        type="submit" class:primary=move || !(asks_code.get() && by_passkey.get())
                        aria-disabled=move || busy.get().then_some("true")
                    >
                        {t!(i18n, session.sign_in)}
                    </button>
                </Show>
                <Show when=move || asks_code.get()>
                    <button type="button" class="plain" on:click=back>{t!(i18n, factor.step_back)}</button>
                </Show>
                <span role="status">{move || busy.get().then(|| t_string!(i18n, session.busy))}</span>
            </div>
        </form>
    }
}

/// Whether this is a computer that several people use.
#[component]
fn SharedChoice() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <div class="field">
            <label class="choice">
                <input
                    type="checkbox" aria-describedby="shared-hint" prop:checked=move || session.is_shared()
                    on:change=move |event| session.set_shared(event_target_checked(&event))
                />
                {t!(i18n, session.shared_device)}
            </label>
            <span class="hint" id="shared-hint">{t!(i18n, vault.shared_choice_hint)}</span>
        </div>
    }
}

/// The first time on a device, or again on an open one when the session has ended.
#[component]
pub fn SignIn() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    let again = expect_context::<Device>().id().is_some();
    let title = move || match again {
        true => t_string!(i18n, session.sign_in_again_title),
        false => t_string!(i18n, session.sign_in),
    };
    view! {
        <div class="door">
            <Page title=title>
                {move || session.wiped().map(|reason| view! {
                    <Notice tone=if reason == WipeReason::Revoked { Tone::Warning } else { Tone::Calm }>
                        <p>{move || match reason {
                            WipeReason::Revoked => t_string!(i18n, session.wiped_revoked),
                            WipeReason::Forgotten => t_string!(i18n, session.wiped_forgotten),
                            WipeReason::SignedOut => t_string!(i18n, session.wiped_signed_out),
                            WipeReason::LeftAlone => t_string!(i18n, vault.left_alone),
                        }}</p>
                        <button type="button" on:click=move |_| session.seen_wipe()>{t!(i18n, common.understood)}</button>
                    </Notice>
                })}
                <p class="lead">
                    {move || match again {
                        true => t_string!(i18n, session.sign_in_again_lead),
                        false => t_string!(i18n, session.sign_in_lead),
                    }}
                </p>
                <SignInForm again=again/>
                <p><a href="/wachtwoord-vergeten">{t!(i18n, account.forgotten)}</a></p>
                {again.then(|| view! {
                    <p>
                        <button type="button" class="plain" on:click=move |_| session.stay_signed_out()>
                            {t!(i18n, common.not_now)}
                        </button>
                    </p>
                })}
            </Page>
        </div>
    }
}
