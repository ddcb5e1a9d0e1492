//! What the gate wants to know of a log in a rare case: a question of its own.

use shared::ids::DocId;
use shared::sync::gate::{self, AncestryRow, Examined, LogFacts};
use sqlx::SqliteConnection;
use store::Result;

use crate::error::Told as _;
use crate::row;

/// Adds what these items need beyond what every push needs.
pub(crate) async fn look_up_rare(
    connection: &mut SqliteConnection,
    doc: DocId,
    items: &[&Examined],
    facts: &mut LogFacts,
) -> Result<()> {
    if let Some(seq) = gate::ancestry_after(items.iter().copied(), facts) {
        facts.ancestry = ancestry(connection, doc, seq).await?;
    }
    Ok(())
}

async fn ancestry(connection: &mut SqliteConnection, doc: DocId, after: u64) -> Result<Vec<AncestryRow>> {
    let (doc, after) = (&doc.0[..], row::stored(after));
    let found =
        sqlx::query!("SELECT hash, seq, deps FROM items WHERE doc = ? AND seq > ? ORDER BY seq", doc, after)
            .fetch_all(connection)
            .await
            .told()?;
    let rows = found.into_iter().map(|it| {
        let deps = row::apart(&it.deps)?;
        Ok(AncestryRow { hash: row::id(&it.hash)?, seq: row::number(it.seq)?, deps })
    });
    rows.collect()
}
