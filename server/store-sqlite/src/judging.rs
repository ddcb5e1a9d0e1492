//! Pushes are judged and stored, many at a time: the same few statements, whether one push came or a hundred.

use std::collections::HashSet;
use std::fmt::Write as _;

use shared::ids::DocId;
use shared::sync::chain;
use shared::sync::gate::{self, Examined, Verdict};
use shared::sync::session::PushAnswer;
use sqlx::SqliteConnection;
use store::{Carrier, Result, StoreError};

use crate::error::Told as _;
use crate::facts;
use crate::facts::Question;
use crate::log::{Head, Standing, StandingRow};
use crate::row::{self, Hex};

/// Bytes of changes that one statement stores at most; a single change may be larger.
const BYTES_AT_ONCE: usize = 1 << 20;

/// What somebody pushed.
pub(crate) struct Push {
    pub(crate) carrier: Carrier,
    pub(crate) doc: DocId,
    pub(crate) items: Vec<Examined>,
}

/// Judges and stores `pushes` in order and gives the answer to each. An error inside is that of one push of which
/// nothing was written; after an error outside, it is not known what was.
pub(crate) async fn store_all(
    connection: &mut SqliteConnection,
    pushes: &[&Push],
) -> Result<Vec<Result<PushAnswer>>> {
    let mut answers: Vec<_> = pushes.iter().map(|_| None).collect();
    let mut waiting: Vec<usize> = (0..pushes.len()).collect();
    while !waiting.is_empty() {
        // What comes second to a document is judged with the first in place.
        let mut docs = HashSet::new();
        let (now, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|at| docs.insert(pushes[*at].doc));
        let of_now: Vec<_> = now.iter().map(|at| pushes[*at]).collect();
        for (at, answer) in now.into_iter().zip(store_apart(&mut *connection, &of_now).await?) {
            answers[at] = Some(answer);
        }
        waiting = later;
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Judges and stores `pushes`, no two of them to the same document.
async fn store_apart(connection: &mut SqliteConnection, pushes: &[&Push]) -> Result<Vec<Result<PushAnswer>>> {
    let standings = standings(&mut *connection, pushes).await?;
    let mut answers: Vec<_> = pushes.iter().map(|_| Ok(PushAnswer::Denied)).collect();
    let mut open: Vec<(usize, Head)> = Vec::with_capacity(pushes.len());
    for (at, standing) in standings.into_iter().enumerate() {
        match standing {
            Ok(Standing::Denied) => {}
            Ok(Standing::Gone) => answers[at] = Ok(PushAnswer::Gone),
            Ok(Standing::Open(head)) => open.push((at, head)),
            Err(error) => answers[at] = Err(error),
        }
    }
    if open.is_empty() {
        return Ok(answers);
    }
    let questions: Vec<_> = open
        .iter()
        .map(|(at, head)| Question { doc: pushes[*at].doc, head, items: &pushes[*at].items })
        .collect();
    let facts = facts::look_up(&mut *connection, &questions).await?;
    let mut append = Append::default();
    for ((at, head), facts) in open.iter().zip(&facts) {
        let push = pushes[*at];
        let verdicts = gate::decide(&push.items, facts);
        if verdicts.contains(&Verdict::Undecoded) {
            answers[*at] = Err(StoreError::Undecoded);
            continue;
        }
        append.add(push, head, &verdicts);
        let gate::Outcome { acked, rejected, stored } = gate::outcome(&push.items, &verdicts);
        answers[*at] = Ok(PushAnswer::Done { acked, rejected, stored });
    }
    append.carry_out(connection).await?;
    Ok(answers)
}

/// How the document of each push stands to its carrier. A document that does not exist takes the same way through
/// here as one that is not hers.
async fn standings(connection: &mut SqliteConnection, pushes: &[&Push]) -> Result<Vec<Result<Standing>>> {
    let wanted = row::hex_list(pushes.iter().map(|it| {
        let mut ids = [0; 48];
        ids[..16].copy_from_slice(&it.doc.0);
        ids[16..32].copy_from_slice(&it.carrier.user.0);
        ids[32..].copy_from_slice(&it.carrier.device.0);
        ids
    }));
    let found = sqlx::query_as!(
        StandingRow,
        r#"SELECT documents.kind AS "kind?: String", documents.head AS "head?: i64",
                  documents.chain AS "chain?: Vec<u8>", documents.max_op AS "max_op?: i64",
                  coalesce(documents.voids, 0) AS "voids!: i64",
                  coalesce(documents.snapshot, 0) AS "snapshot!: i64",
                  coalesce(documents.dropped, 0) AS "dropped!: i64",
                  coalesce(grants.access, 0) AS "access!: i64", coalesce(grants.ever_read, 0) AS "ever_read!: bool",
                  documents.destroyed_at IS NOT NULL AS "destroyed!: bool",
                  EXISTS (SELECT 1 FROM devices JOIN users ON users.id = devices.user
                          WHERE devices.id = unhex(substr(wanted.value, 65))
                            AND devices.user = unhex(substr(wanted.value, 33, 32))
                            AND NOT devices.revoked AND NOT users.disabled) AS "carries!: bool"
           FROM json_each(?1) AS wanted
           LEFT JOIN documents ON documents.id = unhex(substr(wanted.value, 1, 32))
           LEFT JOIN grants ON grants.doc = documents.id AND grants.user = unhex(substr(wanted.value, 33, 32))
           ORDER BY wanted.key"#,
        wanted
    )
    .fetch_all(connection)
    .await
    .told()?;
    Ok(found.into_iter().map(Standing::try_from).collect())
}

/// What is to be written, as the statements take it: JSON, with bytes in hexadecimal digits, and the changes
/// themselves one after the other beside it.
#[derive(Default)]
struct Append {
    batches: Vec<Items>,
    heads: String,
}

#[derive(Default)]
struct Items {
    rows: String,
    data: Vec<u8>,
}

impl Append {
    fn add(&mut self, push: &Push, head: &Head, verdicts: &[Verdict]) {
        let (mut newest, mut chain, mut max_op) = (head.seq, head.chain, head.max_op);
        for (examined, verdict) in push.items.iter().zip(verdicts) {
            let (Verdict::Store { seq }, Some(change)) = (verdict, examined.change()) else { continue };
            let item = examined.item();
            newest = *seq;
            chain = chain::next(chain, change.hash);
            max_op = max_op.max(change.max_op());
            let items = self.room_for(item.data.len());
            // Writing to a string cannot fail.
            let _ = write!(
                row::next(&mut items.rows),
                r#"["{}",{},"{}","{}","{}","{}","{}",{},{},"{}",{},{}]"#,
                Hex(&push.doc.0),
                seq,
                Hex(&change.hash.0),
                Hex(&chain.0),
                Hex(&item.by.0),
                Hex(&item.sig),
                Hex(&change.actor.0),
                change.seq,
                change.max_op(),
                Hex(&row::joined(&change.deps)),
                items.data.len() + 1,
                item.data.len()
            );
            items.data.extend(&item.data);
        }
        if newest > head.seq {
            let (doc, chain) = (Hex(&push.doc.0), Hex(&chain.0));
            let _ = write!(row::next(&mut self.heads), r#"["{doc}",{newest},"{chain}",{max_op}]"#);
        }
    }

    /// Where the next change of so many bytes goes.
    fn room_for(&mut self, bytes: usize) -> &mut Items {
        let fits = self.batches.last().is_some_and(|it| it.data.len() + bytes <= BYTES_AT_ONCE);
        if !fits {
            self.batches.push(Items::default());
        }
        let last = self.batches.len() - 1;
        &mut self.batches[last]
    }

    async fn carry_out(self, connection: &mut SqliteConnection) -> Result<()> {
        for Items { rows, data } in self.batches {
            let rows = row::ended(rows);
            sqlx::query!(
                "INSERT INTO items (doc, seq, hash, chain, by, sig, actor, actor_seq, max_op, deps, data)
                 SELECT unhex(new.value ->> 0), new.value ->> 1, unhex(new.value ->> 2), unhex(new.value ->> 3),
                        unhex(new.value ->> 4), unhex(new.value ->> 5), unhex(new.value ->> 6), new.value ->> 7,
                        new.value ->> 8, unhex(new.value ->> 9), substr(?2, new.value ->> 10, new.value ->> 11)
                 FROM json_each(?1) AS new",
                rows,
                data
            )
            .execute(&mut *connection)
            .await
            .told()?;
        }
        if self.heads.is_empty() {
            return Ok(());
        }
        let heads = row::ended(self.heads);
        sqlx::query!(
            "UPDATE documents SET head = new.value ->> 1, chain = unhex(new.value ->> 2), max_op = new.value ->> 3
             FROM json_each(?1) AS new WHERE documents.id = unhex(new.value ->> 0)",
            heads
        )
        .execute(connection)
        .await
        .told()?;
        Ok(())
    }
}
