//! Notices that are read out when they appear, and what an empty page says.

use leptos::prelude::*;

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Good to know.
    #[default]
    Calm,
    /// Something went wrong or needs attention.
    Warning,
}

/// A short message beside what it is about. Put it where it stays and change what is in it: only then is a
/// change read out.
#[component]
pub fn Notice(#[prop(optional)] tone: Tone, children: Children) -> impl IntoView {
    let role = if tone == Tone::Warning { "alert" } else { "status" };
    view! { <div class="notice" class:warn=tone == Tone::Warning role=role>{children()}</div> }
}

/// What will be here, and the first step.
#[component]
pub fn Empty(children: Children) -> impl IntoView {
    view! { <div class="empty">{children()}</div> }
}
