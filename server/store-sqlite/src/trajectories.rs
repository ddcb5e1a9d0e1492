//! Trajectories and referrals.

use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::ids::{ReferralId, TrajectoryId, UserId};
use sqlx::SqliteConnection;
use store::{Referral, Result, Trajectory};

use crate::error::Told as _;
use crate::row;

struct TrajectoryRow {
    id: Vec<u8>,
    employee: Vec<u8>,
    state: String,
    registered_at: i64,
    intake_at: Option<i64>,
    closed_at: Option<i64>,
}

impl TryFrom<TrajectoryRow> for Trajectory {
    type Error = store::StoreError;

    fn try_from(found: TrajectoryRow) -> Result<Self> {
        Ok(Self {
            id: row::id(&found.id)?,
            employee: row::id(&found.employee)?,
            state: row::coded(&found.state, TrajectoryState::from_code)?,
            registered_at: row::number(found.registered_at)?,
            intake_at: row::number_if(found.intake_at)?,
            closed_at: row::number_if(found.closed_at)?,
        })
    }
}

struct ReferralRow {
    id: Vec<u8>,
    trajectory: Vec<u8>,
    coach: Vec<u8>,
    state: String,
    offered_at: i64,
    answered_at: Option<i64>,
}

impl TryFrom<ReferralRow> for Referral {
    type Error = store::StoreError;

    fn try_from(found: ReferralRow) -> Result<Self> {
        Ok(Self {
            id: row::id(&found.id)?,
            trajectory: row::id(&found.trajectory)?,
            coach: row::id(&found.coach)?,
            state: row::coded(&found.state, ReferralState::from_code)?,
            offered_at: row::number(found.offered_at)?,
            answered_at: row::number_if(found.answered_at)?,
        })
    }
}

pub(crate) async fn trajectory(
    connection: &mut SqliteConnection,
    id: TrajectoryId,
) -> Result<Option<Trajectory>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        TrajectoryRow,
        "SELECT id, employee, state, registered_at, intake_at, closed_at FROM trajectories WHERE id = ?",
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(Trajectory::try_from).transpose()
}

pub(crate) async fn of_employee(
    connection: &mut SqliteConnection,
    employee: UserId,
) -> Result<Vec<Trajectory>> {
    let employee = &employee.0[..];
    let found = sqlx::query_as!(
        TrajectoryRow,
        "SELECT id, employee, state, registered_at, intake_at, closed_at FROM trajectories
         WHERE employee = ? ORDER BY registered_at, rowid",
        employee
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Trajectory::try_from).collect()
}

/// Every trajectory, for who oversees them all.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Trajectory>> {
    let found = sqlx::query_as!(
        TrajectoryRow,
        "SELECT id, employee, state, registered_at, intake_at, closed_at FROM trajectories
         ORDER BY registered_at, rowid"
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Trajectory::try_from).collect()
}

pub(crate) async fn put(connection: &mut SqliteConnection, trajectory: &Trajectory) -> Result<()> {
    let (id, employee, state) = (&trajectory.id.0[..], &trajectory.employee.0[..], trajectory.state.code());
    let registered_at = row::stored(trajectory.registered_at);
    let (intake_at, closed_at) =
        (trajectory.intake_at.map(row::stored), trajectory.closed_at.map(row::stored));
    sqlx::query!(
        "INSERT INTO trajectories (id, employee, state, registered_at, intake_at, closed_at)
         VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET employee = excluded.employee, state = excluded.state,
             registered_at = excluded.registered_at, intake_at = excluded.intake_at,
             closed_at = excluded.closed_at",
        id,
        employee,
        state,
        registered_at,
        intake_at,
        closed_at
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn referral(connection: &mut SqliteConnection, id: ReferralId) -> Result<Option<Referral>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        ReferralRow,
        "SELECT id, trajectory, coach, state, offered_at, answered_at FROM referrals WHERE id = ?",
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(Referral::try_from).transpose()
}

pub(crate) async fn referrals(connection: &mut SqliteConnection, id: TrajectoryId) -> Result<Vec<Referral>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        ReferralRow,
        "SELECT id, trajectory, coach, state, offered_at, answered_at FROM referrals
         WHERE trajectory = ? ORDER BY offered_at, rowid",
        id
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Referral::try_from).collect()
}

/// Every referral, for who oversees them all.
pub(crate) async fn all_referrals(connection: &mut SqliteConnection) -> Result<Vec<Referral>> {
    let found = sqlx::query_as!(
        ReferralRow,
        "SELECT id, trajectory, coach, state, offered_at, answered_at FROM referrals ORDER BY offered_at, rowid"
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Referral::try_from).collect()
}

/// What one coach was asked, oldest first.
pub(crate) async fn referrals_to(connection: &mut SqliteConnection, coach: UserId) -> Result<Vec<Referral>> {
    let coach = &coach.0[..];
    let found = sqlx::query_as!(
        ReferralRow,
        "SELECT id, trajectory, coach, state, offered_at, answered_at FROM referrals
         WHERE coach = ? ORDER BY offered_at, rowid",
        coach
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Referral::try_from).collect()
}

pub(crate) async fn put_referral(connection: &mut SqliteConnection, referral: &Referral) -> Result<()> {
    let (id, trajectory, coach) = (&referral.id.0[..], &referral.trajectory.0[..], &referral.coach.0[..]);
    let (state, offered_at) = (referral.state.code(), row::stored(referral.offered_at));
    let answered_at = referral.answered_at.map(row::stored);
    sqlx::query!(
        "INSERT INTO referrals (id, trajectory, coach, state, offered_at, answered_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET trajectory = excluded.trajectory, coach = excluded.coach,
             state = excluded.state, offered_at = excluded.offered_at, answered_at = excluded.answered_at",
        id,
        trajectory,
        coach,
        state,
        offered_at,
        answered_at
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}
