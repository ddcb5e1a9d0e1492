//! Snapshots: what one is made of, keeping it, reading its pieces, and dropping what it covers.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use shared::ids::{Chain, ChangeHash, DocId};
use shared::sync::chain;
use shared::sync::message::{Place, SnapshotPiece};
use shared::sync::session::ReadAnswer;
use sqlx::SqliteConnection;
use store::{Covered, GrownLog, LogToCover, Millis, Result, StoreError};

use crate::error::Told as _;
use crate::log::Head;
use crate::packed;
use crate::row;

/// Whether whoever is at `place` is to be served by the snapshot: from the start on, or where the items that she lacks
/// have no data any more.
pub(crate) fn is_wanted(place: &Place, head: &Head) -> bool {
    if place.cursor == 0 { head.snapshot > 0 } else { place.cursor < head.dropped }
}

/// The piece that follows what the reader has, and its bytes: one row.
pub(crate) async fn piece(
    connection: &mut SqliteConnection,
    place: &Place,
    head: &Head,
) -> Result<(ReadAnswer, usize)> {
    let has = place.part.filter(|part| part.seq == head.snapshot).map_or(0, |part| part.offset);
    let (doc, seq, has) = (&place.doc.0[..], row::stored(head.snapshot), row::stored(has));
    let found = sqlx::query!(
        "SELECT snapshots.chain, heads, size, start, first, items, data
         FROM snapshot_pieces AS pieces JOIN snapshots ON snapshots.doc = pieces.doc AND snapshots.seq = pieces.seq
         WHERE pieces.doc = ?1 AND pieces.seq = ?2 AND pieces.start IN (0, ?3)
         ORDER BY pieces.start DESC LIMIT 1",
        doc,
        seq,
        has
    )
    .fetch_optional(connection)
    .await
    .told()?
    .ok_or_else(|| StoreError::Corrupt(format!("no piece of the snapshot up to item {seq}")))?;
    let piece = SnapshotPiece {
        seq: head.snapshot,
        chain: row::id(&found.chain)?,
        heads: row::apart(&found.heads)?,
        size: row::number(found.size)?,
        offset: row::number(found.start)?,
        items: packed::items(&found.items)?,
        data: found.data,
    };
    let bytes = piece.data.len() + found.items.len() + found.heads.len();
    let (kind, access, first) = (head.kind, head.access, row::number(found.first)?);
    Ok((ReadAnswer::Snapshot { kind, access, head: head.seq, first, piece }, bytes))
}

/// The document chunk of the snapshot up to `seq`.
pub(crate) async fn chunk(connection: &mut SqliteConnection, doc: DocId, seq: i64) -> Result<Vec<u8>> {
    let doc = &doc.0[..];
    let size = sqlx::query_scalar!("SELECT size FROM snapshots WHERE doc = ? AND seq = ?", doc, seq)
        .fetch_optional(&mut *connection)
        .await
        .told()?;
    let size = size.and_then(|size| usize::try_from(size).ok());
    let mut chunk = Vec::with_capacity(size.unwrap_or_default());
    let mut pieces = sqlx::query_scalar!(
        "SELECT data FROM snapshot_pieces WHERE doc = ? AND seq = ? ORDER BY start",
        doc,
        seq
    )
    .fetch(connection);
    while let Some(data) = pieces.try_next().await.told()? {
        chunk.extend(data);
    }
    if size != Some(chunk.len()) {
        return Err(StoreError::Corrupt(format!("the snapshot up to item {seq} is not whole")));
    }
    Ok(chunk)
}

/// See [`Store::logs_to_cover`](store::Store::logs_to_cover).
pub(crate) async fn grown(connection: &mut SqliteConnection, more: u64) -> Result<Vec<GrownLog>> {
    let more = row::stored(more);
    let found = sqlx::query!(
        "SELECT id, tried, snapshot FROM documents
         WHERE tried - snapshot >= ? AND tried > snapshot AND destroyed_at IS NULL ORDER BY id",
        more
    )
    .fetch_all(connection)
    .await
    .told()?;
    let logs = found.into_iter().map(|it| {
        let (tried, snapshot) = (row::number(it.tried)?, row::number(it.snapshot)?);
        Ok(GrownLog { doc: row::id(&it.id)?, tried, snapshot })
    });
    logs.collect()
}

/// See [`Store::log_to_cover`](store::Store::log_to_cover).
pub(crate) async fn log(connection: &mut SqliteConnection, doc: DocId) -> Result<Option<LogToCover>> {
    let id = &doc.0[..];
    let found = sqlx::query!(
        r#"SELECT tried, documents.snapshot, snapshots.chain AS "chain?: Vec<u8>", heads AS "heads?: Vec<u8>"
           FROM documents
           LEFT JOIN snapshots ON snapshots.doc = documents.id AND snapshots.seq = documents.snapshot
           WHERE id = ? AND tried > documents.snapshot AND destroyed_at IS NULL"#,
        id
    )
    .fetch_optional(&mut *connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(None) };
    let (base, mut tips) = match (found.snapshot, found.chain, found.heads) {
        (0, ..) => (None, Tips { chain: chain::start(doc), heads: BTreeSet::new() }),
        (seq, Some(chain), Some(heads)) => {
            let heads = row::apart(&heads)?.into_iter().collect();
            (Some(chunk(&mut *connection, doc, seq).await?), Tips { chain: row::id(&chain)?, heads })
        }
        (seq, ..) => return Err(StoreError::Corrupt(format!("no snapshot up to item {seq}"))),
    };
    let (after, seq) = (found.snapshot, found.tried);
    let voids = voids(&mut *connection, doc, seq).await?;
    let mut changes = Vec::new();
    let mut last = after;
    let mut rows = sqlx::query!(
        r#"SELECT seq, hash, chain, deps, void AS "void: bool", data
           FROM items WHERE doc = ? AND seq > ? AND seq <= ? ORDER BY seq"#,
        id,
        after,
        seq
    )
    .fetch(connection);
    while let Some(item) = rows.try_next().await.told()? {
        last += 1;
        tips.take(row::id(&item.hash)?, &row::apart(&item.deps)?, item.void);
        if item.seq != last || tips.chain != row::id(&item.chain)? {
            return Err(StoreError::Corrupt(format!("item {} is not where its log has it", item.seq)));
        }
        if !item.void {
            changes.push(item.data);
        }
    }
    if last != seq {
        return Err(StoreError::Corrupt(format!("no item {seq} below the head of a log")));
    }
    let (seq, snapshot) = (row::number(seq)?, row::number(after)?);
    let Tips { chain, heads } = tips;
    let heads = heads.into_iter().collect();
    let covered = Covered { seq, chain, heads, changes: seq.saturating_sub(voids), voids };
    Ok(Some(LogToCover { covered, snapshot, base, changes }))
}

/// Where a log ends, item by item.
struct Tips {
    chain: Chain,
    /// What nothing builds on yet.
    heads: BTreeSet<ChangeHash>,
}

impl Tips {
    fn take(&mut self, hash: ChangeHash, deps: &[ChangeHash], is_void: bool) {
        self.chain = chain::next(self.chain, hash);
        if !is_void {
            for dep in deps {
                self.heads.remove(dep);
            }
            self.heads.insert(hash);
        }
    }
}

/// How many items up to a place are void.
pub(crate) async fn voids(connection: &mut SqliteConnection, doc: DocId, seq: i64) -> Result<u64> {
    let doc = &doc.0[..];
    let found =
        sqlx::query_scalar!("SELECT count(*) FROM items WHERE doc = ? AND seq <= ? AND void", doc, seq)
            .fetch_one(connection)
            .await
            .told()?;
    row::number(found)
}

/// See [`Store::logs_to_drop`](store::Store::logs_to_drop).
pub(crate) async fn to_drop(connection: &mut SqliteConnection, made: Millis) -> Result<Vec<DocId>> {
    let made = row::stored(made);
    let found = sqlx::query_scalar!(
        "SELECT id FROM snapshots JOIN documents ON documents.id = snapshots.doc
         WHERE made_at <= ? AND dropped < snapshot ORDER BY made_at, id",
        made
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.iter().map(|id| row::id(id)).collect()
}

/// See [`Store::drop_covered`](store::Store::drop_covered).
pub(crate) async fn drop_covered(
    connection: &mut SqliteConnection,
    doc: DocId,
    made: Millis,
    most: u64,
) -> Result<bool> {
    let (doc, made) = (&doc.0[..], row::stored(made));
    let found = sqlx::query!(
        "SELECT snapshot, dropped FROM documents JOIN snapshots ON snapshots.doc = documents.id
         WHERE documents.id = ? AND made_at <= ? AND dropped < snapshot",
        doc,
        made
    )
    .fetch_optional(&mut *connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(false) };
    let until = found.dropped.saturating_add(row::stored(most)).min(found.snapshot);
    // A sound change is never empty.
    sqlx::query!(
        "UPDATE items SET data = x'' WHERE doc = ? AND seq > ? AND seq <= ? AND NOT void",
        doc,
        found.dropped,
        until
    )
    .execute(&mut *connection)
    .await
    .told()?;
    // With it, so that who reads finds either the changes or the snapshot.
    sqlx::query!("UPDATE documents SET dropped = ? WHERE id = ?", until, doc)
        .execute(connection)
        .await
        .told()?;
    Ok(until < found.snapshot)
}

/// A destroyed document has none.
pub(crate) async fn destroy(connection: &mut SqliteConnection, doc: DocId) -> Result<()> {
    let doc = &doc.0[..];
    sqlx::query!("DELETE FROM snapshot_pieces WHERE doc = ?", doc).execute(&mut *connection).await.told()?;
    sqlx::query!("DELETE FROM snapshots WHERE doc = ?", doc).execute(&mut *connection).await.told()?;
    sqlx::query!("UPDATE documents SET snapshot = 0, dropped = 0 WHERE id = ?", doc)
        .execute(connection)
        .await
        .told()?;
    Ok(())
}
