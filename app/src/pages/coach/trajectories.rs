//! The coach's trajectories: the open ones, then the closed ones.

use leptos::prelude::*;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::progress::Progress;
use shared::ids::TrajectoryId;

use crate::components::{Empty, Page, day_text};
use crate::device::Device;
use crate::i18n::*;
use crate::pages::case::{is_former, name_of};
use crate::pages::words;

/// A trajectory of which this person is the coach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mine {
    /// Which.
    pub id: TrajectoryId,
    /// The employee's name.
    pub name: String,
    /// Where it is.
    pub state: TrajectoryState,
}

/// The trajectories of which this person is the coach, by name. Tracked.
pub fn mine(device: Device) -> Vec<Mine> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let mut mine: Vec<_> = directory
        .trajectories
        .iter()
        .filter(|trajectory| trajectory.coach() == Some(directory.me))
        .map(|trajectory| Mine {
            id: trajectory.id,
            name: name_of(device, trajectory.employee).unwrap_or_default(),
            state: trajectory.state,
        })
        .collect();
    mine.sort_by(|one, other| one.name.cmp(&other.name));
    mine
}

/// The trajectories in which somebody has succeeded this person, with the employee's name, by that. Tracked.
fn former(device: Device) -> Vec<(TrajectoryId, String)> {
    let Some(directory) = device.directory() else { return Vec::new() };
    let former = directory.trajectories.iter().filter(|it| is_former(it, directory.me));
    let mut former: Vec<_> =
        former.map(|it| (it.id, name_of(device, it.employee).unwrap_or_default())).collect();
    former.sort_by(|one, other| one.1.cmp(&other.1));
    former
}

/// The progress of a trajectory; empty while its document is not here. Tracked.
pub fn progress_of(device: Device, trajectory: TrajectoryId) -> Progress {
    let document = device.documents_of(DocKind::Progress, Some(trajectory)).into_iter().next();
    document.and_then(|document| document.read(Progress::read)).unwrap_or_default()
}

/// The list.
#[component]
pub fn Trajectories() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let all = Memo::new(move |_| mine(device));
    let open = Memo::new(move |_| all.get().into_iter().filter(|it| it.state.is_open()).collect::<Vec<_>>());
    let closed =
        Memo::new(move |_| all.get().into_iter().filter(|it| !it.state.is_open()).collect::<Vec<_>>());
    let former = Memo::new(move |_| former(device));
    view! {
        <Page title=move || t_string!(i18n, coach.trajectories)>
            <Show when=move || all.with(Vec::is_empty) && former.with(Vec::is_empty)>
                <Empty><p>{t!(i18n, coach.no_trajectories)}</p></Empty>
            </Show>
            <Show when=move || open.with(|open| !open.is_empty())>
                <section class="stack" aria-labelledby="open-heading">
                    <h2 id="open-heading">{t!(i18n, coach.mine_open)}</h2>
                    <ul class="things">
                        <For each=move || open.get() key=Clone::clone let(it)><One it=it/></For>
                    </ul>
                </section>
            </Show>
            <Show when=move || former.with(|former| !former.is_empty())>
                <section class="stack" aria-labelledby="former-heading">
                    <h2 id="former-heading">{t!(i18n, access.former_title)}</h2>
                    <p class="soft">{t!(i18n, access.former_hint)}</p>
                    <ul class="things">
                        <For each=move || former.get() key=Clone::clone let((id, name))>
                            <li><div class="what"><a href=format!("/trajecten/{id}")>{name}</a></div></li>
                        </For>
                    </ul>
                </section>
            </Show>
            <Show when=move || closed.with(|closed| !closed.is_empty())>
                <section class="stack" aria-labelledby="closed-heading">
                    <h2 id="closed-heading">{t!(i18n, coach.mine_closed)}</h2>
                    <ul class="things">
                        <For each=move || closed.get() key=Clone::clone let(it)><One it=it/></For>
                    </ul>
                </section>
            </Show>
        </Page>
    }
}

#[component]
fn One(it: Mine) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let Mine { id, name, state } = it;
    let progress = Memo::new(move |_| progress_of(device, id));
    let next = move || {
        progress.with(|progress| progress.next_talk(device.now_ms()).map(|talk| talk.at)).map_or_else(
            || t_string!(i18n, coach.no_next_talk).to_string(),
            |at| t_string!(i18n, coach.next_talk, at = day_text(i18n.get_locale(), at)).to_string(),
        )
    };
    view! {
        <li>
            <div class="what">
                <a href=format!("/trajecten/{id}")>{name}</a>
                <span class="small soft">
                    {move || words::state(i18n, state)} " · " {move || words::phase(i18n, progress.with(|it| it.phase))}
                    {move || state.is_open().then(|| format!(" · {}", next()))}
                </span>
            </div>
            <Show when=move || progress.with(|it| it.needs_attention)>
                <span class="tag attention">{t!(i18n, common.needs_attention)}</span>
            </Show>
        </li>
    }
}
