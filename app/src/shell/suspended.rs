//! That nothing can be written on this device now, on every page: why, and whom to ask.

use leptos::prelude::*;

use crate::device::Device;
use crate::i18n::*;

/// What the button that cannot be used now points to.
pub const SUSPENDED: &str = "suspended";

/// The line. It is there at all times, so that it is read out when it fills.
#[component]
pub fn Suspended() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let is_suspended = Memo::new(move |_| device.is_suspended());
    view! {
        <div class="aside" role="status">
            <Show when=move || is_suspended.get()>
                <p id=SUSPENDED class="notice warn">
                    <span>
                        <strong>{t!(i18n, common.suspended_title)}</strong> " "
                        {t!(i18n, common.suspended_why)}
                    </span>
                </p>
            </Show>
        </div>
    }
}
