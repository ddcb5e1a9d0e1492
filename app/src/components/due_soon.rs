//! What of hers will be destroyed soon, and where she can save a copy before.

use leptos::prelude::*;
use shared::domain::directory::{Directory, Document};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::domain::retention::is_to_be_warned_of;
use shared::ids::DocId;

use super::{Day, Notice, document_name};
use crate::device::Device;
use crate::i18n::*;

/// Documents named one by one; of more there is the number.
const NAMED: usize = 5;

/// Whether somebody is warned of the end of a document that she can read: she wrote it, or it is about her.
fn is_hers(directory: &Directory, document: &Document) -> bool {
    let trajectory = document.trajectory.and_then(|id| directory.trajectories.iter().find(|it| it.id == id));
    let takes_part = trajectory.is_some_and(|trajectory| {
        let coached = |it: &shared::domain::directory::Referral| {
            it.coach == directory.me && matches!(it.state, ReferralState::Accepted | ReferralState::Ended)
        };
        trajectory.employee == directory.me || trajectory.referrals.iter().any(coached)
    });
    document.kind == DocKind::Intake || document.owner == Some(directory.me) || takes_part
}

/// What is due within the days of warning, the first one first.
fn due_soon(directory: &Directory, now: u64) -> Vec<(u64, DocId)> {
    let soon = directory.documents.iter().filter(|it| is_hers(directory, it));
    let mut soon: Vec<_> = soon.filter_map(|it| Some((it.due?, it.id))).collect();
    soon.retain(|(due, _)| is_to_be_warned_of(*due, now));
    soon.sort_unstable();
    soon
}

/// A calm notice; nothing where nothing is due.
#[component]
pub fn DueSoon() -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let soon = Memo::new(move |_| {
        device.directory().map(|directory| due_soon(&directory, device.now_ms())).unwrap_or_default()
    });
    let named = move || soon.get().into_iter().take(NAMED).collect::<Vec<_>>();
    let more = Memo::new(move |_| soon.with(|soon| soon.len().saturating_sub(NAMED)));
    view! {
        <Show when=move || soon.with(|soon| !soon.is_empty())>
            <Notice>
                <p><strong>{t!(i18n, retention.soon)}</strong></p>
                <ul>
                    <For each=named key=|it| *it let((due, id))>
                        <li>{move || document_name(i18n, device, id)} ": " <Day at=due/></li>
                    </For>
                </ul>
                <Show when=move || { more.get() > 0 }><p>{t!(i18n, retention.and_more, count = move || more.get())}</p></Show>
                <p>{t!(i18n, retention.soon_what)} " " <a href="/mijn-gegevens">{t!(i18n, retention.soon_link)}</a></p>
            </Notice>
        </Show>
    }
}
