//! One section of the reflection form on one screen.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use leptos_i18n::I18nContext;
use leptos_router::hooks::use_params_map;
use shared::domain::reflection::{self, Reflection};
use shared::domain::reflection_form::{Guidance, Question, QuestionKind, Section, WHEEL};

use super::fields::{Ends, ScaleField};
use super::mine::Mine;
use super::rather_not::RatherNot;
use super::timeline::Timeline;
use super::wheel::{Scores, Wheel};
use crate::components::{ChoiceField, DocumentText, Notice, Page, WhoCanSee};
use crate::device::EditError;
use crate::i18n::*;
use crate::pages::case::AlsoEdited;
use crate::pages::words;

/// The page of the section that the address names.
#[component]
pub fn SectionPage() -> impl IntoView {
    let params = use_params_map();
    let section = Memo::new(move |_| {
        let code = params.with(|params| params.get("section")).unwrap_or_default();
        Section::from_code(&code.to_uppercase()).unwrap_or(Section::A)
    });
    // Each section is a page of its own: the heading takes the focus.
    move || view! { <OneSection section=section.get()/> }
}

/// The address of a section.
pub fn address_of(section: Section) -> String {
    format!("/loopbaan/formulier/{}", section.code().to_lowercase())
}

#[component]
fn OneSection(section: Section) -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let here = Memo::new(move |_| mine.form.with(Option::is_some));
    let place = Section::ALL.iter().position(|&each| each == section).unwrap_or_default() + 1;
    let title = move || format!("{}. {}", section.code(), words::section(i18n, section));
    // To resume here next time.
    Effect::new(move |_| {
        if here.get()
            && let Some(draft) = mine.draft.get_untracked()
            && let Err(error) = untrack(|| draft.edit(|doc| reflection::set_place(doc, section)))
        {
            leptos::logging::warn!("the place was not kept: {error}");
        }
    });
    view! {
        <Page title=title>
            <div class="stack tight">
                <p class="soft">
                    {t!(i18n, employee.section_of, place = place, count = Section::ALL.len())}
                </p>
                <progress
                    max=Section::ALL.len() value=place
                    aria-label=move || t_string!(i18n, employee.form_progress)
                ></progress>
            </div>
            <Notice><p>{t!(i18n, employee.no_medical)}</p></Notice>
            <p class="soft">{move || intro(i18n, section)}</p>
            <Show
                when=move || here.get()
                fallback=move || view! { <p class="soft">{t!(i18n, common.not_here_yet)}</p> }
            >
                <div class="questions">
                    {section.questions().map(|question| view! { <OneQuestion mine=mine question=question/> }).collect_view()}
                </div>
            </Show>
            <AlsoEdited document=mine.draft/>
            {(section == Section::H).then(|| view! { <RatherNot/> })}
            <nav class="row apart" aria-label=move || t_string!(i18n, employee.sections)>
                {match section.previous() {
                    Some(previous) => view! {
                        <a class="button" href=address_of(previous)>
                            "← " {move || words::section(i18n, previous)}
                        </a>
                    }.into_any(),
                    None => view! { <a class="button" href="/loopbaan/formulier".to_owned()>{t!(i18n, employee.all_sections)}</a> }.into_any(),
                }}
                {match section.next() {
                    Some(next) => view! {
                        <a class="button primary" href=address_of(next)>
                            {move || words::section(i18n, next)} " →"
                        </a>
                    }.into_any(),
                    None => view! { <a class="button primary" href="/loopbaan/delen".to_owned()>{t!(i18n, employee.to_sharing)}</a> }.into_any(),
                }}
            </nav>
            <p><a href="/loopbaan/formulier">{t!(i18n, employee.all_sections)}</a></p>
            <WhoCanSee document=Signal::derive(move || mine.draft.get().map(|it| it.id()))/>
        </Page>
    }
}

fn intro(i18n: I18nContext<Locale>, section: Section) -> &'static str {
    match section {
        Section::A => t_string!(i18n, employee.intro_a),
        Section::B => t_string!(i18n, employee.intro_b),
        Section::C => t_string!(i18n, employee.intro_c),
        Section::D => t_string!(i18n, employee.intro_d),
        Section::E => t_string!(i18n, employee.intro_e),
        Section::F => t_string!(i18n, employee.intro_f),
        Section::G => t_string!(i18n, employee.intro_g),
        Section::H => t_string!(i18n, employee.intro_h),
    }
}

/// The six numbers of the wheel in a form.
pub fn wheel_of(form: &Reflection) -> Scores {
    WHEEL.map(|scale| form.scales.get(scale).copied())
}

#[component]
fn OneQuestion(mine: Mine, question: &'static Question) -> impl IntoView {
    let i18n = use_i18n();
    let label = move || {
        let words = words::question(i18n, question.id);
        if question.required {
            format!("{words} {}", t_string!(i18n, employee.required))
        } else {
            words.to_owned()
        }
    };
    match question.kind {
        QuestionKind::LongText => {
            let value = Callback::new(move |()| {
                mine.form.with(|form| form.as_ref().map(|form| form.text(question.id).to_owned()))
            });
            let on_type = Callback::new(move |(old, new): (String, String)| {
                let draft = mine.draft.get_untracked().ok_or(EditError::NotHere)?;
                draft.type_in(|doc| reflection::change_text(doc, question.id, &old, &new))
            });
            let leave = Callback::new(move |()| {
                if let Some(draft) = mine.draft.get_untracked() {
                    draft.flush();
                }
            });
            view! {
                <DocumentText id=question.id label=label value=value on_type=on_type on_leave=leave small=true/>
            }
            .into_any()
        }
        QuestionKind::Scale => {
            let ends = Ends::of(i18n, question.id);
            view! { <Scale mine=mine scale=question.id label=label.into() ends=ends/> }.into_any()
        }
        QuestionKind::Wheel => {
            let scores = Signal::derive(move || {
                mine.form.with(|form| form.as_ref().map(wheel_of)).unwrap_or_default()
            });
            view! {
                <section class="stack" aria-labelledby="wheel-heading">
                    <h2 id="wheel-heading">{label}</h2>
                    <p id="wheel-ends">{t!(i18n, employee.wheel_hint)}</p>
                    <div class="wheel-and-scales">
                        <Wheel scores=scores caption=move || t_string!(i18n, employee.wheel_caption)/>
                        <div class="stack">
                            {WHEEL.into_iter().map(|scale| {
                                view! {
                                    <Scale
                                        mine=mine scale=scale ends=Ends::At("wheel-ends")
                                        label=(move || words::wheel(i18n, scale)).into()
                                    />
                                }
                            }).collect_view()}
                        </div>
                    </div>
                </section>
            }
            .into_any()
        }
        QuestionKind::Timeline => view! {
            <section class="stack" aria-labelledby="timeline-heading">
                <h2 id="timeline-heading">{label}</h2>
                <Timeline mine=mine/>
            </section>
        }
        .into_any(),
        QuestionKind::Choice => {
            let choices = Signal::derive(move || {
                let all = Guidance::ALL.into_iter();
                all.map(|it| (it.code().to_owned(), words::guidance(i18n, it).to_owned())).collect::<Vec<_>>()
            });
            let chosen = Signal::derive(move || {
                let choice = mine.form.with(|form| form.as_ref().and_then(|form| form.guidance));
                choice.map(Guidance::code).unwrap_or_default().to_owned()
            });
            let choose = Callback::new(move |code: String| {
                let Some(draft) = mine.draft.get_untracked() else { return };
                if let Err(error) =
                    draft.edit(|doc| reflection::set_guidance(doc, Guidance::from_code(&code)))
                {
                    leptos::logging::warn!("not chosen: {error}");
                }
            });
            view! { <ChoiceField id=question.id label=label choices=choices chosen=chosen on_choose=choose across=true/> }
                .into_any()
        }
    }
}

#[component]
fn Scale(mine: Mine, scale: &'static str, label: TextProp, ends: Ends) -> impl IntoView {
    let value = Signal::derive(move || mine.form.with(|form| form.as_ref()?.scales.get(scale).copied()));
    let choose = Callback::new(move |value: Option<u8>| {
        let Some(draft) = mine.draft.get_untracked() else { return };
        if let Err(error) = draft.edit(|doc| reflection::set_scale(doc, scale, value)) {
            leptos::logging::warn!("not chosen: {error}");
        }
    });
    view! { <ScaleField id=scale.replace('.', "-") label=label value=value on_choose=choose ends=ends/> }
}
