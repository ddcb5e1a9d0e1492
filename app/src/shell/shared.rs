//! That this is a shared device, on every page.

use leptos::prelude::*;

use crate::i18n::*;
use crate::session::Session;

/// The line; nothing on a device that keeps what is written.
#[component]
pub fn SharedDevice() -> impl IntoView {
    let i18n = use_i18n();
    let session = expect_context::<Session>();
    view! {
        <div class="aside no-print" role="status">
            <Show when=move || session.is_shared()>
                <p class="notice">{t!(i18n, vault.shared_line)}</p>
            </Show>
        </div>
    }
}
