//! The rows, as types.

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{DeviceId, DocId, PublicKey, ReferralId, TrajectoryId, UserId};

use crate::Millis;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// The address she signs in with.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// The part of the organisation she works in; empty if unknown.
    pub unit: String,
    /// Her roles, ascending; never empty.
    pub roles: Vec<Role>,
    /// The Argon2id hash as a PHC string; none before she has chosen a password, or where she signs in elsewhere.
    pub password_hash: Option<String>,
    /// A disabled account can do nothing and has access to nothing.
    pub disabled: bool,
}

/// A device, as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Which device.
    pub id: DeviceId,
    /// Whose.
    pub user: UserId,
    /// The key that its signatures are checked with.
    pub public_key: PublicKey,
    /// What its owner calls it.
    pub name: String,
    /// When it was registered.
    pub created_at: Millis,
    /// When it was last here, to some minutes.
    pub last_seen: Millis,
    /// Whether it has been revoked.
    pub revoked: bool,
}

/// A signed-in device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, to some minutes.
    pub last_used: Millis,
    /// Whether its device has been revoked: then its only use is to be told to wipe.
    pub revoked: bool,
    /// Whether its account has been disabled.
    pub disabled: bool,
}

/// A sign-in challenge to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChallenge {
    /// 32 bytes that nobody can guess.
    pub challenge: [u8; 32],
    /// Whom it is for: an address, or the network that it is in.
    pub address: String,
    /// From when on it is worth nothing.
    pub expires: Millis,
}

/// A trajectory, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trajectory {
    /// Which.
    pub id: TrajectoryId,
    /// Whose career it is about.
    pub employee: UserId,
    /// Where it is.
    pub state: TrajectoryState,
    /// When she registered.
    pub registered_at: Millis,
    /// When the intake is or was planned.
    pub intake_at: Option<Millis>,
    /// When it was closed.
    pub closed_at: Option<Millis>,
}

/// A proposal to a coach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// Which.
    pub id: ReferralId,
    /// Of which trajectory.
    pub trajectory: TrajectoryId,
    /// The coach who was asked.
    pub coach: UserId,
    /// What became of it.
    pub state: ReferralState,
    /// When she was asked.
    pub offered_at: Millis,
    /// When she answered.
    pub answered_at: Option<Millis>,
}

/// A document, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which.
    pub id: DocId,
    /// Its kind.
    pub kind: DocKind,
    /// The employee it is about, or the coach whose own document it is.
    pub owner: Option<UserId>,
    /// The trajectory it belongs to.
    pub trajectory: Option<TrajectoryId>,
    /// A tombstone: its items are gone, its id is refused ever after.
    pub destroyed: bool,
}

/// One person's access to one document, to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewGrant {
    /// Who.
    pub user: UserId,
    /// What she may do.
    pub access: Access,
}

/// Whose access a change of grants changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantsChange {
    /// Everybody whose access is not what it was; her directory has changed.
    pub changed: Vec<UserId>,
    /// Those of them who can no longer read what they could: no byte may go out to them once the command has
    /// been answered.
    pub lost: Vec<UserId>,
}

/// A command as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredCommand {
    /// SHA-256 of the command as canonical JSON: the same id with another command is a conflict.
    pub command_hash: [u8; 32],
    /// The HTTP status of the answer.
    pub status: u16,
    /// The JSON body of the answer.
    pub body: String,
}

/// An event for the audit log: ids, never content or names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// When.
    pub at: Millis,
    /// Who did it; none for the operator at the command line.
    pub user: Option<UserId>,
    /// From which device.
    pub device: Option<DeviceId>,
    /// What was done, as a code.
    pub action: String,
    /// To what, as an id in text; empty if to nothing in particular.
    pub object: String,
}

/// A row of the audit log. Each row hashes the one before, so that a change in the middle shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// 1, 2, 3 …
    pub seq: u64,
    /// What happened.
    pub event: AuditEvent,
    /// [`audit_hash`] of the row before and this event.
    pub hash: [u8; 32],
}

/// The hash of an audit row: SHA-256 over the hash of the row before (32 zero bytes for the first), then each
/// field as its length in 8 bytes, big-endian, and its bytes.
#[must_use]
pub fn audit_hash(before: &[u8; 32], event: &AuditEvent) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let mut hasher = Sha256::new();
    hasher.update(before);
    let mut field = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    field(&event.at.to_be_bytes());
    field(event.user.as_ref().map_or(&[][..], |id| &id.0[..]));
    field(event.device.as_ref().map_or(&[][..], |id| &id.0[..]));
    field(event.action.as_bytes());
    field(event.object.as_bytes());
    hasher.finalize().into()
}
