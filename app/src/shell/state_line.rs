//! What is safe, always in view, in three states; tapping it explains.

use std::time::Duration;

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::command::Refusal;

use super::copy::save_copy;
use super::lost::to_lost;
use super::patience::{GIVES_NOTHING_MS, Patience, TAKES_NOTHING_MS};
use crate::components::{document_name, time_text};
use crate::device::{Connection, Device, Problem, Safe};
use crate::i18n::*;
use crate::session::Session;

/// How often it is looked whether something comes through.
const LOOK: Duration = Duration::from_secs(1);

/// What a problem is, in one sentence. Tracked: names come with the directory.
fn sentence(i18n: I18nContext<Locale>, device: Device, problem: &Problem) -> String {
    match problem {
        Problem::StorageFull => t_string!(i18n, common.problem_storage_full).to_string(),
        Problem::StorageFailed { .. } => t_string!(i18n, common.problem_storage_failed).to_string(),
        Problem::NotReceived => t_string!(i18n, common.problem_not_received).to_string(),
        Problem::Damaged { .. } => t_string!(i18n, common.problem_damaged).to_string(),
        Problem::Denied { .. } => t_string!(i18n, common.problem_denied).to_string(),
        Problem::Refused { .. } => t_string!(i18n, common.problem_refused).to_string(),
        Problem::SetAside { document, .. } => {
            let document = document_name(i18n, device, *document);
            t_string!(i18n, common.problem_set_aside, document = document).to_string()
        }
        Problem::Lost { .. } => t_string!(i18n, common.problem_lost).to_string(),
        Problem::Untrusted { .. } => t_string!(i18n, common.problem_untrusted).to_string(),
        Problem::SignInAgain => t_string!(i18n, common.problem_sign_in).to_string(),
        Problem::NewerVersion => t_string!(i18n, common.problem_newer).to_string(),
        Problem::CommandRefused { refusal, .. } => {
            t_string!(i18n, common.problem_command, what = refused(i18n, *refusal)).to_string()
        }
    }
}

/// Why the server said no.
fn refused(i18n: I18nContext<Locale>, refusal: Option<Refusal>) -> &'static str {
    match refusal {
        None => t_string!(i18n, common.refusal_none),
        Some(Refusal::AlreadyRegistered) => t_string!(i18n, common.refusal_already_registered),
        Some(Refusal::WrongState) => t_string!(i18n, common.refusal_wrong_state),
        Some(Refusal::IntakeHeld) => t_string!(i18n, common.refusal_intake_held),
        Some(Refusal::NothingShared) => t_string!(i18n, common.refusal_nothing_shared),
        Some(Refusal::NotACoach) => t_string!(i18n, common.refusal_not_a_coach),
        Some(Refusal::AlreadyReferred) => t_string!(i18n, common.refusal_already_referred),
        Some(Refusal::AlreadyAnswered) => t_string!(i18n, common.refusal_already_answered),
        Some(Refusal::AlreadyRequested) => t_string!(i18n, mydata.refusal_already_requested),
        Some(Refusal::AlreadyDecided) => t_string!(i18n, mydata.refusal_already_decided),
        Some(Refusal::NotDecided) => t_string!(i18n, mydata.refusal_not_decided),
        Some(Refusal::OwnRequest) => t_string!(i18n, mydata.refusal_own_request),
        Some(Refusal::StillRunning) => t_string!(i18n, mydata.refusal_still_running),
        Some(Refusal::NotAnswered) => t_string!(i18n, mydata.refusal_not_answered),
        Some(Refusal::BadPeriod) => t_string!(i18n, retention.bad_period),
        Some(Refusal::OwnManager) => t_string!(i18n, access.refusal_own_manager),
        Some(Refusal::OwnUnit) => t_string!(i18n, access.refusal_own_unit),
        Some(Refusal::RatherNot) => t_string!(i18n, access.refusal_rather_not),
        Some(Refusal::ConflictOfInterest) => t_string!(i18n, access.refusal_conflict),
        Some(Refusal::HasACoach) => t_string!(i18n, access.refusal_has_a_coach),
        Some(Refusal::NothingToHandOver) => t_string!(i18n, access.refusal_nothing_to_hand_over),
    }
}

/// The one button of a problem.
#[component]
fn Remedy(problem: Problem) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<Session>();
    let copy = move |_| save_copy(i18n, device);
    let reload = move |_| {
        // Reloading cannot fail in a page that is shown.
        let _ = window().location().reload();
    };
    match problem {
        Problem::StorageFull
        | Problem::StorageFailed { .. }
        | Problem::Denied { .. }
        | Problem::Refused { .. } => {
            view! { <button type="button" on:click=copy>{t!(i18n, common.download_copy)}</button> }.into_any()
        }
        Problem::Lost { .. } => {
            view! { <button type="button" on:click=|_| to_lost()>{t!(i18n, common.lost_show)}</button> }
                .into_any()
        }
        Problem::SignInAgain => {
            let again = move |_| session.sign_in_again();
            view! { <button type="button" on:click=again>{t!(i18n, common.sign_in_again)}</button> }
                .into_any()
        }
        Problem::NewerVersion => {
            view! { <button type="button" on:click=reload>{t!(i18n, common.reload)}</button> }.into_any()
        }
        Problem::NotReceived
        | Problem::Damaged { .. }
        | Problem::SetAside { .. }
        | Problem::Untrusted { .. }
        | Problem::CommandRefused { .. } => {
            let read = move |_| device.dismiss(&problem);
            view! { <button type="button" on:click=read>{t!(i18n, common.understood)}</button> }.into_any()
        }
    }
}

/// The line.
#[component]
pub fn StateLine() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<Session>();
    let safe = Memo::new(move |_| device.safe());
    let code = move || match safe.get() {
        Safe::Saving => "saving",
        Safe::Saved { .. } => "saved",
        Safe::Synchronised { .. } => "synchronised",
        Safe::ActionNeeded(_) => "action",
    };
    let words = move || match safe.get() {
        Safe::Saving if session.is_shared() => t_string!(i18n, vault.shared_saving).to_string(),
        Safe::Saved { waiting: 0 } if session.is_shared() => t_string!(i18n, vault.shared_saved).to_string(),
        Safe::Saved { waiting } if session.is_shared() => {
            t_string!(i18n, vault.shared_saved_waiting, count = waiting).to_string()
        }
        Safe::Saving => t_string!(i18n, common.state_saving).to_string(),
        Safe::Saved { waiting: 0 } => t_string!(i18n, common.state_saved).to_string(),
        Safe::Saved { waiting } => t_string!(i18n, common.state_saved_waiting, count = waiting).to_string(),
        Safe::Synchronised { at } => {
            t_string!(i18n, common.state_synchronised, at = time_text(i18n.get_locale(), at)).to_string()
        }
        Safe::ActionNeeded(_) => t_string!(i18n, common.state_action).to_string(),
    };
    let connection = move || match device.connection() {
        Connection::Offline => t_string!(i18n, common.offline),
        Connection::Connecting => t_string!(i18n, common.connecting),
        Connection::Online => t_string!(i18n, common.online),
    };
    let stalled = Stalled::watch(device);
    // Read out when something changes that matters, not at each keystroke.
    let said = Memo::new(move |before: Option<&String>| {
        let before = before.map(String::as_str).unwrap_or_default();
        let online = t_string!(i18n, common.online);
        match (safe.get(), device.connection()) {
            (Safe::ActionNeeded(problem), _) => sentence(i18n, device, &problem),
            (_, Connection::Connecting) if before.is_empty() => String::new(),
            (Safe::Saving, Connection::Online) => before.to_owned(),
            (Safe::Saved { .. }, Connection::Online) if stalled.push.get() => {
                t_string!(i18n, common.server_takes_nothing).to_string()
            }
            (_, Connection::Online) => online.to_owned(),
            (_, Connection::Offline | Connection::Connecting) => {
                let saved = match session.is_shared() {
                    true => t_string!(i18n, vault.shared_saved),
                    false => t_string!(i18n, common.state_saved),
                };
                format!("{}. {saved}", t_string!(i18n, common.offline))
            }
        }
    });
    let saved_why = move || match device.connection() {
        _ if session.is_shared() => t_string!(i18n, vault.shared_saved_why),
        _ if device.is_suspended() => t_string!(i18n, common.state_saved_suspended),
        Connection::Online if stalled.push.get() => t_string!(i18n, common.state_saved_stalled),
        Connection::Online => t_string!(i18n, common.state_saved_online),
        Connection::Offline | Connection::Connecting => t_string!(i18n, common.state_saved_why),
    };
    let tells_of_server = Memo::new(move |_| {
        stalled.push.get()
            && !device.is_suspended()
            && matches!(safe.get(), Safe::Saving | Safe::Saved { .. })
    });
    view! {
        <section class="state" data-state=code aria-label=move || t_string!(i18n, common.state_label)>
            <div class="bar">
                <details>
                    <summary>
                        <span class="words">{words}</span>
                        <span class="more">{t!(i18n, common.state_what)}</span>
                    </summary>
                    <div class="explained">
                        {move || match safe.get() {
                            Safe::Saving => view! { <p>{t!(i18n, common.state_saving_why)}</p> }.into_any(),
                            Safe::Saved { .. } => view! { <p>{saved_why}</p> }.into_any(),
                            Safe::Synchronised { .. } => {
                                let why = move || match session.is_shared() {
                                    true => t_string!(i18n, vault.shared_synchronised_why),
                                    false => t_string!(i18n, common.state_synchronised_why),
                                };
                                view! { <p>{why}</p> }.into_any()
                            }
                            Safe::ActionNeeded(_) => view! { <Problems/> }.into_any(),
                        }}
                    </div>
                </details>
                <span class="connection">{connection}</span>
            </div>
            <Show when=move || matches!(safe.get(), Safe::ActionNeeded(_))>
                <div class="bar"><FirstProblem/></div>
            </Show>
            <Show when=move || tells_of_server.get()>
                <div class="bar"><p class="row">{t!(i18n, common.server_takes_nothing)}</p></div>
            </Show>
            {move || device.download().map(|download| {
                let (done, total) = (download.done, download.total);
                if stalled.download.get() {
                    let left = total.saturating_sub(done);
                    return view! {
                        <div class="bar">
                            <p class="row">{t!(i18n, common.download_stalled, left = left, total = total)}</p>
                        </div>
                    }
                    .into_any();
                }
                view! {
                    <div class="bar">
                        <label class="stack tight">
                            {t!(i18n, common.download_progress, done = done, total = total)}
                            <progress max=total value=done></progress>
                        </label>
                    </div>
                }
                .into_any()
            })}
            <div class="visually-hidden" role="status">{move || said.get()}</div>
        </section>
    }
}

/// The first problem, in view without a tap.
#[component]
fn FirstProblem() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let first = Memo::new(move |_| device.problems().into_iter().next());
    view! {
        {move || first.get().map(|problem| view! {
            <p class="row">{sentence(i18n, device, &problem)} " " <Remedy problem=problem/></p>
        })}
    }
}

/// The others, but for text that is offered: all of that is shown in one place.
#[component]
fn Problems() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let others = Memo::new(move |_| {
        let others = device.problems().into_iter().skip(1);
        others.filter(|it| !matches!(it, Problem::Lost { .. })).collect::<Vec<_>>()
    });
    let why = move || match device.problems().first() {
        _ if device.is_suspended() => t_string!(i18n, common.state_action_suspended),
        Some(Problem::StorageFull | Problem::StorageFailed { .. }) => {
            t_string!(i18n, common.state_action_memory)
        }
        _ => t_string!(i18n, common.state_action_why),
    };
    view! {
        <p>{why}</p>
        {move || others.get().into_iter().map(|problem| view! {
            <p class="row">{sentence(i18n, device, &problem)} " " <Remedy problem=problem/></p>
        }).collect_view()}
    }
}

/// Whether nothing comes through for a while though the server is in reach.
#[derive(Clone, Copy)]
struct Stalled {
    /// Of what waits here.
    push: Memo<bool>,
    /// Of a first download.
    download: Memo<bool>,
}

impl Stalled {
    fn watch(device: Device) -> Self {
        let (push, download) = (RwSignal::new(0), RwSignal::new(0));
        let (to_push, to_come) =
            (StoredValue::new(Patience::default()), StoredValue::new(Patience::default()));
        let note = |patience: StoredValue<Patience>, left, now| {
            patience.try_update_value(|patience| patience.note(left, now)).unwrap_or_default()
        };
        let look = move || {
            let now = device.now_ms();
            let is_online = untrack(|| device.connection()) == Connection::Online;
            let waiting = match untrack(|| device.safe()) {
                // It is not known while something is being written.
                Safe::Saving => None,
                Safe::Saved { waiting } if is_online => Some(waiting),
                _ => Some(0),
            };
            if let Some(waiting) = waiting {
                push.set(note(to_push, waiting, now));
            }
            let left = untrack(|| device.download()).map_or(0, |it| it.total.saturating_sub(it.done));
            download.set(note(to_come, left, now));
        };
        if let Ok(looking) = set_interval_with_handle(look, LOOK) {
            on_cleanup(move || looking.clear());
        }
        Self {
            push: Memo::new(move |_| push.get() >= TAKES_NOTHING_MS),
            download: Memo::new(move |_| download.get() >= GIVES_NOTHING_MS),
        }
    }
}
