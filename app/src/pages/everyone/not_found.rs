//! What is not there, and a device that cannot keep anything.

use leptos::prelude::*;

use crate::components::{Notice, Page, Tone};
use crate::device::store::StoreError;
use crate::i18n::*;

/// An address without a page.
#[component]
pub fn NotFound() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Page title=move || t_string!(i18n, common.not_found_title)>
            <p>{t!(i18n, common.not_found_text)}</p>
            <p><a href="/">{t!(i18n, common.to_start)}</a></p>
        </Page>
    }
}

/// The browser's database cannot be used.
#[component]
pub fn StorageFailed(error: StoreError) -> impl IntoView {
    let i18n = use_i18n();
    let newer = matches!(error, StoreError::NewerVersion);
    let reload = move |_| {
        // Reloading cannot fail in a page that is shown.
        let _ = window().location().reload();
    };
    view! {
        <Page title=move || t_string!(i18n, session.storage_failed_title)>
            <Notice tone=Tone::Warning>
                <p>
                    {move || if newer {
                        t_string!(i18n, session.storage_failed_newer)
                    } else {
                        t_string!(i18n, session.storage_failed_text)
                    }}
                </p>
                <p class="small soft">{error.to_string()}</p>
                <button type="button" on:click=reload>{t!(i18n, common.reload)}</button>
            </Notice>
        </Page>
    }
}
