//! Documents without their content: who may do what with them, their birth and their end.

use shared::access::{Access, DocumentFacts, TrajectoryFacts};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::ids::{ActorId, DeviceId, DocId, TrajectoryId, UserId};
use shared::sync::chain;
use sqlx::SqliteConnection;
use store::{Document, GrantsChange, Millis, NewGrant, Result};

use crate::error::Told as _;
use crate::{access, retention, row, snapshots};

struct DocumentRow {
    id: Vec<u8>,
    kind: String,
    owner: Option<Vec<u8>>,
    trajectory: Option<Vec<u8>>,
    destroyed: bool,
}

impl TryFrom<DocumentRow> for Document {
    type Error = store::StoreError;

    fn try_from(found: DocumentRow) -> Result<Self> {
        Ok(Self {
            id: row::id(&found.id)?,
            kind: row::coded(&found.kind, DocKind::from_code)?,
            owner: row::id_if(found.owner.as_deref())?,
            trajectory: row::id_if(found.trajectory.as_deref())?,
            destroyed: found.destroyed,
        })
    }
}

pub(crate) async fn document(connection: &mut SqliteConnection, id: DocId) -> Result<Option<Document>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        DocumentRow,
        r#"SELECT id, kind, owner, trajectory, destroyed_at IS NOT NULL AS "destroyed!: bool"
           FROM documents WHERE id = ?"#,
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(Document::try_from).transpose()
}

pub(crate) async fn of_trajectory(
    connection: &mut SqliteConnection,
    id: TrajectoryId,
) -> Result<Vec<Document>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        DocumentRow,
        r#"SELECT id, kind, owner, trajectory, FALSE AS "destroyed!: bool"
           FROM documents WHERE trajectory = ? AND destroyed_at IS NULL ORDER BY rowid"#,
        id
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Document::try_from).collect()
}

pub(crate) async fn of_owner(
    connection: &mut SqliteConnection,
    owner: Option<UserId>,
) -> Result<Vec<Document>> {
    let owner = owner.as_ref().map(|owner| &owner.0[..]);
    let found = sqlx::query_as!(
        DocumentRow,
        r#"SELECT id, kind, owner, trajectory, FALSE AS "destroyed!: bool"
           FROM documents WHERE owner IS ? AND trajectory IS NULL AND destroyed_at IS NULL ORDER BY rowid"#,
        owner
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Document::try_from).collect()
}

pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Document>> {
    let found = sqlx::query_as!(
        DocumentRow,
        r#"SELECT id, kind, owner, trajectory, FALSE AS "destroyed!: bool"
           FROM documents WHERE destroyed_at IS NULL ORDER BY rowid"#
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Document::try_from).collect()
}

pub(crate) async fn add(connection: &mut SqliteConnection, document: &Document) -> Result<()> {
    let genesis = genesis(document.kind);
    let chain = chain::next(chain::start(document.id), genesis.hash);
    let (id, kind, chain) = (&document.id.0[..], document.kind.code(), &chain.0[..]);
    let owner = document.owner.as_ref().map(|owner| &owner.0[..]);
    let trajectory = document.trajectory.as_ref().map(|trajectory| &trajectory.0[..]);
    let max_op = row::stored(genesis.max_op);
    sqlx::query!(
        "INSERT INTO documents (id, kind, owner, trajectory, head, tried, chain, max_op)
         VALUES (?, ?, ?, ?, 1, 1, ?, ?)",
        id,
        kind,
        owner,
        trajectory,
        chain,
        max_op
    )
    .execute(&mut *connection)
    .await
    .told()?;
    let (hash, by, actor) = (&genesis.hash.0[..], &DeviceId::GENESIS.0[..], &ActorId::GENESIS.0[..]);
    let data = &genesis.data[..];
    sqlx::query!(
        "INSERT INTO items (doc, seq, hash, chain, by, sig, actor, actor_seq, max_op, deps, data)
         VALUES (?, 1, ?, ?, ?, x'', ?, 1, ?, x'', ?)",
        id,
        hash,
        chain,
        by,
        actor,
        max_op,
        data
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn destroy(
    connection: &mut SqliteConnection,
    id: DocId,
    now: Millis,
) -> Result<GrantsChange> {
    let change = set_grants(&mut *connection, id, &[], None).await?;
    access::destroy(&mut *connection, id).await?;
    if let Some(document) = document(&mut *connection, id).await? {
        retention::record(&mut *connection, id, document.kind, now).await?;
    }
    snapshots::destroy(&mut *connection, id).await?;
    let (id, now) = (&id.0[..], row::stored(now));
    sqlx::query!("DELETE FROM items WHERE doc = ?", id).execute(&mut *connection).await.told()?;
    sqlx::query!("DELETE FROM quarantine WHERE doc = ?", id).execute(&mut *connection).await.told()?;
    sqlx::query!("UPDATE documents SET destroyed_at = coalesce(destroyed_at, ?) WHERE id = ?", now, id)
        .execute(&mut *connection)
        .await
        .told()?;
    sqlx::query!("INSERT INTO tombstones (doc, at) VALUES (?, ?) ON CONFLICT DO NOTHING", id, now)
        .execute(connection)
        .await
        .told()?;
    Ok(change)
}

pub(crate) async fn facts(connection: &mut SqliteConnection, id: DocId) -> Result<Option<DocumentFacts>> {
    let Some(document) = document(&mut *connection, id).await? else { return Ok(None) };
    if document.destroyed {
        return Ok(None);
    }
    let trajectory = match document.trajectory {
        Some(trajectory) => Some(trajectory_facts(&mut *connection, trajectory).await?),
        None => None,
    };
    let referred = match (document.kind, document.owner) {
        (DocKind::CoachProfile, Some(coach)) => referred_to(&mut *connection, coach).await?,
        _ => Vec::new(),
    };
    let kept_with = match document.kind {
        DocKind::SharedNotes => access::kept_with(connection, id).await?,
        _ => None,
    };
    Ok(Some(DocumentFacts { kind: document.kind, owner: document.owner, trajectory, referred, kept_with }))
}

async fn trajectory_facts(connection: &mut SqliteConnection, id: TrajectoryId) -> Result<TrajectoryFacts> {
    let id = &id.0[..];
    let found = sqlx::query!(
        "SELECT trajectories.employee, trajectories.state, users.manager
         FROM trajectories JOIN users ON users.id = trajectories.employee WHERE trajectories.id = ?",
        id
    )
    .fetch_one(&mut *connection)
    .await
    .told()?;
    let referrals = sqlx::query!(
        "SELECT coach, state FROM referrals WHERE trajectory = ? ORDER BY offered_at, rowid",
        id
    )
    .fetch_all(connection)
    .await
    .told()?;
    Ok(TrajectoryFacts {
        employee: row::id(&found.employee)?,
        state: row::coded(&found.state, TrajectoryState::from_code)?,
        manager: row::id_if(found.manager.as_deref())?,
        referrals: referrals
            .into_iter()
            .map(|it| Ok((row::id(&it.coach)?, row::coded(&it.state, ReferralState::from_code)?)))
            .collect::<Result<_>>()?,
    })
}

async fn referred_to(connection: &mut SqliteConnection, coach: UserId) -> Result<Vec<UserId>> {
    let coach = &coach.0[..];
    let (offered, accepted) = (ReferralState::Offered.code(), ReferralState::Accepted.code());
    let found = sqlx::query!(
        "SELECT DISTINCT trajectories.employee FROM referrals
         JOIN trajectories ON trajectories.id = referrals.trajectory
         WHERE referrals.coach = ? AND referrals.state IN (?, ?) ORDER BY trajectories.employee",
        coach,
        offered,
        accepted
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(|it| row::id(&it.employee)).collect()
}

pub(crate) async fn set_grants(
    connection: &mut SqliteConnection,
    id: DocId,
    grants: &[NewGrant],
    at: Option<Millis>,
) -> Result<GrantsChange> {
    let doc = &id.0[..];
    let found = sqlx::query!("SELECT user, access FROM grants WHERE doc = ? AND access > 0", doc)
        .fetch_all(&mut *connection)
        .await
        .told()?;
    let before = found
        .into_iter()
        .map(|it| Ok((row::id(&it.user)?, row::access(it.access)?)))
        .collect::<Result<Vec<(UserId, Access)>>>()?;
    let mut change = GrantsChange::default();
    for &(user, access) in &before {
        if !grants.iter().any(|grant| grant.user == user && grant.access > Access::None) {
            put_grant(&mut *connection, id, NewGrant { user, access: Access::None }, at).await?;
            change.lost.push(user);
        } else if !grants.contains(&NewGrant { user, access }) {
            change.changed.push(user);
        }
    }
    for grant in grants {
        let was =
            before.iter().find(|(user, _)| *user == grant.user).map_or(Access::None, |(_, access)| *access);
        if was == grant.access || grant.access == Access::None {
            continue;
        }
        put_grant(&mut *connection, id, *grant, at).await?;
        if was == Access::None {
            change.changed.push(grant.user);
        }
    }
    change.changed.extend(&change.lost);
    Ok(change)
}

async fn put_grant(
    connection: &mut SqliteConnection,
    doc: DocId,
    grant: NewGrant,
    at: Option<Millis>,
) -> Result<()> {
    let (doc, user, access) = (&doc.0[..], &grant.user.0[..], row::access_column(grant.access));
    let since = at.filter(|_| grant.access > Access::None).map(row::stored);
    sqlx::query!(
        "INSERT INTO grants (doc, user, access, ever_read, ever_write, since)
         VALUES (?1, ?2, ?3, ?3 >= 1, ?3 >= 2, ?4)
         ON CONFLICT (doc, user) DO UPDATE SET access = excluded.access,
             since = CASE WHEN grants.access > 0 AND excluded.access > 0 THEN grants.since ELSE excluded.since END,
             ever_read = max(ever_read, excluded.ever_read), ever_write = max(ever_write, excluded.ever_write)",
        doc,
        user,
        access,
        since
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}
