//! What the gate wants to know of a log.

use std::collections::BTreeSet;

use shared::ids::{ActorId, ChangeHash, DocId};
use shared::sync::gate::{self, AncestryRow, Examined, KnownChange, LogFacts, PreviousChange, Wanted};
use sqlx::SqliteConnection;
use store::Result;

use crate::error::Told as _;
use crate::log::Head;
use crate::row;

/// One statement in the rule, whatever the number of items: each costs a turn of SQLite's thread.
pub(crate) async fn look_up(
    connection: &mut SqliteConnection,
    doc: DocId,
    head: &Head,
    items: &[Examined],
) -> Result<LogFacts> {
    let wanted = gate::wanted(items);
    let mut facts = LogFacts { head: head.seq, max_op: head.max_op, ..LogFacts::default() };
    look_up_wanted(&mut *connection, doc, &wanted, &mut facts).await?;
    look_up_earlier(&mut *connection, doc, &wanted, &mut facts).await?;
    if let Some(seq) = gate::ancestry_after(items, &facts) {
        facts.ancestry = ancestry(connection, doc, seq).await?;
    }
    Ok(facts)
}

/// Which of the three questions a row answers.
mod about {
    pub const CHANGE: i64 = 0;
    pub const LAST_OF_ACTOR: i64 = 1;
    pub const WRITER: i64 = 2;
}

/// Known changes, the last change of each actor, and whose owner can write the document or once could.
async fn look_up_wanted(
    connection: &mut SqliteConnection,
    doc: DocId,
    wanted: &Wanted,
    facts: &mut LogFacts,
) -> Result<()> {
    let actors: BTreeSet<ActorId> =
        wanted.previous.iter().map(|(actor, _)| *actor).chain(wanted.actors.iter().copied()).collect();
    let doc = &doc.0[..];
    let hashes = row::hex_list(wanted.hashes.iter().map(|hash| hash.0));
    let actors = row::hex_list(actors.iter().map(|actor| actor.0));
    let devices = row::hex_list(wanted.devices.iter().map(|device| device.0));
    // `CROSS JOIN` keeps SQLite from turning the loops around, which would walk through the whole log.
    let found = sqlx::query!(
        r#"SELECT 0 AS "about!: i64", hash AS "id!: Vec<u8>", seq AS "seq!: i64", max_op AS "number!: i64",
                  hash AS "hash!: Vec<u8>", void AS "void!: bool"
           FROM items WHERE doc = ?1 AND hash IN (SELECT unhex(value) FROM json_each(?2))
           UNION ALL
           SELECT 1, items.actor, items.seq, items.actor_seq, items.hash, 0
           FROM json_each(?3) AS wanted
           CROSS JOIN items ON items.doc = ?1 AND items.actor = unhex(wanted.value) AND items.actor_seq =
               (SELECT max(actor_seq) FROM items WHERE doc = ?1 AND actor = unhex(wanted.value))
           UNION ALL
           SELECT 2, devices.id, 0, 0, x'', 0
           FROM json_each(?4) AS wanted
           CROSS JOIN devices ON devices.id = unhex(wanted.value) AND NOT devices.suspended
           CROSS JOIN grants ON grants.doc = ?1 AND grants.user = devices.user AND grants.ever_write"#,
        doc,
        hashes,
        actors,
        devices
    )
    .fetch_all(connection)
    .await
    .told()?;
    for it in found {
        let (seq, number) = (row::number(it.seq)?, row::number(it.number)?);
        match it.about {
            about::CHANGE => {
                facts.known.insert(row::id(&it.id)?, KnownChange { seq, max_op: number, void: it.void });
            }
            about::LAST_OF_ACTOR => {
                let actor = row::id(&it.id)?;
                facts.actors.insert(actor, number);
                facts.previous.insert((actor, number), PreviousChange { hash: row::id(&it.hash)?, seq });
            }
            about::WRITER => {
                facts.writers.insert(row::id(&it.id)?);
            }
            _ => {}
        }
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
        let deps = it.deps.chunks(ChangeHash::LEN).map(row::id).collect::<Result<_>>()?;
        Ok(AncestryRow { hash: row::id(&it.hash)?, seq: row::number(it.seq)?, deps })
    });
    rows.collect()
}
