//! The two fields in which a new passphrase is chosen. Browsers are asked not to keep it: the key would lie beside the lock.

use leptos::prelude::*;
use leptos::text_prop::TextProp;

use crate::components::PasswordField;
use crate::device::vault::{PASSPHRASE_MIN, WeakPassphrase, check_passphrase};
use crate::i18n::*;

/// What is typed into them.
#[derive(Clone, Copy)]
pub struct NewPassphrase {
    first: RwSignal<String>,
    again: RwSignal<String>,
    tried: RwSignal<bool>,
}

impl NewPassphrase {
    /// Two empty fields.
    pub fn new() -> Self {
        Self {
            first: RwSignal::new(String::new()),
            again: RwSignal::new(String::new()),
            tried: RwSignal::new(false),
        }
    }

    /// What was chosen, if it can be; else the fields say from now on what is wrong.
    pub fn chosen(self) -> Option<String> {
        self.tried.set(true);
        let first = self.first.get_untracked();
        let is_right = check_passphrase(&first).is_ok() && first == self.again.get_untracked();
        is_right.then_some(first)
    }

    /// Empties the fields.
    pub fn clear(self) {
        self.tried.try_set(false);
        self.first.try_set(String::new());
        self.again.try_set(String::new());
    }
}

/// The fields.
#[component]
pub fn NewPassphraseFields(value: NewPassphrase, #[prop(into)] label: TextProp) -> impl IntoView {
    let i18n = use_i18n();
    let NewPassphrase { first, again, tried } = value;
    let first_error = Signal::derive(move || {
        if !tried.get() {
            return String::new();
        }
        match first.with(|phrase| check_passphrase(phrase)) {
            Ok(()) => String::new(),
            Err(WeakPassphrase::TooShort { .. }) => t_string!(i18n, session.passphrase_short).to_string(),
            Err(WeakPassphrase::TooSimple) => t_string!(i18n, session.passphrase_simple).to_string(),
        }
    });
    let again_error = Signal::derive(move || {
        if tried.get() && first.get() != again.get() {
            t_string!(i18n, session.passphrase_differs).to_string()
        } else {
            String::new()
        }
    });
    view! {
        <PasswordField
            id="passphrase" autocomplete="off" label=label
            hint=move || t_string!(i18n, session.passphrase_hint, min = PASSPHRASE_MIN)
            value=first error=first_error
        />
        <PasswordField
            id="passphrase-again" autocomplete="off"
            label=move || t_string!(i18n, session.passphrase_again)
            value=again error=again_error
        />
    }
}
