//! My requests: what I asked, where it is, by when, and the steps by role.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::request::{Request, RequestKind, RequestState};

use super::words;
use crate::components::Day;
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// The list, if there is one.
#[component]
pub fn MyRequests() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let mine = Memo::new(move |_| {
        let Some(directory) = device.directory() else { return Vec::new() };
        let mine = directory.requests.iter().filter(|it| it.person == directory.me);
        mine.cloned().collect::<Vec<_>>()
    });
    view! {
        <Show when=move || mine.with(|mine| !mine.is_empty())>
            <section class="stack" aria-labelledby="mine-heading">
                <h2 id="mine-heading">{t!(i18n, mydata.requests_mine)}</h2>
                <ul class="things">
                    <For each=move || mine.get() key=|it| (it.id, it.state, it.steps.iter().filter_map(|it| it.answered_at).sum::<u64>()) let(it)>
                        <Mine request=it/>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn Mine(request: Request) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let id = request.id;
    let waits = Memo::new(move |_| {
        is_on_its_way(
            device,
            |command| matches!(command, Command::WithdrawRequest { request } if *request == id),
        )
    });
    let can_withdraw = request.state == RequestState::Requested;
    let request = StoredValue::new(request);
    let what = move || request.with_value(|it| words::request(i18n, it.kind, it.scope));
    let state = move || request.with_value(|it| words::state(i18n, it));
    let reason = move || request.with_value(|it| it.reason).map(|it| words::reason(i18n, it));
    view! {
        <li>
            <div class="what">
                <strong>{what}</strong>
                <span>{state}{move || reason().map(|it| format!(" {it}"))}</span>
                <span class="small soft">
                    {t!(i18n, mydata.made_at, at = move || view! { <Day at=request.with_value(|it| it.made_at)/> })}
                    " "
                    {request.with_value(|it| it.state.is_open().then_some(it.due_at)).map(|at| view! {
                        {t!(i18n, mydata.due_at, at = move || view! { <Day at=at/> })}
                    })}
                </span>
                <Steps request=request/>
                {move || request.with_value(|it| erased_words(i18n, it)).map(|words| view! {
                    <span class="small soft">{words}</span>
                })}
            </div>
            <Show when=move || can_withdraw>
                <Show
                    when=move || !waits.get()
                    fallback=move || view! { <span role="status">{t!(i18n, common.command_waiting)}</span> }
                >
                    <button type="button" on:click=move |_| { device.command(Command::WithdrawRequest { request: id }); }>
                        {t!(i18n, mydata.withdraw)}
                        <span class="visually-hidden">{move || format!(": {}", what())}</span>
                    </button>
                </Show>
            </Show>
        </li>
    }
}

/// What was erased, as in "1 intake, 2 gedeelde notities"; none where nothing was.
pub fn erased_words(i18n: leptos_i18n::I18nContext<Locale>, request: &Request) -> Option<String> {
    let kinds = request.erased.iter().map(|(kind, count)| format!("{}: {count}", words::kind(i18n, *kind)));
    let kinds: Vec<_> = kinds.collect();
    (!kinds.is_empty()).then(|| t_string!(i18n, mydata.erased, what = kinds.join(", ")).to_string())
}

/// Who was asked to look, by role, and what each said.
#[component]
pub fn Steps(request: StoredValue<Request>) -> impl IntoView {
    let i18n = use_i18n();
    let steps = request.with_value(|it| it.steps.clone());
    let kind = request.with_value(|it| it.kind);
    (!steps.is_empty()).then(|| {
        view! {
            <ul class="small">
                {steps.into_iter().map(|step| view! {
                    <li>
                        {move || words::asked(i18n, step.role)} ": "
                        {move || words::answer(i18n, kind, step.answer)}
                    </li>
                }).collect_view()}
                {(kind == RequestKind::Erasure).then(|| view! { <li>{t!(i18n, mydata.asked_administrator)}</li> })}
            </ul>
        }
    })
}
