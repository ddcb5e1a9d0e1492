//! *Bewaartermijnen*: how long what is kept, what goes when, and what another period would do, before it is set.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use shared::domain::audit::{
    Destruction, DestructionReason, MonthCount, RetentionKind, RetentionOverview, RetentionPreview,
};
use shared::domain::command::Command;
use shared::domain::kind::DocKind;
use shared::domain::retention::{Period, Since, Unit, WARNING_DAYS};

use super::asking::{WhyNothing, ask};
use crate::components::{Day, Empty, Moment, Notice, Page, SelectField, TextField};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::is_on_its_way;

type Words = I18nContext<Locale>;

fn kind_words(i18n: Words, kind: DocKind) -> &'static str {
    match kind {
        DocKind::WorkingNotes => t_string!(i18n, retention.kind_working_notes),
        DocKind::SharedNotes => t_string!(i18n, retention.kind_shared_notes),
        DocKind::Progress => t_string!(i18n, retention.kind_progress),
        DocKind::Reflection => t_string!(i18n, retention.kind_reflection),
        DocKind::Intake => t_string!(i18n, retention.kind_intake),
        DocKind::ReflectionDraft => t_string!(i18n, retention.kind_draft),
        _ => t_string!(i18n, retention.kind_other),
    }
}

fn period_words(i18n: Words, period: Period) -> String {
    match period.unit {
        Unit::Days => t_string!(i18n, retention.days, count = period.count).to_string(),
        Unit::Months if period.count == 1 => t_string!(i18n, retention.one_month).to_string(),
        Unit::Months => t_string!(i18n, retention.months, count = period.count).to_string(),
    }
}

/// What the audit log says of a period that was set, in words.
pub fn set_words(i18n: Words, kind: &str, period: &str) -> Option<String> {
    let kind = DocKind::from_code(kind)?;
    let (count, unit) = period.split_once('_')?;
    let unit = match unit {
        "days" => Unit::Days,
        "months" => Unit::Months,
        _ => return None,
    };
    let period = period_words(i18n, Period { count: count.parse().ok()?, unit });
    Some(format!("{}: {period}", kind_words(i18n, kind)))
}

/// The page.
#[component]
pub fn Retention() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let asked = ask::<RetentionOverview>(move || {
        // Once a command has been answered there may be something new.
        let _ = device.commands();
        Some("/api/retention".to_owned())
    });
    let kinds = Memo::new(move |_| asked.get().here().map(|it| it.kinds).unwrap_or_default());
    let destroyed = Memo::new(move |_| asked.get().here().map(|it| it.destroyed).unwrap_or_default());
    let is_here = Memo::new(move |_| !kinds.with(Vec::is_empty));
    view! {
        <Page title=move || t_string!(i18n, retention.title)>
            <p class="lead">{t!(i18n, retention.lead)}</p>
            <p>{t!(i18n, retention.warned, days = WARNING_DAYS)}</p>
            <WhyNothing asked=asked/>
            <Show when=move || is_here.get()>
                <For each=move || kinds.get() key=|it| (it.kind, it.period, it.next.map(|next| next.from), it.kept, it.months.iter().map(|it| it.count).sum::<u64>()) let(it)>
                    <OneKind it=it/>
                </For>
                <Records destroyed=destroyed/>
            </Show>
        </Page>
    }
}

#[component]
fn OneKind(it: RetentionKind) -> impl IntoView {
    let i18n = use_i18n();
    let (kind, period) = (it.kind, it.period);
    let heading = format!("retention-{}", kind.code());
    let labelled = heading.clone();
    let rule = move || match it.since {
        Since::Closure => {
            t_string!(i18n, retention.after_closure, period = period_words(i18n, period)).to_string()
        }
        Since::LastEdit => {
            t_string!(i18n, retention.after_edit, period = period_words(i18n, period)).to_string()
        }
    };
    view! {
        <section class="stack" aria-labelledby=labelled>
            <h2 id=heading>{move || kind_words(i18n, kind)}</h2>
            <p>{rule}</p>
            {it.next.map(|next| view! {
                <p>
                    {t!(
                        i18n, retention.next, day = move || view! { <Day at=next.from/> },
                        period = move || period_words(i18n, next.period)
                    )}
                </p>
            })}
            <Months months=it.months kept=Some(it.kept)/>
            <details>
                <summary>
                    {t!(i18n, retention.change)}
                    <span class="visually-hidden">" " {move || kind_words(i18n, kind)}</span>
                </summary>
                <Change kind=kind period=period/>
            </details>
        </section>
    }
}

/// How many go in which month.
#[component]
fn Months(months: Vec<MonthCount>, kept: Option<u64>) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = months.is_empty();
    view! {
        <dl class="facts">
            {months.into_iter().map(|it| view! {
                <dt>{it.month}</dt>
                <dd>{t!(i18n, retention.documents, count = it.count)}</dd>
            }).collect_view()}
            {is_empty.then(|| view! {
                <dt>{t!(i18n, retention.none_due)}</dt>
                <dd>{t!(i18n, retention.documents, count = 0)}</dd>
            })}
            {kept.map(|kept| view! {
                <dt>{t!(i18n, retention.kept)}</dt>
                <dd>{t!(i18n, retention.documents, count = kept)}</dd>
            })}
        </dl>
    }
}

/// Another period: looked at first, and set only then.
#[component]
fn Change(kind: DocKind, period: Period) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let count = RwSignal::new(period.count.to_string());
    let unit = RwSignal::new(unit_code(period.unit).to_owned());
    let error = RwSignal::new(String::new());
    // What is being looked at.
    let wanted = RwSignal::new(None::<Period>);
    let preview = ask::<RetentionPreview>(move || {
        let period = wanted.get()?;
        let (count, unit) = (period.count, unit_code(period.unit));
        Some(format!("/api/retention/preview?kind={}&count={count}&unit={unit}", kind.code()))
    });
    let typed = move || {
        let unit = if unit.get_untracked() == "days" { Unit::Days } else { Unit::Months };
        let period = Period { count: count.get_untracked().trim().parse().ok()?, unit };
        period.is_allowed().then_some(period)
    };
    let look = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let period = typed();
        error.set(if period.is_some() {
            String::new()
        } else {
            t_string!(i18n, retention.bad_period).to_string()
        });
        wanted.set(period);
    };
    let is_waiting = Memo::new(move |_| {
        is_on_its_way(device, |it| matches!(it, Command::SetRetention { kind: it, .. } if *it == kind))
    });
    let units = Signal::derive(move || {
        vec![
            ("days".to_owned(), t_string!(i18n, retention.unit_days).to_string()),
            ("months".to_owned(), t_string!(i18n, retention.unit_months).to_string()),
        ]
    });
    let seen = Memo::new(move |_| wanted.get().zip(preview.get().here()));
    view! {
        <form class="stack" on:submit=look>
            <TextField
                id=count_field(kind) kind="number" label=move || t_string!(i18n, retention.how_long) value=count error=error
                hint=move || t_string!(i18n, retention.bounds)
            />
            <SelectField
                id=unit_field(kind) label=move || t_string!(i18n, retention.unit) choices=units chosen=unit
                on_choose=Callback::new(move |it| unit.set(it))
            />
            <div class="row"><button type="submit">{t!(i18n, retention.look)}</button></div>
        </form>
        <Show when=move || wanted.get().is_some()><WhyNothing asked=preview/></Show>
        {move || seen.get().map(|(period, seen)| view! {
            <Notice>
                <p>
                    {t!(
                        i18n, retention.would, period = move || period_words(i18n, period),
                        kind = move || kind_words(i18n, kind)
                    )}
                </p>
                {match seen.from {
                    Some(from) => view! {
                        <p>
                            {t!(
                                i18n, retention.from_then, day = move || view! { <Day at=from/> }, count = seen.at_once
                            )}
                        </p>
                    }.into_any(),
                    None => view! { <p>{t!(i18n, retention.at_once)}</p> }.into_any(),
                }}
                <Months months=seen.months kept=None/>
                <Show
                    when=move || !is_waiting.get()
                    fallback=move || view! { <p role="status">{t!(i18n, common.command_waiting)}</p> }
                >
                    <button
                        type="button" class="primary"
                        on:click=move |_| {
                            device.command(Command::SetRetention { kind, period });
                            wanted.set(None);
                        }
                    >
                        {t!(i18n, common.save)}
                    </button>
                </Show>
            </Notice>
        })}
    }
}

fn unit_code(unit: Unit) -> &'static str {
    match unit {
        Unit::Days => "days",
        Unit::Months => "months",
    }
}

/// Ids that are unique on the page.
fn count_field(kind: DocKind) -> &'static str {
    match kind {
        DocKind::WorkingNotes => "count-working-notes",
        DocKind::SharedNotes => "count-shared-notes",
        DocKind::Progress => "count-progress",
        DocKind::Reflection => "count-reflection",
        DocKind::Intake => "count-intake",
        _ => "count-draft",
    }
}

fn unit_field(kind: DocKind) -> String {
    format!("unit-{}", kind.code())
}

/// What was destroyed: a record without content, and of nobody.
#[component]
fn Records(destroyed: Memo<Vec<Destruction>>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="stack" aria-labelledby="destroyed-heading">
            <h2 id="destroyed-heading">{t!(i18n, retention.destroyed)}</h2>
            <Show
                when=move || destroyed.with(|it| !it.is_empty())
                fallback=move || view! { <Empty><p>{t!(i18n, retention.nothing_destroyed)}</p></Empty> }
            >
                <p class="soft">{t!(i18n, retention.destroyed_why)}</p>
                <ul class="things">
                    <For each=move || destroyed.get() key=|it| it.doc let(it)><OneRecord it=it/></For>
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn OneRecord(it: Destruction) -> impl IntoView {
    let i18n = use_i18n();
    let (kind, reason) = (it.kind, it.reason);
    let why = move || match reason {
        DestructionReason::Retention => t_string!(i18n, retention.why_retention),
        DestructionReason::Decision => t_string!(i18n, retention.why_decision),
        DestructionReason::Restored => t_string!(i18n, retention.why_restored),
    };
    view! {
        <li>
            <div class="what">
                <strong>{move || kind_words(i18n, kind)}</strong>
                <span class="small soft"><Moment at=it.at/> " · " {why}</span>
            </div>
            <code class="small breaks">{it.doc.to_string()}</code>
        </li>
    }
}
