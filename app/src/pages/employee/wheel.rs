//! The work wheel: six scales drawn as a shape, with the same numbers as a table beside it.

use leptos::prelude::*;
use leptos::text_prop::TextProp;
use leptos_i18n::I18nContext;
use shared::domain::reflection_form::WHEEL;

use crate::i18n::*;
use crate::pages::words;

/// The six numbers, in the order of [`WHEEL`].
pub type Scores = [Option<u8>; 6];

/// Half the drawing's width and height, room for the names included.
const REACH: f64 = 168.0;
/// The radius that a ten has.
const TEN: f64 = 100.0;

/// Where a number of a spoke is, with the first spoke upwards.
fn point(spoke: u8, radius: f64) -> (f64, f64) {
    let angle = f64::from(spoke) * std::f64::consts::FRAC_PI_3 - std::f64::consts::FRAC_PI_2;
    (radius * angle.cos(), radius * angle.sin())
}

fn ring(radius: f64) -> String {
    outline((0..6).map(|spoke| point(spoke, radius)))
}

fn outline(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// The shape of the numbers; what has no number lies in the middle.
fn shape(scores: &Scores) -> String {
    let radius = |score: &Option<u8>| f64::from(score.unwrap_or_default()) * TEN / 10.0;
    outline((0..).zip(scores).map(|(spoke, score)| point(spoke, radius(score))))
}

/// The wheel, and with `after` a second shape over it.
#[component]
pub fn Wheel(
    #[prop(into)] scores: Signal<Scores>,
    #[prop(into, optional)] after: Option<Signal<Scores>>,
    /// What the drawing is called.
    #[prop(into)]
    caption: TextProp,
) -> impl IntoView {
    let i18n = use_i18n();
    let spoken = move || {
        let scores = scores.get();
        let after = after.map(|after| after.get());
        let parts = WHEEL.into_iter().enumerate().map(|(place, scale)| {
            let mut part = format!("{} {}", words::wheel(i18n, scale), number(i18n, scores[place]));
            if let Some(after) = after {
                part.push_str(", ");
                part.push_str(&number(i18n, after[place]));
            }
            part
        });
        parts.collect::<Vec<_>>().join("; ")
    };
    let heading = caption.clone();
    view! {
        <figure class="wheel">
            <svg
                viewBox=format!("{} {} {} {}", -REACH, -REACH + 38.0, 2.0 * REACH, 2.0 * REACH - 76.0)
                role="img"
                aria-label=move || format!("{}: {}", caption.get(), spoken())
            >
                {[2_u8, 4, 6, 8, 10].map(|step| view! {
                    <polygon class="ring" points=ring(f64::from(step) * TEN / 10.0)/>
                })}
                {(0..6).map(|spoke| {
                    let (x, y) = point(spoke, TEN);
                    view! { <line class="spoke" x1="0" y1="0" x2=format!("{x:.1}") y2=format!("{y:.1}")/> }
                }).collect_view()}
                <polygon class="shape" points=move || shape(&scores.get())/>
                {after.map(|after| view! { <polygon class="shape after" points=move || shape(&after.get())/> })}
                {move || dots(&scores.get(), "dot").collect_view()}
                {after.map(|after| view! { {move || dots(&after.get(), "dot after").collect_view()} })}
                {(0..).zip(WHEEL).map(|(spoke, scale)| {
                    let (x, y) = point(spoke, TEN + 16.0);
                    let anchor = if x.abs() < 1.0 { "middle" } else if x > 0.0 { "start" } else { "end" };
                    // Left and right the names are set inwards and above the corner, so that they fit.
                    let (x, y) = if x.abs() < 1.0 { (x, y + 4.0) } else { (x * 0.86, y + y.signum() * 8.0 + 4.0) };
                    view! {
                        <text x=format!("{x:.1}") y=format!("{y:.1}") text-anchor=anchor>
                            {move || words::wheel(i18n, scale)}
                        </text>
                    }
                }).collect_view()}
            </svg>
            <details>
                <summary>{t!(i18n, employee.as_table)}</summary>
                <table>
                    <caption class="visually-hidden">{move || heading.get()}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(i18n, employee.part)}</th>
                            <th scope="col">
                                {if after.is_some() {
                                    view! { {t!(i18n, employee.before)} }.into_any()
                                } else {
                                    view! { {t!(i18n, employee.number)} }.into_any()
                                }}
                            </th>
                            {after.map(|_| view! { <th scope="col">{t!(i18n, employee.after)}</th> })}
                        </tr>
                    </thead>
                    <tbody>
                        {WHEEL.into_iter().enumerate().map(|(place, scale)| view! {
                            <tr>
                                <th scope="row">{move || words::wheel(i18n, scale)}</th>
                                <td>{move || number(i18n, scores.get()[place])}</td>
                                {after.map(|after| view! { <td>{move || number(i18n, after.get()[place])}</td> })}
                            </tr>
                        }).collect_view()}
                    </tbody>
                </table>
            </details>
        </figure>
    }
}

fn dots(scores: &Scores, class: &'static str) -> impl Iterator<Item = impl IntoView + use<>> {
    let points: Vec<_> = (0..)
        .zip(scores)
        .filter_map(|(spoke, score)| Some(point(spoke, f64::from((*score)?) * TEN / 10.0)))
        .collect();
    points.into_iter().map(move |(x, y)| {
        view! { <circle class=class cx=format!("{x:.1}") cy=format!("{y:.1}") r="4"/> }
    })
}

/// A score in words.
pub fn number(i18n: I18nContext<Locale>, score: Option<u8>) -> String {
    score.map_or_else(|| t_string!(i18n, common.not_answered).to_string(), |score| score.to_string())
}
