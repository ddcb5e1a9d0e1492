//! Reading on in one log, which is what happens all day: one statement, so that it is one turn of SQLite's thread
//! and needs no transaction to be of one moment.

use futures_util::TryStreamExt as _;
use shared::ids::Chain;
use shared::sync::chain;
use shared::sync::message::{Body, LogItem, Place};
use shared::sync::session::ReadAnswer;
use sqlx::SqliteConnection;
use store::{BatchLimit, Carrier, Result, StoreError};

use crate::error::Told as _;
use crate::log::{Standing, StandingRow};
use crate::row;

/// How the document stands to the reader, and one of the items; each row says the former again.
struct Line {
    kind: Option<String>,
    head: Option<i64>,
    head_chain: Option<Vec<u8>>,
    max_op: Option<i64>,
    access: i64,
    ever_read: bool,
    destroyed: bool,
    carries: bool,
    seq: Option<i64>,
    hash: Option<Vec<u8>>,
    chain: Option<Vec<u8>>,
    by: Option<Vec<u8>>,
    sig: Option<Vec<u8>>,
    void: Option<bool>,
    data: Option<Vec<u8>>,
}

impl Line {
    fn apart(self) -> (StandingRow, Option<ItemRow>) {
        let Self { kind, head, head_chain: chain, max_op, access, ever_read, destroyed, carries, .. } = self;
        let standing = StandingRow { kind, head, chain, max_op, access, ever_read, destroyed, carries };
        let item = match (self.seq, self.hash, self.chain, self.by, self.sig, self.void) {
            (Some(seq), Some(hash), Some(chain), Some(by), Some(sig), Some(void)) => {
                Some(ItemRow { seq, hash, chain, by, sig, void, data: self.data.unwrap_or_default() })
            }
            _ => None,
        };
        (standing, item)
    }
}

/// As [`log::read`](crate::log::read), of one document.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    reader: Carrier,
    place: &Place,
    most: BatchLimit,
) -> Result<ReadAnswer> {
    let (doc, user, device) = (&place.doc.0[..], &reader.user.0[..], &reader.device.0[..]);
    let (first, last) =
        (row::stored(place.cursor), row::stored(place.cursor.saturating_add(most.items as u64)));
    // Without `ORDER BY`, for which SQLite would gather all of it first: it walks along the index in the order of
    // `seq`, and an item out of its turn would be seen as a gap. Who may not read has nothing read for her.
    let mut rows = sqlx::query_as!(
        Line,
        r#"SELECT documents.kind AS "kind?: String", documents.head AS "head?: i64",
                  documents.chain AS "head_chain?: Vec<u8>", documents.max_op AS "max_op?: i64",
                  coalesce(grants.access, 0) AS "access!: i64", coalesce(grants.ever_read, 0) AS "ever_read!: bool",
                  documents.destroyed_at IS NOT NULL AS "destroyed!: bool",
                  EXISTS (SELECT 1 FROM devices JOIN users ON users.id = devices.user
                          WHERE devices.id = ?3 AND devices.user = ?2
                            AND NOT devices.revoked AND NOT users.disabled) AS "carries!: bool",
                  items.seq AS "seq?: i64", items.hash AS "hash?: Vec<u8>", items.chain AS "chain?: Vec<u8>",
                  items.by AS "by?: Vec<u8>", items.sig AS "sig?: Vec<u8>", items.void AS "void?: bool",
                  CASE WHEN items.seq > ?4 THEN items.data END AS "data?: Vec<u8>"
           FROM (SELECT ?1 AS id) AS wanted
           LEFT JOIN documents ON documents.id = wanted.id
           LEFT JOIN grants ON grants.doc = documents.id AND grants.user = ?2
           LEFT JOIN items ON items.doc = documents.id AND items.seq >= ?4 AND items.seq <= ?5
                AND grants.access > 0 AND documents.destroyed_at IS NULL"#,
        doc,
        user,
        device,
        first,
        last
    )
    .fetch(connection);
    let mut answer = None;
    while let Some(line) = rows.try_next().await.told()? {
        let (standing, item) = line.apart();
        let (head, gathered) = match &mut answer {
            Some(answer) => answer,
            none => {
                let head = match Standing::try_from(standing)? {
                    Standing::Denied => return Ok(ReadAnswer::Denied),
                    Standing::Gone => return Ok(ReadAnswer::Gone),
                    Standing::Open(head) if place.cursor > head.seq => return Ok(ReadAnswer::Reset),
                    Standing::Open(head) => head,
                };
                // Where the cursor is at an item, that is the first one, for the sake of its chain.
                let chain = match &item {
                    _ if place.cursor == 0 => chain::start(place.doc),
                    Some(item) if item.seq == first => row::id(&item.chain)?,
                    _ => return Err(StoreError::Corrupt(format!("no item {first} below the head of a log"))),
                };
                if place.chain.is_some_and(|theirs| theirs != chain) {
                    return Ok(ReadAnswer::Reset);
                }
                none.insert((head, Gathered { after: place.cursor, items: vec![], bytes: 0, chain }))
            }
        };
        let Some(item) = item.filter(|item| item.seq > first && item.seq <= row::stored(head.seq)) else {
            continue;
        };
        if !gathered.items.is_empty() && gathered.bytes + item.data.len() > most.bytes {
            break;
        }
        gathered.take(item)?;
    }
    let Some((head, gathered)) = answer else { return Ok(ReadAnswer::Denied) };
    if place.cursor < head.seq && most.items > 0 && gathered.items.is_empty() {
        return Err(StoreError::Corrupt(format!("no item after {first}, and the head is {}", head.seq)));
    }
    let Gathered { items, chain, .. } = gathered;
    Ok(ReadAnswer::Batch { kind: head.kind, access: head.access, head: head.seq, items, chain })
}

/// A row of `items`.
struct ItemRow {
    seq: i64,
    hash: Vec<u8>,
    chain: Vec<u8>,
    by: Vec<u8>,
    sig: Vec<u8>,
    void: bool,
    data: Vec<u8>,
}

/// Items in order, and the chain after the last of them.
struct Gathered {
    after: u64,
    items: Vec<LogItem>,
    bytes: usize,
    chain: Chain,
}

impl Gathered {
    fn take(&mut self, found: ItemRow) -> Result<()> {
        let seq = row::number(found.seq)?;
        if seq != self.after + 1 + self.items.len() as u64 {
            return Err(StoreError::Corrupt(format!("a gap in a log before item {seq}")));
        }
        self.bytes += found.data.len();
        self.chain = row::id(&found.chain)?;
        self.items.push(LogItem {
            seq,
            hash: row::id(&found.hash)?,
            by: row::id(&found.by)?,
            sig: found.sig,
            data: if found.void { Body::Void } else { Body::Data(found.data) },
        });
        Ok(())
    }
}
