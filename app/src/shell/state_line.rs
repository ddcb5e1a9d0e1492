//! What is safe, always in view, in three states; tapping it explains.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::command::Refusal;

use crate::components::{save_file, time_text};
use crate::device::{Connection, Device, Problem, Safe};
use crate::i18n::*;
use crate::session::Session;

/// What a problem is, in one sentence.
fn sentence(i18n: I18nContext<Locale>, problem: &Problem) -> String {
    match problem {
        Problem::StorageFull => t_string!(i18n, common.problem_storage_full).to_string(),
        Problem::StorageFailed { .. } => t_string!(i18n, common.problem_storage_failed).to_string(),
        Problem::NotReceived => t_string!(i18n, common.problem_not_received).to_string(),
        Problem::Damaged { .. } => t_string!(i18n, common.problem_damaged).to_string(),
        Problem::Denied { .. } => t_string!(i18n, common.problem_denied).to_string(),
        Problem::Refused { .. } => t_string!(i18n, common.problem_refused).to_string(),
        Problem::SetAside { .. } => t_string!(i18n, common.problem_set_aside).to_string(),
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
    }
}

/// Saves what has not reached the server as a readable file.
pub fn save_copy(device: Device) {
    leptos::task::spawn_local(async move {
        if let Some(copy) = device.export_unsynchronised().await {
            save_file("loopbaanmaat.json", "application/json", &copy);
        }
    });
}

/// The one button of a problem.
#[component]
fn Remedy(problem: Problem) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let session = expect_context::<Session>();
    let copy = move |_| save_copy(device);
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
        Problem::Lost { document } => {
            let lost = move || device.lost(document).into_iter();
            let take_over = move |_| device.take_over(document);
            let without = move |_| device.dismiss(&Problem::Lost { document });
            view! {
                <span class="stack tight">
                    {move || lost().map(|text| view! { <q class="lost">{text}</q> }).collect_view()}
                    <Show when=move || device.is_suspended()>
                        <span>{t!(i18n, common.suspended)}</span>
                    </Show>
                    <span class="row">
                        <button type="button" disabled=move || device.is_suspended() on:click=take_over>{t!(i18n, common.take_over)}</button>
                        <button type="button" on:click=copy>{t!(i18n, common.download_copy)}</button>
                        <button type="button" on:click=without>{t!(i18n, common.do_without)}</button>
                    </span>
                </span>
            }
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
    let safe = Memo::new(move |_| device.safe());
    let code = move || match safe.get() {
        Safe::Saving => "saving",
        Safe::Saved { .. } => "saved",
        Safe::Synchronised { .. } => "synchronised",
        Safe::ActionNeeded(_) => "action",
    };
    let words = move || match safe.get() {
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
    // Read out when something changes that matters, not at each keystroke.
    let said = Memo::new(move |before: Option<&String>| match (safe.get(), device.connection()) {
        (Safe::ActionNeeded(problem), _) => sentence(i18n, &problem),
        (Safe::Saved { .. }, Connection::Offline) => {
            format!("{}. {}", t_string!(i18n, common.offline), t_string!(i18n, common.state_saved))
        }
        (Safe::Synchronised { .. }, Connection::Online) => t_string!(i18n, common.online).to_string(),
        _ => before.cloned().unwrap_or_default(),
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
                            Safe::Saved { .. } => view! { <p>{t!(i18n, common.state_saved_why)}</p> }.into_any(),
                            Safe::Synchronised { .. } => {
                                view! { <p>{t!(i18n, common.state_synchronised_why)}</p> }.into_any()
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
            {move || device.download().map(|download| {
                let (done, total) = (download.done, download.total);
                view! {
                    <div class="bar">
                        <label class="stack tight">
                            {t!(i18n, common.download_progress, done = done, total = total)}
                            <progress max=total value=done></progress>
                        </label>
                    </div>
                }
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
            <p class="row">{sentence(i18n, &problem)} " " <Remedy problem=problem/></p>
        })}
    }
}

/// The others.
#[component]
fn Problems() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let others = Memo::new(move |_| device.problems().into_iter().skip(1).collect::<Vec<_>>());
    view! {
        <p>{t!(i18n, common.state_action_why)}</p>
        {move || others.get().into_iter().map(|problem| view! {
            <p class="row">{sentence(i18n, &problem)} " " <Remedy problem=problem/></p>
        }).collect_view()}
    }
}
