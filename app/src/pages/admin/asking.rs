//! What only the server knows: asked for when the page is there, and again when there is a connection.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use crate::components::{Notice, Tone};
use crate::device::Device;
use crate::device::http::{self, Request};
use crate::i18n::*;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked<T> {
    /// Not answered yet.
    Waiting,
    /// The server is out of reach, or she is signed out.
    OutOfReach,
    /// There is nothing at that address for her.
    NotThere,
    /// The answer.
    Here(T),
}

impl<T> Asked<T> {
    /// The answer, if there is one.
    pub fn here(self) -> Option<T> {
        match self {
            Self::Here(it) => Some(it),
            _ => None,
        }
    }
}

/// Asks the address that `path` says, again whenever it changes or the connection does. While a new answer is waited for
/// the one before stays.
pub fn ask<T>(path: impl Fn() -> Option<String> + 'static) -> RwSignal<Asked<T>>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let device = expect_context::<Device>();
    let answer = RwSignal::new(Asked::Waiting);
    let turn = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let _ = device.connection();
        let Some(path) = path() else { return };
        turn.update_value(|turn| *turn += 1);
        let mine = turn.get_value();
        spawn_local(async move {
            let found = http::fetch(Request { method: "GET", path: &path, ..Request::default() }).await;
            // The page is gone, or has asked something else meanwhile.
            if turn.try_get_value() != Some(mine) {
                return;
            }
            let asked = match found {
                Ok(found) if found.status == 404 => Asked::NotThere,
                Ok(found) if found.status == 200 => found.json().map_or(Asked::OutOfReach, Asked::Here),
                _ => Asked::OutOfReach,
            };
            answer.try_set(asked);
        });
    });
    answer
}

/// Says why there is nothing, where there is nothing.
#[component]
pub fn WhyNothing<T: Clone + Send + Sync + 'static>(
    /// What was asked.
    asked: RwSignal<Asked<T>>,
) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        asked.with(|asked| match asked {
            Asked::Here(_) => ().into_any(),
            Asked::Waiting => {
                view! { <p class="soft" role="status">{t!(i18n, audit.waiting)}</p> }.into_any()
            }
            Asked::OutOfReach => {
                view! { <Notice tone=Tone::Calm><p>{t!(i18n, audit.needs_network)}</p></Notice> }.into_any()
            }
            Asked::NotThere => view! { <p>{t!(i18n, common.not_found_text)}</p> }.into_any(),
        })
    }
}
