//! The little that the device asks of the browser directly: randomness, the clock, timers.

use std::time::Duration;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Fresh random bytes.
///
/// # Panics
/// If the browser has no source of randomness: without one nothing here may go on.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("a browser without randomness cannot keep anything safe");
    bytes
}

/// Ms since 1970 by the device's clock.
#[must_use]
pub fn now_ms() -> u64 {
    let now = js_sys::Date::now();
    if now.is_finite() && now > 0.0 { now as u64 } else { 0 }
}

/// Ms since this page began, by a clock that nobody sets.
#[must_use]
pub fn since_start_ms() -> u64 {
    let now = window().performance().map_or(0.0, |it| it.now());
    if now.is_finite() && now > 0.0 { now as u64 } else { 0 }
}

/// Resolves after `ms`.
pub async fn sleep(ms: u64) {
    gloo_timers::future::sleep(Duration::from_millis(ms)).await;
}

/// Resolves when the page has nothing else to do, or after a while.
pub async fn idle() {
    const LATEST_MS: u32 = 10_000;
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let options = js_sys::Object::new();
        // A plain object takes a plain value.
        let _ = js_sys::Reflect::set(&options, &"timeout".into(), &LATEST_MS.into());
        let asked = js_sys::Reflect::get(&window(), &"requestIdleCallback".into())
            .and_then(JsCast::dyn_into::<js_sys::Function>)
            .and_then(|ask| ask.call2(&window(), &resolve, &options));
        if asked.is_err() {
            // Not every browser has it.
            let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
        }
    });
    let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
}

/// The window; the client runs nowhere else.
///
/// # Panics
/// Outside a page.
#[must_use]
pub fn window() -> web_sys::Window {
    web_sys::window().expect("the client runs in a page")
}

/// Whether the page is in view.
#[must_use]
pub fn is_visible() -> bool {
    window().document().is_some_and(|it| it.visibility_state() == web_sys::VisibilityState::Visible)
}

/// Calls `f` on every `event` of `target`, for the rest of the page's life.
pub fn listen(target: &web_sys::EventTarget, event: &str, f: impl FnMut(web_sys::Event) + 'static) {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(f);
    // A browser that refuses a listener has none of that event: nothing to hear.
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Calls `f` on every `event` of `target` in the capturing phase, which sees events that do not bubble.
pub fn listen_capturing(target: &web_sys::EventTarget, event: &str, f: impl FnMut(web_sys::Event) + 'static) {
    let closure = Closure::<dyn FnMut(web_sys::Event)>::new(f);
    let _ = target.add_event_listener_with_callback_and_bool(event, closure.as_ref().unchecked_ref(), true);
    closure.forget();
}

/// Starts the page anew; everything in memory is gone.
pub fn reload() {
    let _ = window().location().reload();
}

/// Leaves the page for another address; everything in memory is gone.
pub fn go(address: &str) {
    let _ = window().location().assign(address);
}
