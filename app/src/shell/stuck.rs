//! What is shown when this device cannot be locked, or take a new version, since the disk does not take what was
//! made here: what would be lost, and what can be done.

use leptos::html;
use leptos::prelude::*;

use super::copy::save_copy;
use crate::device::{Device, Leaving};
use crate::i18n::*;
use crate::session::Session;

/// The dialog. What was to be locked is not readable behind it.
#[component]
pub fn Stuck() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<Session>();
    let stuck = Memo::new(move |_| device.stuck());
    let is_lock = Memo::new(move |_| stuck.get() == Some(Leaving::Lock));
    let dialog = NodeRef::<html::Dialog>::new();
    let busy = RwSignal::new(false);
    Effect::new(move |_| {
        let (Some(dialog), stuck) = (dialog.get(), stuck.get()) else { return };
        match (stuck, dialog.open()) {
            (Some(_), false) => {
                // Only fails where it is open or not shown: neither here.
                let _ = dialog.show_modal();
            }
            (None, true) => dialog.close(),
            _ => {}
        }
    });
    // Room was made, and the disk has taken it all: what was asked for goes on by itself.
    Effect::new(move |_| {
        if is_lock.get() && device.unsaved() == 0 {
            session.lock();
        }
    });
    let again = move |_| {
        if busy.get_untracked() {
            return;
        }
        match stuck.get_untracked() {
            Some(Leaving::Lock) => session.lock(),
            Some(Leaving::Update) => {
                busy.set(true);
                leptos::task::spawn_local(async move {
                    // Where it may, the offer of the new version is still there.
                    device.may_update().await;
                    busy.set(false);
                });
            }
            None => {}
        }
    };
    let go_on = move || device.go_on();
    view! {
        <dialog node_ref=dialog class:covering=move || is_lock.get() aria-labelledby="stuck-heading" on:close=move |_| go_on()>
            <div class="stack">
                <h2 id="stuck-heading">
                    {move || if is_lock.get() {
                        t_string!(i18n, common.stuck_lock)
                    } else {
                        t_string!(i18n, common.stuck_update)
                    }}
                </h2>
                <p role="status">
                    {move || match device.unsaved() {
                        0 => t_string!(i18n, common.stuck_saved).to_string(),
                        count => t_string!(i18n, common.stuck_why, count = count).to_string(),
                    }}
                </p>
                <p>{t!(i18n, common.stuck_how)}</p>
                <div class="row">
                    <button type="button" class="primary" on:click=again>{t!(i18n, common.stuck_again)}</button>
                    <button type="button" on:click=move |_| save_copy(i18n, device)>{t!(i18n, common.download_copy)}</button>
                    <button type="button" on:click=move |_| go_on()>{t!(i18n, common.stuck_go_on)}</button>
                    <Show when=move || is_lock.get()>
                        <button type="button" class="danger" on:click=move |_| session.lock_anyway()>
                            {t!(i18n, common.stuck_lock_anyway)}
                        </button>
                    </Show>
                </div>
            </div>
        </dialog>
    }
}
