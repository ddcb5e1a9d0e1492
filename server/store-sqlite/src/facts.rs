//! What the gate wants to know of a log.

use std::collections::BTreeSet;

use shared::ids::{ActorId, DocId};
use shared::sync::gate::{self, AncestryRow, Examined, KnownChange, LogFacts, PreviousChange, Wanted};
use sqlx::SqliteConnection;
use store::{Result, StoreError};

use crate::error::Told as _;
use crate::log::Head;
use crate::row;

/// What is to be looked up for one push.
pub(crate) struct Question<'a> {
    pub(crate) doc: DocId,
    pub(crate) head: &'a Head,
    pub(crate) items: &'a [Examined],
}

/// One statement in the rule, whatever the number of pushes and items: each costs a turn of SQLite's thread.
pub(crate) async fn look_up(
    connection: &mut SqliteConnection,
    questions: &[Question<'_>],
) -> Result<Vec<LogFacts>> {
    let wanted: Vec<_> = questions.iter().map(|it| gate::wanted(it.items)).collect();
    let mut facts: Vec<_> = questions
        .iter()
        .map(|it| LogFacts { head: it.head.seq, max_op: it.head.max_op, ..LogFacts::default() })
        .collect();
    look_up_wanted(&mut *connection, questions, &wanted, &mut facts).await?;
    for ((question, wanted), facts) in questions.iter().zip(&wanted).zip(&mut facts) {
        look_up_earlier(&mut *connection, question.doc, wanted, facts).await?;
        if let Some(seq) = gate::ancestry_after(question.items, facts) {
            facts.ancestry = ancestry(&mut *connection, question.doc, seq).await?;
        }
    }
    Ok(facts)
}

/// Which of the three things asked for a row tells.
mod about {
    pub const CHANGE: i64 = 0;
    pub const LAST_OF_ACTOR: i64 = 1;
    pub const WRITER: i64 = 2;
}

/// Ids to look up in documents, and which question each is of.
struct Asked<const N: usize> {
    ids: Vec<[u8; N]>,
    of: Vec<usize>,
}

impl<const N: usize> Asked<N> {
    fn new() -> Self {
        Self { ids: vec![], of: vec![] }
    }

    fn add(&mut self, question: usize, doc: DocId, id: &[u8]) {
        let mut both = [0; N];
        both[..16].copy_from_slice(&doc.0);
        both[16..].copy_from_slice(id);
        self.ids.push(both);
        self.of.push(question);
    }

    /// The question that the id at `index` is of.
    fn question(&self, index: i64) -> Result<usize> {
        let found = usize::try_from(index).ok().and_then(|index| self.of.get(index));
        found.copied().ok_or_else(|| StoreError::Corrupt("an answer to nothing that was asked".to_owned()))
    }
}

/// Known changes, the last change of each actor, and whose owner can write the document or once could.
async fn look_up_wanted(
    connection: &mut SqliteConnection,
    questions: &[Question<'_>],
    wanted: &[Wanted],
    facts: &mut [LogFacts],
) -> Result<()> {
    let (mut hashes, mut actors, mut devices) = (Asked::<48>::new(), Asked::<32>::new(), Asked::<32>::new());
    for (index, (question, wanted)) in questions.iter().zip(wanted).enumerate() {
        wanted.hashes.iter().for_each(|hash| hashes.add(index, question.doc, &hash.0));
        let all: BTreeSet<ActorId> =
            wanted.previous.iter().map(|(actor, _)| *actor).chain(wanted.actors.iter().copied()).collect();
        all.iter().for_each(|actor| actors.add(index, question.doc, &actor.0));
        wanted.devices.iter().for_each(|device| devices.add(index, question.doc, &device.0));
    }
    let hash_list = row::hex_list(hashes.ids.iter().copied());
    let actor_list = row::hex_list(actors.ids.iter().copied());
    let device_list = row::hex_list(devices.ids.iter().copied());
    // `CROSS JOIN` keeps SQLite from turning the loops around, which would walk through the whole log.
    let found = sqlx::query!(
        r#"SELECT 0 AS "about!: i64", wanted.key + 0 AS "asked!: i64", hash AS "id!: Vec<u8>", seq AS "seq!: i64",
                  max_op AS "number!: i64", hash AS "hash!: Vec<u8>", void AS "void!: bool"
           FROM json_each(?1) AS wanted
           CROSS JOIN items ON items.doc = unhex(substr(wanted.value, 1, 32))
                AND items.hash = unhex(substr(wanted.value, 33))
           UNION ALL
           SELECT 1, wanted.key + 0, items.actor, items.seq, items.actor_seq, items.hash, 0
           FROM json_each(?2) AS wanted
           CROSS JOIN items ON items.doc = unhex(substr(wanted.value, 1, 32))
                AND items.actor = unhex(substr(wanted.value, 33)) AND items.actor_seq =
                (SELECT max(actor_seq) FROM items WHERE doc = unhex(substr(wanted.value, 1, 32))
                    AND actor = unhex(substr(wanted.value, 33)))
           UNION ALL
           SELECT 2, wanted.key + 0, devices.id, 0, 0, x'', 0
           FROM json_each(?3) AS wanted
           CROSS JOIN devices ON devices.id = unhex(substr(wanted.value, 33)) AND NOT devices.suspended
           CROSS JOIN grants ON grants.doc = unhex(substr(wanted.value, 1, 32))
                AND grants.user = devices.user AND grants.ever_write"#,
        hash_list,
        actor_list,
        device_list
    )
    .fetch_all(connection)
    .await
    .told()?;
    for it in found {
        let (seq, number) = (row::number(it.seq)?, row::number(it.number)?);
        match it.about {
            about::CHANGE => {
                let facts = &mut facts[hashes.question(it.asked)?];
                facts.known.insert(row::id(&it.id)?, KnownChange { seq, max_op: number, void: it.void });
            }
            about::LAST_OF_ACTOR => {
                let facts = &mut facts[actors.question(it.asked)?];
                let actor = row::id(&it.id)?;
                facts.actors.insert(actor, number);
                facts.previous.insert((actor, number), PreviousChange { hash: row::id(&it.hash)?, seq });
            }
            about::WRITER => {
                facts[devices.question(it.asked)?].writers.insert(row::id(&it.id)?);
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
        let deps = row::apart(&it.deps)?;
        Ok(AncestryRow { hash: row::id(&it.hash)?, seq: row::number(it.seq)?, deps })
    });
    rows.collect()
}
