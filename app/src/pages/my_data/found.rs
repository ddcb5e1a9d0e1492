//! What there is about the person who asked: kinds, dates, authors, sizes and who can see it, never a word of it.

use leptos::prelude::*;
use serde::Deserialize;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::ids::{RequestId, UserId};

use super::words;
use crate::components::day_text;
use crate::device::Device;
use crate::device::http::{self, Request};
use crate::i18n::*;
use crate::pages::case::name_of;

/// Somebody who can see a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Reading {
    id: UserId,
    access: Access,
}

/// A document, as the server tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct About {
    kind: DocKind,
    changes: u64,
    authors: Vec<UserId>,
    readers: Vec<Reading>,
    first_at: Option<u64>,
    last_at: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    No,
    Asking,
    Found(Vec<About>),
    OutOfReach,
}

async fn ask(id: RequestId) -> Asked {
    let path = format!("/api/requests/{id}/documents");
    let request = Request { method: "GET", path: &path, ..Request::default() };
    match http::fetch(request).await {
        Ok(answer) if answer.status == 200 => answer.json().map_or(Asked::OutOfReach, Asked::Found),
        _ => Asked::OutOfReach,
    }
}

/// A button, and the list once the server has told it: it changes all the time, so it is not kept.
#[component]
pub fn WhatThereIs(id: RequestId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let asked = RwSignal::new(Asked::No);
    let look = move |_| {
        asked.set(Asked::Asking);
        leptos::task::spawn_local(async move {
            let found = ask(id).await;
            asked.try_set(found);
        });
    };
    let person = move |user: UserId| {
        name_of(device, user).unwrap_or_else(|| t_string!(i18n, common.unknown_person).to_owned())
    };
    let names = move |users: &[UserId]| {
        let names: Vec<_> = users.iter().map(|it| person(*it)).collect();
        if names.is_empty() { t_string!(i18n, mydata.found_nobody).to_owned() } else { names.join(", ") }
    };
    let between = move |it: &About| {
        let locale = i18n.get_locale();
        let days: Vec<_> =
            [it.first_at, it.last_at].into_iter().flatten().map(|at| day_text(locale, at)).collect();
        match &days[..] {
            [first, last] if first == last => first.clone(),
            _ => days.join(" – "),
        }
    };
    view! {
        <div class="row">
            <button type="button" on:click=look>
                {move || t_string!(i18n, mydata.found_look, name = name.get()).to_string()}
            </button>
        </div>
        <div role="status">
            {move || match asked.get() {
                Asked::No => ().into_any(),
                Asked::Asking => view! { <p>{t!(i18n, mydata.found_asking)}</p> }.into_any(),
                Asked::OutOfReach => view! { <p>{t!(i18n, mydata.found_out_of_reach)}</p> }.into_any(),
                Asked::Found(found) if found.is_empty() => view! { <p>{t!(i18n, mydata.found_nothing)}</p> }.into_any(),
                Asked::Found(found) => view! {
                    <table class="folds">
                        <caption>{t!(i18n, mydata.found_caption)}</caption>
                        <thead>
                            <tr>
                                <th scope="col">{t!(i18n, mydata.found_kind)}</th>
                                <th scope="col">{t!(i18n, mydata.found_size)}</th>
                                <th scope="col">{t!(i18n, mydata.found_when)}</th>
                                <th scope="col">{t!(i18n, mydata.found_authors)}</th>
                                <th scope="col">{t!(i18n, mydata.found_readers)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {found.iter().map(|it| view! {
                                <tr>
                                    <th scope="row">{words::kind(i18n, it.kind)}</th>
                                    <td data-label=t_string!(i18n, mydata.found_size)>{it.changes}</td>
                                    <td data-label=t_string!(i18n, mydata.found_when)>{between(it)}</td>
                                    <td data-label=t_string!(i18n, mydata.found_authors)>{names(&it.authors)}</td>
                                    <td data-label=t_string!(i18n, mydata.found_readers)>
                                        {names(&it.readers.iter().map(|it| it.id).collect::<Vec<_>>())}
                                    </td>
                                </tr>
                            }).collect_view()}
                        </tbody>
                    </table>
                }.into_any(),
            }}
        </div>
    }
}
