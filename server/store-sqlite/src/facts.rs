//! What the gate wants to know of a log.

use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::gate::{self, AncestryRow, Examined, KnownChange, LogFacts, PreviousChange, Wanted};
use sqlx::SqliteConnection;
use store::Result;

use crate::error::Told as _;
use crate::log::Head;
use crate::row;

pub(crate) async fn look_up(
    connection: &mut SqliteConnection,
    doc: DocId,
    head: &Head,
    items: &[Examined],
) -> Result<LogFacts> {
    let wanted = gate::wanted(items);
    let mut facts = LogFacts { head: head.seq, max_op: head.max_op, ..LogFacts::default() };
    look_up_changes(&mut *connection, doc, &wanted, &mut facts).await?;
    look_up_actors(&mut *connection, doc, &wanted, &mut facts).await?;
    for device in &wanted.devices {
        if wrote(&mut *connection, doc, *device).await? {
            facts.writers.insert(*device);
        }
    }
    if let Some(seq) = gate::ancestry_after(items, &facts) {
        facts.ancestry = ancestry(connection, doc, seq).await?;
    }
    Ok(facts)
}

async fn look_up_changes(
    connection: &mut SqliteConnection,
    doc: DocId,
    wanted: &Wanted,
    facts: &mut LogFacts,
) -> Result<()> {
    let (doc, hashes) = (&doc.0[..], row::hex_list(wanted.hashes.iter().map(|hash| hash.0)));
    let found = sqlx::query!(
        "SELECT hash, seq, max_op FROM items
         WHERE doc = ? AND hash IN (SELECT unhex(value) FROM json_each(?))",
        doc,
        hashes
    )
    .fetch_all(connection)
    .await
    .told()?;
    for it in found {
        let known = KnownChange { seq: row::number(it.seq)?, max_op: row::number(it.max_op)? };
        facts.known.insert(row::id(&it.hash)?, known);
    }
    Ok(())
}

async fn look_up_actors(
    connection: &mut SqliteConnection,
    doc: DocId,
    wanted: &Wanted,
    facts: &mut LogFacts,
) -> Result<()> {
    let doc = &doc.0[..];
    let actors = wanted.previous.iter().map(|(actor, _)| actor).chain(&wanted.actors);
    for actor in actors.collect::<std::collections::BTreeSet<&ActorId>>() {
        let of = &actor.0[..];
        let last = sqlx::query_scalar!(
            r#"SELECT max(actor_seq) AS "last: i64" FROM items WHERE doc = ? AND actor = ?"#,
            doc,
            of
        )
        .fetch_one(&mut *connection)
        .await
        .told()?;
        if let Some(last) = last {
            facts.actors.insert(*actor, row::number(last)?);
        }
    }
    for &(actor, seq) in &wanted.previous {
        // What comes after the actor's last change is in the push itself, if anywhere.
        if facts.actors.get(&actor).is_none_or(|last| seq > *last) {
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

/// Whether the owner of `device` can write the document, or once could.
async fn wrote(connection: &mut SqliteConnection, doc: DocId, device: DeviceId) -> Result<bool> {
    let (doc, device) = (&doc.0[..], &device.0[..]);
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM devices JOIN grants ON grants.user = devices.user
                          WHERE devices.id = ? AND grants.doc = ? AND grants.ever_write) AS "wrote!: bool""#,
        device,
        doc
    );
    found.fetch_one(connection).await.told()
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
