//! What is to be known before pushes are judged, found out by one statement, whatever the number of pushes: each
//! statement costs a turn of SQLite's thread, and each row that it answers with another.

use std::collections::BTreeMap;

use shared::access::Access;
use shared::ids::DocId;
use shared::sync::gate::{KnownChange, LogFacts, PreviousChange, Wanted};
use sqlx::SqliteConnection;
use store::{Carrier, Result, StoreError};

use crate::error::Told as _;
use crate::log::{Standing, StandingRow};
use crate::row;

/// What is asked about one document.
pub(crate) struct Question {
    pub(crate) doc: DocId,
    pub(crate) wanted: Wanted,
}

/// What was found, at one moment.
pub(crate) struct Survey {
    /// Differs from that of a later moment if another connection has written in between.
    pub(crate) version: i64,
    /// How each document stands to each carrier, as asked.
    pub(crate) standings: Vec<Result<Standing>>,
    /// What was wanted of each document; head and highest operation are in the standings.
    pub(crate) facts: Vec<LogFacts>,
}

/// Which of the three things asked for a row tells.
mod about {
    pub(super) const CHANGE: i64 = 0;
    pub(super) const LAST_OF_ACTOR: i64 = 1;
    pub(super) const WRITER: i64 = 2;
}

/// A standing as JSON: its number, then the columns of [`StandingRow`].
type StandingTuple =
    (usize, Option<String>, Option<i64>, String, Option<i64>, i64, i64, i64, i64, i64, i64, i64);
/// A fact as JSON: what it is about, the number of what was asked, id, place, number, hash, whether it is void.
type FactTuple = (i64, usize, String, i64, i64, String, i64);

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
    fn question(&self, index: usize) -> Result<usize> {
        self.of
            .get(index)
            .copied()
            .ok_or_else(|| StoreError::Corrupt("an answer to nothing that was asked".to_owned()))
    }
}

/// Finds out how documents stand to carriers, and what is wanted of documents: known changes, the last change of each
/// actor, and whose owner can write the document or once could. A document that does not exist takes the same way
/// through here as one that is not hers.
pub(crate) async fn survey(
    connection: &mut SqliteConnection,
    carriers: &[(DocId, Carrier)],
    questions: &[Question],
) -> Result<Survey> {
    let standing_list = row::hex_list(carriers.iter().map(|(doc, carrier)| {
        let mut ids = [0; 48];
        ids[..16].copy_from_slice(&doc.0);
        ids[16..32].copy_from_slice(&carrier.user.0);
        ids[32..].copy_from_slice(&carrier.device.0);
        ids
    }));
    let (mut hashes, mut actors, mut devices) = (Asked::<48>::new(), Asked::<32>::new(), Asked::<32>::new());
    for (index, Question { doc, wanted }) in questions.iter().enumerate() {
        wanted.hashes.iter().for_each(|hash| hashes.add(index, *doc, &hash.0));
        wanted.actors.iter().for_each(|actor| actors.add(index, *doc, &actor.0));
        wanted.devices.iter().for_each(|device| devices.add(index, *doc, &device.0));
    }
    let hash_list = row::hex_list(hashes.ids.iter().copied());
    let actor_list = row::hex_list(actors.ids.iter().copied());
    let device_list = row::hex_list(devices.ids.iter().copied());
    // `CROSS JOIN` keeps SQLite from turning the loops around, which would walk through the whole log.
    let found = sqlx::query!(
        r#"SELECT
             (SELECT data_version FROM pragma_data_version) + 0 AS "version!: i64",
             (SELECT json_group_array(json_array(
                  wanted.key, documents.kind, documents.head, hex(documents.chain), documents.max_op,
                  coalesce(documents.voids, 0), coalesce(documents.snapshot, 0), coalesce(documents.dropped, 0),
                  coalesce(grants.access, 0), coalesce(grants.ever_read, 0),
                  documents.destroyed_at IS NOT NULL,
                  EXISTS (SELECT 1 FROM devices JOIN users ON users.id = devices.user
                          WHERE devices.id = unhex(substr(wanted.value, 65))
                            AND devices.user = unhex(substr(wanted.value, 33, 32))
                            AND NOT devices.revoked AND NOT users.disabled)))
              FROM json_each(?1) AS wanted
              LEFT JOIN documents ON documents.id = unhex(substr(wanted.value, 1, 32))
              LEFT JOIN grants ON grants.doc = documents.id AND grants.user = unhex(substr(wanted.value, 33, 32))
             ) AS "standings!: String",
             (SELECT json_group_array(json_array(about, asked, id, seq, number, hash, void)) FROM (
                  SELECT 0 AS about, wanted.key AS asked, hex(hash) AS id, seq, max_op AS number, '' AS hash, void
                  FROM json_each(?2) AS wanted
                  CROSS JOIN items ON items.doc = unhex(substr(wanted.value, 1, 32))
                       AND items.hash = unhex(substr(wanted.value, 33))
                  UNION ALL
                  SELECT 1, wanted.key, hex(items.actor), items.seq, items.actor_seq, hex(items.hash), 0
                  FROM json_each(?3) AS wanted
                  CROSS JOIN items ON items.doc = unhex(substr(wanted.value, 1, 32))
                       AND items.actor = unhex(substr(wanted.value, 33)) AND items.actor_seq =
                       (SELECT max(actor_seq) FROM items WHERE doc = unhex(substr(wanted.value, 1, 32))
                           AND actor = unhex(substr(wanted.value, 33)))
                  UNION ALL
                  SELECT 2, wanted.key, hex(devices.id), 0, 0, '', 0
                  FROM json_each(?4) AS wanted
                  CROSS JOIN devices ON devices.id = unhex(substr(wanted.value, 33)) AND NOT devices.suspended
                  CROSS JOIN grants ON grants.doc = unhex(substr(wanted.value, 1, 32))
                       AND grants.user = devices.user AND grants.ever_write)
             ) AS "facts!: String""#,
        standing_list,
        hash_list,
        actor_list,
        device_list
    )
    .fetch_one(connection)
    .await
    .told()?;
    let mut facts: Vec<_> = questions.iter().map(|_| LogFacts::default()).collect();
    for (about, asked, id, seq, number, hash, void) in row::json::<Vec<FactTuple>>(&found.facts)? {
        let (seq, number) = (row::number(seq)?, row::number(number)?);
        match about {
            about::CHANGE => {
                let known = KnownChange { seq, max_op: number, void: void != 0 };
                facts[hashes.question(asked)?].known.insert(row::unhex(&id)?, known);
            }
            about::LAST_OF_ACTOR => {
                let facts = &mut facts[actors.question(asked)?];
                let actor = row::unhex(&id)?;
                facts.actors.insert(actor, number);
                facts.previous.insert((actor, number), PreviousChange { hash: row::unhex(&hash)?, seq });
            }
            about::WRITER => {
                facts[devices.question(asked)?].writers.insert(row::unhex(&id)?);
            }
            _ => {}
        }
    }
    let standings = standings(carriers.len(), &found.standings)?;
    Ok(Survey { version: found.version, standings, facts })
}

fn standings(count: usize, json: &str) -> Result<Vec<Result<Standing>>> {
    let mut found: BTreeMap<usize, StandingRow> = BTreeMap::new();
    for (
        number,
        kind,
        head,
        chain,
        max_op,
        voids,
        snapshot,
        dropped,
        access,
        ever_read,
        destroyed,
        carries,
    ) in row::json::<Vec<StandingTuple>>(json)?
    {
        let chain = if chain.is_empty() { None } else { Some(row::unhex::<[u8; 32]>(&chain)?.to_vec()) };
        found.insert(
            number,
            StandingRow {
                kind,
                head,
                chain,
                max_op,
                voids,
                snapshot,
                dropped,
                access,
                ever_read: ever_read != 0,
                destroyed: destroyed != 0,
                carries: carries != 0,
            },
        );
    }
    if found.len() != count {
        return Err(StoreError::Corrupt("not as many answers as questions".to_owned()));
    }
    Ok(found.into_values().map(Standing::try_from).collect())
}

/// What a carrier may do; nothing where the document is not hers.
pub(crate) fn access(standing: &Result<Standing>) -> Access {
    match standing {
        Ok(Standing::Open(head)) => head.access,
        _ => Access::None,
    }
}
