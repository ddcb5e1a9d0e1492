//! What an employee shared of her reflection form, to read.

use leptos::prelude::*;
use shared::domain::reflection::{Job, Reflection};
use shared::domain::reflection_form::{Question, QuestionKind, Section, WHEEL};

use crate::components::{WhoCanSee, day_text};
use crate::device::Document;
use crate::i18n::*;
use crate::pages::case::AlsoEdited;
use crate::pages::words;

/// The sections that were shared, with every question of theirs.
#[component]
pub fn SharedReflection(#[prop(into)] document: Signal<Option<Document>>) -> impl IntoView {
    let i18n = use_i18n();
    let found = Memo::new(move |_| document.get().and_then(|it| it.read(Reflection::read)));
    let sections = Memo::new(move |_| {
        let shared = found.with(|it| it.as_ref().map(|it| it.shared.clone())).unwrap_or_default();
        shared.into_iter().collect::<Vec<_>>()
    });
    view! {
        <Show
            when=move || found.with(Option::is_some)
            fallback=move || view! { <p class="soft">{t!(i18n, common.not_here_yet)}</p> }
        >
            <div class="stack">
                <For each=move || sections.get() key=|(section, at)| (*section, *at) let((section, at))>
                    <section class="stack tight">
                        <h3>{move || words::section(i18n, section)}</h3>
                        <p class="small soft">
                            {t!(i18n, common.shared_at, at = move || day_text(i18n.get_locale(), at))}
                        </p>
                        <Answers section=section found=found/>
                    </section>
                </For>
                <AlsoEdited document=document/>
                <WhoCanSee document=Signal::derive(move || document.get().map(|it| it.id()))/>
            </div>
        </Show>
    }
}

/// Every question of a section with its answer.
#[component]
pub fn Answers(section: Section, found: Memo<Option<Reflection>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <dl class="facts">
            {section.questions().map(|question| view! {
                <dt>{move || words::question(i18n, question.id)}</dt>
                <dd><Answer question=question found=found/></dd>
            }).collect_view()}
        </dl>
    }
}

#[component]
fn Answer(question: &'static Question, found: Memo<Option<Reflection>>) -> impl IntoView {
    let i18n = use_i18n();
    let none = move || t_string!(i18n, common.not_answered).to_string();
    let out_of_ten = move |score: u8| t_string!(i18n, common.out_of_ten, score = score).to_string();
    let scale = move |id: &str| found.with(|it| it.as_ref().and_then(|it| it.scales.get(id).copied()));
    match question.kind {
        QuestionKind::LongText => (move || {
            let text =
                found.with(|it| it.as_ref().map(|it| it.text(question.id).to_owned())).unwrap_or_default();
            if text.trim().is_empty() { none() } else { text }
        })
        .into_any(),
        QuestionKind::Scale => (move || scale(question.id).map_or_else(none, out_of_ten)).into_any(),
        QuestionKind::Wheel => view! {
            <ul>
                {WHEEL.into_iter().map(|id| view! {
                    <li>
                        {move || words::wheel(i18n, id)} ": "
                        {move || scale(id).map_or_else(none, out_of_ten)}
                    </li>
                }).collect_view()}
            </ul>
        }
        .into_any(),
        QuestionKind::Timeline => (move || {
            let jobs = found.with(|it| it.as_ref().map(|it| it.jobs.clone())).unwrap_or_default();
            if jobs.is_empty() {
                return none().into_any();
            }
            view! { <ul>{jobs.into_iter().map(one_job).collect_view()}</ul> }.into_any()
        })
        .into_any(),
        QuestionKind::Choice => (move || {
            let choice = found.with(|it| it.as_ref().and_then(|it| it.guidance));
            choice.map_or_else(none, |choice| words::guidance(i18n, choice).to_owned())
        })
        .into_any(),
    }
}

fn one_job(job: Job) -> impl IntoView {
    let years = [job.from, job.to].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" – ");
    let parts = [job.title, years, job.learned];
    let line = parts.into_iter().filter(|it| !it.trim().is_empty()).collect::<Vec<_>>().join(" · ");
    view! { <li>{line}</li> }
}
