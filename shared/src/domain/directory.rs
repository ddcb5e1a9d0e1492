//! The directory: everything about *who and what* that one person may know. The server makes it, the device
//! caches it whole.

use serde::{Deserialize, Serialize};

use super::kind::DocKind;
use super::lifecycle::{ReferralState, TrajectoryState};
use super::request::Request;
use super::role::Role;
use crate::access::{Access, Colleague};
use crate::ids::{DeviceId, DocId, PublicKey, ReferralId, TrajectoryId, UserId};

/// The answer of `GET /api/directory`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// Changes whenever anything else in here does; the `ETag` without its quotes.
    pub version: String,
    /// The person who asked.
    pub me: UserId,
    /// Everybody she may know of, herself included.
    pub people: Vec<Person>,
    /// Devices of every author of an item that she may read, revoked and departed ones too.
    pub devices: Vec<Device>,
    /// Documents that she may read.
    pub documents: Vec<Document>,
    /// Trajectories that she takes part in or oversees.
    pub trajectories: Vec<Trajectory>,
    /// Requests that she made, oversees, or is asked something for; without content. The newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Request>,
}

/// A person, as others may know her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The name to show.
    pub name: String,
    /// Her roles, ascending.
    pub roles: Vec<Role>,
    /// The part of the organisation she works in; empty if unknown.
    pub unit: String,
    /// Her own manager, where that is known; told to advisers, who must not ask that one to coach her, and to
    /// administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<UserId>,
}

impl Person {
    /// As conflicts of interest see her.
    #[must_use]
    pub fn colleague(&self) -> Colleague<'_> {
        Colleague { user: self.id, unit: &self.unit, manager: self.manager }
    }
}

/// A device whose signatures can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which device.
    pub id: DeviceId,
    /// Whose.
    pub user: UserId,
    /// The key that its signatures are checked with.
    pub public_key: PublicKey,
    /// A revoked device carries nothing any more; what it signed before stays valid.
    pub revoked: bool,
    /// Something that it signed was harmful: what it signs is refused until the operator has looked at it. Told to
    /// its owner and to administrators.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// What its owner called it; told to its owner and to administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it last signed in or synchronised, in ms since 1970; told to its owner and to administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<u64>,
}

/// A document and what the reader may do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Which document.
    pub id: DocId,
    /// Its kind.
    pub kind: DocKind,
    /// [`Access::Read`] or [`Access::Write`].
    pub access: Access,
    /// The trajectory it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<TrajectoryId>,
    /// The employee it is about, or the coach whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// When it is to be destroyed, in ms since 1970; none while its clock does not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<u64>,
    /// For shared notes: the coach they are or were kept with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_with: Option<UserId>,
    /// For shared notes: the successors to whom the employee handed them over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handed_to: Vec<UserId>,
}

/// A trajectory, as far as the reader may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Which trajectory.
    pub id: TrajectoryId,
    /// Whose career it is about.
    pub employee: UserId,
    /// Where it is.
    pub state: TrajectoryState,
    /// When the employee registered, in ms since 1970.
    pub registered_at: u64,
    /// When the intake is or was planned, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intake_at: Option<u64>,
    /// When it was closed, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
    /// Proposals to coaches, oldest first; a coach sees only her own.
    pub referrals: Vec<Referral>,
    /// Coaches whom the employee would rather not have; told to her and to advisers alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub avoided: Vec<UserId>,
}

impl Trajectory {
    /// The coach who accepted, if any.
    #[must_use]
    pub fn coach(&self) -> Option<UserId> {
        self.referrals.iter().find(|referral| referral.state == ReferralState::Accepted).map(|it| it.coach)
    }

    /// The coach who has been asked and has not answered, if any.
    #[must_use]
    pub fn asked(&self) -> Option<UserId> {
        self.referrals.iter().find(|referral| referral.state == ReferralState::Offered).map(|it| it.coach)
    }
}

/// A proposal to a coach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// Which proposal.
    pub id: ReferralId,
    /// The coach who was asked.
    pub coach: UserId,
    /// What became of it.
    pub state: ReferralState,
    /// When she was asked, in ms since 1970.
    pub offered_at: u64,
    /// When she answered, in ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<u64>,
}
