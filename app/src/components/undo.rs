//! Deleting asks nothing and offers to take it back.

use std::rc::Rc;
use std::time::Duration;

use leptos::html;
use leptos::prelude::*;

use crate::i18n::*;

/// How long the offer stands: long enough to read it, reach it by keyboard and think.
const STANDS_FOR: Duration = Duration::from_secs(20);

struct Offer {
    words: String,
    // Not a `Callback`: that would go with what was deleted.
    take_back: Rc<dyn Fn()>,
    number: usize,
}

/// What can be taken back now; one thing at a time. `Copy`, from the context.
#[derive(Clone, Copy)]
pub struct Undo {
    offer: RwSignal<Option<Offer>, LocalStorage>,
    count: StoredValue<usize>,
}

impl Undo {
    /// Nothing to take back.
    pub fn new() -> Self {
        Self { offer: RwSignal::new_local(None), count: StoredValue::new(0) }
    }

    /// Says what was done and how to take it back.
    pub fn offer(self, words: String, take_back: impl Fn() + 'static) {
        self.count.update_value(|count| *count += 1);
        let number = self.count.get_value();
        self.offer.set(Some(Offer { words, take_back: Rc::new(take_back), number }));
        self.end_later(number);
    }

    /// Ends the offer after a while, but not under the fingers of someone who has just reached it.
    fn end_later(self, number: usize) {
        set_timeout(
            move || {
                if is_reached() { self.end_later(number) } else { self.end(number) }
            },
            STANDS_FOR,
        );
    }

    fn end(self, number: usize) {
        let current = self.offer.with_untracked(|offer| offer.as_ref().map(|offer| offer.number));
        if current == Some(number) {
            self.offer.set(None);
        }
    }
}

fn is_reached() -> bool {
    document()
        .active_element()
        .is_some_and(|active| active.closest(".toast").is_ok_and(|toast| toast.is_some()))
}

/// Where the offer appears; once per application.
#[component]
pub fn UndoToast() -> impl IntoView {
    let i18n = use_i18n();
    let undo = expect_context::<Undo>();
    let button = NodeRef::<html::Button>::new();
    let current = move || undo.offer.with(|offer| offer.as_ref().map(|it| (it.words.clone(), it.number)));
    let take_back = move |number| {
        let take_back = undo.offer.with_untracked(|offer| offer.as_ref().map(|it| it.take_back.clone()));
        undo.end(number);
        if let Some(take_back) = take_back {
            take_back();
        }
    };
    // What was deleted had the focus: it goes to where it can be taken back, not to the top of the page.
    Effect::new(move |_| {
        if let Some(button) = button.get() {
            request_animation_frame(move || {
                // A button that is gone again cannot take the focus, and need not.
                let _ = button.focus();
            });
        }
    });
    view! {
        <div role="status">
            {move || current().map(|(words, number)| view! {
                <div class="toast">
                    <span>{words}</span>
                    <button type="button" node_ref=button on:click=move |_| take_back(number)>
                        {t!(i18n, common.undo)}
                    </button>
                </div>
            })}
        </div>
    }
}
