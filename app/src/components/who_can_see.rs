//! *Wie kan dit zien?*: the true answer, by name, from the directory and the one table of access.

use leptos::prelude::*;
use shared::access::{Access, DocumentFacts, Subject, TrajectoryFacts, access};
use shared::domain::directory::{Directory, Person};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::ids::DocId;

use super::SetAside;
use crate::device::Device;
use crate::i18n::*;

/// Who can see a document, and whether she can write it; the asker first.
fn readers(directory: &Directory, id: DocId) -> Vec<(Person, Access)> {
    let Some(document) = directory.documents.iter().find(|document| document.id == id) else {
        return Vec::new();
    };
    let trajectory = document.trajectory.and_then(|id| directory.trajectories.iter().find(|it| it.id == id));
    let facts = DocumentFacts {
        kind: document.kind,
        owner: document.owner,
        trajectory: trajectory.map(|trajectory| TrajectoryFacts {
            employee: trajectory.employee,
            state: trajectory.state,
            referrals: trajectory.referrals.iter().map(|it| (it.coach, it.state)).collect(),
        }),
        referred: directory
            .trajectories
            .iter()
            .filter(|trajectory| {
                trajectory.referrals.iter().any(|referral| {
                    Some(referral.coach) == document.owner
                        && matches!(referral.state, ReferralState::Offered | ReferralState::Accepted)
                })
            })
            .map(|trajectory| trajectory.employee)
            .collect(),
    };
    let mut readers: Vec<_> = directory
        .people
        .iter()
        .map(|person| {
            let subject = Subject { user: person.id, roles: person.roles.clone() };
            // About the asker the server's own answer is at hand.
            let can = if person.id == directory.me { document.access } else { access(&subject, &facts) };
            (person.clone(), can)
        })
        .filter(|(_, can)| *can != Access::None)
        .collect();
    readers.sort_by_key(|(person, can)| {
        (person.id != directory.me, std::cmp::Reverse(*can), person.name.clone())
    });
    readers
}

/// A fold that opens to the names of who can see a document.
#[component]
pub fn WhoCanSee(#[prop(into)] document: Signal<Option<DocId>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let answer = Memo::new(move |_| {
        let id = document.get()?;
        let directory = device.directory()?;
        let found = readers(&directory, id);
        let kind = directory.documents.iter().find(|it| it.id == id).map(|it| it.kind)?;
        let rows: Vec<_> = found
            .into_iter()
            .map(|(person, can)| (person.name, person.id == directory.me, can == Access::Write))
            .collect();
        Some((rows, kind))
    });
    view! {
        <SetAside document=document/>
        <details class="who no-print">
            <summary>{t!(i18n, common.who_can_see)}</summary>
            <div class="stack tight small">
                {move || match answer.get() {
                    None => view! { <p>{t!(i18n, common.who_unknown)}</p> }.into_any(),
                    Some((rows, kind)) => view! {
                        <ul>
                            {rows.into_iter().map(|(name, me, writes)| view! {
                                <li>
                                    {if me { t_string!(i18n, common.you).to_string() } else { name }}
                                    ": "
                                    {if writes {
                                        t_string!(i18n, common.reads_and_writes)
                                    } else {
                                        t_string!(i18n, common.reads)
                                    }}
                                </li>
                            }).collect_view()}
                        </ul>
                        {(kind == DocKind::WorkingNotes).then(|| view! { <p>{t!(i18n, common.who_access_request)}</p> })}
                        <p>{t!(i18n, common.who_server)} " " <a href="/privacy">{t!(i18n, common.who_more)}</a></p>
                    }.into_any(),
                }}
            </div>
        </details>
    }
}
