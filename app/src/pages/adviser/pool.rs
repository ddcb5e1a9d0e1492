//! The coach pool: who the coaches are, what they can do, how much room they have.

use leptos::prelude::*;
use shared::domain::coach_profile::CoachProfile;
use shared::domain::kind::DocKind;
use shared::ids::UserId;

use crate::components::{Empty, Page};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::person_of;
use crate::pages::coach::DAYS;
use crate::pages::words;

/// A coach as the adviser sees her.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coach {
    /// Who.
    pub user: UserId,
    /// Her name.
    pub name: String,
    /// Where she works.
    pub unit: String,
    /// What she says of herself.
    pub profile: CoachProfile,
    /// How many open trajectories she has.
    pub load: usize,
}

impl Coach {
    /// Everything of her that is shown, as a key: what has not changed is not drawn anew.
    pub fn face(&self) -> String {
        format!("{self:?}")
    }

    /// Whether she has as many trajectories as she can.
    pub fn is_full(&self) -> bool {
        self.profile
            .capacity
            .is_some_and(|capacity| u64::try_from(self.load).is_ok_and(|load| load >= capacity))
    }
}

/// Every coach whose profile is here, by name. Tracked.
pub fn coaches(device: Device) -> Vec<Coach> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let mut coaches: Vec<_> = directory
        .documents
        .iter()
        .filter(|document| document.kind == DocKind::CoachProfile)
        .filter_map(|document| {
            let user = document.owner?;
            let person = person_of(&directory, user)?;
            let profile = device.document(document.id).read(CoachProfile::read)?;
            let has =
                |it: &&shared::domain::directory::Trajectory| it.coach() == Some(user) && it.state.is_open();
            let load = directory.trajectories.iter().filter(has).count();
            Some(Coach { user, name: person.name.clone(), unit: person.unit.clone(), profile, load })
        })
        .collect();
    coaches.sort_by(|one, other| one.name.cmp(&other.name));
    coaches
}

/// What a coach says of herself.
#[component]
pub fn CoachFacts(coach: Coach) -> impl IntoView {
    let i18n = use_i18n();
    let list = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
    let CoachProfile { about, approach, expertise, languages, days, places, capacity, .. } =
        coach.profile.clone();
    let (load, full) = (coach.load, coach.is_full());
    let room = move || match capacity {
        Some(capacity) => t_string!(i18n, adviser.load, now = load, capacity = capacity).to_string(),
        None => t_string!(i18n, adviser.load_unlimited, now = load).to_string(),
    };
    let days = move || {
        let known = DAYS.iter().copied().filter(|&day| days.contains(day));
        let other = days.iter().map(String::as_str).filter(|day| !DAYS.contains(day));
        known.chain(other).map(|day| words::day(i18n, day)).collect::<Vec<_>>().join(", ")
    };
    view! {
        <p class="small soft">
            {coach.unit} " · " {room}
            {full.then(|| view! { " · " <strong>{t!(i18n, adviser.full)}</strong> })}
        </p>
        <dl class="facts across">
            <dt>{t!(i18n, coach.profile_expertise)}</dt><dd>{list(&expertise)}</dd>
            <dt>{t!(i18n, coach.profile_languages)}</dt><dd>{list(&languages)}</dd>
            <dt>{t!(i18n, coach.profile_days)}</dt><dd>{days}</dd>
            <dt>{t!(i18n, coach.profile_places)}</dt><dd>{list(&places)}</dd>
            <dt>{t!(i18n, adviser.approach)}</dt><dd>{approach}</dd>
            <dt>{t!(i18n, adviser.about)}</dt><dd>{about}</dd>
        </dl>
    }
}

/// The page.
#[component]
pub fn Pool() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let all = Memo::new(move |_| coaches(device));
    view! {
        <Page title=move || t_string!(i18n, adviser.pool)>
            <p class="lead">{t!(i18n, adviser.pool_lead)}</p>
            <Show when=move || all.with(Vec::is_empty)>
                <Empty><p>{t!(i18n, adviser.no_coaches)}</p></Empty>
            </Show>
            <For each=move || all.get() key=Coach::face let(coach)>
                <section class="stack tight">
                    <h2>{coach.name.clone()}</h2>
                    <CoachFacts coach=coach/>
                </section>
            </For>
        </Page>
    }
}
