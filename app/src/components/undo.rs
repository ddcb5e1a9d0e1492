//! Deleting asks nothing and offers to take it back.

use std::time::Duration;

use leptos::prelude::*;

use crate::i18n::*;

/// How long the offer stands: long enough to read it, reach it by keyboard and think.
const STANDS_FOR: Duration = Duration::from_secs(20);

struct Offer {
    words: String,
    take_back: Callback<()>,
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
    pub fn offer(self, words: String, take_back: impl Fn() + Send + Sync + 'static) {
        self.count.update_value(|count| *count += 1);
        let number = self.count.get_value();
        let take_back = Callback::new(move |()| take_back());
        self.offer.set(Some(Offer { words, take_back, number }));
        set_timeout(move || self.end(number), STANDS_FOR);
    }

    fn end(self, number: usize) {
        let current = self.offer.with_untracked(|offer| offer.as_ref().map(|offer| offer.number));
        if current == Some(number) {
            self.offer.set(None);
        }
    }
}

/// Where the offer appears; once per application.
#[component]
pub fn UndoToast() -> impl IntoView {
    let i18n = use_i18n();
    let undo = expect_context::<Undo>();
    let current =
        move || undo.offer.with(|offer| offer.as_ref().map(|it| (it.words.clone(), it.take_back, it.number)));
    view! {
        <div role="status">
            {move || current().map(|(words, take_back, number)| view! {
                <div class="toast">
                    <span>{words}</span>
                    <button type="button" on:click=move |_| {
                        take_back.run(());
                        undo.end(number);
                    }>{t!(i18n, common.undo)}</button>
                </div>
            })}
        </div>
    }
}
