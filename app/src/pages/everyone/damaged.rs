//! A device that no passphrase opens any more, and one that is not empty yet though it was to be.

use leptos::prelude::*;

use super::wipe_offer::WipeOffer;
use crate::components::{Notice, Page, Tone};
use crate::i18n::*;

/// What opens the vault is damaged: what is safe, and what to do.
#[component]
pub fn DamagedVault() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="door">
            <Page title=move || t_string!(i18n, vault.damaged_title)>
                <p class="lead">{t!(i18n, vault.damaged_why)}</p>
                <p>{t!(i18n, vault.damaged_safe)}</p>
                <p>{t!(i18n, vault.damaged_try)}</p>
                <div class="stack"><WipeOffer/></div>
            </Page>
        </div>
    }
}

/// The browser does not empty the device yet.
#[component]
pub fn NotEmptied() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <div class="door">
            <Page title=move || t_string!(i18n, vault.not_emptied_title)>
                <Notice tone=Tone::Warning>
                    <p>{t!(i18n, vault.not_emptied_why)}</p>
                    <p>{t!(i18n, vault.not_emptied_how)}</p>
                </Notice>
            </Page>
        </div>
    }
}
