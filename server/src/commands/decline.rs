//! `decline`: a coach says no; the adviser chooses anew.

use shared::domain::command::CommandDone;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::ids::ReferralId;

use super::accept::offered_to_me;
use super::{Stop, Work};

pub(super) async fn run(work: &mut Work<'_>, id: ReferralId) -> Result<CommandDone, Stop> {
    let (mut referral, mut trajectory) = offered_to_me(work, id).await?;
    referral.state = ReferralState::Declined;
    referral.answered_at = Some(work.now);
    work.tx.put_referral(&referral).await?;
    // A successor who says no changes nothing.
    if trajectory.state == TrajectoryState::ReferralOffered {
        trajectory.state = TrajectoryState::RouteChosen;
    }
    work.put_trajectory(&trajectory).await?;
    work.regrant_profile(referral.coach).await?;
    Ok(CommandDone { trajectory: Some(trajectory.id), ..CommandDone::default() })
}
