//! `avoid_coaches`: the employee names the coaches whom she would rather not have.

use shared::domain::command::{CommandDone, Refusal};
use shared::domain::lifecycle::{ReferralState, TrajectoryState as State};
use shared::domain::role::Role;
use shared::ids::{TrajectoryId, UserId};
use store::Referral;

use super::{Stop, Work};

pub(super) async fn run(
    work: &mut Work<'_>,
    id: TrajectoryId,
    mut coaches: Vec<UserId>,
) -> Result<CommandDone, Stop> {
    let mut trajectory = work.own(id).await?;
    let referrals = work.tx.referrals(id).await?;
    decide(trajectory.state, &referrals)?;
    coaches.sort_unstable();
    coaches.dedup();
    // Who is no coach any more and was named before stays named: she may become one again.
    let known = work.tx.avoided(id).await?;
    let is_coach = |user: &UserId| {
        known.contains(user)
            || work.users.iter().any(|it| it.id == *user && it.roles.contains(&Role::InternalCoach))
    };
    if !coaches.iter().all(is_coach) {
        return Err(Refusal::NotACoach.into());
    }
    work.tx.set_avoided(id, &coaches).await?;
    // Nobody has to answer a question that should not have been asked, nor to be told why it is gone.
    for mut referral in referrals {
        if referral.state == ReferralState::Offered && coaches.contains(&referral.coach) {
            referral.state = ReferralState::Withdrawn;
            referral.answered_at = Some(work.now);
            work.tx.put_referral(&referral).await?;
            if trajectory.state == State::ReferralOffered {
                trajectory.state = State::RouteChosen;
            }
            work.regrant_profile(referral.coach).await?;
        }
    }
    work.put_trajectory(&trajectory).await?;
    Ok(CommandDone::default())
}

fn decide(state: State, referrals: &[Referral]) -> Result<(), Refusal> {
    let has = |state| referrals.iter().any(|it| it.state == state);
    if !state.is_open() {
        Err(Refusal::WrongState)
    } else if has(ReferralState::Accepted) && !has(ReferralState::Offered) {
        Err(Refusal::HasACoach)
    } else {
        Ok(())
    }
}
