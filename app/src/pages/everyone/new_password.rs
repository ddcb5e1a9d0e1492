//! Choosing a password: twice the same, so that nobody is kept out by a slip.

use leptos::prelude::*;

use crate::components::PasswordField;
use crate::i18n::*;
use crate::pages::account_words::{call_error, is_about_password};
use crate::session::CallError;

/// What is typed, and what is wrong with it.
#[derive(Clone, Copy)]
pub struct NewPassword {
    first: RwSignal<String>,
    again: RwSignal<String>,
    tried: RwSignal<bool>,
    /// Why the server did not take it.
    pub failed: RwSignal<Option<CallError>>,
}

impl NewPassword {
    /// Nothing typed.
    pub fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Self { first: text(), again: text(), tried: RwSignal::new(false), failed: RwSignal::new(None) }
    }

    /// The password, if it was typed twice; from now on it is told if not.
    pub fn take(self) -> Option<String> {
        self.tried.set(true);
        self.failed.set(None);
        let (first, again) = (self.first.get_untracked(), self.again.get_untracked());
        (!first.is_empty() && first == again).then_some(first)
    }

    /// Nothing typed, again.
    pub fn clear(self) {
        self.first.try_set(String::new());
        self.again.try_set(String::new());
        self.tried.try_set(false);
    }

    /// What went wrong apart from the password itself. Tracked.
    pub fn other_failure(self) -> Option<CallError> {
        self.failed.get().filter(|error| !is_about_password(error))
    }
}

/// The two fields.
#[component]
pub fn NewPasswordFields(new: NewPassword) -> impl IntoView {
    let i18n = use_i18n();
    let first_error = Signal::derive(move || {
        if new.tried.get() && new.first.with(String::is_empty) {
            return t_string!(i18n, account.password_short).to_string();
        }
        let refused = new.failed.get().filter(is_about_password);
        refused.map(|error| call_error(i18n, &error)).unwrap_or_default()
    });
    let again_error = Signal::derive(move || {
        if new.tried.get() && new.first.get() != new.again.get() {
            t_string!(i18n, account.passwords_differ).to_string()
        } else {
            String::new()
        }
    });
    view! {
        <PasswordField
            id="new-password" autocomplete="new-password" label=move || t_string!(i18n, account.new_password)
            hint=move || t_string!(i18n, account.new_password_hint) value=new.first error=first_error
        />
        <PasswordField
            id="new-password-again" autocomplete="new-password"
            label=move || t_string!(i18n, account.new_password_again) value=new.again error=again_error
        />
    }
}
