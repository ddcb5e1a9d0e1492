//! Progress: without content, for the adviser too. The details of one talk, and the state of the whole.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::command::Command;
use shared::domain::entry;
use shared::domain::entry::WriteError;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::progress::{self, Phase, Progress, Status, Talk, TalkKind};

use crate::components::{
    Audience, AudienceSection, ChoiceField, Day, SelectField, Undo, input_of_moment, moment_of_input,
};
use crate::device::{Device, Document};
use crate::i18n::*;
use crate::pages::case::{AlsoEdited, Case, is_on_its_way, is_read_only};
use crate::pages::words;

fn edit(
    document: Option<Document>,
    change: impl FnOnce(&mut automerge::AutoCommit) -> Result<(), WriteError>,
) {
    let Some(document) = document else { return };
    if let Err(error) = document.edit(change) {
        leptos::logging::warn!("not changed: {error}");
    }
}

fn kinds(i18n: I18nContext<Locale>) -> Signal<Vec<(String, String)>> {
    Signal::derive(move || {
        TalkKind::ALL.iter().map(|&it| (it.code().to_owned(), words::talk(i18n, it).to_owned())).collect()
    })
}

/// When a talk was or will be, of which kind, and whether it took place.
#[component]
pub fn TalkDetails(
    #[prop(into)] document: Signal<Option<Document>>,
    #[prop(into)] talk: Signal<String>,
    /// The talk as it will be, while nothing has been written about it yet.
    #[prop(into)]
    unwritten: Signal<Option<Talk>>,
    /// Makes that one a talk.
    #[prop(into)]
    begin_talk: Callback<()>,
    /// The talk was deleted.
    #[prop(into)]
    on_delete: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let undo = expect_context::<Undo>();
    let readonly = Memo::new(move |_| is_read_only(document.get()));
    let found = Memo::new(move |_| -> Option<Talk> {
        let progress = document.get()?.read(Progress::read)?;
        talk.with(|id| progress.talks.into_iter().find(|talk| talk.id == *id)).or_else(|| unwritten.get())
    });
    let kind = Signal::derive(move || found.get().map(|it| it.kind.code().to_owned()).unwrap_or_default());
    let set_kind = Callback::new(move |code: String| {
        if let Some(kind) = TalkKind::from_code(&code) {
            begin_talk.run(());
            let now = device.now_ms();
            edit(document.get_untracked(), |doc| {
                progress::set_talk_kind(doc, &talk.get_untracked(), kind, now)
            });
        }
    });
    let move_to = move |event: web_sys::Event| {
        if let Some(at) = moment_of_input(&event_target_value(&event)) {
            begin_talk.run(());
            let now = device.now_ms();
            edit(document.get_untracked(), |doc| progress::move_talk(doc, &talk.get_untracked(), at, now));
        }
    };
    let set_held = move |event: web_sys::Event| {
        begin_talk.run(());
        let (held, now) = (event_target_checked(&event), device.now_ms());
        edit(document.get_untracked(), |doc| progress::set_held(doc, &talk.get_untracked(), held, now));
    };
    let remove = move |_| {
        let (document, id) = (document.get_untracked(), talk.get_untracked());
        edit(document, |doc| progress::delete_talk(doc, &id));
        undo.offer(t_string!(i18n, common.deleted).to_string(), move || {
            edit(document, |doc| progress::restore_talk(doc, &id));
        });
        on_delete.run(());
    };
    view! {
        <Show
            when=move || found.get().is_some()
            fallback=move || view! { <p class="soft">{t!(i18n, common.not_here_yet)}</p> }
        >
            <h3>{t!(i18n, coach.talk_details)}</h3>
            <div class="row end">
                <div class="field">
                    <label for="talk-when">{t!(i18n, coach.talk_when)}</label>
                    <input
                        id="talk-when" type="datetime-local" autocomplete="off" readonly=move || readonly.get()
                        prop:value=move || found.get().map(|it| input_of_moment(it.at)).unwrap_or_default()
                        on:change=move_to
                    />
                </div>
                <SelectField
                    id="talk-kind" label=move || t_string!(i18n, coach.talk_kind)
                    choices=kinds(i18n) chosen=kind on_choose=set_kind disabled=readonly
                />
            </div>
            <label class="choice">
                <input
                    type="checkbox" autocomplete="off" disabled=move || readonly.get()
                    prop:checked=move || found.get().is_some_and(|it| it.held) on:change=set_held
                />
                {t!(i18n, coach.talk_was_held)}
            </label>
            <Show when=move || !readonly.get() && unwritten.get().is_none()>
                <div class="row no-print">
                    <button type="button" class="plain" on:click=remove>{t!(i18n, coach.delete_talk)}</button>
                </div>
            </Show>
        </Show>
    }
}

/// Phase, how it goes, attention, the next talk, and closing.
#[component]
pub fn ProgressPart(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let document = case.document(DocKind::Progress);
    let readonly = Memo::new(move |_| is_read_only(document.get()));
    let found = Memo::new(move |_| document.get().and_then(|it| it.read(Progress::read)).unwrap_or_default());
    let phases = Signal::derive(move || {
        let none = (String::new(), words::phase(i18n, None).to_owned());
        let all =
            Phase::ALL.iter().map(|&it| (it.code().to_owned(), words::phase(i18n, Some(it)).to_owned()));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let statuses = Signal::derive(move || {
        let none = (String::new(), words::status(i18n, None).to_owned());
        let all =
            Status::ALL.iter().map(|&it| (it.code().to_owned(), words::status(i18n, Some(it)).to_owned()));
        std::iter::once(none).chain(all).collect::<Vec<_>>()
    });
    let phase = Signal::derive(move || found.with(|it| it.phase.map_or("", Phase::code)).to_owned());
    let status = Signal::derive(move || found.with(|it| it.status.map_or("", Status::code)).to_owned());
    let set_phase = Callback::new(move |code: String| {
        edit(document.get_untracked(), |doc| progress::set_phase(doc, Phase::from_code(&code)));
    });
    let set_status = Callback::new(move |code: String| {
        edit(document.get_untracked(), |doc| progress::set_status(doc, Status::from_code(&code)));
    });
    let set_attention = move |event: web_sys::Event| {
        let needs = event_target_checked(&event);
        edit(document.get_untracked(), |doc| progress::set_needs_attention(doc, needs));
    };
    view! {
        <div class="stack">
            <AudienceSection audience=Audience::Progress document=Signal::derive(move || document.get().map(|it| it.id()))>
                <ChoiceField
                    id="phase" label=move || t_string!(i18n, common.phase) across=true
                    choices=phases chosen=phase on_choose=set_phase disabled=readonly
                />
                <SelectField
                    id="status" label=move || t_string!(i18n, common.status)
                    choices=statuses chosen=status on_choose=set_status disabled=readonly
                />
                <div class="field">
                    <label class="choice">
                        <input
                            type="checkbox" autocomplete="off" aria-describedby="attention-hint" disabled=move || readonly.get()
                            prop:checked=move || found.with(|it| it.needs_attention) on:change=set_attention
                        />
                        {t!(i18n, common.needs_attention)}
                    </label>
                    <span class="hint" id="attention-hint">{t!(i18n, coach.attention_hint)}</span>
                </div>
                <Show when=move || !readonly.get()><PlanTalk document=document/></Show>
                <AlsoEdited document=document/>
            </AudienceSection>
            <Closing case=case/>
        </div>
    }
}

/// Planning a talk.
#[component]
fn PlanTalk(document: Memo<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let when = RwSignal::new(String::new());
    let kind = RwSignal::new(TalkKind::FollowUp.code().to_owned());
    let plan = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (Some(at), Some(directory)) =
            (moment_of_input(&when.get_untracked()), untrack(|| device.directory()))
        else {
            return;
        };
        let kind = TalkKind::from_code(&kind.get_untracked()).unwrap_or(TalkKind::FollowUp);
        let (id, now) = (entry::id(device.random()), device.now_ms());
        edit(document.get_untracked(), |doc| progress::plan_talk(doc, &id, kind, at, directory.me, now));
        when.set(String::new());
    };
    view! {
        <form class="stack no-print" on:submit=plan>
            <h3>{t!(i18n, coach.plan_talk)}</h3>
            <div class="row end">
                <div class="field">
                    <label for="new-talk">{t!(i18n, coach.talk_when)}</label>
                    <input
                        id="new-talk" type="datetime-local" autocomplete="off" required=true
                        prop:value=move || when.get() on:input=move |event| when.set(event_target_value(&event))
                    />
                </div>
                <SelectField
                    id="new-talk-kind" label=move || t_string!(i18n, coach.talk_kind)
                    choices=kinds(i18n) chosen=kind on_choose=Callback::new(move |code| kind.set(code))
                />
                <button type="submit">{t!(i18n, coach.plan)}</button>
            </div>
        </form>
    }
}

/// Closing in two steps.
#[component]
fn Closing(case: Case) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let state = Memo::new(move |_| case.trajectory().map(|it| (it.state, it.closed_at)));
    let waiting = Memo::new(move |_| {
        let id = case.id();
        is_on_its_way(device, |it| matches!(it, Command::Close { trajectory, .. } if Some(*trajectory) == id))
    });
    let close = move |finish: bool| {
        if let Some(trajectory) = untrack(|| case.id()) {
            device.command(Command::Close { trajectory, finish });
        }
    };
    view! {
        <section class="stack" aria-labelledby="closing-heading">
            <h2 id="closing-heading">{t!(i18n, coach.close_title)}</h2>
            {move || match state.get() {
                _ if waiting.get() => view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }.into_any(),
                Some((TrajectoryState::Active, _)) => view! {
                    <p>{t!(i18n, coach.close_start_text)}</p>
                    <div class="row">
                        <button type="button" on:click=move |_| close(false)>{t!(i18n, coach.close_start)}</button>
                    </div>
                }.into_any(),
                Some((TrajectoryState::Closing, _)) => view! {
                    <p>{t!(i18n, coach.close_finish_text)}</p>
                    <div class="row">
                        <button type="button" on:click=move |_| close(true)>{t!(i18n, coach.close_finish)}</button>
                    </div>
                }.into_any(),
                Some((_, Some(at))) => view! {
                    <p>{t!(i18n, coach.closed_text, at = move || view! { <Day at=at/> })}</p>
                }.into_any(),
                _ => ().into_any(),
            }}
        </section>
    }
}
