//! What the operator does at the command line while the server runs. That is another process with the same
//! database; the audit log tells what it did.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::ids::{DeviceId, DocId, UserId};
use store::{AuditRow, QUARANTINE_RELEASED, StoreError};
use tokio::time::{MissedTickBehavior, interval};

use crate::commands::{FollowUp, accounts};
use crate::hub::NotifyBus as _;
use crate::retention::DESTROYED;
use crate::state::AppState;

/// How often it is looked at: what an account has lost must be seen within a second.
const LOOK: Duration = Duration::from_millis(500);
/// Rows read at once.
const AT_ONCE: u32 = 500;

/// Where the audit log ends now; `None` if that cannot be read.
pub async fn end_of_log(state: &AppState) -> Option<u64> {
    let newest = state.store.audit_tail(1).await.ok()?;
    Some(newest.first().map_or(0, |row| row.seq))
}

/// Follows the audit log from after `seen`, or else from where it ends, and has connections take note of what the
/// operator did. Never ends.
pub async fn follow(state: AppState, mut seen: Option<u64>) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_failing = false;
    loop {
        looks.tick().await;
        let looked = look(&state, &mut seen).await;
        // Once, not twice a second.
        if let Err(error) = &looked
            && !is_failing
        {
            tracing::warn!(%error, "cannot see what is done at the command line");
        }
        is_failing = looked.is_err();
    }
}

async fn look(state: &AppState, seen: &mut Option<u64>) -> Result<(), StoreError> {
    let Some(mut last) = *seen else {
        *seen = Some(state.store.audit_tail(1).await?.first().map_or(0, |row| row.seq));
        return Ok(());
    };
    loop {
        let rows = state.store.audit_after(last, AT_ONCE).await?;
        let Some(newest) = rows.last() else { return Ok(()) };
        last = newest.seq;
        let signed_out: BTreeSet<UserId> =
            rows.iter().filter_map(|row| by_operator(row, &accounts::SIGN_OUT)).collect();
        let changed: BTreeSet<UserId> =
            rows.iter().filter_map(|row| by_operator(row, &accounts::CHANGES)).collect();
        if !signed_out.is_empty() || !changed.is_empty() {
            let mut follow_up = FollowUp::default();
            // Who works here and who can be asked is in everybody's directory.
            follow_up.directory.extend(state.store.users().await?.into_iter().map(|it| it.id));
            signed_out.into_iter().for_each(|user| follow_up.signed_out(user));
            for user in changed {
                // What of these she lost, that other process knows: she has to look at each again.
                let docs = state.hub.open_docs(user);
                state.hub.revoke(&[user], &docs).await;
            }
            follow_up.tell(&state.hub).await;
        }
        let destroyed: Vec<DocId> = rows.iter().filter_map(destroyed).collect();
        if !destroyed.is_empty() {
            let everybody: Vec<UserId> = state.store.users().await?.into_iter().map(|it| it.id).collect();
            state.hub.wake(&destroyed);
            state.hub.wake_directory(&everybody);
        }
        if rows.iter().any(is_other_access) {
            // Whose access is another one now is not in the log. What it was about is looked at again, by everybody.
            state.hub.look_again().await;
        }
        let writing_again: Vec<DeviceId> = rows.iter().filter_map(released).collect();
        if !writing_again.is_empty() {
            // Their own directory says whether they may write.
            let devices = state.store.devices(&writing_again).await?;
            let owners: BTreeSet<UserId> = devices.into_iter().map(|it| it.user).collect();
            state.hub.wake_directory(&Vec::from_iter(owners));
        }
        *seen = Some(last);
    }
}

/// The author of what the operator took out of quarantine by this.
fn released(row: &AuditRow) -> Option<DeviceId> {
    (row.event.action == QUARANTINE_RELEASED).then_some(row.event.device).flatten()
}

/// What was destroyed by this, here or by another program.
fn destroyed(row: &AuditRow) -> Option<DocId> {
    (row.event.action == DESTROYED).then(|| row.event.object.parse().ok()).flatten()
}

/// Whether the operator changed by this what somebody may do.
fn is_other_access(row: &AuditRow) -> bool {
    row.event.user.is_none() && accounts::OTHER_ACCESS.contains(&row.event.action.as_str())
}

/// The account that the operator did one of these things to by this.
fn by_operator(row: &AuditRow, actions: &[&str]) -> Option<UserId> {
    let by_operator = row.event.user.is_none();
    (by_operator && actions.contains(&row.event.action.as_str()))
        .then(|| row.event.object.parse().ok())
        .flatten()
}
