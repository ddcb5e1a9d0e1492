//! `carry_out_erasure`: the administrator has destroyed what was agreed upon. What stays is a record of who decided when,
//! and how many documents of which kind there were.

use std::collections::BTreeMap;

use shared::domain::command::CommandDone;
use shared::domain::erasure::{self, Asked, ErasureStep};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::request::{RequestKind, Scope};
use shared::domain::role::Role;
use shared::ids::{RequestId, UserId};
use store::{RequestStep, StoreError, Trajectory};

use super::{Stop, Work, accounts, requests};

pub(super) async fn run(work: &mut Work<'_>, id: RequestId) -> Result<CommandDone, Stop> {
    if !work.has(Role::Administrator) {
        return Err(Stop::NotFound);
    }
    let mut found = requests::find(work, id, RequestKind::Erasure).await?;
    requests::not_my_own(work, &found.request)?;
    let is_answered = found.is_answered(work);
    found.request.state = erasure::after(found.state, ErasureStep::CarryOut { is_answered })?;
    found.request.done = Some((work.me.id, work.now));
    let mut erased = BTreeMap::new();
    for trajectory in requests::trajectories(work, &found.request).await? {
        erase_trajectory(work, trajectory, &found.steps, &mut erased).await?;
    }
    if found.request.scope == Some(Scope::Account {}) {
        erase_account(work, found.request.person, &mut erased).await?;
    }
    found.request.erased = erased;
    requests::put(work, &found.request).await?;
    Ok(CommandDone::default())
}

/// Destroys a trajectory's documents; where a coach keeps her notes, it is only retained for them.
async fn erase_trajectory(
    work: &mut Work<'_>,
    mut trajectory: Trajectory,
    steps: &[RequestStep],
    erased: &mut BTreeMap<DocKind, u32>,
) -> Result<(), StoreError> {
    let mut is_kept = false;
    for document in work.tx.documents_of_trajectory(trajectory.id).await? {
        if erasure::goes(document.kind, document.owner, |coach| asked(work, steps, coach)) {
            work.destroy(document.id).await?;
            *erased.entry(document.kind).or_default() += 1;
        } else {
            is_kept = true;
        }
    }
    trajectory.state = if is_kept { TrajectoryState::Retained } else { TrajectoryState::Destroyed };
    // From here on what is kept has its time.
    trajectory.closed_at = trajectory.closed_at.or(Some(work.now));
    work.put_trajectory(&trajectory).await
}

/// What a coach said of her notes.
fn asked(work: &Work<'_>, steps: &[RequestStep], coach: UserId) -> Asked {
    let answer = steps.iter().find(|step| step.user == Some(coach)).and_then(|step| step.answered);
    match answer {
        Some((answer, ..)) => Asked::Answered(answer),
        None if requests::has_left(work, coach) => Asked::Departed,
        None => Asked::No,
    }
}

/// Destroys what is hers alone, takes name and address from her account, closes it, and has her devices emptied.
async fn erase_account(
    work: &mut Work<'_>,
    person: UserId,
    erased: &mut BTreeMap<DocKind, u32>,
) -> Result<(), StoreError> {
    for document in work.tx.documents_of_owner(Some(person)).await? {
        work.destroy(document.id).await?;
        *erased.entry(document.kind).or_default() += 1;
    }
    let Some(user) = accounts::erase(work.tx, person).await? else { return Ok(()) };
    work.users.retain(|it| it.id != person);
    work.users.push(user);
    for mut device in work.tx.devices_of(person).await? {
        work.follow_up.revoked(device.id, person);
        // Its sessions stay: their cookies are what the order to wipe is recognised by.
        device.revoked = true;
        device.name = String::new();
        work.tx.put_device(&device).await?;
    }
    for document in work.tx.documents().await? {
        work.regrant(document.id).await?;
    }
    // Everybody who knew of her does no longer.
    work.follow_up.directory.extend(work.users.iter().map(|it| it.id));
    Ok(())
}
