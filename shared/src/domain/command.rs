//! Commands: changes of state, decided by the server, idempotent, queued on the device while offline.

use serde::{Deserialize, Serialize};

use super::erasure::Decision;
use super::kind::DocKind;
use super::request::{Answer, Scope};
use super::retention::Period;
use super::role::Role;
use crate::ids::{CommandId, DeviceId, DocId, ReferralId, RequestId, TrajectoryId, UserId};

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
    /// The adviser asks another internal coach to take a trajectory over. She is asked and answers as any coach is;
    /// until she accepts, everything stays as it is.
    Transfer {
        /// Which trajectory.
        trajectory: TrajectoryId,
        /// The successor.
        coach: UserId,
    },
    /// The employee names the coaches whom she would rather not have, in place of those she named before. A question to
    /// one of them that waits for an answer is taken back. Until somebody is her coach, and again while a successor is
    /// being asked.
    AvoidCoaches {
        /// For which trajectory.
        trajectory: TrajectoryId,
        /// Whom.
        coaches: Vec<UserId>,
    },
    /// The employee gives her coach the shared notes of those who coached her before, to read.
    HandOverNotes {
        /// Of which trajectory.
        trajectory: TrajectoryId,
    },
    /// The owner or an administrator revokes a device: its sessions end at once, it is wiped at next contact.
    RevokeDevice {
        /// Which device.
        device: DeviceId,
    },
    /// The owner calls a device something else.
    RenameDevice {
        /// Which device.
        device: DeviceId,
        /// What she calls it.
        name: DeviceName,
    },
    /// An administrator takes away the second factor that a person has lost; she is told at her next sign-in.
    ResetSecondFactor {
        /// Whose; not her own, which she can switch off herself.
        user: UserId,
    },
    /// A person asks to have something erased. What nobody else has seen goes at once.
    RequestErasure {
        /// What.
        scope: Scope,
    },
    /// A person asks what is kept of her.
    RequestAccess {},
    /// She takes a request of hers back, until it has been decided.
    WithdrawRequest {
        /// Which.
        request: RequestId,
    },
    /// The adviser agrees to an erasure, or declines it.
    DecideErasure {
        /// Which request.
        request: RequestId,
        /// What she decided.
        decision: Decision,
    },
    /// Who keeps something that only she can look at says what becomes of it.
    AnswerRequest {
        /// Which request.
        request: RequestId,
        /// In which role she was asked.
        role: Role,
        /// What she says.
        answer: Answer,
    },
    /// The administrator destroys what was agreed upon.
    CarryOutErasure {
        /// Which request.
        request: RequestId,
    },
    /// The adviser or the administrator settles an access request that everybody has answered.
    ConcludeAccess {
        /// Which request.
        request: RequestId,
    },
    /// The administrator sets how long documents of a kind are kept. A shorter period counts after the days of warning.
    SetRetention {
        /// Which kind; one that has a clock.
        kind: DocKind,
        /// How long.
        period: Period,
    },
    /// Somebody saved a copy of what she may read, for the audit log.
    NoteExport {
        /// Of what.
        what: ExportName,
    },
}

/// What somebody calls a device: one line, not empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

/// A text that is no name of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device's name is one line of at most {} characters", DeviceName::LONGEST)]
pub struct BadDeviceName;

impl DeviceName {
    /// Characters that it may have.
    pub const LONGEST: usize = 100;
}

impl TryFrom<String> for DeviceName {
    type Error = BadDeviceName;

    fn try_from(text: String) -> Result<Self, BadDeviceName> {
        let text = text.trim();
        let is_fine =
            !text.is_empty() && text.chars().count() <= Self::LONGEST && !text.chars().any(char::is_control);
        if is_fine { Ok(Self(text.to_owned())) } else { Err(BadDeviceName) }
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.0
    }
}

/// What an export was of: a code or an id, never words that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExportName(String);

/// Not a code or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code or an id")]
pub struct NotAName;

impl ExportName {
    /// Characters that it has at most.
    pub const LONGEST: usize = 64;

    /// Everything that is kept of a person.
    #[must_use]
    pub fn my_data() -> Self {
        Self("my_data".to_owned())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ExportName {
    type Error = NotAName;

    fn try_from(name: String) -> Result<Self, NotAName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_one = (1..=Self::LONGEST).contains(&name.len()) && name.bytes().all(fits);
        if is_one { Ok(Self(name)) } else { Err(NotAName) }
    }
}

impl From<ExportName> for String {
    fn from(name: ExportName) -> Self {
        name.0
    }
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
            Self::Transfer { .. } => "transfer",
            Self::AvoidCoaches { .. } => "avoid_coaches",
            Self::HandOverNotes { .. } => "hand_over_notes",
            Self::RevokeDevice { .. } => "revoke_device",
            Self::RenameDevice { .. } => "rename_device",
            Self::ResetSecondFactor { .. } => "reset_second_factor",
            Self::RequestErasure { .. } => "request_erasure",
            Self::RequestAccess {} => "request_access",
            Self::WithdrawRequest { .. } => "withdraw_request",
            Self::DecideErasure { .. } => "decide_erasure",
            Self::AnswerRequest { .. } => "answer_request",
            Self::CarryOutErasure { .. } => "carry_out_erasure",
            Self::ConcludeAccess { .. } => "conclude_access",
            Self::SetRetention { .. } => "set_retention",
            Self::NoteExport { .. } => "note_export",
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
    /// The request that `request_erasure` or `request_access` made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
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
    /// `refer`, `transfer`: that person is no internal coach, or it is the employee herself. `avoid_coaches`: one of them
    /// is none.
    NotACoach,
    /// `refer`: a coach has been asked and has not answered yet, or one has accepted. `transfer`: somebody is being
    /// asked already, or it is the coach herself.
    AlreadyReferred,
    /// `accept`, `decline`: the referral has been answered already.
    AlreadyAnswered,
    /// `request_erasure`, `request_access`: the same has been asked and is not settled yet.
    AlreadyRequested,
    /// A step of a request: it has been settled or withdrawn, or is past that step.
    AlreadyDecided,
    /// A step of a request: the one before it has not been taken.
    NotDecided,
    /// A step of a request: nobody decides about her own.
    OwnRequest,
    /// `decide_erasure`: what is to go is of a trajectory that still runs, and it was not said that it may end.
    StillRunning,
    /// `carry_out_erasure`, `conclude_access`: somebody who was asked has not answered.
    NotAnswered,
    /// `set_retention`: shorter or longer than may be, or a kind that has no clock.
    BadPeriod,
    /// `refer`, `transfer`: that coach is the employee's own manager.
    OwnManager,
    /// `refer`, `transfer`: that coach works in the employee's own unit.
    OwnUnit,
    /// `refer`, `transfer`: the employee would rather not.
    RatherNot,
    /// `accept`: a reason not to has come up since the question. Which one is told to the adviser, not to the coach.
    ConflictOfInterest,
    /// `avoid_coaches`: somebody is her coach, and no successor is being asked.
    HasACoach,
    /// `hand_over_notes`: there are no notes of an earlier coach, or the coach has them already.
    NothingToHandOver,
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
            Self::AlreadyRequested => "already_requested",
            Self::AlreadyDecided => "already_decided",
            Self::NotDecided => "not_decided",
            Self::OwnRequest => "own_request",
            Self::StillRunning => "still_running",
            Self::NotAnswered => "not_answered",
            Self::BadPeriod => "bad_period",
            Self::OwnManager => "own_manager",
            Self::OwnUnit => "own_unit",
            Self::RatherNot => "rather_not",
            Self::ConflictOfInterest => "conflict_of_interest",
            Self::HasACoach => "has_a_coach",
            Self::NothingToHandOver => "nothing_to_hand_over",
        }
    }
}
