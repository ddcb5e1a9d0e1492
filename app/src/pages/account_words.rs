//! What goes wrong with accounts and passwords, in a sentence: what happened, what is safe, what to do.

use leptos::prelude::*;
use leptos_i18n::I18nContext;

use crate::i18n::*;
use crate::session::CallError;

/// Why a call did not do what was asked.
pub fn call_error(i18n: I18nContext<Locale>, error: &CallError) -> String {
    let code = match error {
        CallError::Offline => return t_string!(i18n, account.error_offline).to_string(),
        CallError::SignedOut => return t_string!(i18n, account.error_signed_out).to_string(),
        CallError::Throttled { seconds } => {
            return t_string!(i18n, account.error_throttled, seconds = *seconds).to_string();
        }
        CallError::Unavailable => return t_string!(i18n, account.error_unavailable).to_string(),
        CallError::Failed => return t_string!(i18n, account.error_failed).to_string(),
        CallError::Refused(code) => code.as_str(),
    };
    let words = match code {
        "not_found" => t_string!(i18n, account.error_not_there),
        "address_taken" => t_string!(i18n, account.error_taken),
        "bad_email" => t_string!(i18n, account.error_email),
        "bad_name" => t_string!(i18n, account.error_name),
        "bad_unit" => t_string!(i18n, account.error_unit),
        "own_manager" => t_string!(i18n, account.error_own_manager),
        "herself" => t_string!(i18n, account.error_own),
        "last_administrator" => t_string!(i18n, account.error_last),
        "account_disabled" => t_string!(i18n, account.error_disabled),
        "wrong_password" => t_string!(i18n, account.wrong_password),
        "password_too_short" => t_string!(i18n, account.password_short),
        "password_too_long" => t_string!(i18n, account.password_long),
        "password_guessable" => t_string!(i18n, account.password_guessable),
        _ => t_string!(i18n, account.error_failed),
    };
    words.to_string()
}

/// Whether it is the new password that will not do: told at its field.
pub fn is_about_password(error: &CallError) -> bool {
    matches!(error, CallError::Refused(code) if code.starts_with("password_"))
}

/// What went wrong, read out when it appears.
#[component]
pub fn Failure(#[prop(into)] error: Signal<Option<CallError>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div role="alert">
            {move || error.get().map(|error| view! {
                <div class="notice warn"><p>{move || call_error(i18n, &error)}</p></div>
            })}
        </div>
    }
}
