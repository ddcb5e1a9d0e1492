//! `transfer`: the adviser asks a successor. Until she accepts, everything stays as it is.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::ids::{TrajectoryId, UserId};
use store::{Referral, Trajectory};

use super::refer::{ask, check_coach};
use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: TrajectoryId, coach: UserId) -> Result<CommandDone, Stop> {
    let trajectory = work.advised(id).await?;
    decide(&trajectory, &work.tx.referrals(id).await?, coach)?;
    check_coach(work, &trajectory, coach).await?;
    ask(work, &trajectory, coach).await
}

fn decide(trajectory: &Trajectory, earlier: &[Referral], asked: UserId) -> Result<(), Refusal> {
    let is = |it: &Referral, state| it.state == state;
    if !matches!(trajectory.state, State::Active | State::Closing)
        || !earlier.iter().any(|it| is(it, ReferralState::Accepted))
    {
        return Err(Refusal::WrongState);
    }
    let stands = |it: &Referral| {
        is(it, ReferralState::Offered) || (is(it, ReferralState::Accepted) && it.coach == asked)
    };
    if earlier.iter().any(stands) { Err(Refusal::AlreadyReferred) } else { Ok(()) }
}
