//! Locks a device that nobody touches.

use std::cell::Cell;

use super::Session;
use crate::device::platform;

/// How long nobody may touch any tab of the device before it locks, in ms.
const IDLE_MS: u64 = 5 * 60_000;
/// How often to look, in ms.
const LOOK_MS: u32 = 5_000;
/// Touches within this time are one, in ms.
const TOUCH_MS: u64 = 2_000;
/// Where the tabs of the device share the moment of the last touch.
const TOUCHED: &str = "loopbaanmaat.touched";

thread_local! {
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// Starts to watch.
pub fn watch(session: Session) {
    touched();
    let window = platform::window();
    for event in ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] {
        platform::listen_capturing(&window, event, |_| touched());
    }
    // A computer that slept through the interval locks as soon as it wakes.
    platform::listen(&window, "focus", move |_| look(session));
    if let Some(document) = window.document() {
        platform::listen(&document, "visibilitychange", move |_| look(session));
    }
    gloo_timers::callback::Interval::new(LOOK_MS, move || look(session)).forget();
}

fn touched() {
    let now = platform::now_ms();
    if now.saturating_sub(LAST.get()) < TOUCH_MS {
        return;
    }
    LAST.set(now);
    if let Ok(Some(storage)) = platform::window().local_storage() {
        let _ = storage.set_item(TOUCHED, &now.to_string());
    }
}

fn look(session: Session) {
    let storage = platform::window().local_storage().ok().flatten();
    let elsewhere = storage.and_then(|it| it.get_item(TOUCHED).ok().flatten()?.parse().ok()).unwrap_or(0);
    let last = LAST.get().max(elsewhere);
    if platform::now_ms().saturating_sub(last) >= IDLE_MS {
        // Once: locking reloads the page.
        LAST.set(platform::now_ms());
        session.lock();
    }
}
