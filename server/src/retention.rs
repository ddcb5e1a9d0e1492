//! Clocks at work: what is due is destroyed, trajectories move on, and what was destroyed once stays so.
//!
//! A document is destroyed in a transaction that looks again whether it is due, some together, so that nobody waits
//! long. Its devices are told `gone`, and nothing of it stays in the files of the database.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use shared::domain::audit::{
    DestructionReason, MonthCount, RetentionKind, RetentionOverview, RetentionPreview,
};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::retention::{CLOCKS, Clock, Millis, Period, Retained, Setting, Settings, month};
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};
use store::{AuditEvent, Document, RETENTION_SETTING, SharedStore, StoreError, WriteTx};
use tokio::time::sleep;

use crate::commands::{FollowUp, grants};
use crate::hub::Hub;
use crate::random;
use crate::state::AppState;

/// In the audit log: a document was destroyed because it was due.
pub const DESTROYED: &str = "destroyed";
/// In the audit log: the first period of a closed trajectory has ended.
pub const TRAJECTORY_RETAINED: &str = "trajectory_retained";
/// In the audit log: nothing is left of a trajectory.
pub const TRAJECTORY_DESTROYED: &str = "trajectory_destroyed";

/// How often to look for what is due.
const LOOK: Duration = Duration::from_secs(3_600);
/// How soon again where something is still to be done.
const AGAIN: Duration = Duration::from_secs(60);
/// Documents destroyed in one transaction, which others wait for.
const TOGETHER: usize = 8;
/// Records of destroyed documents that are shown.
const RECORDS: u32 = 100;

/// What a look has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Documents that were destroyed.
    pub destroyed: u64,
    /// Nothing of them stays in the files. `false`: somebody was reading, and it is to be tried again.
    pub scrubbed: bool,
}

/// Looks again and again. Never ends.
pub async fn run(state: AppState) {
    let mut is_scrubbed = true;
    loop {
        let wait = match look(&state.store, Some(&state.hub), state.clock.now(), is_scrubbed).await {
            Ok(done) => {
                is_scrubbed = done.scrubbed;
                if is_scrubbed { LOOK } else { AGAIN }
            }
            Err(error) => {
                tracing::error!(%error, "what is due could not be destroyed; there is another try in a minute");
                is_scrubbed = false;
                AGAIN
            }
        };
        sleep(wait).await;
    }
}

/// What a server does before it serves: the deletion list and the database say the same afterwards. What is on the list
/// and still there is what a crash has kept from being destroyed, or what somebody has put back without `restore`.
///
/// # Errors
/// When the store or the list cannot be read or written.
pub async fn settle(store: &SharedStore, now: Millis) -> Result<(), StoreError> {
    let added = store.complete_deletion_list().await?;
    if added > 0 {
        tracing::info!(added, "destroyed documents were put on the deletion list");
    }
    let listed: HashSet<DocId> = store.deletion_list().await?.into_iter().map(|it| it.doc).collect();
    if listed.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    let alive = tx.documents().await?.into_iter().map(|it| it.id);
    let back: Vec<DocId> = alive.filter(|doc| listed.contains(doc)).collect();
    if back.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        documents = back.len(),
        "documents that were to be destroyed are still here, and are destroyed now"
    );
    for &doc in &back {
        destroy_again(&mut *tx, doc, now).await?;
    }
    tx.commit().await?;
    store.scrub().await?;
    Ok(())
}

/// Destroys what had been destroyed before.
///
/// # Errors
/// When the store fails.
pub async fn destroy_again(tx: &mut dyn WriteTx, doc: DocId, now: Millis) -> Result<(), StoreError> {
    let document = tx.document(doc).await?;
    tx.destroy_for(doc, DestructionReason::Restored, "", now).await?;
    audit(tx, DESTROYED, &doc.to_string(), now).await?;
    match document {
        Some(Document { kind: DocKind::ReflectionDraft, owner: Some(owner), .. }) => {
            give_new_draft(tx, owner, &mut FollowUp::default()).await
        }
        _ => Ok(()),
    }
}

/// Destroys what is due and moves trajectories on; those connected to `hub` are told. Where there is none, a running
/// server sees it by the audit log.
///
/// # Errors
/// When the store fails; what was done before that stays done.
pub async fn look(
    store: &SharedStore,
    hub: Option<&Hub>,
    now: Millis,
    is_scrubbed: bool,
) -> Result<Done, StoreError> {
    let settings = start_clocks(store, now).await?;
    let all = store.clocked().await?;
    let is_due = |retained: &Retained| settings.due(retained).is_some_and(|due| due <= now);
    let due: Vec<DocId> = all.iter().filter(|it| is_due(&it.retained)).map(|it| it.doc).collect();
    let mut done = Done { destroyed: 0, scrubbed: is_scrubbed };
    for some in due.chunks(TOGETHER) {
        let mut tx = store.begin().await?;
        let (count, follow_up) = destroy(&mut *tx, some, now).await?;
        if count > 0 {
            tx.commit().await?;
            done = Done { destroyed: done.destroyed + count, scrubbed: false };
            tell(hub, follow_up).await;
        }
    }
    let mut tx = store.begin().await?;
    let (moved, follow_up) = move_on(&mut *tx, &settings, now).await?;
    if moved > 0 {
        tx.commit().await?;
        tell(hub, follow_up).await;
    } else {
        // Others wait for it, and so would what follows.
        drop(tx);
    }
    if done.destroyed > 0 {
        tracing::info!(documents = done.destroyed, "documents were due and have been destroyed");
    }
    if !done.scrubbed {
        done.scrubbed = store.scrub().await?;
    }
    Ok(done)
}

async fn tell(hub: Option<&Hub>, follow_up: FollowUp) {
    if let Some(hub) = hub {
        follow_up.tell(hub).await;
    }
}

/// The settings, with clocks that run from now on where they never did; and drafts that have grown are noted.
async fn start_clocks(store: &SharedStore, now: Millis) -> Result<Settings, StoreError> {
    let mut tx = store.begin().await?;
    let found = settings(&mut *tx).await?;
    let is_new = found.is_none();
    let settings = found.unwrap_or_else(|| Settings::started(now));
    if is_new {
        put_settings(&mut *tx, &settings).await?;
    }
    if tx.note_edits(now).await? > 0 || is_new {
        tx.commit().await?;
    }
    Ok(settings)
}

/// The settings in a transaction; none before the clocks were started.
///
/// # Errors
/// When the store fails, or holds something else.
pub async fn settings(tx: &mut dyn WriteTx) -> Result<Option<Settings>, StoreError> {
    let found = tx.setting(RETENTION_SETTING).await?;
    let read =
        |text: String| serde_json::from_str(&text).map_err(|error| StoreError::Corrupt(error.to_string()));
    found.map(read).transpose()
}

/// Stores them.
///
/// # Errors
/// When the store fails.
pub async fn put_settings(tx: &mut dyn WriteTx, settings: &Settings) -> Result<(), StoreError> {
    let text = serde_json::to_string(settings).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    tx.put_setting(RETENTION_SETTING, &text).await
}

/// Destroys those that are due still. How many.
async fn destroy(tx: &mut dyn WriteTx, docs: &[DocId], now: Millis) -> Result<(u64, FollowUp), StoreError> {
    let mut follow_up = FollowUp::default();
    let Some(settings) = settings(tx).await? else { return Ok((0, follow_up)) };
    // A draft that was written in a moment ago is not due any more.
    tx.note_edits(now).await?;
    let mut count = 0;
    for &doc in docs {
        let Some(clocked) = tx.clocked_document(doc).await? else { continue };
        if settings.due(&clocked.retained).is_none_or(|due| due > now) {
            continue;
        }
        let kind = clocked.retained.kind;
        let rule = settings.of(kind).map(|setting| setting.at(now).code()).unwrap_or_default();
        let owner = tx.document(doc).await?.and_then(|it| it.owner);
        let change = tx.destroy_for(doc, DestructionReason::Retention, &rule, now).await?;
        follow_up.access_changed(doc, change);
        audit(tx, DESTROYED, &doc.to_string(), now).await?;
        if let (DocKind::ReflectionDraft, Some(owner)) = (kind, owner) {
            give_new_draft(tx, owner, &mut follow_up).await?;
        }
        count += 1;
    }
    Ok((count, follow_up))
}

/// Everybody can always begin anew.
async fn give_new_draft(
    tx: &mut dyn WriteTx,
    owner: UserId,
    follow_up: &mut FollowUp,
) -> Result<(), StoreError> {
    let id = DocId(random::fresh());
    let kind = DocKind::ReflectionDraft;
    tx.add_document(&Document { id, kind, owner: Some(owner), trajectory: None, destroyed: false }).await?;
    let users = tx.users().await?;
    let change = grants::regrant(tx, &users, id).await?;
    follow_up.access_changed(id, change);
    Ok(())
}

/// Closed trajectories whose first period has ended are retained, and those of which nothing is left are destroyed. How
/// many have moved.
async fn move_on(
    tx: &mut dyn WriteTx,
    settings: &Settings,
    now: Millis,
) -> Result<(u64, FollowUp), StoreError> {
    let mut follow_up = FollowUp::default();
    let mut moved = 0;
    for mut trajectory in tx.closed_trajectories().await? {
        let Some(closed) = trajectory.closed_at else { continue };
        let is_empty = tx.documents_of_trajectory(trajectory.id).await?.is_empty();
        let (state, action) = match (is_empty, trajectory.state) {
            (true, _) => (TrajectoryState::Destroyed, TRAJECTORY_DESTROYED),
            (false, TrajectoryState::Closed) if first_due(settings, closed) <= now => {
                (TrajectoryState::Retained, TRAJECTORY_RETAINED)
            }
            _ => continue,
        };
        trajectory.state = state;
        tx.put_trajectory(&trajectory).await?;
        audit(tx, action, &trajectory.id.to_string(), now).await?;
        follow_up.directory.insert(trajectory.employee);
        follow_up.directory.extend(tx.referrals(trajectory.id).await?.into_iter().map(|it| it.coach));
        moved += 1;
    }
    if moved > 0 {
        let advisers = tx.users().await?.into_iter().filter(|it| it.roles.contains(&Role::CareerAdviser));
        follow_up.directory.extend(advisers.map(|it| it.id));
    }
    Ok((moved, follow_up))
}

/// When the first document of a trajectory can be due.
fn first_due(settings: &Settings, closed: Millis) -> Millis {
    let due =
        |(kind, ..): &(DocKind, _, _)| settings.due(&Retained { kind: *kind, clock: Clock::Closure(closed) });
    CLOCKS.iter().filter_map(due).min().unwrap_or(Millis::MAX)
}

async fn audit(tx: &mut dyn WriteTx, action: &str, object: &str, now: Millis) -> Result<(), StoreError> {
    let (action, object) = (action.to_owned(), object.to_owned());
    tx.audit(&AuditEvent { at: now, user: None, device: None, action, object }).await
}

/// What an administrator sees: counts, and of nobody.
///
/// # Errors
/// When the store cannot be read.
pub async fn overview(store: &SharedStore, now: Millis) -> Result<RetentionOverview, StoreError> {
    let settings = store.retention_settings().await?.unwrap_or_else(|| Settings::started(now));
    let all: Vec<Retained> = store.clocked().await?.into_iter().map(|it| it.retained).collect();
    let kinds = CLOCKS.iter().filter_map(|&(kind, since, _)| {
        let setting = settings.of(kind)?;
        let of_kind = all.iter().filter(|it| it.kind == kind);
        let due: Vec<Option<Millis>> = of_kind.map(|it| settings.due(it)).collect();
        let (period, next) = (setting.at(now), setting.next.filter(|next| next.from > now));
        let kept = due.iter().filter(|it| it.is_none()).count() as u64;
        Some(RetentionKind {
            kind,
            since,
            period,
            next,
            months: months(due.into_iter().flatten(), now),
            kept,
        })
    });
    Ok(RetentionOverview { kinds: kinds.collect(), destroyed: store.destructions(RECORDS).await? })
}

/// What another period would do; none where it may not be.
///
/// # Errors
/// When the store cannot be read.
pub async fn preview(
    store: &SharedStore,
    kind: DocKind,
    period: Period,
    now: Millis,
) -> Result<Option<RetentionPreview>, StoreError> {
    let mut settings = store.retention_settings().await?.unwrap_or_else(|| Settings::started(now));
    if settings.set(kind, period, now).is_none() {
        return Ok(None);
    }
    let from = settings.of(kind).and_then(|setting: Setting| setting.next).map(|next| next.from);
    let all = store.clocked().await?;
    let due = all.iter().filter(|it| it.retained.kind == kind).filter_map(|it| settings.due(&it.retained));
    let due: Vec<Millis> = due.collect();
    let at_once = due.iter().filter(|due| from.is_some_and(|from| **due == from)).count() as u64;
    Ok(Some(RetentionPreview { at_once, from, months: months(due.into_iter(), now) }))
}

/// How many in which month; what is overdue goes in this one.
fn months(due: impl Iterator<Item = Millis>, now: Millis) -> Vec<MonthCount> {
    let mut months = BTreeMap::<String, u64>::new();
    for due in due {
        *months.entry(month(due.max(now))).or_default() += 1;
    }
    months.into_iter().map(|(month, count)| MonthCount { month, count }).collect()
}
