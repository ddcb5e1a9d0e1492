//! Changes of state. Each command is decided and carried out in one transaction, answered once and for all, and
//! told to those whom it concerns after its commit.

pub mod accept;
pub mod account_changes;
pub mod accounts;
mod answer_request;
pub mod avoid_coaches;
mod carry_out_erasure;
pub mod close;
mod conclude_access;
mod decide_erasure;
pub mod decline;
mod follow_up;
pub mod grants;
pub mod hand_over_notes;
pub mod hold_intake;
pub mod note_export;
pub mod plan_intake;
pub mod refer;
pub mod register;
pub mod rename_device;
mod request_access;
mod request_erasure;
mod requests;
pub mod reset_second_factor;
pub mod revoke_device;
pub mod roles;
pub mod set_retention;
pub mod share_reflection;
pub mod transfer;
pub mod withdraw_reflection;
mod withdraw_request;
mod work;

use sha2::{Digest as _, Sha256};
use shared::domain::command::{Command, CommandDone, Refusal};
use shared::ids::CommandId;
use store::{AnsweredCommand, AuditEvent, Session, StoreError};

pub use follow_up::FollowUp;
pub use work::Work;

use crate::state::AppState;

/// Every command's name on the wire.
pub const CODES: [&str; 24] = [
    "register",
    "plan_intake",
    "hold_intake",
    "share_reflection",
    "withdraw_reflection",
    "refer",
    "accept",
    "decline",
    "close",
    "transfer",
    "avoid_coaches",
    "hand_over_notes",
    "revoke_device",
    "rename_device",
    "reset_second_factor",
    "request_erasure",
    "request_access",
    "withdraw_request",
    "decide_erasure",
    "answer_request",
    "carry_out_erasure",
    "conclude_access",
    "set_retention",
    "note_export",
];

/// What became of a command; the same whenever it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// Carried out; what it made, as JSON.
    Done(String),
    /// What it is about is not there, or not for this person to decide.
    NotFound,
    /// Not possible as things are: the code of the [`Refusal`].
    Refused(String),
}

/// Why a command was not decided.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Its id belongs to another command of this person.
    #[error("another command has this id")]
    IdTaken,
    /// Nothing can be stored just now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a command ends before it has written anything.
#[derive(Debug)]
pub enum Stop {
    /// Not there, or not this person's to decide.
    NotFound,
    /// Not possible as things are.
    Refused(Refusal),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Decides a command, carries it out, and tells those whom it concerns.
///
/// # Errors
/// [`CommandError`]; nothing has changed then.
pub async fn run(
    state: &AppState,
    session: &Session,
    id: CommandId,
    command: Command,
) -> Result<Decided, CommandError> {
    let hash = hash(&command);
    if let Some(answered) = state.store.answered_command(session.user, id).await? {
        return same_answer(answered, &hash);
    }
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    // Again, since the same command may have come twice at once.
    if let Some(answered) = tx.answered_command(session.user, id).await? {
        return same_answer(answered, &hash);
    }
    let code = command.code();
    let (decided, follow_up) = match Work::begin(&mut *tx, session, now).await? {
        None => (Decided::NotFound, FollowUp::default()),
        Some(mut work) => {
            let outcome = carry_out(&mut work, command).await;
            (decided(outcome)?, work.follow_up)
        }
    };
    let (status, body) = match &decided {
        Decided::Done(body) => (200, body.clone()),
        Decided::NotFound => (404, String::new()),
        Decided::Refused(code) => (409, code.clone()),
    };
    tx.put_answer(session.user, id, &AnsweredCommand { command_hash: hash, status, body }).await?;
    tx.audit(&AuditEvent {
        at: now,
        user: Some(session.user),
        device: Some(session.device),
        action: if status == 200 { code.to_owned() } else { format!("{code}:{status}") },
        object: follow_up.object.clone(),
    })
    .await?;
    tx.commit().await?;
    follow_up.tell(&state.hub).await;
    Ok(decided)
}

async fn carry_out(work: &mut Work<'_>, command: Command) -> Result<CommandDone, Stop> {
    match command {
        Command::Register {} => register::run(work).await,
        Command::PlanIntake { trajectory, at } => plan_intake::run(work, trajectory, at).await,
        Command::HoldIntake { trajectory } => hold_intake::run(work, trajectory).await,
        Command::ShareReflection { trajectory } => share_reflection::run(work, trajectory).await,
        Command::WithdrawReflection { trajectory } => withdraw_reflection::run(work, trajectory).await,
        Command::Refer { trajectory, coach } => refer::run(work, trajectory, coach).await,
        Command::Accept { referral } => accept::run(work, referral).await,
        Command::Decline { referral } => decline::run(work, referral).await,
        Command::Close { trajectory, finish } => close::run(work, trajectory, finish).await,
        Command::Transfer { trajectory, coach } => transfer::run(work, trajectory, coach).await,
        Command::AvoidCoaches { trajectory, coaches } => avoid_coaches::run(work, trajectory, coaches).await,
        Command::HandOverNotes { trajectory } => hand_over_notes::run(work, trajectory).await,
        Command::RevokeDevice { device } => revoke_device::run(work, device).await,
        Command::RenameDevice { device, name } => rename_device::run(work, device, name).await,
        Command::ResetSecondFactor { user } => reset_second_factor::run(work, user).await,
        Command::RequestErasure { scope } => request_erasure::run(work, scope).await,
        Command::RequestAccess {} => request_access::run(work).await,
        Command::WithdrawRequest { request } => withdraw_request::run(work, request).await,
        Command::DecideErasure { request, decision } => decide_erasure::run(work, request, decision).await,
        Command::AnswerRequest { request, role, answer } => {
            answer_request::run(work, request, role, answer).await
        }
        Command::CarryOutErasure { request } => carry_out_erasure::run(work, request).await,
        Command::ConcludeAccess { request } => conclude_access::run(work, request).await,
        Command::SetRetention { kind, period } => set_retention::run(work, kind, period).await,
        Command::NoteExport { what } => note_export::run(work, &what),
    }
}

fn decided(outcome: Result<CommandDone, Stop>) -> Result<Decided, StoreError> {
    match outcome {
        Ok(done) => serde_json::to_string(&done)
            .map(Decided::Done)
            .map_err(|error| StoreError::Corrupt(error.to_string())),
        Err(Stop::NotFound) => Ok(Decided::NotFound),
        Err(Stop::Refused(refusal)) => Ok(Decided::Refused(refusal.code().to_owned())),
        Err(Stop::Store(error)) => Err(error),
    }
}

fn same_answer(answered: AnsweredCommand, hash: &[u8; 32]) -> Result<Decided, CommandError> {
    if answered.command_hash != *hash {
        return Err(CommandError::IdTaken);
    }
    Ok(match answered.status {
        200 => Decided::Done(answered.body),
        404 => Decided::NotFound,
        _ => Decided::Refused(answered.body),
    })
}

/// The same command is the same JSON: fields are written in the order of the type.
fn hash(command: &Command) -> [u8; 32] {
    Sha256::digest(serde_json::to_vec(command).unwrap_or_default()).into()
}
