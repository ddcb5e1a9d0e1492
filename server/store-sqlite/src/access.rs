//! Who sees what, since when and why; who opened it first; and what access depends on beside roles and referrals.

use std::collections::HashMap;

use async_trait::async_trait;
use shared::access::{KeptWith, Subject};
use shared::domain::kind::DocKind;
use shared::ids::{DocId, TrajectoryId, UserId};
use sqlx::{Connection as _, SqliteConnection};
use store::{
    AccessStore, AccessTx, Audience, AuditEvent, Carrier, FIRST_OPENED, Millis, Opening, Reader, Result,
};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, documents, record, row};

#[async_trait]
impl AccessStore for SqliteStore {
    async fn manager_of(&self, user: UserId) -> Result<Option<UserId>> {
        manager(&mut *self.readers.acquire().await?, user).await
    }

    async fn audience(&self, user: UserId, doc: DocId) -> Result<Option<Audience>> {
        let mut reader = self.readers.acquire().await?;
        audience(&mut *reader.begin().await.told()?, user, doc).await
    }

    async fn note_openings(&self, carrier: Carrier, docs: &[DocId], now: Millis) -> Result<usize> {
        // Most of what is asked about was noted before; then nothing is written.
        let new = unopened(&mut *self.readers.acquire().await?, carrier.user, docs).await?;
        if new.is_empty() {
            return Ok(0);
        }
        let mut tx = self.writer.begin().await?;
        let noted = note_openings(tx.connection(), carrier, &new, now).await?;
        tx.commit().await?;
        Ok(noted)
    }
}

#[async_trait]
impl AccessTx for Transaction {
    fn happens_at(&mut self, now: Millis) {
        self.at = Some(now);
    }

    async fn manager(&mut self, user: UserId) -> Result<Option<UserId>> {
        manager(self.connection(), user).await
    }

    async fn set_manager(&mut self, user: UserId, manager: Option<UserId>) -> Result<()> {
        let (user, manager) = (&user.0[..], manager.as_ref().map(|it| &it.0[..]));
        sqlx::query!("UPDATE users SET manager = ? WHERE id = ?", manager, user)
            .execute(self.connection())
            .await
            .told()?;
        Ok(())
    }

    async fn avoided(&mut self, trajectory: TrajectoryId) -> Result<Vec<UserId>> {
        avoided(self.connection(), trajectory).await
    }

    async fn set_avoided(&mut self, trajectory: TrajectoryId, coaches: &[UserId]) -> Result<()> {
        let trajectory = &trajectory.0[..];
        sqlx::query!("DELETE FROM avoided WHERE trajectory = ?", trajectory)
            .execute(self.connection())
            .await
            .told()?;
        for coach in coaches {
            let coach = &coach.0[..];
            sqlx::query!(
                "INSERT INTO avoided (trajectory, coach) VALUES (?, ?) ON CONFLICT DO NOTHING",
                trajectory,
                coach
            )
            .execute(self.connection())
            .await
            .told()?;
        }
        Ok(())
    }

    async fn kept_with(&mut self, doc: DocId) -> Result<Option<KeptWith>> {
        kept_with(self.connection(), doc).await
    }

    async fn keep_with(&mut self, doc: DocId, coach: UserId) -> Result<()> {
        let (doc, coach) = (&doc.0[..], &coach.0[..]);
        sqlx::query!(
            "INSERT INTO kept_with (doc, coach) VALUES (?, ?) ON CONFLICT (doc) DO UPDATE SET coach = excluded.coach",
            doc,
            coach
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn hand_over(&mut self, doc: DocId, to: UserId, now: Millis) -> Result<()> {
        let (doc, to, now) = (&doc.0[..], &to.0[..], row::stored(now));
        sqlx::query!(
            "INSERT INTO handed_over (doc, coach, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            doc,
            to,
            now
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }
}

async fn audience(connection: &mut SqliteConnection, user: UserId, doc: DocId) -> Result<Option<Audience>> {
    let readers = readers(&mut *connection, user, doc).await?;
    if readers.is_empty() {
        return Ok(None);
    }
    let openings = openings(&mut *connection, doc).await?;
    let facts = documents::facts(connection, doc).await?;
    Ok(facts.map(|facts| Audience { facts, readers, openings }))
}

/// None of them, where `user` is not one.
async fn readers(connection: &mut SqliteConnection, user: UserId, doc: DocId) -> Result<Vec<Reader>> {
    let (user, doc) = (&user.0[..], &doc.0[..]);
    let found = sqlx::query!(
        r#"SELECT users.id, users.name, users.disabled AS "disabled: bool", grants.access, grants.since,
                  (SELECT group_concat(role) FROM user_roles WHERE user = users.id) AS "roles: String"
           FROM grants JOIN users ON users.id = grants.user
           WHERE grants.doc = ?1 AND grants.access > 0
             AND EXISTS (SELECT 1 FROM grants AS own WHERE own.doc = ?1 AND own.user = ?2 AND own.access > 0)
           ORDER BY users.name, users.id"#,
        doc,
        user
    )
    .fetch_all(connection)
    .await
    .told()?;
    let readers = found.into_iter().map(|it| {
        let roles = if it.disabled { Vec::new() } else { row::roles(it.roles.as_deref())? };
        Ok(Reader {
            subject: Subject { user: row::id(&it.id)?, roles },
            name: it.name,
            access: row::access(it.access)?,
            since: row::number_if(it.since)?,
        })
    });
    readers.collect()
}

async fn openings(connection: &mut SqliteConnection, doc: DocId) -> Result<Vec<Opening>> {
    let doc = &doc.0[..];
    let found = sqlx::query!(
        "SELECT openings.user, users.name, openings.at FROM openings JOIN users ON users.id = openings.user
         WHERE openings.doc = ? ORDER BY openings.at, users.name, users.id",
        doc
    )
    .fetch_all(connection)
    .await
    .told()?;
    let openings = found
        .into_iter()
        .map(|it| Ok(Opening { user: row::id(&it.user)?, name: it.name, at: row::number(it.at)? }));
    openings.collect()
}

/// Those of `docs` whose first opening by `user` is to be noted.
async fn unopened(connection: &mut SqliteConnection, user: UserId, docs: &[DocId]) -> Result<Vec<DocId>> {
    let wanted = row::hex_list(docs.iter().map(|doc| doc.0));
    let user = &user.0[..];
    let found = sqlx::query_scalar!(
        r#"SELECT documents.id FROM json_each(?1) AS wanted
           JOIN documents ON documents.id = unhex(wanted.value)
           JOIN grants ON grants.doc = documents.id AND grants.user = ?2 AND grants.access > 0
           WHERE documents.destroyed_at IS NULL AND documents.head > 1
             AND documents.owner IS NOT NULL AND documents.owner IS NOT ?2
             AND NOT EXISTS (SELECT 1 FROM openings WHERE openings.doc = documents.id AND openings.user = ?2)"#,
        wanted,
        user
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.iter().map(|id| row::id(id)).collect()
}

async fn note_openings(
    connection: &mut SqliteConnection,
    carrier: Carrier,
    docs: &[DocId],
    now: Millis,
) -> Result<usize> {
    let (user, at) = (&carrier.user.0[..], row::stored(now));
    let mut noted = 0;
    for id in docs {
        let doc = &id.0[..];
        // Another of her devices may have come first, or the document may be gone by now.
        let done = sqlx::query!(
            "INSERT INTO openings (doc, user, at)
             SELECT id, ?2, ?3 FROM documents WHERE id = ?1 AND destroyed_at IS NULL
             ON CONFLICT DO NOTHING",
            doc,
            user,
            at
        )
        .execute(&mut *connection)
        .await
        .told()?;
        if done.rows_affected() == 0 {
            continue;
        }
        noted += 1;
        let event = AuditEvent {
            at: now,
            user: Some(carrier.user),
            device: Some(carrier.device),
            action: FIRST_OPENED.to_owned(),
            object: id.to_string(),
        };
        record::audit(&mut *connection, &event).await?;
    }
    Ok(noted)
}

/// A document is gone: with it who opened it, and with whom it was kept.
pub(crate) async fn destroy(connection: &mut SqliteConnection, doc: DocId) -> Result<()> {
    let doc = &doc.0[..];
    sqlx::query!("DELETE FROM openings WHERE doc = ?", doc).execute(&mut *connection).await.told()?;
    sqlx::query!("DELETE FROM handed_over WHERE doc = ?", doc).execute(&mut *connection).await.told()?;
    sqlx::query!("DELETE FROM kept_with WHERE doc = ?", doc).execute(connection).await.told()?;
    Ok(())
}

pub(crate) async fn manager(connection: &mut SqliteConnection, user: UserId) -> Result<Option<UserId>> {
    let user = &user.0[..];
    let found = sqlx::query_scalar!("SELECT manager FROM users WHERE id = ?", user)
        .fetch_optional(connection)
        .await
        .told()?;
    row::id_if(found.flatten().as_deref())
}

/// Whose manager is whose, where that is known.
pub(crate) async fn managers(connection: &mut SqliteConnection) -> Result<HashMap<UserId, UserId>> {
    let found = sqlx::query!(r#"SELECT id, manager AS "manager!" FROM users WHERE manager IS NOT NULL"#)
        .fetch_all(connection)
        .await
        .told()?;
    found.into_iter().map(|it| Ok((row::id(&it.id)?, row::id(&it.manager)?))).collect()
}

async fn avoided(connection: &mut SqliteConnection, trajectory: TrajectoryId) -> Result<Vec<UserId>> {
    let trajectory = &trajectory.0[..];
    let found =
        sqlx::query_scalar!("SELECT coach FROM avoided WHERE trajectory = ? ORDER BY coach", trajectory)
            .fetch_all(connection)
            .await
            .told()?;
    found.iter().map(|id| row::id(id)).collect()
}

/// Whom the employees of these trajectories would rather not have.
pub(crate) async fn avoided_in(
    connection: &mut SqliteConnection,
    trajectories: impl IntoIterator<Item = TrajectoryId>,
) -> Result<HashMap<TrajectoryId, Vec<UserId>>> {
    let wanted = row::hex_list(trajectories.into_iter().map(|id| id.0));
    let found = sqlx::query!(
        "SELECT trajectory, coach FROM avoided
         WHERE trajectory IN (SELECT unhex(value) FROM json_each(?)) ORDER BY trajectory, coach",
        wanted
    )
    .fetch_all(connection)
    .await
    .told()?;
    let mut avoided = HashMap::<_, Vec<_>>::new();
    for it in found {
        avoided.entry(row::id(&it.trajectory)?).or_default().push(row::id(&it.coach)?);
    }
    Ok(avoided)
}

pub(crate) async fn kept_with(connection: &mut SqliteConnection, doc: DocId) -> Result<Option<KeptWith>> {
    let doc = &doc.0[..];
    let coach = sqlx::query_scalar!("SELECT coach FROM kept_with WHERE doc = ?", doc)
        .fetch_optional(&mut *connection)
        .await
        .told()?;
    let Some(coach) = coach else { return Ok(None) };
    let handed = sqlx::query_scalar!("SELECT coach FROM handed_over WHERE doc = ? ORDER BY at, coach", doc)
        .fetch_all(connection)
        .await
        .told()?;
    let handed_to = handed.iter().map(|id| row::id(id)).collect::<Result<_>>()?;
    Ok(Some(KeptWith { coach: row::id(&coach)?, handed_to }))
}

/// With whom the shared notes that `user` can read are kept.
pub(crate) async fn kept_for(
    connection: &mut SqliteConnection,
    user: UserId,
) -> Result<HashMap<DocId, KeptWith>> {
    let (user, kind) = (&user.0[..], DocKind::SharedNotes.code());
    let found = sqlx::query!(
        r#"SELECT kept_with.doc, kept_with.coach, handed_over.coach AS "handed_to?: Vec<u8>"
           FROM grants
           JOIN documents ON documents.id = grants.doc AND documents.kind = ?2
           JOIN kept_with ON kept_with.doc = grants.doc
           LEFT JOIN handed_over ON handed_over.doc = grants.doc
           WHERE grants.user = ?1 AND grants.access > 0
           ORDER BY kept_with.doc, handed_over.at, handed_over.coach"#,
        user,
        kind
    )
    .fetch_all(connection)
    .await
    .told()?;
    let mut kept = HashMap::new();
    for it in found {
        let coach = row::id(&it.coach)?;
        let one = kept.entry(row::id(&it.doc)?).or_insert_with(|| KeptWith { coach, handed_to: Vec::new() });
        one.handed_to.extend(row::id_if::<UserId>(it.handed_to.as_deref())?);
    }
    Ok(kept)
}
