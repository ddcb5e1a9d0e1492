//! *Mijn gegevens*: what there is about me and by me, one file of it all, erasing, and asking what others keep.

use leptos::prelude::*;
use shared::domain::kind::DocKind;

use super::asking::Asking;
use super::export::{Whose, is_about_me};
use super::mine::MyRequests;
use super::take_along::TakeAlong;
use super::words;
use crate::components::{Empty, Page};
use crate::device::Device;
use crate::i18n::*;

/// The kinds of documents about this person that she can read, and how many of each.
fn kinds(device: Device) -> Vec<(DocKind, usize)> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let mut found: Vec<(DocKind, usize)> = Vec::new();
    let mut mine: Vec<_> =
        directory.documents.iter().filter(|it| is_about_me(&directory, it)).map(|it| it.kind).collect();
    mine.sort_unstable();
    for kind in mine {
        match found.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => found.push((kind, 1)),
        }
    }
    found
}

/// The page.
#[component]
pub fn MyData() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let kinds = Memo::new(move |_| kinds(device));
    view! {
        <Page title=move || t_string!(i18n, mydata.title)>
            <p class="lead">{t!(i18n, mydata.lead)}</p>
            <section class="stack" aria-labelledby="what-heading">
                <h2 id="what-heading">{t!(i18n, mydata.what_title)}</h2>
                <Show
                    when=move || kinds.with(|kinds| !kinds.is_empty())
                    fallback=move || view! { <Empty><p>{t!(i18n, common.not_here_yet)}</p></Empty> }
                >
                    <ul>
                        <For each=move || kinds.get() key=|it| *it let((kind, count))>
                            <li>
                                {move || words::kind(i18n, kind)}
                                {(count > 1).then(|| format!(" ({count})"))}
                            </li>
                        </For>
                    </ul>
                </Show>
                <p>{t!(i18n, mydata.what_account)}</p>
                <p>{t!(i18n, mydata.what_others)}</p>
            </section>
            <section class="stack" aria-labelledby="take-heading">
                <h2 id="take-heading">{t!(i18n, mydata.take_title)}</h2>
                <p>{t!(i18n, mydata.take_text)}</p>
                <TakeAlong whose=Whose::Mine label=Signal::derive(move || t_string!(i18n, mydata.take).to_owned())/>
                <p class="small soft">{t!(i18n, mydata.take_care)}</p>
            </section>
            <Asking/>
            <MyRequests/>
        </Page>
    }
}
