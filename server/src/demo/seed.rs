//! Fills a database with the demonstration. What people wrote is signed by a device each, made for this and revoked
//! afterwards, and passes the same gate as everything else.

use std::collections::HashMap;

use automerge::transaction::CommitOptions;
use automerge::{AutoCommit, Change, TextEncoding};
use futures_util::future::try_join_all;
use shared::domain::entry::WriteError;
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::ids::{ActorId, ChangeHash, DocId, ReferralId, TrajectoryId, UserId};
use shared::sync::gate::examine;
use shared::sync::message::PushItem;
use shared::sync::session::PushAnswer;
use shared::sync::signature::DeviceKey;
use store::{Carrier, Device, Document, Referral, SharedStore, Trajectory, WriteTx};

use super::content::{self, authors};
use super::moments::Moments;
use super::people::{AVOIDED, DemoTrajectory, MANAGERS, PASSWORD, people, trajectories};
use super::{BEGUN, COMPLETE, DemoError, SETTING};
use crate::commands::accounts::{self, NewAccount};
use crate::random;
use crate::state::AppState;

/// What the devices that sign the content are called.
const DEVICE_NAME: &str = "Demogegevens";

/// Somebody of the demonstration, made.
struct Author {
    user: UserId,
    key: DeviceKey,
}

type Authors = HashMap<&'static str, Author>;

/// A document to be filled.
struct Blank {
    id: DocId,
    kind: DocKind,
    about: &'static str,
}

pub(super) async fn fill(state: &AppState) -> Result<(), DemoError> {
    let now = state.clock.now();
    let at = Moments::new(now);
    let password = state.passwords.hash(PASSWORD.to_owned()).await.ok_or(DemoError::Hash)?;

    let mut tx = state.store.begin().await?;
    tx.put_setting(SETTING, BEGUN).await?;
    let authors = add_people(&mut *tx, &password, now).await?;
    let (blanks, last) = add_documents(&mut *tx, &authors, at).await?;
    accounts::regrant_all(&mut *tx).await?;
    tx.commit().await?;

    try_join_all(blanks.iter().map(|blank| write(&state.store, &authors, blank, at))).await?;

    let mut tx = state.store.begin().await?;
    for trajectory in last {
        tx.put_trajectory(&trajectory).await?;
    }
    for author in authors.values() {
        tx.put_device(&device(author, now, true)).await?;
    }
    accounts::regrant_all(&mut *tx).await?;
    tx.put_setting(SETTING, COMPLETE).await?;
    tx.commit().await?;
    Ok(())
}

async fn add_people(tx: &mut dyn WriteTx, password: &str, now: u64) -> Result<Authors, DemoError> {
    let mut authors = Authors::new();
    for person in people() {
        let account = NewAccount {
            email: person.email.into(),
            name: person.name.into(),
            unit: person.unit.into(),
            roles: person.roles.to_vec(),
            password_hash: password.to_owned(),
        };
        let user = accounts::add(tx, account, now).await?.id;
        let author = Author { user, key: DeviceKey::from_secret(&random::fresh()) };
        tx.put_device(&device(&author, now, false)).await?;
        authors.insert(person.email, author);
    }
    for (employee, manager) in MANAGERS {
        tx.set_manager(authors[employee].user, Some(authors[manager].user)).await?;
    }
    Ok(authors)
}

fn device(author: &Author, now: u64, revoked: bool) -> Device {
    Device {
        id: author.key.id(),
        user: author.user,
        public_key: author.key.public(),
        name: DEVICE_NAME.into(),
        created_at: now,
        last_seen: now,
        revoked,
    }
}

/// Makes trajectories with their documents, and says which are to be filled. Trajectories that are over are open
/// until then, since nobody writes in a closed one: as they are to become they are the second answer.
async fn add_documents(
    tx: &mut dyn WriteTx,
    authors: &Authors,
    at: Moments,
) -> Result<(Vec<Blank>, Vec<Trajectory>), DemoError> {
    let mut blanks = Vec::new();
    let mut last = Vec::new();
    for document in tx.documents_of_owner(None).await? {
        blanks.push(Blank { id: document.id, kind: document.kind, about: "" });
    }
    for (&email, author) in authors {
        for document in tx.documents_of_owner(Some(author.user)).await? {
            blanks.push(Blank { id: document.id, kind: document.kind, about: email });
        }
    }
    for demo in trajectories() {
        let trajectory = trajectory(demo, authors, at);
        let open = if trajectory.state.is_open() { trajectory.state } else { TrajectoryState::Closing };
        tx.put_trajectory(&Trajectory { state: open, ..trajectory.clone() }).await?;
        for referral in referrals(demo, trajectory.id, authors, at) {
            tx.put_referral(&referral).await?;
        }
        let avoided = AVOIDED.iter().filter(|it| it.0 == demo.employee).map(|it| authors[it.1].user);
        tx.set_avoided(trajectory.id, &Vec::from_iter(avoided)).await?;
        for (kind, owner) in documents(demo) {
            let id = DocId(random::fresh());
            let owner = authors.get(owner).map(|it| it.user);
            tx.add_document(&Document { id, kind, owner, trajectory: Some(trajectory.id), destroyed: false })
                .await?;
            if let (DocKind::SharedNotes, Some(coach)) = (kind, demo.coach()) {
                tx.keep_with(id, authors[coach].user).await?;
            }
            blanks.push(Blank { id, kind, about: demo.employee });
        }
        last.push(trajectory);
    }
    Ok((blanks, last))
}

fn trajectory(demo: &DemoTrajectory, authors: &Authors, at: Moments) -> Trajectory {
    Trajectory {
        id: TrajectoryId(random::fresh()),
        employee: authors[demo.employee].user,
        state: demo.state,
        registered_at: at.days_ago(demo.registered_days_ago, 8, 40),
        intake_at: demo.intake_days_ago.map(|days| at.days_ago(days, 10, 0)),
        closed_at: demo.closed_days_ago.map(|days| at.days_ago(days, 16, 0)),
    }
}

fn referrals(
    demo: &DemoTrajectory,
    trajectory: TrajectoryId,
    authors: &Authors,
    at: Moments,
) -> Vec<Referral> {
    let made = demo.referrals.iter().map(|it| Referral {
        id: ReferralId(random::fresh()),
        trajectory,
        coach: authors[it.coach].user,
        state: it.state,
        offered_at: at.days_ago(it.offered_days_ago, 11, 0),
        answered_at: it.answered_days_ago.map(|days| at.days_ago(days, 13, 0)),
    });
    made.collect()
}

/// The documents of a trajectory, each with the address of its owner.
fn documents(demo: &DemoTrajectory) -> Vec<(DocKind, &'static str)> {
    if demo.state == TrajectoryState::Destroyed {
        return vec![];
    }
    let mut documents = vec![(DocKind::Intake, demo.employee)];
    if !demo.shared.is_empty() {
        documents.push((DocKind::Reflection, demo.employee));
    }
    if let Some(coach) = demo.referrals.iter().find(|it| it.state == ReferralState::Accepted) {
        documents.push((DocKind::WorkingNotes, coach.coach));
        documents.push((DocKind::SharedNotes, demo.employee));
        documents.push((DocKind::Progress, demo.employee));
    }
    documents
}

async fn write(store: &SharedStore, people: &Authors, blank: &Blank, at: Moments) -> Result<(), DemoError> {
    let ids = |email: &str| people[email].user;
    let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    let genesis = Change::from_bytes(genesis(blank.kind).data.clone())
        .map_err(|error| DemoError::Refused(format!("a genesis is no change: {error}")))?;
    doc.apply_changes([genesis]).map_err(WriteError::from)?;
    for email in authors(blank.kind, blank.about) {
        let author = &people[email];
        doc.set_actor(ActorId::of_device(author.key.id(), random::fresh()).0.into());
        content::write(blank.kind, blank.about, email, &ids, &mut doc, at)?;
        // Seconds, as automerge counts them.
        let time = i64::try_from(at.now() / 1_000).unwrap_or_default();
        let Some(hash) = doc.commit_with(CommitOptions::default().with_time(time)) else { continue };
        let Some(change) = doc.get_change_by_hash(&hash) else { continue };
        push(store, author, blank, ChangeHash(hash.0), change.raw_bytes().to_vec()).await?;
    }
    Ok(())
}

async fn push(
    store: &SharedStore,
    author: &Author,
    blank: &Blank,
    hash: ChangeHash,
    data: Vec<u8>,
) -> Result<(), DemoError> {
    let by = author.key.id();
    let sig = author.key.sign_change(blank.id, hash).0.to_vec();
    let item = examine(blank.id, PushItem { hash, by, sig, data }, Some(&author.key.public())).decoded_here();
    match store.push(Carrier { user: author.user, device: by }, blank.id, [item].into()).await? {
        PushAnswer::Done { rejected, .. } if rejected.is_empty() => Ok(()),
        answer => Err(DemoError::Refused(format!("{} of {:?}: {answer:?}", blank.kind.code(), blank.about))),
    }
}
