//! The reflection form at a glance: its sections, how far each is, and where she was.

use leptos::prelude::*;
use shared::domain::reflection_form::Section;

use super::mine::Mine;
use super::section::address_of;
use crate::components::{Notice, Page, WhoCanSee};
use crate::i18n::*;
use crate::pages::words;

/// How many questions have an answer, and how many there are.
pub fn answered(mine: Mine) -> (usize, usize) {
    mine.form.with(|form| {
        let each = Section::ALL.map(|section| {
            form.as_ref().map_or_else(|| (0, section.questions().count()), |form| form.progress(section))
        });
        (each.iter().map(|it| it.0).sum(), each.iter().map(|it| it.1).sum())
    })
}

/// The page.
#[component]
pub fn Form() -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let count = Memo::new(move |_| answered(mine));
    let place = Memo::new(move |_| mine.form.with(|form| form.as_ref().and_then(|form| form.place)));
    let begun = Memo::new(move |_| count.get().0 > 0 || place.get().is_some());
    view! {
        <Page title=move || t_string!(i18n, employee.form_title)>
            <p class="lead">{t!(i18n, employee.form_intro)}</p>
            <Notice><p>{t!(i18n, employee.no_medical)}</p></Notice>
            <div class="stack tight">
                <progress
                    max=move || count.get().1 value=move || count.get().0
                    aria-label=move || t_string!(i18n, employee.form_progress)
                ></progress>
                <p class="soft">
                    {t!(i18n, employee.answered, done = move || count.get().0, total = move || count.get().1)}
                </p>
            </div>
            <div class="row">
                <a class="button primary" href=move || address_of(place.get().unwrap_or(Section::A))>
                    {move || if begun.get() {
                        t_string!(i18n, employee.form_resume)
                    } else {
                        t_string!(i18n, employee.form_begin)
                    }}
                </a>
                <a class="button" href="/loopbaan/delen">{t!(i18n, employee.to_sharing)}</a>
            </div>
            <section class="stack tight" aria-labelledby="sections-heading">
                <h2 id="sections-heading">{t!(i18n, employee.sections)}</h2>
                <ol class="things">
                    {Section::ALL.into_iter().map(|section| {
                        let progress = Memo::new(move |_| {
                            let of = |form: &shared::domain::reflection::Reflection| form.progress(section);
                            mine.form.with(|form| form.as_ref().map(of)).unwrap_or((0, section.questions().count()))
                        });
                        view! {
                            <li>
                                <div class="what">
                                    <a href=address_of(section)
                                        aria-current=move || (place.get() == Some(section)).then_some("true")>
                                        {section.code()} ". " {move || words::section(i18n, section)}
                                    </a>
                                </div>
                                <span class="small soft">
                                    {t!(i18n, employee.answered_short,
                                        done = move || progress.get().0, total = move || progress.get().1)}
                                </span>
                            </li>
                        }
                    }).collect_view()}
                </ol>
            </section>
            <WhoCanSee document=Signal::derive(move || mine.draft.get().map(|it| it.id()))/>
        </Page>
    }
}
