//! What no device may have.

use shared::ids::{ChangeHash, DeviceId, DocId};
use sqlx::SqliteConnection;
use store::{AuditEvent, AuthorKey, BeforePush, Carrier, Millis, Quarantined, Result};

use crate::error::Told as _;
use crate::{record, row};

/// Which of the questions a row answers.
mod about {
    pub const AUTHOR: i64 = 0;
    pub const KNOWN: i64 = 1;
    pub const QUARANTINED: i64 = 2;
    pub const CARRIER: i64 = 3;
}

/// See [`Store::before_push`](store::Store::before_push). One statement: each costs a turn of SQLite's thread.
pub(crate) async fn before_push(
    connection: &mut SqliteConnection,
    carrier: Carrier,
    doc: DocId,
    authors: &[DeviceId],
    hashes: &[ChangeHash],
) -> Result<BeforePush> {
    let doc = &doc.0[..];
    let (user, device) = (&carrier.user.0[..], &carrier.device.0[..]);
    let authors = row::hex_list(authors.iter().map(|device| device.0));
    let hashes = row::hex_list(hashes.iter().map(|hash| hash.0));
    // `CROSS JOIN` keeps SQLite from turning the loops around, which would walk through whole tables.
    let found = sqlx::query!(
        r#"SELECT 0 AS "about!: i64", devices.id AS "id!: Vec<u8>", devices.public_key AS "key!: Vec<u8>",
                  NOT devices.suspended AND EXISTS (
                      SELECT 1 FROM grants
                      WHERE grants.doc = ?1 AND grants.user = devices.user AND grants.ever_write
                  ) AS "writes!: bool"
           FROM json_each(?2) AS wanted
           CROSS JOIN devices ON devices.id = unhex(wanted.value)
           UNION ALL
           SELECT 1, items.hash, x'', 0
           FROM json_each(?3) AS wanted
           CROSS JOIN items ON items.doc = ?1 AND items.hash = unhex(wanted.value)
           UNION ALL
           SELECT 2, quarantine.hash, x'', 0
           FROM json_each(?3) AS wanted
           CROSS JOIN quarantine ON quarantine.doc = ?1 AND quarantine.hash = unhex(wanted.value)
           UNION ALL
           -- By way of the grant, which a stranger lacks whether the document is there or not.
           SELECT 3, x'', x'', 0
           FROM grants
           CROSS JOIN documents ON documents.id = grants.doc
           CROSS JOIN devices ON devices.id = ?5 AND devices.user = grants.user
           CROSS JOIN users ON users.id = grants.user
           WHERE grants.doc = ?1 AND grants.user = ?4 AND grants.access > 0 AND documents.destroyed_at IS NULL
             AND NOT devices.revoked AND NOT users.disabled"#,
        doc,
        authors,
        hashes,
        user,
        device
    )
    .fetch_all(connection)
    .await
    .told()?;
    let mut before = BeforePush::default();
    for it in found {
        match it.about {
            about::AUTHOR => before.authors.push(AuthorKey {
                id: row::id(&it.id)?,
                public_key: row::id(&it.key)?,
                writes: it.writes,
            }),
            about::KNOWN => {
                before.known.insert(row::id(&it.id)?);
            }
            about::QUARANTINED => {
                before.quarantined.insert(row::id(&it.id)?);
            }
            about::CARRIER => before.carries = true,
            _ => {}
        }
    }
    Ok(before)
}

pub(crate) async fn put(connection: &mut SqliteConnection, items: &[Quarantined]) -> Result<()> {
    for item in items {
        let (doc, hash, by) = (&item.doc.0[..], &item.hash.0[..], &item.by.0[..]);
        let (at, seq) = (row::stored(item.at), item.seq.map(row::stored));
        let data = item.data.as_deref();
        sqlx::query!(
            "INSERT INTO quarantine (doc, hash, by, at, reason, seq, data)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
             WHERE EXISTS (SELECT 1 FROM documents WHERE id = ?1 AND destroyed_at IS NULL)
             ON CONFLICT DO NOTHING",
            doc,
            hash,
            by,
            at,
            item.reason,
            seq,
            data
        )
        .execute(&mut *connection)
        .await
        .told()?;
    }
    Ok(())
}

pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Quarantined>> {
    let found =
        sqlx::query!("SELECT doc, hash, by, at, reason, seq FROM quarantine ORDER BY at DESC, doc, hash")
            .fetch_all(connection)
            .await
            .told()?;
    let rows = found.into_iter().map(|it| {
        Ok(Quarantined {
            doc: row::id(&it.doc)?,
            hash: row::id(&it.hash)?,
            by: row::id(&it.by)?,
            at: row::number(it.at)?,
            reason: it.reason,
            seq: row::number_if(it.seq)?,
            data: None,
        })
    });
    rows.collect()
}

pub(crate) async fn of_change(
    connection: &mut SqliteConnection,
    hash: ChangeHash,
) -> Result<Vec<Quarantined>> {
    let wanted = &hash.0[..];
    let found = sqlx::query!(
        r#"SELECT quarantine.doc, quarantine.by, at, reason, quarantine.seq,
                  coalesce(quarantine.data, items.data) AS "data: Vec<u8>"
           FROM quarantine
           LEFT JOIN items ON items.doc = quarantine.doc AND items.hash = quarantine.hash
           WHERE quarantine.hash = ?
           ORDER BY quarantine.doc"#,
        wanted
    )
    .fetch_all(connection)
    .await
    .told()?;
    let rows = found.into_iter().map(|it| {
        Ok(Quarantined {
            doc: row::id(&it.doc)?,
            hash,
            by: row::id(&it.by)?,
            at: row::number(it.at)?,
            reason: it.reason,
            seq: row::number_if(it.seq)?,
            data: it.data,
        })
    });
    rows.collect()
}

pub(crate) async fn release(
    connection: &mut SqliteConnection,
    doc: DocId,
    hash: ChangeHash,
    now: Millis,
) -> Result<Option<Quarantined>> {
    let kept = of_change(&mut *connection, hash).await?;
    let Some(released) = kept.into_iter().find(|it| it.doc == doc) else { return Ok(None) };
    let (doc, hash, by) = (&doc.0[..], &hash.0[..], &released.by.0[..]);
    sqlx::query!("DELETE FROM quarantine WHERE doc = ? AND hash = ?", doc, hash)
        .execute(&mut *connection)
        .await
        .told()?;
    sqlx::query!(
        "UPDATE devices SET suspended =
             EXISTS (SELECT 1 FROM quarantine WHERE quarantine.by = devices.id AND quarantine.seq IS NOT NULL)
         WHERE id = ? AND suspended",
        by
    )
    .execute(&mut *connection)
    .await
    .told()?;
    let event = AuditEvent {
        at: now,
        user: None,
        device: Some(released.by),
        action: store::QUARANTINE_RELEASED.to_owned(),
        object: released.hash.to_string(),
    };
    record::audit(connection, &event).await?;
    Ok(Some(released))
}
