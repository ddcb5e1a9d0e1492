//! Logs on trial, and what becomes void.

use std::collections::HashSet;

use futures_util::TryStreamExt as _;
use shared::ids::{ChangeHash, DeviceId, DocId};
use sqlx::SqliteConnection;
use store::{AuditEvent, LogToTry, Millis, Quarantined, Result, StoreError, Voided};

use crate::error::Told as _;
use crate::{quarantine, record, row, snapshots};

pub(crate) async fn untried(connection: &mut SqliteConnection) -> Result<Vec<DocId>> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM documents WHERE tried < head AND destroyed_at IS NULL ORDER BY id"
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.iter().map(|id| row::id(id)).collect()
}

pub(crate) async fn log(connection: &mut SqliteConnection, doc: DocId) -> Result<Option<LogToTry>> {
    let id = &doc.0[..];
    let found = sqlx::query!(
        "SELECT head, tried, snapshot FROM documents WHERE id = ? AND tried < head AND destroyed_at IS NULL",
        id
    )
    .fetch_optional(&mut *connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(None) };
    let mut log = LogToTry {
        snapshot: row::number(found.snapshot)?,
        head: row::number(found.head)?,
        ..LogToTry::default()
    };
    if found.snapshot > 0 {
        log.base = Some(snapshots::chunk(&mut *connection, doc, found.snapshot).await?);
    }
    let mut items = sqlx::query!(
        "SELECT seq, data FROM items WHERE doc = ? AND seq > ? AND NOT void ORDER BY seq",
        id,
        found.snapshot
    )
    .fetch(connection);
    while let Some(item) = items.try_next().await.told()? {
        if item.seq <= found.tried {
            log.tried.push(item.data);
        } else {
            log.new.push((row::number(item.seq)?, item.data));
        }
    }
    Ok(Some(log))
}

pub(crate) async fn note(connection: &mut SqliteConnection, places: &[(DocId, u64)]) -> Result<()> {
    for (doc, seq) in places {
        let (doc, seq) = (&doc.0[..], row::stored(*seq));
        sqlx::query!("UPDATE documents SET tried = max(tried, ?) WHERE id = ?", seq, doc)
            .execute(&mut *connection)
            .await
            .told()?;
    }
    Ok(())
}

pub(crate) async fn make_void(
    connection: &mut SqliteConnection,
    doc: DocId,
    seq: u64,
    reason: &str,
    now: Millis,
) -> Result<Option<Voided>> {
    let (id, from) = (&doc.0[..], row::stored(seq));
    let found = sqlx::query!(
        r#"SELECT items.hash, items.by, devices.user AS "user?: Vec<u8>",
                  documents.snapshot >= items.seq AS "is_covered!: bool"
           FROM items JOIN documents ON documents.id = items.doc LEFT JOIN devices ON devices.id = items.by
           WHERE items.doc = ? AND items.seq = ? AND NOT items.void"#,
        id,
        from
    )
    .fetch_optional(&mut *connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(None) };
    if found.is_covered {
        return Err(StoreError::Conflict(format!("a snapshot covers item {seq}")));
    }
    let (hash, by): (ChangeHash, DeviceId) = (row::id(&found.hash)?, row::id(&found.by)?);
    let items = dependents(&mut *connection, doc, seq).await?;
    let places = row::number_list(&items);
    sqlx::query!(
        "UPDATE items SET void = 1 WHERE doc = ? AND seq IN (SELECT value FROM json_each(?))",
        id,
        places
    )
    .execute(&mut *connection)
    .await
    .told()?;
    let many = row::stored(items.len() as u64);
    sqlx::query!("UPDATE documents SET voids = voids + ? WHERE id = ?", many, id)
        .execute(&mut *connection)
        .await
        .told()?;
    let device = &by.0[..];
    sqlx::query!("UPDATE devices SET suspended = 1 WHERE id = ?", device)
        .execute(&mut *connection)
        .await
        .told()?;
    let reason = reason.to_owned();
    let kept = Quarantined { doc, hash, by, at: now, reason, seq: Some(seq), data: None };
    quarantine::put(&mut *connection, &[kept]).await?;
    let user = row::id_if(found.user.as_deref())?;
    let event = AuditEvent {
        at: now,
        user,
        device: Some(by),
        action: "item_voided".to_owned(),
        object: doc.to_string(),
    };
    record::audit(connection, &event).await?;
    Ok(Some(Voided { hash, by, user, items }))
}

/// An item and all that depend on it, by whatever way.
async fn dependents(connection: &mut SqliteConnection, doc: DocId, seq: u64) -> Result<Vec<u64>> {
    let (doc, from) = (&doc.0[..], row::stored(seq));
    let later = sqlx::query!(
        "SELECT seq, hash, deps FROM items WHERE doc = ? AND seq >= ? AND NOT void ORDER BY seq",
        doc,
        from
    )
    .fetch_all(connection)
    .await
    .told()?;
    let mut void: HashSet<Vec<u8>> = HashSet::new();
    let mut places = Vec::new();
    for item in later {
        let depends = item.deps.chunks(ChangeHash::LEN).any(|dep| void.contains(dep));
        if item.seq == from || depends {
            void.insert(item.hash);
            places.push(row::number(item.seq)?);
        }
    }
    Ok(places)
}
