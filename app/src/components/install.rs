//! Inviting to install, once, before the first note: on some systems an application that is installed later
//! starts empty.

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::device::keeping;
use crate::i18n::*;

const ANSWERED: &str = "install-answered";

/// The browser's offer to install, kept until the person is asked at a good moment.
#[derive(Clone, Copy)]
pub struct InstallOffer(RwSignal<Option<JsValue>, LocalStorage>);

impl InstallOffer {
    /// Listens for the browser's offer; call it at the very start, it comes early and once.
    pub fn listen() -> Self {
        let offer = Self(RwSignal::new_local(None));
        let kept = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            offer.0.set(Some(event.into()));
        });
        // Without the event there is nothing to offer.
        let _ =
            window().add_event_listener_with_callback("beforeinstallprompt", kept.as_ref().unchecked_ref());
        kept.forget();
        offer
    }
}

async fn prompt(event: JsValue) -> Result<(), JsValue> {
    let prompt: Function = Reflect::get(&event, &"prompt".into())?.dyn_into()?;
    let shown: Promise = prompt.call0(&event)?.dyn_into()?;
    JsFuture::from(shown).await?;
    Ok(())
}

/// The invitation; nothing where it was answered, where the application is installed, or where the browser has
/// no such thing.
#[component]
pub fn InstallInvitation() -> impl IntoView {
    let i18n = use_i18n();
    let offer = expect_context::<InstallOffer>();
    let answered = RwSignal::new(!keeping::keeps() || keeping::kept::<bool>(ANSWERED).unwrap_or_default());
    let answer = move || {
        answered.set(true);
        keeping::keep(ANSWERED, true);
    };
    let install = move |_| {
        if let Some(event) = offer.0.get_untracked() {
            leptos::task::spawn_local(async move {
                if let Err(error) = prompt(event).await {
                    leptos::logging::warn!("the browser did not ask: {error:?}");
                }
                answer();
            });
        }
    };
    view! {
        <Show when=move || offer.0.with(Option::is_some) && !answered.get()>
            <section class="notice" aria-labelledby="install-heading">
                <h2 id="install-heading">{t!(i18n, common.install_title)}</h2>
                <p>{t!(i18n, common.install_why)}</p>
                <div class="row">
                    <button type="button" class="primary" on:click=install>{t!(i18n, common.install)}</button>
                    <button type="button" class="plain" on:click=move |_| answer()>{t!(i18n, common.not_now)}</button>
                </div>
            </section>
        </Show>
    }
}
