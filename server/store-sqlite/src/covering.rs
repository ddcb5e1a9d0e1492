//! A snapshot is kept in turns of some pieces each, so that nobody waits long for the writer. It is seen only from the
//! last of them on, which looks whether the log still is what it was made of.

use shared::ids::DocId;
use shared::sync::snapshot::{self, Extent};
use sqlx::SqliteConnection;
use store::{Covered, Millis, NewSnapshot, Result};

use crate::error::Told as _;
use crate::writer::Writer;
use crate::{packed, row, snapshots};

/// Pieces in one turn: 2 MiB at most, which takes the writer some ten milliseconds.
const PIECES_AT_ONCE: usize = 8;

/// See [`Store::put_snapshot`](store::Store::put_snapshot).
pub(crate) async fn put(writer: &Writer, doc: DocId, snapshot: &NewSnapshot, now: Millis) -> Result<bool> {
    let NewSnapshot { covered, data } = snapshot;
    let items = usize::try_from(covered.seq).unwrap_or(usize::MAX);
    let Some(pieces) = snapshot::pieces(data.len(), items) else { return Ok(false) };
    // Of one that was being made when the server was killed.
    take_away_others(writer, doc).await?;
    for some in pieces.chunks(PIECES_AT_ONCE) {
        let mut tx = writer.begin().await?;
        if !can_cover(tx.connection(), doc, covered).await? {
            tx.rollback().await;
            take_away_others(writer, doc).await?;
            return Ok(false);
        }
        for piece in some {
            put_piece(tx.connection(), doc, covered, data, piece).await?;
        }
        tx.commit().await?;
    }
    let mut tx = writer.begin().await?;
    let is_kept = show(tx.connection(), doc, covered, data.len(), now).await?;
    tx.commit().await?;
    take_away_others(writer, doc).await?;
    Ok(is_kept)
}

/// Whether the log still is what the snapshot was made of, and has no newer one. Items do not change but in becoming
/// void, and are only taken away all together.
async fn can_cover(connection: &mut SqliteConnection, doc: DocId, covered: &Covered) -> Result<bool> {
    let (id, seq, chain) = (&doc.0[..], row::stored(covered.seq), &covered.chain.0[..]);
    let same = sqlx::query_scalar!(
        "SELECT 1 FROM documents JOIN items ON items.doc = documents.id AND items.seq = ?2
         WHERE documents.id = ?1 AND destroyed_at IS NULL AND snapshot < ?2 AND tried >= ?2 AND items.chain = ?3",
        id,
        seq,
        chain
    )
    .fetch_optional(&mut *connection)
    .await
    .told()?;
    Ok(same.is_some() && snapshots::voids(connection, doc, seq).await? == covered.voids)
}

async fn put_piece(
    connection: &mut SqliteConnection,
    doc: DocId,
    covered: &Covered,
    chunk: &[u8],
    piece: &Extent,
) -> Result<()> {
    let (doc, seq) = (&doc.0[..], row::stored(covered.seq));
    let start = row::stored(piece.data.start as u64);
    let (first, last) = (row::stored(piece.items.start as u64 + 1), row::stored(piece.items.end as u64));
    let found = sqlx::query!(
        r#"SELECT hash, by, sig, void AS "void: bool" FROM items
           WHERE doc = ? AND seq >= ? AND seq <= ? ORDER BY seq"#,
        doc,
        first,
        last
    )
    .fetch_all(&mut *connection)
    .await
    .told()?;
    let mut items = Vec::new();
    for it in &found {
        packed::put(&mut items, &it.hash, &it.by, it.void, &it.sig)?;
    }
    let data = chunk.get(piece.data.clone()).unwrap_or_default();
    sqlx::query!(
        "INSERT INTO snapshot_pieces (doc, seq, start, first, items, data) VALUES (?, ?, ?, ?, ?, ?)",
        doc,
        seq,
        start,
        first,
        items,
        data
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

/// The turn from which on it is served.
async fn show(
    connection: &mut SqliteConnection,
    doc: DocId,
    covered: &Covered,
    size: usize,
    now: Millis,
) -> Result<bool> {
    if !can_cover(&mut *connection, doc, covered).await? {
        return Ok(false);
    }
    let (doc, seq, chain) = (&doc.0[..], row::stored(covered.seq), &covered.chain.0[..]);
    let (heads, size, now) = (row::joined(&covered.heads), row::stored(size as u64), row::stored(now));
    sqlx::query!(
        "INSERT INTO snapshots (doc, seq, chain, heads, size, made_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (doc) DO UPDATE SET seq = excluded.seq, chain = excluded.chain, heads = excluded.heads,
             size = excluded.size, made_at = excluded.made_at",
        doc,
        seq,
        chain,
        heads,
        size,
        now
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!("UPDATE documents SET snapshot = ? WHERE id = ?", seq, doc)
        .execute(connection)
        .await
        .told()?;
    Ok(true)
}

/// Takes away the pieces that are not of the snapshot that is served.
async fn take_away_others(writer: &Writer, doc: DocId) -> Result<()> {
    let (doc, most) = (&doc.0[..], i64::try_from(PIECES_AT_ONCE).unwrap_or(i64::MAX));
    loop {
        let mut tx = writer.begin().await?;
        let taken = sqlx::query!(
            "DELETE FROM snapshot_pieces WHERE rowid IN
                 (SELECT pieces.rowid FROM snapshot_pieces AS pieces JOIN documents ON documents.id = pieces.doc
                  WHERE pieces.doc = ? AND pieces.seq <> documents.snapshot LIMIT ?)",
            doc,
            most
        )
        .execute(tx.connection())
        .await
        .told()?;
        if taken.rows_affected() == 0 {
            tx.rollback().await;
            return Ok(());
        }
        tx.commit().await?;
    }
}
