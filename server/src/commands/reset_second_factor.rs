//! `reset_second_factor`: what somebody has lost is not asked for any more. Her sessions stay.

use shared::domain::command::CommandDone;
use shared::domain::role::Role;
use shared::ids::UserId;
use store::{FACTOR_RESET, StoreError, User, WriteTx};

use super::account_changes::{self, By};
use super::accounts::{self, AccountError};
use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, user: UserId) -> Result<CommandDone, Stop> {
    work.follow_up.object = user.to_string();
    // Her own would be a way round the password and the code that switching it off asks for.
    if !work.has(Role::Administrator) || user == work.me.id || work.tx.user(user).await?.is_none() {
        return Err(Stop::NotFound);
    }
    take_away(work.tx, user, work.now).await?;
    Ok(CommandDone::default())
}

/// The same, by the operator at the command line.
///
/// # Errors
/// [`AccountError`].
pub async fn by_operator(tx: &mut dyn WriteTx, email: &str, now: u64) -> Result<User, AccountError> {
    let user = accounts::find(tx, email).await?;
    take_away(tx, user.id, now).await?;
    account_changes::audit(tx, By::Operator, &format!("user_{FACTOR_RESET}"), user.id, now).await?;
    Ok(user)
}

/// Where there is nothing, nothing is told either.
async fn take_away(tx: &mut dyn WriteTx, user: UserId, now: u64) -> Result<(), StoreError> {
    let had = tx.factors(user).await?.are_asked_for();
    tx.remove_factors(user).await?;
    if had {
        tx.note_factor_removal(user, Some(now)).await?;
    }
    Ok(())
}
