//! Reading on in one log, which is what happens all day: one statement, so that it is one turn of SQLite's thread
//! and needs no transaction to be of one moment.

use futures_util::TryStreamExt as _;
use shared::sync::chain;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use sqlx::SqliteConnection;
use store::{BatchLimit, Carrier, Result, StoreError};

use crate::error::Told as _;
use crate::gathered::{Gathered, ItemRow};
use crate::log::{Standing, StandingRow, void_up_to};
use crate::{row, snapshots};

/// How the document stands to the reader, and one of the items; each row says the former again.
struct Line {
    kind: Option<String>,
    head: Option<i64>,
    head_chain: Option<Vec<u8>>,
    max_op: Option<i64>,
    voids: i64,
    snapshot: i64,
    dropped: i64,
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
        let Self {
            kind,
            head,
            head_chain: chain,
            max_op,
            voids,
            snapshot,
            dropped,
            access,
            ever_read,
            destroyed,
            carries,
            ..
        } = self;
        let standing = StandingRow {
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
        };
        let item = match (self.seq, self.hash, self.chain, self.by, self.sig, self.void) {
            (Some(seq), Some(hash), Some(chain), Some(by), Some(sig), Some(void)) => {
                Some(ItemRow { seq, hash, chain, by, sig, void, data: self.data.unwrap_or_default() })
            }
            _ => None,
        };
        (standing, item)
    }
}

/// As [`log::read`](crate::log::read), of one document; none where a piece of its snapshot is to be read, which is
/// another statement and so needs a transaction.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    reader: Carrier,
    place: &Place,
    most: BatchLimit,
) -> Result<Option<ReadAnswer>> {
    let (doc, user, device) = (&place.doc.0[..], &reader.user.0[..], &reader.device.0[..]);
    let (first, last) =
        (row::stored(place.cursor), row::stored(place.cursor.saturating_add(most.items as u64)));
    // Without `ORDER BY`, for which SQLite would gather all of it first: it walks along the index in the order of
    // `seq`, and an item out of its turn would be seen as a gap. Who may not read has nothing read for her.
    let mut rows = sqlx::query_as!(
        Line,
        r#"SELECT documents.kind AS "kind?: String", documents.head AS "head?: i64",
                  documents.chain AS "head_chain?: Vec<u8>", documents.max_op AS "max_op?: i64",
                  coalesce(documents.voids, 0) AS "voids!: i64",
                  coalesce(documents.snapshot, 0) AS "snapshot!: i64",
                  coalesce(documents.dropped, 0) AS "dropped!: i64",
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
    .fetch(&mut *connection);
    let mut answer = None;
    while let Some(line) = rows.try_next().await.told()? {
        let (standing, item) = line.apart();
        let (head, gathered) = match &mut answer {
            Some(answer) => answer,
            none => {
                let head = match Standing::try_from(standing)? {
                    Standing::Denied => return Ok(Some(ReadAnswer::Denied)),
                    Standing::Gone => return Ok(Some(ReadAnswer::Gone)),
                    Standing::Open(head) if place.cursor > head.seq => return Ok(Some(ReadAnswer::Reset)),
                    Standing::Open(head) if most.items > 0 && snapshots::is_wanted(place, &head) => {
                        return Ok(None);
                    }
                    Standing::Open(head) => head,
                };
                // Where the cursor is at an item, that is the first one, for the sake of its chain.
                let chain = match &item {
                    _ if place.cursor == 0 => chain::start(place.doc),
                    Some(item) if item.seq == first => row::id(&item.chain)?,
                    _ => return Err(StoreError::Corrupt(format!("no item {first} below the head of a log"))),
                };
                if place.chain.is_some_and(|theirs| theirs != chain) {
                    return Ok(Some(ReadAnswer::Reset));
                }
                none.insert((head, Gathered::after(place.cursor, chain)))
            }
        };
        let Some(item) = item.filter(|item| item.seq > first && item.seq <= row::stored(head.seq)) else {
            continue;
        };
        if !gathered.has_room_for(&item, most.bytes, true) {
            break;
        }
        gathered.take(item)?;
    }
    drop(rows);
    let Some((head, gathered)) = answer else { return Ok(Some(ReadAnswer::Denied)) };
    // Nearly never. What has become void since is news that comes with its own hint.
    let void = match head.voids {
        0 => Vec::new(),
        _ => void_up_to(connection, place).await?,
    };
    if place.cursor < head.seq && most.items > 0 && gathered.items.is_empty() {
        return Err(StoreError::Corrupt(format!("no item after {first}, and the head is {}", head.seq)));
    }
    let Gathered { items, chain, .. } = gathered;
    Ok(Some(ReadAnswer::Batch { kind: head.kind, access: head.access, head: head.seq, items, chain, void }))
}
