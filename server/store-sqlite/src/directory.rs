//! What one person may know of who and what there is, read in one transaction.

use std::collections::{BTreeSet, HashMap};

use shared::access::advises;
use shared::domain::directory::{Device, Directory, Document, Person, Referral, Trajectory};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{TrajectoryId, UserId};
use sqlx::SqliteConnection;
use store::{Result, User};

use crate::error::Told as _;
use crate::{access, accounts, requests, retention, row, trajectories};

/// See [`Store::directory`](store::Store::directory).
pub(crate) async fn directory(connection: &mut SqliteConnection, user: UserId) -> Result<Option<Directory>> {
    let me = match accounts::user(&mut *connection, user).await? {
        Some(me) if !me.disabled => me,
        _ => return Ok(None),
    };
    let is = |role| me.roles.contains(&role);
    // Who asks coaches, and who keeps the accounts.
    let managers = if is(Role::CareerAdviser) || is(Role::Administrator) {
        access::managers(&mut *connection).await?
    } else {
        HashMap::new()
    };
    let mut trajectories = trajectories_of(&mut *connection, &me, &managers).await?;
    tell_avoided(&mut *connection, &me, &managers, &mut trajectories).await?;
    let devices = devices(&mut *connection, user, is(Role::Administrator)).await?;
    let mut documents = documents(&mut *connection, user).await?;
    let due = retention::due(&mut *connection, user).await?;
    documents.iter_mut().for_each(|document| document.due = due.get(&document.id).copied());
    let requests = requests::told(&mut *connection, &me).await?;
    let known: BTreeSet<UserId> = devices
        .iter()
        .map(|device| device.user)
        .chain(trajectories.iter().map(|trajectory| trajectory.employee))
        .chain(
            trajectories.iter().flat_map(|trajectory| &trajectory.referrals).map(|referral| referral.coach),
        )
        .chain(documents.iter().filter_map(|document| document.owner))
        .chain(requests.iter().map(|request| request.person))
        .chain([user])
        .collect();
    let mut people = match known_roles(&me.roles) {
        None => accounts::users(connection).await?,
        Some(roles) => accounts::users_among(connection, known.iter().copied(), &roles).await?,
    };
    people.retain(|person| known.contains(&person.id) || knows(&me.roles, person));
    people.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let people = people.into_iter().map(|it| known_as(it, &managers)).collect();
    Ok(Some(Directory {
        version: String::new(),
        me: user,
        people,
        devices,
        documents,
        trajectories,
        requests,
    }))
}

/// The roles of those of whom somebody with `roles` may know by role alone; none where that is everybody.
fn known_roles(roles: &[Role]) -> Option<Vec<Role>> {
    let mut known = BTreeSet::new();
    for role in roles {
        match role {
            Role::CareerAdviser | Role::Administrator => return None,
            Role::InternalCoach | Role::Trainer => {
                known.extend([Role::CareerAdviser, Role::InternalCoach, Role::Trainer]);
            }
            // Coaches, so that she can name those whom she would rather not have.
            Role::Employee => known.extend([Role::CareerAdviser, Role::InternalCoach]),
            Role::LineManager => {}
        }
    }
    Some(known.into_iter().collect())
}

/// Whether somebody with `roles` may know of `person` by role alone.
fn knows(roles: &[Role], person: &User) -> bool {
    let is_in = |roles: Vec<Role>| !person.disabled && person.roles.iter().any(|role| roles.contains(role));
    known_roles(roles).is_none_or(is_in)
}

fn known_as(person: User, managers: &HashMap<UserId, UserId>) -> Person {
    let User { id, name, unit, disabled, mut roles, .. } = person;
    if disabled {
        // Still an author, no longer anybody to refer to.
        roles.clear();
    }
    Person { id, name, roles, unit, manager: managers.get(&id).copied() }
}

async fn trajectories_of(
    connection: &mut SqliteConnection,
    me: &User,
    managers: &HashMap<UserId, UserId>,
) -> Result<Vec<Trajectory>> {
    let mut found = Vec::new();
    if me.roles.contains(&Role::CareerAdviser) {
        let mut referrals = trajectories::all_referrals(&mut *connection).await?;
        referrals.sort_by_key(|referral| referral.trajectory);
        let all = trajectories::all(&mut *connection).await?;
        let hers = |it: &store::Trajectory| advises(me.id, it.employee, managers.get(&it.employee).copied());
        found.extend(all.into_iter().filter(hers).map(|trajectory| {
            let from = referrals.partition_point(|referral| referral.trajectory < trajectory.id);
            let own = referrals[from..].iter().take_while(|referral| referral.trajectory == trajectory.id);
            told(&trajectory, own.cloned())
        }));
    }
    for trajectory in trajectories::of_employee(&mut *connection, me.id).await? {
        let referrals = trajectories::referrals(&mut *connection, trajectory.id).await?;
        found.push(told(&trajectory, referrals));
    }
    if me.roles.contains(&Role::InternalCoach) {
        let mut own = trajectories::referrals_to(&mut *connection, me.id).await?;
        own.sort_by_key(|referral| (referral.trajectory, referral.offered_at));
        for group in own.chunk_by(|a, b| a.trajectory == b.trajectory) {
            if found.iter().any(|it| it.id == group[0].trajectory) {
                continue;
            }
            // What she declined is no longer hers to know, nor what was taken back.
            let group: Vec<_> =
                group.iter().filter(|referral| referral.state != ReferralState::Withdrawn).cloned().collect();
            if group.iter().all(|referral| referral.state == ReferralState::Declined) {
                continue;
            }
            let trajectory = trajectories::trajectory(&mut *connection, group[0].trajectory).await?;
            found.extend(trajectory.filter(still_told).map(|it| told(&it, group)));
        }
    }
    Ok(found)
}

fn still_told(trajectory: &store::Trajectory) -> bool {
    trajectory.state != TrajectoryState::Destroyed
}

fn told(trajectory: &store::Trajectory, referrals: impl IntoIterator<Item = store::Referral>) -> Trajectory {
    let referral = |it: store::Referral| Referral {
        id: it.id,
        coach: it.coach,
        state: it.state,
        offered_at: it.offered_at,
        answered_at: it.answered_at,
    };
    Trajectory {
        id: trajectory.id,
        employee: trajectory.employee,
        state: trajectory.state,
        registered_at: trajectory.registered_at,
        intake_at: trajectory.intake_at,
        closed_at: trajectory.closed_at,
        referrals: referrals.into_iter().map(referral).collect(),
        avoided: Vec::new(),
    }
}

/// Whom an employee would rather not have is told to her and to those who advise her; not to a coach, whatever else that
/// one is.
async fn tell_avoided(
    connection: &mut SqliteConnection,
    me: &User,
    managers: &HashMap<UserId, UserId>,
    trajectories: &mut [Trajectory],
) -> Result<()> {
    let is_adviser = me.roles.contains(&Role::CareerAdviser);
    let may_know = |it: &Trajectory| {
        it.employee == me.id || is_adviser && advises(me.id, it.employee, managers.get(&it.employee).copied())
    };
    let known: Vec<TrajectoryId> = trajectories.iter().filter(|it| may_know(it)).map(|it| it.id).collect();
    let mut avoided = access::avoided_in(connection, known).await?;
    for trajectory in trajectories {
        trajectory.avoided = avoided.remove(&trajectory.id).unwrap_or_default();
    }
    Ok(())
}

async fn documents(connection: &mut SqliteConnection, user: UserId) -> Result<Vec<Document>> {
    let mut kept = access::kept_for(&mut *connection, user).await?;
    let user = &user.0[..];
    let found = sqlx::query!(
        "SELECT documents.id, documents.kind, documents.trajectory, documents.owner, grants.access
         FROM grants JOIN documents ON documents.id = grants.doc
         WHERE grants.user = ? AND grants.access > 0 AND documents.destroyed_at IS NULL
         ORDER BY documents.id",
        user
    )
    .fetch_all(connection)
    .await
    .told()?;
    let documents = found.into_iter().map(|it| {
        let id = row::id(&it.id)?;
        let kept = kept.remove(&id);
        Ok(Document {
            id,
            kind: row::coded(&it.kind, DocKind::from_code)?,
            access: row::access(it.access)?,
            trajectory: row::id_if(it.trajectory.as_deref())?,
            owner: row::id_if(it.owner.as_deref())?,
            due: None,
            kept_with: kept.as_ref().map(|it| it.coach),
            handed_to: kept.map(|it| it.handed_to).unwrap_or_default(),
        })
    });
    documents.collect()
}

/// See [`Store::directory_changes`](store::Store::directory_changes).
pub(crate) async fn changes(connection: &mut SqliteConnection) -> Result<u64> {
    let count =
        sqlx::query_scalar!("SELECT count FROM directory_changes").fetch_one(connection).await.told()?;
    row::number(count)
}

/// Her own devices, and those of everybody whose signature she may meet in what she may read: who can write it
/// or ever could, with devices revoked since and accounts closed since.
async fn devices(connection: &mut SqliteConnection, user: UserId, all: bool) -> Result<Vec<Device>> {
    let me = &user.0[..];
    // One list of people, so that their devices are found by the index of owners.
    let found = sqlx::query!(
        r#"SELECT id, user, public_key, name, last_seen, revoked AS "revoked: bool", suspended AS "suspended: bool"
           FROM devices
           WHERE user IN (
               SELECT id FROM users WHERE ?2
               UNION ALL
               SELECT ?1
               UNION ALL
               SELECT theirs.user FROM grants AS mine
               JOIN documents ON documents.id = mine.doc AND documents.destroyed_at IS NULL
               JOIN grants AS theirs ON theirs.doc = mine.doc AND theirs.ever_write
               WHERE mine.user = ?1 AND mine.access > 0)
           ORDER BY id"#,
        me,
        all
    )
    .fetch_all(connection)
    .await
    .told()?;
    let devices = found.into_iter().map(|it| {
        let owner = row::id(&it.user)?;
        let detailed = all || owner == user;
        Ok(Device {
            id: row::id(&it.id)?,
            user: owner,
            public_key: row::id(&it.public_key)?,
            revoked: it.revoked,
            suspended: detailed && it.suspended,
            name: detailed.then_some(it.name),
            last_seen: if detailed { Some(row::number(it.last_seen)?) } else { None },
        })
    });
    devices.collect()
}
