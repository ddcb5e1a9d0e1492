//! Locks a device that nobody touches.

use std::cell::Cell;

use super::Session;
use crate::device::{keeping, platform};

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
    LAST.set(0);
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
    if now.abs_diff(LAST.get()) < TOUCH_MS {
        return;
    }
    LAST.set(now);
    keeping::keep(TOUCHED, now);
}

/// Whether nobody has touched the device for long enough, by the last touch of this tab and of the others.
fn is_left_alone(now: u64, own: u64, elsewhere: u64) -> bool {
    // What lies ahead was never: the clock has been set back since, and says nothing of how long ago it was.
    let last = [own, elsewhere].into_iter().filter(|touch| *touch <= now).max();
    last.is_some_and(|last| now - last >= IDLE_MS)
}

fn look(session: Session) {
    if session.goes_on_ending() {
        return;
    }
    let (now, own) = (platform::now_ms(), LAST.get());
    if own > now {
        LAST.set(now);
    } else if is_left_alone(now, own, keeping::kept(TOUCHED).unwrap_or(0)) {
        // Once: locking reloads the page.
        LAST.set(now);
        session.lock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_left_alone_when_no_tab_was_touched_for_five_minutes() {
        let now = 10 * IDLE_MS;
        assert!(!is_left_alone(now, now - IDLE_MS + 1, 0));
        assert!(is_left_alone(now, now - IDLE_MS, 0));
        assert!(!is_left_alone(now, 0, now - IDLE_MS + 1));
        // Awake again after a night.
        assert!(is_left_alone(now, now - 3 * IDLE_MS, now - 2 * IDLE_MS));
    }

    #[test]
    fn a_touch_that_lies_ahead_keeps_no_device_open() {
        let now = 10 * IDLE_MS;
        assert!(is_left_alone(now, now - IDLE_MS, now + 1));
        assert!(!is_left_alone(now, now, now + 1));
    }
}
