//! That somebody else took the second step away, on every page after signing in until it has been read.

use leptos::prelude::*;

use crate::i18n::*;
use crate::session::Session;

/// The line. It is there at all times, so that it is read out when it fills.
#[component]
pub fn FactorRemoved() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <div class="aside" role="status">
            <Show when=move || session.factor_was_removed()>
                <div class="notice warn">
                    <p>{t!(i18n, factor.removed)}</p>
                    <div class="row">
                        <a class="button" href="/instellingen/beveiliging">{t!(i18n, factor.settings_link)}</a>
                        <button type="button" on:click=move |_| session.knows_of_removal()>
                            {t!(i18n, common.understood)}
                        </button>
                    </div>
                </div>
            </Show>
        </div>
    }
}
