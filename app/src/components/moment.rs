//! Days and moments in the person's own words and time zone.

use js_sys::{Date, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::i18n::*;

fn date(ms: u64) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "moments stay below 2^53 ms")]
    Date::new(&JsValue::from_f64(ms as f64))
}

/// `ms` as text, with the parts that `options` names, as of `Intl.DateTimeFormat`.
fn format(locale: Locale, ms: u64, options: &[(&str, &str)]) -> String {
    let wanted = Object::new();
    for (key, value) in options {
        // A plain object takes any property.
        let _ = Reflect::set(&wanted, &(*key).into(), &(*value).into());
    }
    let tag = match locale {
        Locale::nl => "nl-NL",
        Locale::en => "en-GB",
    };
    date(ms).to_locale_string(tag, &wanted).into()
}

/// As in "ma 3 november 2026".
pub fn day_text(locale: Locale, ms: u64) -> String {
    format(locale, ms, &[("weekday", "short"), ("day", "numeric"), ("month", "long"), ("year", "numeric")])
}

/// As in "14:02".
pub fn time_text(locale: Locale, ms: u64) -> String {
    format(locale, ms, &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// Whether both are on one day of this device's clock.
pub fn same_day(one: u64, other: u64) -> bool {
    input_of_day(one) == input_of_day(other)
}

/// A day.
#[component]
pub fn Day(
    /// In ms since 1970.
    at: u64,
) -> impl IntoView {
    let i18n = use_i18n();
    view! { <time datetime=input_of_day(at)>{move || day_text(i18n.get_locale(), at)}</time> }
}

/// A day with the time.
#[component]
pub fn Moment(
    /// In ms since 1970.
    at: u64,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <time datetime=input_of_moment(at)>
            {move || {
                let locale = i18n.get_locale();
                format!("{}, {}", day_text(locale, at), time_text(locale, at))
            }}
        </time>
    }
}

/// The value of `input type=date` for a moment, in the person's time zone.
pub fn input_of_day(ms: u64) -> String {
    let date = date(ms);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// The value of `input type=datetime-local` for a moment.
pub fn input_of_moment(ms: u64) -> String {
    let date = date(ms);
    format!("{}T{:02}:{:02}", input_of_day(ms), date.get_hours(), date.get_minutes())
}

/// The moment that `input type=datetime-local` means; `None` while it is incomplete.
pub fn moment_of_input(text: &str) -> Option<u64> {
    let ms = Date::parse(text);
    #[expect(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        reason = "checked: finite, not below zero"
    )]
    (ms.is_finite() && ms >= 0.0).then_some(ms as u64)
}

/// Noon of the day that `input type=date` means, so that no time zone moves it to another day.
pub fn day_of_input(text: &str) -> Option<u64> {
    moment_of_input(&format!("{text}T12:00"))
}
