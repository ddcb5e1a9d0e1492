//! Reading logs, always together with what the reader may do with them.

use futures_util::TryStreamExt as _;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::ids::{Chain, DocId, UserId};
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use sqlx::{Connection as _, SqliteConnection};
use store::{BatchLimit, Carrier, Grant, Result, StoreError};

use crate::error::Told as _;
use crate::gathered::{Gathered, ItemRow};
use crate::{live, row, snapshots};

/// A document as it stands to a carrier.
pub(crate) enum Standing {
    /// Not hers, or not there.
    Denied,
    /// Destroyed, or no longer hers.
    Gone,
    /// Hers to read or to write.
    Open(Head),
}

/// The newest place of a log.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) kind: DocKind,
    pub(crate) access: Access,
    pub(crate) seq: u64,
    pub(crate) chain: Chain,
    pub(crate) max_op: u64,
    /// How many of its items are void.
    pub(crate) voids: u64,
    /// The place up to which there is a snapshot; 0 where there is none.
    pub(crate) snapshot: u64,
    /// The place up to which the changes are in the snapshot alone.
    pub(crate) dropped: u64,
}

/// A document's row, and what a carrier may do with it.
pub(crate) struct StandingRow {
    pub(crate) kind: Option<String>,
    pub(crate) head: Option<i64>,
    pub(crate) chain: Option<Vec<u8>>,
    pub(crate) max_op: Option<i64>,
    pub(crate) voids: i64,
    pub(crate) snapshot: i64,
    pub(crate) dropped: i64,
    pub(crate) access: i64,
    pub(crate) ever_read: bool,
    pub(crate) destroyed: bool,
    pub(crate) carries: bool,
}

/// How each of `docs` stands to `carrier`, in order. A document that does not exist takes the same way through
/// here as one that is not hers.
async fn standings(
    connection: &mut SqliteConnection,
    carrier: Carrier,
    docs: impl IntoIterator<Item = DocId>,
) -> Result<Vec<Result<Standing>>> {
    let wanted = row::hex_list(docs.into_iter().map(|doc| doc.0));
    let (user, device) = (&carrier.user.0[..], &carrier.device.0[..]);
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
                          WHERE devices.id = ?3 AND devices.user = ?2
                            AND NOT devices.revoked AND NOT users.disabled) AS "carries!: bool"
           FROM json_each(?1) AS wanted
           LEFT JOIN documents ON documents.id = unhex(wanted.value)
           LEFT JOIN grants ON grants.doc = documents.id AND grants.user = ?2
           ORDER BY wanted.key"#,
        wanted,
        user,
        device
    )
    .fetch_all(connection)
    .await
    .told()?;
    Ok(found.into_iter().map(Standing::try_from).collect())
}

impl TryFrom<StandingRow> for Standing {
    type Error = StoreError;

    fn try_from(it: StandingRow) -> Result<Self> {
        if !it.carries {
            return Ok(Self::Denied);
        }
        let access = row::access(it.access)?;
        if it.destroyed || access == Access::None {
            return Ok(if it.ever_read { Self::Gone } else { Self::Denied });
        }
        let (Some(kind), Some(head), Some(chain), Some(max_op)) = (it.kind, it.head, it.chain, it.max_op)
        else {
            return Ok(Self::Denied);
        };
        Ok(Self::Open(Head {
            kind: row::coded(&kind, DocKind::from_code)?,
            access,
            seq: row::number(head)?,
            chain: row::id(&chain)?,
            max_op: row::number(max_op)?,
            voids: row::number(it.voids)?,
            snapshot: row::number(it.snapshot)?,
            dropped: row::number(it.dropped)?,
        }))
    }
}

/// See [`Store::read_logs`](store::Store::read_logs).
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    reader: Carrier,
    places: &[Place],
    most: BatchLimit,
) -> Result<Vec<ReadAnswer>> {
    if let [place] = places {
        match live::read(connection, reader, place, most).await {
            Ok(None) => {}
            Ok(Some(answer)) => return Ok(vec![answer]),
            Err(error) => return Ok(vec![alone(place, Err(error))?]),
        }
    }
    let mut transaction = connection.begin().await.told()?;
    let connection = &mut *transaction;
    let standings = standings(&mut *connection, reader, places.iter().map(|place| place.doc)).await?;
    let mut answers = Vec::with_capacity(places.len());
    let mut room = most.bytes;
    for (place, standing) in places.iter().zip(standings) {
        let answer = match standing {
            Ok(Standing::Denied) => Ok(ReadAnswer::Denied),
            Ok(Standing::Gone) => Ok(ReadAnswer::Gone),
            Ok(Standing::Open(head)) => {
                let most = BatchLimit { items: most.items, bytes: room };
                match batch(&mut *connection, place, &head, most, answers.is_empty()).await {
                    Ok(Batch::Answer(answer, bytes)) => {
                        room = room.saturating_sub(bytes);
                        Ok(answer)
                    }
                    Ok(Batch::NoRoom) => break,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        answers.push(alone(place, answer)?);
    }
    Ok(answers)
}

/// One document's failure is its own.
fn alone(place: &Place, answer: Result<ReadAnswer>) -> Result<ReadAnswer> {
    match answer {
        Err(StoreError::Corrupt(problem)) => {
            tracing::error!(doc = %place.doc, problem, "a log cannot be read");
            Ok(ReadAnswer::Failed)
        }
        answer => answer,
    }
}

enum Batch {
    Answer(ReadAnswer, usize),
    /// There is something, and not even the first of it fits.
    NoRoom,
}

async fn batch(
    connection: &mut SqliteConnection,
    place: &Place,
    head: &Head,
    most: BatchLimit,
    is_first: bool,
) -> Result<Batch> {
    let void = match head.voids {
        0 => Vec::new(),
        _ => void_up_to(&mut *connection, place).await?,
    };
    let answer = |items, chain| ReadAnswer::Batch {
        kind: head.kind,
        access: head.access,
        head: head.seq,
        items,
        chain,
        void: void.clone(),
    };
    if place.cursor > head.seq {
        return Ok(Batch::Answer(ReadAnswer::Reset, 0));
    }
    if place.cursor == head.seq {
        let same = place.chain.is_none_or(|chain| chain == head.chain);
        return Ok(Batch::Answer(if same { answer(vec![], head.chain) } else { ReadAnswer::Reset }, 0));
    }
    let chain = match place.cursor {
        0 => shared::sync::chain::start(place.doc),
        cursor => chain_at(&mut *connection, place.doc, cursor).await?,
    };
    if place.chain.is_some_and(|theirs| theirs != chain) {
        return Ok(Batch::Answer(ReadAnswer::Reset, 0));
    }
    if most.items == 0 {
        return Ok(Batch::Answer(answer(vec![], chain), 0));
    }
    if snapshots::is_wanted(place, head) {
        let (piece, bytes) = snapshots::piece(connection, place, head).await?;
        let fits = is_first || bytes <= most.bytes;
        return Ok(if fits { Batch::Answer(piece, bytes) } else { Batch::NoRoom });
    }
    let (doc, cursor) = (&place.doc.0[..], row::stored(place.cursor));
    let count = i64::try_from(most.items).unwrap_or(i64::MAX);
    let mut rows = sqlx::query_as!(
        ItemRow,
        r#"SELECT seq, hash, chain, by, sig, void AS "void: bool", data
           FROM items WHERE doc = ? AND seq > ? ORDER BY seq LIMIT ?"#,
        doc,
        cursor,
        count
    )
    .fetch(connection);
    let mut gathered = Gathered::after(place.cursor, chain);
    while let Some(found) = rows.try_next().await.told()? {
        if !gathered.has_room_for(&found, most.bytes, is_first) {
            if gathered.items.is_empty() {
                return Ok(Batch::NoRoom);
            }
            break;
        }
        gathered.take(found)?;
    }
    let Gathered { items, bytes, chain, .. } = gathered;
    if items.is_empty() {
        return Err(StoreError::Corrupt(format!(
            "no item after {}, and the head is {}",
            place.cursor, head.seq
        )));
    }
    Ok(Batch::Answer(answer(items, chain), bytes))
}

/// The places up to the cursor that are void.
pub(crate) async fn void_up_to(connection: &mut SqliteConnection, place: &Place) -> Result<Vec<u64>> {
    let (doc, cursor) = (&place.doc.0[..], row::stored(place.cursor));
    let found = sqlx::query_scalar!(
        "SELECT seq FROM items WHERE doc = ? AND seq <= ? AND void ORDER BY seq",
        doc,
        cursor
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(row::number).collect()
}

async fn chain_at(connection: &mut SqliteConnection, doc: DocId, seq: u64) -> Result<Chain> {
    let (doc, seq) = (&doc.0[..], row::stored(seq));
    let found = sqlx::query_scalar!("SELECT chain FROM items WHERE doc = ? AND seq = ?", doc, seq)
        .fetch_optional(connection)
        .await
        .told()?;
    row::id(&found.ok_or_else(|| StoreError::Corrupt(format!("no item {seq} below the head of a log")))?)
}

/// See [`Store::grant`](store::Store::grant).
pub(crate) async fn grant(connection: &mut SqliteConnection, user: UserId, doc: DocId) -> Result<Grant> {
    let (user, doc) = (&user.0[..], &doc.0[..]);
    let found = sqlx::query!(
        r#"SELECT access, ever_read AS "ever_read: bool", ever_write AS "ever_write: bool"
           FROM grants WHERE doc = ? AND user = ?"#,
        doc,
        user
    )
    .fetch_optional(connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(Grant::NONE) };
    Ok(Grant { access: row::access(found.access)?, ever_read: found.ever_read, ever_write: found.ever_write })
}
