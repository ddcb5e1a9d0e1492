//! Commands: changes of state, decided by the server, idempotent, queued on the device while offline.

use serde::{Deserialize, Serialize};

use crate::ids::{CommandId, DeviceId, DocId, ReferralId, TrajectoryId, UserId};

/// The body of `POST /api/commands`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRequest {
    /// Chosen by the device; the same id again gives the same answer and does nothing twice.
    pub id: CommandId,
    /// What to do.
    pub command: Command,
}

/// What a person can ask the server to decide. Moments are in ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// An employee asks for a career talk. Refused while an earlier trajectory of hers is open.
    Register {},
    /// The adviser sets a moment for the intake.
    PlanIntake {
        /// Of whom.
        trajectory: TrajectoryId,
        /// When.
        at: u64,
    },
    /// The adviser held the intake; from now on a shared reflection stays shared.
    HoldIntake {
        /// Of whom.
        trajectory: TrajectoryId,
    },
    /// The employee shares sections of her reflection form; answered with the document to copy them into.
    ShareReflection {
        /// For which trajectory.
        trajectory: TrajectoryId,
    },
    /// The employee takes her shared reflection back, until the intake has been held.
    WithdrawReflection {
        /// For which trajectory.
        trajectory: TrajectoryId,
    },
    /// The adviser asks an internal coach.
    Refer {
        /// Which trajectory.
        trajectory: TrajectoryId,
        /// Whom she asks.
        coach: UserId,
    },
    /// The coach accepts a referral.
    Accept {
        /// Which one.
        referral: ReferralId,
    },
    /// The coach declines a referral.
    Decline {
        /// Which one.
        referral: ReferralId,
    },
    /// The coach or the adviser starts the closing of a trajectory, and later finishes it.
    Close {
        /// Which trajectory.
        trajectory: TrajectoryId,
        /// `false`: active → closing; `true`: closing → closed.
        finish: bool,
    },
    /// The owner or an administrator revokes a device: its sessions end at once, it is wiped at next contact.
    RevokeDevice {
        /// Which device.
        device: DeviceId,
    },
}

impl Command {
    /// The name on the wire and in the audit log.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Register {} => "register",
            Self::PlanIntake { .. } => "plan_intake",
            Self::HoldIntake { .. } => "hold_intake",
            Self::ShareReflection { .. } => "share_reflection",
            Self::WithdrawReflection { .. } => "withdraw_reflection",
            Self::Refer { .. } => "refer",
            Self::Accept { .. } => "accept",
            Self::Decline { .. } => "decline",
            Self::Close { .. } => "close",
            Self::RevokeDevice { .. } => "revoke_device",
        }
    }
}

/// What a command that was carried out made; the body of a 200 answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandDone {
    /// The trajectory that `register` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trajectory: Option<TrajectoryId>,
    /// The document that `share_reflection` made or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocId>,
    /// The referral that `refer` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<ReferralId>,
}

/// Why a command was not carried out: told to someone who may know, as a problem with status 409 and this
/// code. Who may not know gets the same 404 as for what does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// `register`: an earlier trajectory is still open.
    AlreadyRegistered,
    /// The trajectory is in a state in which this cannot be done.
    WrongState,
    /// `withdraw_reflection`: the intake has been held.
    IntakeHeld,
    /// `withdraw_reflection`: nothing is shared.
    NothingShared,
    /// `refer`: that person is no internal coach, or it is the employee herself.
    NotACoach,
    /// `refer`: a coach has been asked and has not answered yet, or one has accepted.
    AlreadyReferred,
    /// `accept`, `decline`: the referral has been answered already.
    AlreadyAnswered,
}

impl Refusal {
    /// The `code` of the problem.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AlreadyRegistered => "already_registered",
            Self::WrongState => "wrong_state",
            Self::IntakeHeld => "intake_held",
            Self::NothingShared => "nothing_shared",
            Self::NotACoach => "not_a_coach",
            Self::AlreadyReferred => "already_referred",
            Self::AlreadyAnswered => "already_answered",
        }
    }
}
