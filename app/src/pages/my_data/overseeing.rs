//! The steps of the adviser and the administrator: decide, carry out, settle.

use leptos::html;
use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::erasure::Decision;
use shared::domain::request::{Reason, RequestKind, RequestState, Scope};
use shared::ids::RequestId;

use super::requests::request_of;
use super::words;
use crate::components::SelectField;
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

/// The reasons that can stand behind a no, for a list to pick from.
pub fn reasons(
    i18n: leptos_i18n::I18nContext<Locale>,
    of: &'static [Reason],
) -> Signal<Vec<(String, String)>> {
    Signal::derive(move || {
        of.iter().map(|it| (it.code().to_owned(), words::reason(i18n, *it).to_owned())).collect()
    })
}

/// The first of them, until another one is picked.
pub fn first(of: &'static [Reason]) -> String {
    of.first().map(|it| it.code().to_owned()).unwrap_or_default()
}

/// Whether a step of that request is on its way. Tracked.
fn waits(device: Device, id: RequestId) -> bool {
    is_on_its_way(device, |command| {
        matches!(
            command,
            Command::DecideErasure { request, .. }
                | Command::CarryOutErasure { request }
                | Command::ConcludeAccess { request } if *request == id
        )
    })
}

/// The adviser looks whether it may go.
#[component]
pub fn Decide(id: RequestId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let request = Memo::new(move |_| request_of(device, id));
    let is_due = Memo::new(move |_| request.get().is_some_and(|it| it.state == RequestState::Requested));
    let is_running = Memo::new(move |_| {
        let (Some(directory), Some(request)) = (device.directory(), request.get()) else { return false };
        let named = request.scope.and_then(Scope::trajectory);
        let mut hers = directory.trajectories.iter().filter(|it| it.employee == request.person);
        hers.any(|it| it.state.is_open() && named.is_none_or(|id| id == it.id))
    });
    let ends_running = RwSignal::new(false);
    let no_duty = RwSignal::new(false);
    let of = Reason::of(RequestKind::Erasure, false);
    let reason = RwSignal::new(first(of));
    let may_agree = Memo::new(move |_| no_duty.get() && (!is_running.get() || ends_running.get()));
    let decide = move |decision| _ = device.command(Command::DecideErasure { request: id, decision });
    let agree = move |_| {
        if may_agree.get_untracked() {
            decide(Decision::Agree { ends_running: ends_running.get_untracked() });
        }
    };
    let decline = move |_| {
        if let Some(reason) = reason.with_untracked(|code| Reason::from_code(code)) {
            decide(Decision::Decline { reason });
        }
    };
    view! {
        <Show when=move || is_due.get()>
            <Show
                when=move || !waits(device, id)
                fallback=move || view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }
            >
                <h3>{t!(i18n, mydata.decide_title)}</h3>
                <p>{t!(i18n, mydata.decide_text)}</p>
                <fieldset class="field">
                    <legend>{t!(i18n, mydata.decide_checks)}</legend>
                    <label class="choice">
                        <input
                            type="checkbox" prop:checked=move || no_duty.get()
                            on:change=move |event| no_duty.set(event_target_checked(&event))
                        />
                        {t!(i18n, mydata.decide_no_duty)}
                    </label>
                    <Show when=move || is_running.get()>
                        <label class="choice">
                            <input
                                type="checkbox" prop:checked=move || ends_running.get()
                                on:change=move |event| ends_running.set(event_target_checked(&event))
                            />
                            {move || t_string!(i18n, mydata.decide_ends_running, name = name.get()).to_string()}
                        </label>
                    </Show>
                </fieldset>
                <div class="row">
                    <button
                        type="button" class="primary" on:click=agree
                        aria-disabled=move || (!may_agree.get()).then_some("true")
                        aria-describedby=format!("may-{id}")
                    >
                        {t!(i18n, mydata.agree)}
                    </button>
                </div>
                <p class="small soft" id=format!("may-{id}")>{t!(i18n, mydata.decide_may)}</p>
                <SelectField
                    id=format!("decline-{id}") label=move || t_string!(i18n, mydata.decline_why)
                    choices=reasons(i18n, of) chosen=reason on_choose=Callback::new(move |it| reason.set(it))
                />
                <div class="row">
                    <button type="button" on:click=decline>{t!(i18n, mydata.decline)}</button>
                </div>
            </Show>
        </Show>
    }
}

/// The administrator destroys what was agreed upon.
#[component]
pub fn CarryOut(id: RequestId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let request = Memo::new(move |_| request_of(device, id));
    let is_due = Memo::new(move |_| request.get().is_some_and(|it| it.state == RequestState::Agreed));
    let is_answered =
        Memo::new(move |_| request.get().is_some_and(|it| it.steps.iter().all(|step| step.answer.is_some())));
    let dialog = NodeRef::<html::Dialog>::new();
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Only fails when it is open already.
            let _ = dialog.show_modal();
        }
    };
    let carry_out = move |_| {
        device.command(Command::CarryOutErasure { request: id });
        close();
    };
    view! {
        <Show when=move || is_due.get()>
            <Show
                when=move || !waits(device, id)
                fallback=move || view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }
            >
                <p>
                    {move || if is_answered.get() {
                        t_string!(i18n, mydata.carry_out_text)
                    } else {
                        t_string!(i18n, mydata.carry_out_waits)
                    }}
                </p>
                <Show when=move || is_answered.get()>
                    <div class="row">
                        <button type="button" class="danger" on:click=open>{t!(i18n, mydata.carry_out)}</button>
                    </div>
                </Show>
            </Show>
        </Show>
        <dialog node_ref=dialog aria-labelledby=format!("destroy-{id}")>
            <div class="stack">
                <h2 id=format!("destroy-{id}")>{move || t_string!(i18n, mydata.carry_out_sure, name = name.get()).to_string()}</h2>
                <p>{t!(i18n, mydata.carry_out_final)}</p>
                <div class="row">
                    <button type="button" class="danger" on:click=carry_out>{t!(i18n, mydata.carry_out)}</button>
                    <button type="button" class="plain" on:click=move |_| close()>{t!(i18n, common.cancel)}</button>
                </div>
            </div>
        </dialog>
    }
}

/// An access request that everybody has answered is settled.
#[component]
pub fn Conclude(id: RequestId, #[prop(into)] name: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let is_answered = Memo::new(move |_| {
        request_of(device, id).is_some_and(|it| it.steps.iter().all(|step| step.answer.is_some()))
    });
    view! {
        <Show
            when=move || !waits(device, id)
            fallback=move || view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }
        >
            <Show
                when=move || is_answered.get()
                fallback=move || view! { <p>{t!(i18n, mydata.conclude_waits)}</p> }
            >
                <p>{move || t_string!(i18n, mydata.conclude_text, name = name.get()).to_string()}</p>
                <div class="row">
                    <button
                        type="button" class="primary"
                        on:click=move |_| { device.command(Command::ConcludeAccess { request: id }); }
                    >
                        {t!(i18n, mydata.conclude)}
                    </button>
                </div>
            </Show>
        </Show>
    }
}
