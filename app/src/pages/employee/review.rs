//! *Terugblik*: the scales again at the end, before beside after, and showing the numbers in the progress.

use leptos::prelude::*;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::progress::{self, Moment, Progress};
use shared::domain::reflection;
use shared::domain::reflection_form::{SCALES, WHEEL};

use super::fields::{Ends, ScaleField};
use super::mine::Mine;
use super::section::wheel_of;
use super::wheel::{Wheel, number};
use crate::components::{Page, WhoCanSee};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::words;

/// The page.
#[component]
pub fn Review() -> impl IntoView {
    let i18n = use_i18n();
    let mine = Mine::new();
    let begun = Memo::new(move |_| {
        let near_the_end =
            mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.state >= TrajectoryState::Active));
        near_the_end || mine.form.with(|form| form.as_ref().is_some_and(|form| !form.closing.is_empty()))
    });
    let before = move |scale: &str| mine.form.with(|form| form.as_ref()?.scales.get(scale).copied());
    let after = move |scale: &str| mine.form.with(|form| form.as_ref()?.closing.get(scale).copied());
    let wheel_before =
        Signal::derive(move || mine.form.with(|form| form.as_ref().map(wheel_of)).unwrap_or_default());
    let wheel_after = Signal::derive(move || WHEEL.map(after));
    view! {
        <Page title=move || t_string!(i18n, employee.review_title)>
            <p class="lead">{t!(i18n, employee.review_intro)}</p>
            <Show
                when=move || begun.get()
                fallback=move || view! { <p class="soft">{t!(i18n, employee.review_later)}</p> }
            >
                <section class="stack" aria-labelledby="compare-heading">
                    <h2 id="compare-heading">{t!(i18n, employee.review_compare)}</h2>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{t!(i18n, employee.part)}</th>
                                <th scope="col">{t!(i18n, employee.before)}</th>
                                <th scope="col">{t!(i18n, employee.after)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {["B1", "F2"].map(|scale| view! {
                                <tr>
                                    <th scope="row">{move || words::question(i18n, scale)}</th>
                                    <td>{move || number(i18n, before(scale))}</td>
                                    <td>{move || number(i18n, after(scale))}</td>
                                </tr>
                            })}
                        </tbody>
                    </table>
                    <Wheel
                        scores=wheel_before after=wheel_after
                        caption=move || t_string!(i18n, employee.wheel_caption)
                    />
                    <p class="small soft">{t!(i18n, employee.wheel_legend)}</p>
                </section>
                <section class="stack" aria-labelledby="again-heading">
                    <h2 id="again-heading">{t!(i18n, employee.review_again)}</h2>
                    <p id="again-ends">{t!(i18n, employee.review_hint)}</p>
                    {SCALES.into_iter().map(|scale| view! { <Again mine=mine scale=scale/> }).collect_view()}
                    <WhoCanSee document=Signal::derive(move || mine.draft.get().map(|it| it.id()))/>
                </section>
                <Shown mine=mine/>
            </Show>
        </Page>
    }
}

#[component]
fn Again(mine: Mine, scale: &'static str) -> impl IntoView {
    let i18n = use_i18n();
    let value = Signal::derive(move || mine.form.with(|form| form.as_ref()?.closing.get(scale).copied()));
    let choose = Callback::new(move |value: Option<u8>| {
        let Some(draft) = mine.draft.get_untracked() else { return };
        if let Err(error) = draft.edit(|doc| reflection::set_closing_scale(doc, scale, value)) {
            leptos::logging::warn!("not chosen: {error}");
        }
    });
    let label = move || {
        let words = words::wheel(i18n, scale);
        if WHEEL.contains(&scale) {
            format!("{}: {words}", t_string!(i18n, common.question_b4))
        } else {
            words.to_owned()
        }
    };
    let ends = if WHEEL.contains(&scale) { Ends::At("again-ends") } else { Ends::of(i18n, scale) };
    view! {
        <ScaleField id=format!("end-{}", scale.replace('.', "-")) label=label value=value on_choose=choose
            ends=ends/>
    }
}

/// Whether the two questions before and after are in the progress, for coach and adviser.
#[component]
fn Shown(mine: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let document = Memo::new(move |_| mine.document(DocKind::Progress));
    let shown = Memo::new(move |_| {
        document.get().and_then(|it| it.read(Progress::read)).is_some_and(|it| !it.scores.is_empty())
    });
    let open =
        Memo::new(move |_| mine.trajectory.with(|it| it.as_ref().is_some_and(|it| it.state.is_open())));
    let show = move |event| {
        let show = event_target_checked(&event);
        let (Some(document), Some(form)) = (document.get_untracked(), mine.form.get_untracked()) else {
            return;
        };
        let done = document.edit(|doc| -> Result<(), shared::domain::entry::WriteError> {
            for scale in ["B1", "F2"] {
                for (moment, scores) in [(Moment::Start, &form.scales), (Moment::End, &form.closing)] {
                    let score = scores.get(scale).copied().filter(|_| show);
                    progress::show_score(doc, moment, scale, score)?;
                }
            }
            Ok(())
        });
        if let Err(error) = done {
            leptos::logging::warn!("not changed: {error}");
        }
    };
    view! {
        <Show when=move || document.get().is_some()>
            <section class="audience progress" aria-labelledby="shown-heading">
                <div class="heading">
                    <h2 id="shown-heading">{t!(i18n, common.audience_progress)}</h2>
                    <span class="small">{t!(i18n, common.audience_progress_hint)}</span>
                </div>
                <label class="choice">
                    <input
                        type="checkbox" autocomplete="off" prop:checked=move || shown.get()
                        disabled=move || !open.get() || device.is_suspended() on:change=show
                    />
                    <span>{t!(i18n, employee.show_scores)}</span>
                </label>
                <WhoCanSee document=Signal::derive(move || document.get().map(|it| it.id()))/>
            </section>
        </Show>
    }
}
