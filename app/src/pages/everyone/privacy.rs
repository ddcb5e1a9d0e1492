//! Who can read what, in plain words and without promising more than is true.

use leptos::prelude::*;

use super::privacy_text::{Block, text};
use crate::components::Page;
use crate::i18n::*;

/// The page.
#[component]
pub fn Privacy() -> impl IntoView {
    let i18n = use_i18n();
    let show = |block: Block| match block {
        Block::Heading(words) => view! { <h2>{words}</h2> }.into_any(),
        Block::Paragraph(words) => view! { <p>{words}</p> }.into_any(),
        Block::List(items) => {
            let items = items.into_iter().map(|item| view! { <li>{item}</li> }).collect_view();
            view! { <ul class="stack tight">{items}</ul> }.into_any()
        }
    };
    view! {
        <Page title=move || text(i18n.get_locale()).title>
            {move || text(i18n.get_locale()).blocks.into_iter().map(show).collect_view()}
            <p class="no-print"><a href="/">{t!(i18n, common.to_start)}</a></p>
        </Page>
    }
}
