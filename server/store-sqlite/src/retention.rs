//! Clocks: what they count from, and what is left of a document that they have ended.

use std::collections::HashMap;

use shared::domain::audit::{Destruction, DestructionReason};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::retention::{CLOCKS, Clock, Retained, Settings};
use shared::ids::{DocId, UserId};
use shared::sync::chain;
use sqlx::SqliteConnection;
use store::{Clocked, Deletion, Millis, RETENTION_SETTING, Result, StoreError, Trajectory};

use crate::error::Told as _;
use crate::{documents, record, row, trajectories};

struct ClockedRow {
    id: Vec<u8>,
    kind: String,
    /// Of the trajectory that it belongs to.
    state: Option<String>,
    closed_at: Option<i64>,
    /// Of a draft only.
    edited: Option<i64>,
    is_open: Option<bool>,
    owner_closed: Option<i64>,
    is_shared: Option<bool>,
}

impl TryFrom<ClockedRow> for Clocked {
    type Error = StoreError;

    fn try_from(found: ClockedRow) -> Result<Self> {
        let kind = row::coded(&found.kind, DocKind::from_code)?;
        let clock = if kind == DocKind::ReflectionDraft {
            match row::number_if(found.edited)? {
                Some(edited) if found.is_open != Some(true) => Clock::Draft {
                    edited,
                    closed: row::number_if(found.owner_closed)?,
                    shared: found.is_shared == Some(true),
                },
                _ => Clock::Stopped,
            }
        } else {
            let state =
                found.state.as_deref().map(|it| row::coded(it, TrajectoryState::from_code)).transpose()?;
            match row::number_if(found.closed_at)? {
                Some(closed) if state.is_some_and(|it| !it.is_open()) => Clock::Closure(closed),
                _ => Clock::Stopped,
            }
        };
        Ok(Self { doc: row::id(&found.id)?, retained: Retained { kind, clock } })
    }
}

/// The kinds that have a clock, for `json_each`.
fn kinds() -> String {
    row::code_list(CLOCKS.iter().map(|(kind, ..)| kind.code()))
}

/// Documents with a clock: all, those that `reader` may read, or that one.
async fn find(
    connection: &mut SqliteConnection,
    reader: Option<UserId>,
    only: Option<DocId>,
) -> Result<Vec<Clocked>> {
    let (kinds, draft) = (kinds(), DocKind::ReflectionDraft.code());
    let reflection = DocKind::Reflection.code();
    let reader = reader.as_ref().map(|reader| &reader.0[..]);
    let only = only.as_ref().map(|only| &only.0[..]);
    let found = sqlx::query_as!(
        ClockedRow,
        r#"SELECT documents.id, documents.kind, mine.state AS "state?: String", mine.closed_at AS "closed_at?: i64",
                  edits.at AS "edited?: i64",
                  CASE WHEN documents.kind = ?2 THEN EXISTS (
                      SELECT 1 FROM trajectories AS hers
                      WHERE hers.employee = documents.owner AND hers.state NOT IN ('closed', 'retained', 'destroyed'))
                  END AS "is_open?: bool",
                  CASE WHEN documents.kind = ?2 THEN (
                      SELECT max(hers.closed_at) FROM trajectories AS hers WHERE hers.employee = documents.owner)
                  END AS "owner_closed?: i64",
                  CASE WHEN documents.kind = ?2 THEN EXISTS (
                      SELECT 1 FROM documents AS others
                      WHERE others.owner = documents.owner AND others.kind = ?3 AND others.destroyed_at IS NULL)
                  END AS "is_shared?: bool"
           FROM documents
           LEFT JOIN trajectories AS mine ON mine.id = documents.trajectory
           LEFT JOIN edits ON edits.doc = documents.id
           WHERE documents.destroyed_at IS NULL
             AND documents.kind IN (SELECT value FROM json_each(?1))
             AND (?4 IS NULL OR documents.id IN (SELECT doc FROM grants WHERE user = ?4 AND access > 0))
             AND (?5 IS NULL OR documents.id = ?5)
           ORDER BY documents.id"#,
        kinds,
        draft,
        reflection,
        reader,
        only
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Clocked::try_from).collect()
}

/// See [`RetentionStore::clocked`](store::RetentionStore::clocked).
pub(crate) async fn clocked(connection: &mut SqliteConnection) -> Result<Vec<Clocked>> {
    find(connection, None, None).await
}

/// See [`RetentionTx::clocked_document`](store::RetentionTx::clocked_document).
pub(crate) async fn clocked_document(
    connection: &mut SqliteConnection,
    doc: DocId,
) -> Result<Option<Clocked>> {
    Ok(find(connection, None, Some(doc)).await?.pop())
}

/// When each of the documents that `reader` may read is to be destroyed.
pub(crate) async fn due(connection: &mut SqliteConnection, reader: UserId) -> Result<HashMap<DocId, Millis>> {
    let Some(settings) = settings(&mut *connection).await? else { return Ok(HashMap::new()) };
    let found = find(connection, Some(reader), None).await?;
    Ok(found.iter().filter_map(|it| Some((it.doc, settings.due(&it.retained)?))).collect())
}

/// See [`RetentionStore::retention_settings`](store::RetentionStore::retention_settings).
pub(crate) async fn settings(connection: &mut SqliteConnection) -> Result<Option<Settings>> {
    let found = record::setting(connection, RETENTION_SETTING).await?;
    found.as_deref().map(row::json).transpose()
}

/// See [`RetentionTx::note_edits`](store::RetentionTx::note_edits).
pub(crate) async fn note_edits(connection: &mut SqliteConnection, now: Millis) -> Result<u64> {
    let (kind, now) = (DocKind::ReflectionDraft.code(), row::stored(now));
    // The first item is the server's own.
    let noted = sqlx::query!(
        "INSERT INTO edits (doc, head, at)
         SELECT documents.id, documents.head, ?2 FROM documents LEFT JOIN edits ON edits.doc = documents.id
         WHERE documents.kind = ?1 AND documents.destroyed_at IS NULL AND documents.head > 1
             AND edits.head IS NOT documents.head
         ON CONFLICT (doc) DO UPDATE SET head = excluded.head, at = excluded.at",
        kind,
        now
    )
    .execute(connection)
    .await
    .told()?;
    Ok(noted.rows_affected())
}

/// See [`RetentionTx::closed_trajectories`](store::RetentionTx::closed_trajectories).
pub(crate) async fn closed_trajectories(connection: &mut SqliteConnection) -> Result<Vec<Trajectory>> {
    let mut all = trajectories::all(connection).await?;
    all.retain(|it| matches!(it.state, TrajectoryState::Closed | TrajectoryState::Retained));
    Ok(all)
}

/// The record of a destruction, as far as it is known here.
pub(crate) async fn record(
    connection: &mut SqliteConnection,
    doc: DocId,
    kind: DocKind,
    now: Millis,
) -> Result<()> {
    let (doc, kind, now) = (&doc.0[..], kind.code(), row::stored(now));
    let reason = DestructionReason::Decision.code();
    sqlx::query!(
        "INSERT INTO destructions (doc, kind, at, reason, rule) VALUES (?, ?, ?, ?, '') ON CONFLICT DO NOTHING",
        doc,
        kind,
        now,
        reason
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!("DELETE FROM edits WHERE doc = ?", doc).execute(connection).await.told()?;
    Ok(())
}

/// Says why a document was destroyed just now.
pub(crate) async fn explain(
    connection: &mut SqliteConnection,
    doc: DocId,
    reason: DestructionReason,
    rule: &str,
) -> Result<()> {
    let (doc, reason) = (&doc.0[..], reason.code());
    sqlx::query!("UPDATE destructions SET reason = ?, rule = ? WHERE doc = ?", reason, rule, doc)
        .execute(connection)
        .await
        .told()?;
    Ok(())
}

/// See [`RetentionStore::destructions`](store::RetentionStore::destructions).
pub(crate) async fn destructions(connection: &mut SqliteConnection, most: u32) -> Result<Vec<Destruction>> {
    let found = sqlx::query!(
        "SELECT doc, kind, at, reason, rule FROM destructions ORDER BY at DESC, doc LIMIT ?",
        most
    )
    .fetch_all(connection)
    .await
    .told()?;
    let records = found.into_iter().map(|it| {
        Ok(Destruction {
            doc: row::id(&it.doc)?,
            kind: row::coded(&it.kind, DocKind::from_code)?,
            at: row::number(it.at)?,
            reason: row::coded(&it.reason, DestructionReason::from_code)?,
            rule: it.rule,
        })
    });
    records.collect()
}

/// What the deletion list has to say of a document; none where it is not there, or destroyed already.
pub(crate) async fn deletion(
    connection: &mut SqliteConnection,
    doc: DocId,
    now: Millis,
) -> Result<Option<Deletion>> {
    let Some(document) = documents::document(&mut *connection, doc).await?.filter(|it| !it.destroyed) else {
        return Ok(None);
    };
    let readers = readers(connection, doc).await?;
    Ok(Some(Deletion { doc, kind: document.kind, at: now, readers }))
}

/// Everybody who ever could read it.
async fn readers(connection: &mut SqliteConnection, doc: DocId) -> Result<Vec<UserId>> {
    let doc = &doc.0[..];
    let found = sqlx::query_scalar!("SELECT user FROM grants WHERE doc = ? AND ever_read ORDER BY user", doc)
        .fetch_all(connection)
        .await
        .told()?;
    found.iter().map(|user| row::id(user)).collect()
}

/// Every destroyed document, as the deletion list should have it.
pub(crate) async fn destroyed(connection: &mut SqliteConnection) -> Result<Vec<Deletion>> {
    let found = sqlx::query!(
        r#"SELECT id, kind, destroyed_at AS "destroyed_at!: i64" FROM documents
           WHERE destroyed_at IS NOT NULL ORDER BY destroyed_at, id"#
    )
    .fetch_all(&mut *connection)
    .await
    .told()?;
    let mut all = Vec::with_capacity(found.len());
    for it in found {
        let doc = row::id(&it.id)?;
        all.push(Deletion {
            doc,
            kind: row::coded(&it.kind, DocKind::from_code)?,
            at: row::number(it.destroyed_at)?,
            readers: readers(&mut *connection, doc).await?,
        });
    }
    Ok(all)
}

/// See [`RetentionTx::bury`](store::RetentionTx::bury).
pub(crate) async fn bury(connection: &mut SqliteConnection, deletion: &Deletion, now: Millis) -> Result<()> {
    let chain = chain::start(deletion.doc);
    let (doc, kind, chain) = (&deletion.doc.0[..], deletion.kind.code(), &chain.0[..]);
    let at = row::stored(deletion.at);
    sqlx::query!(
        "INSERT INTO documents (id, kind, head, chain, max_op, destroyed_at) VALUES (?, ?, 0, ?, 0, ?)
         ON CONFLICT DO NOTHING",
        doc,
        kind,
        chain,
        at
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!("INSERT INTO tombstones (doc, at) VALUES (?, ?) ON CONFLICT DO NOTHING", doc, at)
        .execute(&mut *connection)
        .await
        .told()?;
    for reader in &deletion.readers {
        let reader = &reader.0[..];
        // Whoever has an account in this database.
        sqlx::query!(
            "INSERT INTO grants (doc, user, access, ever_read, ever_write)
             SELECT ?, id, 0, 1, 0 FROM users WHERE id = ? ON CONFLICT DO NOTHING",
            doc,
            reader
        )
        .execute(&mut *connection)
        .await
        .told()?;
    }
    record(&mut *connection, deletion.doc, deletion.kind, now).await?;
    explain(connection, deletion.doc, DestructionReason::Restored, "").await
}

/// See [`RetentionTx::end_all_sessions`](store::RetentionTx::end_all_sessions).
pub(crate) async fn end_all_sessions(connection: &mut SqliteConnection) -> Result<u64> {
    let ended =
        sqlx::query!("DELETE FROM sessions WHERE device NOT IN (SELECT id FROM devices WHERE revoked)")
            .execute(connection)
            .await
            .told()?;
    Ok(ended.rows_affected())
}

/// See [`RetentionStore::scrub`](store::RetentionStore::scrub). On a connection that is in no transaction.
pub(crate) async fn scrub(connection: &mut SqliteConnection) -> Result<bool> {
    // What is deleted is overwritten in its place at once; the log of writes still has it as it was.
    let is_busy: i64 =
        sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await.told()?;
    Ok(is_busy == 0)
}
