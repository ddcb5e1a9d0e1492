//! What the gate wants to know of a log in rare cases: each is a question of its own.

use shared::ids::DocId;
use shared::sync::gate::{self, AncestryRow, Examined, LogFacts, PreviousChange, Wanted};
use sqlx::SqliteConnection;
use store::Result;

use crate::error::Told as _;
use crate::row;

/// Adds what these items need beyond what every push needs.
pub(crate) async fn look_up_rare(
    connection: &mut SqliteConnection,
    doc: DocId,
    wanted: &Wanted,
    items: &[&Examined],
    facts: &mut LogFacts,
) -> Result<()> {
    look_up_earlier(&mut *connection, doc, wanted, facts).await?;
    if let Some(seq) = gate::ancestry_after(items.iter().copied(), facts) {
        facts.ancestry = ancestry(connection, doc, seq).await?;
    }
    Ok(())
}

/// Changes of an actor before its last one: only wanted when something is pushed again, or a history is forked.
async fn look_up_earlier(
    connection: &mut SqliteConnection,
    doc: DocId,
    wanted: &Wanted,
    facts: &mut LogFacts,
) -> Result<()> {
    let doc = &doc.0[..];
    for &(actor, seq) in &wanted.previous {
        // What comes after the actor's last change is in the push itself, if anywhere.
        if facts.actors.get(&actor).is_none_or(|last| seq >= *last) {
            continue;
        }
        let (of, actor_seq) = (&actor.0[..], row::stored(seq));
        let found = sqlx::query!(
            "SELECT hash, seq FROM items WHERE doc = ? AND actor = ? AND actor_seq = ?",
            doc,
            of,
            actor_seq
        )
        .fetch_optional(&mut *connection)
        .await
        .told()?;
        if let Some(it) = found {
            let previous = PreviousChange { hash: row::id(&it.hash)?, seq: row::number(it.seq)? };
            facts.previous.insert((actor, seq), previous);
        }
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
