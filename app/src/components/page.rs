//! A page: its heading, the window's title, and the focus that moves to the heading after a navigation.

use leptos::html;
use leptos::prelude::*;
use leptos::text_prop::TextProp;

/// How many pages have been shown since the start. The first one leaves the focus where the browser puts it.
#[derive(Clone, Copy)]
pub struct Arrivals(StoredValue<usize>);

impl Arrivals {
    /// None so far.
    pub fn new() -> Self {
        Self(StoredValue::new(0))
    }

    fn next(self) -> usize {
        self.0.update_value(|count| *count += 1);
        self.0.get_value()
    }
}

/// A page with its heading of the first order.
#[component]
pub fn Page(
    /// The heading and the window's title.
    #[prop(into)]
    title: TextProp,
    /// The window's title where the heading names somebody: browsers keep those of all pages that were seen, in clear.
    #[prop(into, optional)]
    window: Option<TextProp>,
    /// Takes the whole width on a desk: lists beside notes, tables.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    let arrivals = expect_context::<Arrivals>();
    let shown = title.clone();
    let title = window.unwrap_or(title);
    Effect::new(move |_| {
        document().set_title(&format!("{} – Loopbaanmaat", title.get()));
    });
    Effect::new(move |done: Option<bool>| {
        if done == Some(true) {
            return true;
        }
        let Some(heading) = heading.get() else { return false };
        if arrivals.next() > 1 {
            request_animation_frame(move || {
                // An element that is gone again cannot take the focus, and need not.
                let _ = heading.focus();
            });
        }
        true
    });
    view! {
        <div class="page" class:wide-page=wide>
            <h1 node_ref=heading tabindex="-1">{move || shown.get()}</h1>
            {children()}
        </div>
    }
}
