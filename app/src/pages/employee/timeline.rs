//! The career so far (E3): jobs with from, to and what was learned.

use leptos::prelude::*;
use shared::domain::entry;
use shared::domain::reflection::{self, Job, JobField};

use super::fields::DocumentLine;
use super::mine::Mine;
use crate::components::{DocumentText, Undo};
use crate::device::EditError;
use crate::i18n::*;

/// The jobs, and the possibility to add one.
#[component]
pub fn Timeline(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let ids = Memo::new(move |_| {
        let jobs = mine.form.with(|form| form.as_ref().map(|form| form.jobs.clone())).unwrap_or_default();
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    });
    let add = move |_| {
        let Some(draft) = mine.draft.get_untracked() else { return };
        let (id, now) = (entry::id(mine.device.random()), mine.device.now_ms());
        match draft.edit(|doc| reflection::add_job(doc, &id, now)) {
            Ok(()) => request_animation_frame(move || {
                let field = document().get_element_by_id(&format!("job-{id}-title"));
                if let Some(field) =
                    field.and_then(|it| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(it).ok())
                {
                    // Without the focus she taps the new field herself.
                    let _ = field.focus();
                }
            }),
            Err(error) => leptos::logging::warn!("no job added: {error}"),
        }
    };
    view! {
        <div class="stack">
            <Show when=move || ids.with(Vec::is_empty)>
                <p class="soft">{t!(i18n, employee.no_jobs)}</p>
            </Show>
            <ol class="jobs">
                <For each=move || ids.get() key=Clone::clone let(id)>
                    <OneJob mine=mine id=id/>
                </For>
            </ol>
            <div class="row"><button type="button" on:click=add>{t!(i18n, employee.add_job)}</button></div>
        </div>
    }
}

#[component]
fn OneJob(mine: Mine, id: String) -> impl IntoView {
    let i18n = use_i18n();
    let undo = expect_context::<Undo>();
    let prefix = format!("job-{id}");
    let id = StoredValue::new(id);
    let job = Memo::new(move |_| -> Option<Job> {
        mine.form
            .with(|form| id.with_value(|id| form.as_ref()?.jobs.iter().find(|job| job.id == *id).cloned()))
    });
    let value = move |field: JobField| {
        Callback::new(move |()| job.with(|job| job.as_ref().map(|job| job.field(field).to_owned())))
    };
    let on_type = move |field: JobField| {
        Callback::new(move |(old, new): (String, String)| {
            let draft = mine.draft.get_untracked().ok_or(EditError::NotHere)?;
            let now = mine.device.now_ms();
            draft.type_in(|doc| reflection::change_job(doc, &id.get_value(), field, &old, &new, now))
        })
    };
    let leave = Callback::new(move |()| {
        if let Some(draft) = mine.draft.get_untracked() {
            draft.flush();
        }
    });
    let remove = move |_| {
        let (Some(draft), id) = (mine.draft.get_untracked(), id.get_value()) else { return };
        if draft.edit(|doc| reflection::delete_job(doc, &id)).is_ok() {
            undo.offer(t_string!(i18n, common.deleted).to_string(), move || {
                if let Err(error) = draft.edit(|doc| reflection::restore_job(doc, &id)) {
                    leptos::logging::warn!("not taken back: {error}");
                }
            });
        }
    };
    let name = move || {
        let title = job.with(|job| job.as_ref().map(|job| job.title.clone())).unwrap_or_default();
        if title.trim().is_empty() { t_string!(i18n, employee.new_job).to_string() } else { title }
    };
    view! {
        <li>
            <fieldset class="stack tight">
                <legend>{name}</legend>
                <DocumentLine
                    id=format!("{prefix}-title") label=move || t_string!(i18n, employee.job_title)
                    value=value(JobField::Title) on_type=on_type(JobField::Title) on_leave=leave
                />
                <div class="years">
                    <DocumentLine
                        id=format!("{prefix}-from") label=move || t_string!(i18n, employee.job_from)
                        value=value(JobField::From) on_type=on_type(JobField::From) on_leave=leave
                    />
                    <DocumentLine
                        id=format!("{prefix}-to") label=move || t_string!(i18n, employee.job_to)
                        value=value(JobField::To) on_type=on_type(JobField::To) on_leave=leave
                    />
                </div>
                <DocumentText
                    id=format!("{prefix}-learned") label=move || t_string!(i18n, employee.job_learned)
                    value=value(JobField::Learned) on_type=on_type(JobField::Learned) on_leave=leave small=true
                />
                <div class="row">
                    <button type="button" class="plain" on:click=remove>
                        {t!(i18n, employee.delete_job)}<span class="visually-hidden">": " {name}</span>
                    </button>
                </div>
            </fieldset>
        </li>
    }
}
