//! The service worker: registered once, and a new version offered, never forced.

use js_sys::{Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use crate::device::Device;
use crate::i18n::*;
use crate::session::Session;

/// A new version that waits to be taken.
type Waiting = RwSignal<Option<ServiceWorker>, LocalStorage>;

fn listen(target: &web_sys::EventTarget, event: &str, f: impl FnMut(web_sys::Event) + 'static) {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(f);
    // Without the event no update is offered until the next start; nothing is lost by that.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Absent where the browser allows no service worker, as in some private windows.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = window().navigator();
    let found = Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    found.dyn_into().ok()
}

async fn register(container: &ServiceWorkerContainer, waiting: Waiting) -> Result<(), JsValue> {
    let options = web_sys::RegistrationOptions::new();
    options.set_update_via_cache(web_sys::ServiceWorkerUpdateViaCache::None);
    let registered = JsFuture::from(container.register_with_options("/sw.js", &options)).await?;
    let registration: ServiceWorkerRegistration = registered.dyn_into()?;
    if let (Some(worker), Some(_)) = (registration.waiting(), container.controller()) {
        waiting.set(Some(worker));
    }
    let watched = registration.clone();
    let controlled = container.clone();
    listen(&registration, "updatefound", move |_| {
        let Some(worker) = watched.installing() else { return };
        let (installed, controlled) = (worker.clone(), controlled.clone());
        listen(&worker, "statechange", move |_| {
            // The very first version replaces nothing and needs no offer.
            if installed.state() == ServiceWorkerState::Installed && controlled.controller().is_some() {
                waiting.set(Some(installed.clone()));
            }
        });
    });
    listen(&document(), "visibilitychange", move |_| {
        if document().visibility_state() == web_sys::VisibilityState::Visible {
            // Out of reach means no news; the next time will do.
            let _ = registration.update();
        }
    });
    Ok(())
}

/// *Er is een nieuwe versie. Bijwerken.*
#[component]
pub fn UpdateOffer() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<Session>();
    let waiting: Waiting = RwSignal::new_local(None);
    let taken = RwSignal::new(false);
    if let Some(container) = container() {
        listen(&container, "controllerchange", move |_| {
            if taken.get_untracked() {
                // Reloading cannot fail in a page that is shown.
                let _ = window().location().reload();
            }
        });
        leptos::task::spawn_local(async move {
            if let Err(error) = register(&container, waiting).await {
                leptos::logging::warn!("no start without a network: {error:?}");
            }
        });
    }
    let take = move |_| {
        let Some(worker) = waiting.get_untracked() else { return };
        taken.set(true);
        leptos::task::spawn_local(async move {
            if !device.may_update().await {
                taken.set(false);
                return;
            }
            let message = Object::new();
            // A plain object takes any property, and a worker that waits takes messages.
            let _ = Reflect::set(&message, &"type".into(), &"SKIP_WAITING".into());
            let _ = worker.post_message(&message);
        });
    };
    view! {
        <div role="status" class="no-print">
            // To start anew ends a shared device; the next one takes the new version.
            <Show when=move || waiting.with(Option::is_some) && !session.is_shared()>
                <div class="toast">
                    <span>
                        {t!(i18n, common.update_title)}
                        {move || taken.get().then(|| view! { " " {t!(i18n, common.updating)} })}
                    </span>
                    <button type="button" on:click=take disabled=move || taken.get()>{t!(i18n, common.update)}</button>
                </div>
            </Show>
        </div>
    }
}
