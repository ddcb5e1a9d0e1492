//! The frame around every page.

use leptos::prelude::*;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::i18n::*;
use crate::pages::employee::Career;

/// The whole client.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <I18nContextProvider>
            <Router>
                <Shell/>
            </Router>
        </I18nContextProvider>
    }
}

#[component]
fn Shell() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <a class="skip" href="#main">{t!(i18n, common.skip)}</a>
        <main id="main" tabindex="-1">
            <Routes fallback=move || view! { <h1>{t!(i18n, common.not_found_title)}</h1> }>
                <Route path=path!("/") view=Career/>
            </Routes>
        </main>
    }
}
