//! Referrals to answer.

use leptos::prelude::*;
use shared::domain::command::Command;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::ids::ReferralId;

use crate::components::day_text;
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::{is_on_its_way, person_of};

/// A question to this coach.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    referral: ReferralId,
    name: String,
    unit: String,
    offered_at: u64,
    /// Somebody else is the coach until now.
    takes_over: bool,
}

fn questions(device: Device) -> Vec<Question> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let mut found = Vec::new();
    for trajectory in &directory.trajectories {
        for referral in &trajectory.referrals {
            if referral.coach == directory.me && referral.state == ReferralState::Offered {
                let person = person_of(&directory, trajectory.employee);
                found.push(Question {
                    referral: referral.id,
                    name: person.map(|it| it.name.clone()).unwrap_or_default(),
                    unit: person.map(|it| it.unit.clone()).unwrap_or_default(),
                    offered_at: referral.offered_at,
                    takes_over: trajectory.state > TrajectoryState::ReferralOffered,
                });
            }
        }
    }
    found.sort_by_key(|question| question.offered_at);
    found
}

/// The questions, if there are any.
#[component]
pub fn Referrals() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let questions = Memo::new(move |_| questions(device));
    view! {
        <Show when=move || questions.with(|questions| !questions.is_empty())>
            <section class="stack" aria-labelledby="referrals-heading">
                <h2 id="referrals-heading">{t!(i18n, coach.referrals)}</h2>
                <ul class="things">
                    <For each=move || questions.get() key=|it| it.referral let(question)>
                        <OneQuestion question=question/>
                    </For>
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn OneQuestion(question: Question) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let Question { referral, name, unit, offered_at, takes_over } = question;
    let answered = Memo::new(move |_| {
        is_on_its_way(
            device,
            |command| matches!(command, Command::Accept { referral: it } | Command::Decline { referral: it } if *it == referral),
        )
    });
    let at = move || day_text(i18n.get_locale(), offered_at);
    let name = StoredValue::new(name);
    view! {
        <li>
            <div class="what">
                <strong>{name.get_value()}</strong>
                {(!unit.is_empty()).then(|| view! {
                    <span class="small soft">{t!(i18n, coach.unit, unit = unit)}</span>
                })}
                <span class="small soft">{t!(i18n, coach.referral_from, at = at)}</span>
                {takes_over.then(|| view! { <span class="small">{t!(i18n, access.takeover)}</span> })}
            </div>
            <Show
                when=move || !answered.get()
                fallback=move || view! { <span role="status">{t!(i18n, common.command_waiting)}</span> }
            >
                <div class="row">
                    <button
                        type="button" class="primary"
                        aria-label=move || t_string!(i18n, coach.accept_named, name = name.get_value()).to_string()
                        on:click=move |_| { device.command(Command::Accept { referral }); }
                    >
                        {t!(i18n, coach.accept)}
                    </button>
                    <button
                        type="button"
                        aria-label=move || t_string!(i18n, coach.decline_named, name = name.get_value()).to_string()
                        on:click=move |_| { device.command(Command::Decline { referral }); }
                    >
                        {t!(i18n, coach.decline)}
                    </button>
                </div>
            </Show>
        </li>
    }
}
