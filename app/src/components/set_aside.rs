//! Beside a document of which something is left out: that it is, and what can be done.

use leptos::prelude::*;
use shared::ids::DocId;

use super::document_name;
use crate::device::Device;
use crate::i18n::*;

/// Says so for as long as it is, also to who has read it at the top of the page.
#[component]
pub fn SetAside(#[prop(into)] document: Signal<Option<DocId>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let is_it = Memo::new(move |_| document.get().filter(|document| device.is_set_aside(*document)));
    view! {
        {move || is_it.get().map(|document| view! {
            <div class="notice warn">
                <p>
                    <strong>{t!(i18n, common.state_action)} ": "</strong>
                    {move || {
                        let document = document_name(i18n, device, document);
                        t_string!(i18n, common.set_aside_here, document = document).to_string()
                    }}
                </p>
            </div>
        })}
    }
}
