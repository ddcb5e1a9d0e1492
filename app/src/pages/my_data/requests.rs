//! *Verzoeken*: what is asked of whoever looks: of the adviser to decide, of a coach to look at her notes, of the
//! administrator to carry out. One page, by role.

use leptos::prelude::*;
use shared::domain::directory::Directory;
use shared::domain::request::{Request, RequestKind};
use shared::domain::role::Role;
use shared::ids::RequestId;

use super::mine::{Steps, erased_words};
use super::overseeing::{CarryOut, Conclude, Decide};
use super::search::Answering;
use super::{found, words};
use crate::components::{Day, Empty, Page};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::name_of;

/// Whether this person has requests of others to look at.
pub fn has_requests(directory: &Directory) -> bool {
    directory.requests.iter().any(|it| it.person != directory.me)
}

/// The page.
#[component]
pub fn Requests() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    // Those that wait the longest first; what is settled, the newest first.
    let open = Memo::new(move |_| of_others(device, true));
    let settled = Memo::new(move |_| of_others(device, false));
    view! {
        <Page title=move || t_string!(i18n, mydata.requests_title) wide=true>
            <p class="lead">{t!(i18n, mydata.requests_lead)}</p>
            <Show
                when=move || open.with(|open| !open.is_empty())
                fallback=move || view! { <Empty><p>{t!(i18n, mydata.requests_none)}</p></Empty> }
            >
                <For each=move || open.get() key=|it| *it let(id)>
                    <One id=id/>
                </For>
            </Show>
            <Show when=move || settled.with(|settled| !settled.is_empty())>
                <details>
                    <summary>{t!(i18n, mydata.requests_settled)}</summary>
                    <ul class="things">
                        <For each=move || settled.get() key=|it| *it let(id)>
                            <Settled id=id/>
                        </For>
                    </ul>
                </details>
            </Show>
        </Page>
    }
}

fn of_others(device: Device, open: bool) -> Vec<RequestId> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let of_others = directory.requests.iter().filter(|it| it.person != directory.me);
    let mut found: Vec<_> = of_others.filter(|it| it.state.is_open() == open).collect();
    if open {
        found.sort_by_key(|it| it.due_at);
    }
    found.into_iter().map(|it| it.id).collect()
}

/// A request as the directory has it now. Tracked.
pub fn request_of(device: Device, id: RequestId) -> Option<Request> {
    device.directory()?.requests.iter().find(|it| it.id == id).cloned()
}

/// Which step of a request is for whoever looks.
fn mine(directory: &Directory, request: &Request) -> Vec<Role> {
    let roles = directory.people.iter().find(|it| it.id == directory.me).map(|it| it.roles.clone());
    let has = |role| roles.as_ref().is_some_and(|it| it.contains(&role));
    let steps = request.steps.iter();
    let mine = steps.filter(|it| it.user.map_or(has(it.role), |user| user == directory.me));
    mine.map(|it| it.role).collect()
}

#[component]
fn One(id: RequestId) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<crate::session::Session>();
    let request = Memo::new(move |_| request_of(device, id));
    let has = move |role| session.roles().contains(&role);
    let name = Memo::new(move |_| {
        let person = request.get().map(|it| it.person);
        person
            .and_then(|it| name_of(device, it))
            .unwrap_or_else(|| t_string!(i18n, common.unknown_person).to_owned())
    });
    let is_late = Memo::new(move |_| request.get().is_some_and(|it| it.due_at < device.now_ms()));
    let my_steps = Memo::new(move |_| {
        device.directory().zip(request.get()).map(|(all, it)| mine(&all, &it)).unwrap_or_default()
    });
    let oversees = Memo::new(move |_| has(Role::CareerAdviser) || has(Role::Administrator));
    let is = move |kind| request.with(|it| it.as_ref().is_some_and(|it| it.kind == kind));
    view! {
        <section class="stack request" aria-labelledby=format!("request-{id}")>
            <h2 id=format!("request-{id}")>
                {move || request.get().map(|it| {
                    format!("{}: {}", words::request(i18n, it.kind, it.scope), name.get())
                })}
            </h2>
            <p>
                {move || request.get().map(|it| words::state(i18n, &it))}
                " "
                {move || request.get().map(|it| view! {
                    {t!(i18n, mydata.made_at, at = move || view! { <Day at=it.made_at/> })}
                    " "
                    {t!(i18n, mydata.due_at, at = move || view! { <Day at=it.due_at/> })}
                })}
                " "
                <Show when=move || is_late.get()>
                    <span class="tag attention">{t!(i18n, mydata.late)}</span>
                </Show>
            </p>
            <Show when=move || oversees.get()>
                {move || request.get().map(|it| view! { <Steps request=StoredValue::new(it)/> })}
            </Show>
            <For each=move || my_steps.get() key=|it| *it let(role)>
                <Answering id=id role=role name=name/>
            </For>
            <Show when=move || oversees.get()>
                <found::WhatThereIs id=id name=name/>
            </Show>
            <Show when=move || has(Role::CareerAdviser) && is(RequestKind::Erasure)>
                <Decide id=id name=name/>
            </Show>
            <Show when=move || has(Role::Administrator) && is(RequestKind::Erasure)>
                <CarryOut id=id name=name/>
            </Show>
            <Show when=move || oversees.get() && is(RequestKind::Access)>
                <Conclude id=id name=name/>
            </Show>
        </section>
    }
}

#[component]
fn Settled(id: RequestId) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let request = Memo::new(move |_| request_of(device, id));
    view! {
        <li>
            {move || request.get().map(|it| {
                let name = name_of(device, it.person)
                    .unwrap_or_else(|| t_string!(i18n, common.unknown_person).to_owned());
                let reason = it.reason.map(|it| format!(" {}", words::reason(i18n, it)));
                let at = it.done_at.unwrap_or(it.made_at);
                view! {
                    <div class="what">
                        <strong>{words::request(i18n, it.kind, it.scope)} ": " {name}</strong>
                        <span>{words::state(i18n, &it)} {reason}</span>
                        <span class="small soft"><Day at=at/></span>
                        {erased_words(i18n, &it).map(|words| view! { <span class="small soft">{words}</span> })}
                    </div>
                }
            })}
        </li>
    }
}
