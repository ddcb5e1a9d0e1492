//! The employee's pages.

use leptos::prelude::*;

use crate::i18n::*;

/// *Mijn loopbaan*: where am I, what is next.
#[component]
pub fn Career() -> impl IntoView {
    let i18n = use_i18n();
    view! { <h1>{t!(i18n, employee.title)}</h1> }
}
