//! Text of a person that is left out of a document since the server found it harmful: which, why, and what she can do.
//!
//! It stands at the head of the page and moves away with it: it can be long, and must not cover what has the focus.

use leptos::prelude::*;
use shared::ids::DocId;

use super::copy::save_texts;
use super::suspended::SUSPENDED;
use crate::components::document_name;
use crate::device::{Device, Problem};
use crate::i18n::*;

/// A text of so many characters is folded at first.
const LONG: usize = 240;

/// Brings the person to the offer.
pub fn to_lost() {
    if let Some(title) = document().get_element_by_id(TITLE) {
        use wasm_bindgen::JsCast as _;
        title.scroll_into_view();
        // A heading that is shown takes the focus.
        let _ = title.unchecked_into::<web_sys::HtmlElement>().focus();
    }
}

/// The words that take the focus.
const TITLE: &str = "lost-title";

/// The documents of which something is offered, in the order in which it was lost. Tracked.
fn documents(device: Device) -> Vec<DocId> {
    let lost = |problem: Problem| match problem {
        Problem::Lost { document } => Some(document),
        _ => None,
    };
    device.problems().into_iter().filter_map(lost).collect()
}

/// The offer, one document at a time.
#[component]
pub fn LostTexts() -> impl IntoView {
    let device = expect_context::<Device>();
    let all = Memo::new(move |_| documents(device));
    let current = Memo::new(move |_| all.with(|all| all.first().copied()));
    let count = Signal::derive(move || all.with(Vec::len));
    // The person has decided about the one that was shown: what comes next is first read, then decided about.
    let decided = StoredValue::new(None::<DocId>);
    Effect::new(move |_| {
        let next = current.get();
        if decided.get_value().is_none_or(|decided| Some(decided) == next) {
            return;
        }
        decided.set_value(None);
        request_animation_frame(move || if next.is_some() { to_lost() } else { super::focus_main() });
    });
    view! { {move || current.get().map(|document| view! { <Offer document=document count=count decided=decided/> })} }
}

#[component]
fn Offer(document: DocId, count: Signal<usize>, decided: StoredValue<Option<DocId>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let pieces = Memo::new(move |_| device.lost(document));
    let is_long = Memo::new(move |_| {
        pieces.with(|pieces| pieces.iter().map(|it| it.text.chars().count()).sum::<usize>() > LONG)
    });
    let is_unfolded = RwSignal::new(false);
    let name = move || document_name(i18n, device, document);
    let suspended = Memo::new(move |_| device.is_suspended());
    let take_over = move |_| {
        decided.set_value(Some(document));
        device.take_over(document);
    };
    let without = move |_| {
        decided.set_value(Some(document));
        device.dismiss(&Problem::Lost { document });
    };
    let copy = move |_| {
        let texts = pieces.with_untracked(|pieces| pieces.iter().map(|it| it.text.clone()).collect());
        save_texts(i18n, device, untrack(name), texts);
    };
    view! {
        <section class="aside lost" aria-labelledby=TITLE>
            <div class="notice warn">
                <p id=TITLE tabindex="-1">
                    <strong>
                        {t!(i18n, common.lost_title)}
                        {move || (count.get() > 1).then(|| {
                            format!(" ({})", t_string!(i18n, common.lost_count, total = count.get()))
                        })}
                    </strong>
                </p>
                <p>{move || t_string!(i18n, common.lost_why, document = name()).to_string()}</p>
                <div
                    class="texts" class:folded=move || !is_unfolded.get()
                    tabindex=move || (is_long.get() && !is_unfolded.get()).then_some("0")
                    role="group" aria-label=move || t_string!(i18n, common.lost_texts)
                >
                    {move || pieces.get().into_iter().map(|piece| {
                        let text = piece.text.trim().to_owned();
                        if piece.is_value() {
                            view! { <p>{t!(i18n, common.lost_value)} " " <q>{text}</q></p> }.into_any()
                        } else {
                            view! { <blockquote>{text}</blockquote> }.into_any()
                        }
                    }).collect_view()}
                </div>
                <div class="row">
                    <button
                        type="button" disabled=move || suspended.get() on:click=take_over
                        aria-describedby=move || suspended.get().then_some(SUSPENDED)
                    >
                        {t!(i18n, common.take_over)}
                    </button>
                    <button type="button" on:click=copy>{t!(i18n, common.download_copy)}</button>
                    <button type="button" on:click=without>{t!(i18n, common.do_without)}</button>
                    <Show when=move || is_long.get()>
                        <button
                            type="button" class="plain" aria-expanded=move || is_unfolded.get().to_string()
                            on:click=move |_| is_unfolded.update(|it| *it = !*it)
                        >
                            {move || if is_unfolded.get() {
                                t_string!(i18n, common.show_less)
                            } else {
                                t_string!(i18n, common.show_all)
                            }}
                        </button>
                    </Show>
                </div>
            </div>
        </section>
    }
}
