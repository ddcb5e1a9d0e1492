//! Taking a device back asks first: what it has not sent yet is lost with it.

use leptos::html;
use leptos::prelude::*;
use shared::domain::command::Command;
use shared::ids::DeviceId;

use crate::device::Device;
use crate::i18n::*;

/// The question; shown as long as `asked` names a device and says what to call it.
#[component]
pub fn RevokeDialog(asked: RwSignal<Option<(DeviceId, String)>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if asked.with(Option::is_some)
            && let Some(dialog) = dialog.get()
        {
            // Only fails when it is open already.
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let revoke = move |_| {
        if let Some((id, _)) = asked.get_untracked() {
            device.command(Command::RevokeDevice { device: id });
        }
        close();
    };
    let title = move || {
        let name = asked.get().map(|(_, name)| name).unwrap_or_default();
        t_string!(i18n, session.revoke_title, name = name).to_string()
    };
    view! {
        <dialog node_ref=dialog aria-labelledby="revoke-heading" on:close=move |_| asked.set(None)>
            <div class="stack">
                <h2 id="revoke-heading">{title}</h2>
                <p>{t!(i18n, session.revoke_text)}</p>
                <div class="row">
                    <button type="button" class="danger" on:click=revoke>{t!(i18n, session.revoke)}</button>
                    <button type="button" class="plain" on:click=move |_| close()>{t!(i18n, common.cancel)}</button>
                </div>
            </div>
        </dialog>
    }
}
