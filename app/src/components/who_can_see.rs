//! *Wie kan dit zien?*: the true answer, by name, with since when and why, and who has fetched it; from the server, or as
//! far as this device knows from the directory and the one table of access.

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use serde::Deserialize;
use shared::access::{Access, DocumentFacts, KeptWith, Relation, Subject, TrajectoryFacts, access, reasons};
use shared::domain::directory::Directory;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::ReferralState;
use shared::ids::{DocId, UserId};
use wasm_bindgen_futures::spawn_local;

use super::{SetAside, day_text, time_text};
use crate::device::Device;
use crate::device::http::{self, Request};
use crate::i18n::*;

/// What the server says of a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Seen {
    readers: Vec<Reader>,
    openings: Vec<Opening>,
}

/// Somebody who can see it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Reader {
    id: UserId,
    name: String,
    access: Access,
    #[serde(default)]
    since: Option<u64>,
    why: Vec<Relation>,
}

/// Somebody whose device has fetched it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Opening {
    id: UserId,
    name: String,
    at: u64,
}

/// Who can see a document as far as the directory says.
fn known_readers(directory: &Directory, id: DocId) -> Vec<Reader> {
    let Some(document) = directory.documents.iter().find(|document| document.id == id) else {
        return Vec::new();
    };
    let facts = facts(directory, document);
    let readers = directory.people.iter().map(|person| {
        let subject = Subject { user: person.id, roles: person.roles.clone() };
        // About the asker the server's own answer is at hand.
        let access = if person.id == directory.me { document.access } else { access(&subject, &facts) };
        Reader {
            id: person.id,
            name: person.name.clone(),
            access,
            since: None,
            why: reasons(&subject, &facts),
        }
    });
    readers.filter(|reader| reader.access != Access::None).collect()
}

fn facts(directory: &Directory, document: &shared::domain::directory::Document) -> DocumentFacts {
    let trajectory = document.trajectory.and_then(|id| directory.trajectories.iter().find(|it| it.id == id));
    let is_asked = |trajectory: &&shared::domain::directory::Trajectory| {
        trajectory.referrals.iter().any(|referral| {
            Some(referral.coach) == document.owner
                && matches!(referral.state, ReferralState::Offered | ReferralState::Accepted)
        })
    };
    DocumentFacts {
        kind: document.kind,
        owner: document.owner,
        trajectory: trajectory.map(|trajectory| TrajectoryFacts {
            employee: trajectory.employee,
            state: trajectory.state,
            manager: directory
                .people
                .iter()
                .find(|it| it.id == trajectory.employee)
                .and_then(|employee| employee.manager),
            referrals: trajectory.referrals.iter().map(|it| (it.coach, it.state)).collect(),
        }),
        referred: directory.trajectories.iter().filter(is_asked).map(|it| it.employee).collect(),
        kept_with: document.kept_with.map(|coach| KeptWith { coach, handed_to: document.handed_to.clone() }),
    }
}

/// Why she can see it, in the words for herself or for others; nothing where that is not known.
fn why(i18n: I18nContext<Locale>, relations: &[Relation], me: bool) -> Option<&'static str> {
    Some(match relations.first()? {
        Relation::Owner if me => t_string!(i18n, access.why_owner),
        Relation::Owner => t_string!(i18n, access.why_owner_other),
        Relation::PastOwner if me => t_string!(i18n, access.why_past_owner),
        Relation::PastOwner => t_string!(i18n, access.why_past_owner_other),
        Relation::Adviser => t_string!(i18n, access.why_adviser),
        Relation::Coach => t_string!(i18n, access.why_coach),
        Relation::SuccessorCoach => t_string!(i18n, access.why_successor_coach),
        Relation::FormerCoach => t_string!(i18n, access.why_former_coach),
        Relation::ReferredEmployee => t_string!(i18n, access.why_referred_employee),
        Relation::PoolCoach => t_string!(i18n, access.why_pool_coach),
        Relation::Trainer => t_string!(i18n, access.why_trainer),
        // These allow nothing.
        Relation::ConflictedAdviser
        | Relation::OfferedCoach
        | Relation::DeclinedCoach
        | Relation::LineManager
        | Relation::Administrator
        | Relation::ExternalParty
        | Relation::Stranger => return None,
    })
}

/// Asks the server; nothing where it is out of reach or says nothing.
async fn ask(id: DocId) -> Option<Seen> {
    let path = format!("/api/documents/{id}/readers");
    let answer = http::fetch(Request { method: "GET", path: &path, ..Request::default() }).await.ok()?;
    if answer.status == 200 { answer.json() } else { None }
}

/// A fold that opens to the names of who can see a document.
#[component]
pub fn WhoCanSee(#[prop(into)] document: Signal<Option<DocId>>) -> impl IntoView {
    let i18n = use_i18n();
    let device = expect_context::<Device>();
    let is_open = RwSignal::new(false);
    // What the server said, and of which document.
    let told = RwSignal::new(None::<(DocId, Seen)>);
    Effect::new(move |_| {
        let Some(id) = document.get() else { return };
        // Whenever what may be seen changes while somebody looks.
        let _ = device.directory();
        if !is_open.get() {
            return;
        }
        spawn_local(async move {
            let seen = ask(id).await;
            // The page, or the document, may be another one by now.
            if document.try_get_untracked().flatten() == Some(id) {
                told.try_set(seen.map(|seen| (id, seen)));
            }
        });
    });
    let answer = Memo::new(move |_| {
        let id = document.get()?;
        let directory = device.directory()?;
        let kind = directory.documents.iter().find(|it| it.id == id).map(|it| it.kind)?;
        let told = told.get().filter(|(of, _)| *of == id).map(|(_, seen)| seen);
        let (mut readers, openings) = match told {
            Some(seen) => (seen.readers, Some(seen.openings)),
            None => (known_readers(&directory, id), None),
        };
        readers.sort_by_key(|it| (it.id != directory.me, std::cmp::Reverse(it.access), it.name.clone()));
        Some((directory.me, kind, readers, openings))
    });
    view! {
        <SetAside document=document/>
        <details
            class="who no-print"
            on:toggle=move |event| {
                is_open.set(event_target::<web_sys::HtmlDetailsElement>(&event).open());
            }
        >
            <summary>{t!(i18n, common.who_can_see)}</summary>
            <div class="stack tight small">
                {move || match answer.get() {
                    None => view! { <p>{t!(i18n, common.who_unknown)}</p> }.into_any(),
                    Some((me, kind, readers, openings)) => {
                        let can_read = readers.iter().map(|it| it.id).collect::<Vec<_>>();
                        view! {
                            <ul>
                                {readers.into_iter().map(|it| view! { <OneReader reader=it me=me/> }).collect_view()}
                            </ul>
                            {(kind == DocKind::WorkingNotes).then(|| view! {
                                <p>{t!(i18n, common.who_access_request)}</p>
                            })}
                            {match openings {
                                None => view! { <p>{t!(i18n, access.as_far_as_known)}</p> }.into_any(),
                                Some(openings) => {
                                    view! { <Opened openings=openings can_read=can_read me=me/> }.into_any()
                                }
                            }}
                            <p>{t!(i18n, common.who_server)} " " <a href="/privacy">{t!(i18n, common.who_more)}</a></p>
                        }.into_any()
                    }
                }}
            </div>
        </details>
    }
}

#[component]
fn OneReader(reader: Reader, me: UserId) -> impl IntoView {
    let i18n = use_i18n();
    let Reader { id, name, access, since, why: relations } = reader;
    let is_me = id == me;
    let line = move || {
        let name = if is_me { t_string!(i18n, common.you).to_string() } else { name.clone() };
        let can = if access == Access::Write {
            t_string!(i18n, common.reads_and_writes)
        } else {
            t_string!(i18n, common.reads)
        };
        let since =
            since.map(|at| t_string!(i18n, access.since, at = day_text(i18n.get_locale(), at)).to_string());
        let why = why(i18n, &relations, is_me).map(str::to_owned);
        let more = why.into_iter().chain(since).collect::<Vec<_>>().join(", ");
        if more.is_empty() { format!("{name}: {can}") } else { format!("{name}: {can} ({more})") }
    };
    view! { <li>{line}</li> }
}

#[component]
fn Opened(openings: Vec<Opening>, can_read: Vec<UserId>, me: UserId) -> impl IntoView {
    let i18n = use_i18n();
    let is_empty = openings.is_empty();
    let rows = openings.into_iter().map(|it| {
        let left = !can_read.contains(&it.id);
        let line = move || {
            let locale = i18n.get_locale();
            let name = if it.id == me { t_string!(i18n, common.you).to_string() } else { it.name.clone() };
            let at = format!("{}, {}", day_text(locale, it.at), time_text(locale, it.at));
            let row = t_string!(i18n, access.opened_row, name = name, at = at).to_string();
            if left { format!("{row} ({})", t_string!(i18n, access.opened_no_longer)) } else { row }
        };
        view! { <li>{line}</li> }
    });
    let rows = rows.collect_view();
    view! {
        <p><strong>{t!(i18n, access.opened_title)}</strong></p>
        {if is_empty {
            view! { <p>{t!(i18n, access.opened_none)}</p> }.into_any()
        } else {
            view! { <ul>{rows}</ul><p>{t!(i18n, access.opened_hint)}</p> }.into_any()
        }}
    }
}
