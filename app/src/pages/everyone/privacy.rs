//! Who can read what, in plain words and without promising more than is true.

use leptos::prelude::*;

use crate::components::Page;
use crate::i18n::*;

/// The page.
#[component]
pub fn Privacy() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Page title=move || t_string!(i18n, session.privacy_title)>
            <p class="lead">{t!(i18n, session.privacy_lead)}</p>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_employee_title)}</h2>
                <p>{t!(i18n, session.privacy_employee)}</p>
            </section>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_coach_title)}</h2>
                <p>{t!(i18n, session.privacy_coach)}</p>
            </section>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_progress_title)}</h2>
                <p>{t!(i18n, session.privacy_progress)}</p>
            </section>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_server_title)}</h2>
                <p>{t!(i18n, session.privacy_server)}</p>
            </section>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_device_title)}</h2>
                <p>{t!(i18n, session.privacy_device)}</p>
            </section>
            <section class="stack tight">
                <h2>{t!(i18n, session.privacy_keep_title)}</h2>
                <p>{t!(i18n, session.privacy_keep)}</p>
            </section>
            <p class="no-print"><a href="/">{t!(i18n, common.to_start)}</a></p>
        </Page>
    }
}
