//! Pushes are judged and stored, many at a time: one statement to find out what is to be known, one to store what
//! passes, whether one push came or a hundred.

use std::fmt::Write as _;
use std::sync::Arc;

use shared::access::Access;
use shared::ids::DocId;
use shared::sync::chain;
use shared::sync::gate::{self, Examined, LogFacts, Verdict};
use shared::sync::message::{Body, LogItem, Place};
use shared::sync::session::PushAnswer;
use sqlx::SqliteConnection;
use store::{Carrier, News, Result, StoreError, Told};

use crate::error::Told as _;
use crate::facts;
use crate::log::{Head, Standing};
use crate::recent::{Recent, Seen, Stored};
use crate::row::{self, Hex};
use crate::survey::{self, Question, Survey};

/// Bytes of changes that one statement stores at most; a single change may be larger.
const BYTES_AT_ONCE: usize = 1 << 20;

/// What somebody pushed.
pub(crate) struct Push {
    pub(crate) carrier: Carrier,
    pub(crate) doc: DocId,
    pub(crate) items: Arc<[Examined]>,
    /// Who has the document open.
    pub(crate) audience: Vec<Carrier>,
}

/// What becomes of pushes once it is stored.
pub(crate) struct Judged {
    /// The answer to each. An error is that of one push, of which nothing is to be stored.
    pub(crate) answers: Vec<Result<Told>>,
    append: Append,
    /// The moment at which it was judged, as [`Survey::version`].
    pub(crate) version: i64,
    /// What is known of each document once it is stored.
    pub(crate) seen: Vec<Seen>,
}

/// What is to be known of pushes.
struct Asked {
    groups: Vec<Group>,
    /// One for each group.
    questions: Vec<Question>,
    pushing: Vec<(DocId, Carrier)>,
    /// Whoever has the document open.
    listening: Vec<(DocId, Carrier)>,
}

impl Asked {
    fn of(pushes: &[&Push]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (at, push) in pushes.iter().enumerate() {
            match groups.iter_mut().find(|group| group.doc == push.doc) {
                Some(group) => group.pushes.push(at),
                None => groups.push(Group { doc: push.doc, pushes: vec![at] }),
            }
        }
        let questions = groups
            .iter()
            .map(|group| Question { doc: group.doc, wanted: gate::wanted(group.items(pushes)) })
            .collect();
        let pushing = pushes.iter().map(|push| (push.doc, push.carrier)).collect();
        let listening = |push: &&Push| push.audience.iter().map(|it| (push.doc, *it)).collect::<Vec<_>>();
        Self { groups, questions, pushing, listening: pushes.iter().flat_map(listening).collect() }
    }
}

/// Judges `pushes` in order, each with the earlier ones in place.
pub(crate) async fn judge(connection: &mut SqliteConnection, pushes: &[&Push]) -> Result<Judged> {
    let Asked { groups, questions, pushing, listening } = Asked::of(pushes);
    let carriers = [pushing, listening].concat();
    let found = survey::survey(&mut *connection, &carriers, &questions).await?;
    let mut judging = Judging::of(pushes, found);
    for group in groups {
        let Some((group, head, mut facts)) = judging.next(group) else { continue };
        let items: Vec<_> = group.items(pushes).collect();
        facts::look_up_rare(&mut *connection, group.doc, &items, &mut facts).await?;
        judging.take(group, head, facts);
    }
    Ok(judging.judged)
}

/// The same by what is remembered, where that is enough to see that all of it is to be stored.
pub(crate) fn judge_remembered(recent: &Recent, pushes: &[&Push]) -> Option<Judged> {
    let Asked { groups, questions, pushing, listening } = Asked::of(pushes);
    let found = recent.survey(&pushing, &listening, &questions)?;
    let mut judging = Judging::of(pushes, found);
    for group in groups {
        let (group, head, facts) = judging.next(group)?;
        if gate::ancestry_after(group.items(pushes), &facts).is_some() {
            return None;
        }
        judging.take(group, head, facts);
    }
    let is_stored = |(push, answer): (&&Push, &Result<Told>)| match answer {
        Ok(Told { answer: PushAnswer::Done { stored, .. }, .. }) => stored.len() == push.items.len(),
        _ => false,
    };
    Some(judging.judged).filter(|judged| pushes.iter().zip(&judged.answers).all(is_stored))
}

/// Pushes being judged.
struct Judging<'a> {
    pushes: &'a [&'a Push],
    /// What each of the audience of each push may do.
    audiences: Vec<Vec<(Carrier, Access)>>,
    /// For each push that may be: the log before all of them.
    heads: Vec<Option<Head>>,
    /// Of the documents that are still to come.
    facts: std::vec::IntoIter<LogFacts>,
    judged: Judged,
}

impl<'a> Judging<'a> {
    fn of(pushes: &'a [&'a Push], found: Survey) -> Self {
        let Survey { version, mut standings, facts } = found;
        let audience = standings.split_off(pushes.len());
        let mut told = audience.iter().map(survey::access);
        let audiences =
            pushes.iter().map(|push| push.audience.iter().copied().zip(told.by_ref()).collect()).collect();
        let denied = || Ok(Told { answer: PushAnswer::Denied, news: None });
        let mut answers: Vec<_> = pushes.iter().map(|_| denied()).collect();
        let mut heads = Vec::with_capacity(pushes.len());
        for (at, standing) in standings.into_iter().enumerate() {
            heads.push(None);
            match standing {
                Ok(Standing::Denied) => {}
                Ok(Standing::Gone) => answers[at] = Ok(Told { answer: PushAnswer::Gone, news: None }),
                Ok(Standing::Open(head)) => heads[at] = Some(head),
                Err(error) => answers[at] = Err(error),
            }
        }
        let judged = Judged { answers, append: Append::default(), version, seen: vec![] };
        Self { pushes, audiences, heads, facts: facts.into_iter(), judged }
    }

    /// What is known of the next document; none where nobody may push to it.
    fn next(&mut self, mut group: Group) -> Option<(Group, Head, LogFacts)> {
        let mut facts = self.facts.next()?;
        group.pushes.retain(|at| self.heads[*at].is_some());
        let head = group.pushes.first().and_then(|at| self.heads[*at].clone())?;
        (facts.head, facts.max_op) = (head.seq, head.max_op);
        Some((group, head, facts))
    }

    fn take(&mut self, mut group: Group, head: Head, facts: LogFacts) {
        let pushes = self.pushes;
        // What was not decoded is as if it had never been sent, and the others are judged without it.
        let verdicts = loop {
            let verdicts = gate::decide(group.items(pushes), &facts);
            let mut rest = &verdicts[..];
            let undecoded: Vec<_> = group
                .pushes
                .iter()
                .copied()
                .filter(|at| {
                    let (own, after) = rest.split_at(pushes[*at].items.len());
                    rest = after;
                    own.contains(&Verdict::Undecoded)
                })
                .collect();
            // The first only: a later one may have been left undecoded since that one stood in its way.
            let Some(first) = undecoded.first() else { break verdicts };
            self.judged.answers[*first] = Err(StoreError::Undecoded);
            group.pushes.retain(|at| at != first);
        };
        let mut rest = &verdicts[..];
        let mut place = Place { doc: group.doc, cursor: head.seq, chain: Some(head.chain), part: None };
        let mut seen = Seen { doc: group.doc, head, facts, access: vec![], stored: vec![] };
        for at in group.pushes {
            let push = pushes[at];
            let (own, after) = rest.split_at(push.items.len());
            rest = after;
            let gate::Outcome { acked, rejected, stored } = gate::outcome(&push.items, own);
            let before = place;
            self.judged.append.add(push, &mut place, own);
            // What is void is told by reading the log.
            let wanted = !push.audience.is_empty() && !stored.is_empty() && seen.head.voids == 0;
            let news = wanted.then(|| news(push, before, place, &seen.head, own, &self.audiences[at]));
            let answer = PushAnswer::Done { acked, rejected, stored };
            self.judged.answers[at] = Ok(Told { answer, news });
            if let Some(Head { access, .. }) = self.heads[at] {
                seen.access.push((push.carrier, access));
            }
            seen.access.append(&mut self.audiences[at]);
            seen.stored.extend(push.items.iter().zip(own).filter_map(Stored::of));
        }
        if let Some(chain) = place.chain
            && !seen.stored.is_empty()
        {
            (seen.head.seq, seen.head.chain) = (place.cursor, chain);
            seen.head.max_op = seen.stored.iter().map(|it| it.change.max_op).fold(seen.head.max_op, u64::max);
            self.judged.seen.push(seen);
        }
    }
}

impl Judged {
    /// Whether there is nothing to store.
    pub(crate) fn is_empty(&self) -> bool {
        self.append.batches.is_empty()
    }

    /// Stores what passed by one statement, which is a transaction of its own. `false`: it takes more than one, or
    /// another connection has written since; nothing was stored.
    pub(crate) async fn store_at_once(&self, connection: &mut SqliteConnection) -> Result<bool> {
        let [Items { rows, data, count }] = &self.append.batches[..] else { return Ok(self.is_empty()) };
        Ok(append(connection, rows, data, self.version).await? == *count)
    }

    /// Stores what passed within the transaction in which it was judged.
    pub(crate) async fn store(&self, connection: &mut SqliteConnection) -> Result<()> {
        for Items { rows, data, count } in &self.append.batches {
            if append(&mut *connection, rows, data, self.version).await? != *count {
                return Err(StoreError::Corrupt("not all of a push was stored".to_owned()));
            }
        }
        Ok(())
    }
}

/// Pushes to one document, by their number, in order.
struct Group {
    doc: DocId,
    pushes: Vec<usize>,
}

impl Group {
    fn items<'a>(&self, pushes: &[&'a Push]) -> impl Iterator<Item = &'a Examined> {
        self.pushes.iter().flat_map(|at| pushes[*at].items.iter())
    }
}

fn news(
    push: &Push,
    before: Place,
    after: Place,
    head: &Head,
    verdicts: &[Verdict],
    readers: &[(Carrier, Access)],
) -> News {
    let items = push.items.iter().zip(verdicts).filter_map(|(examined, verdict)| {
        let Verdict::Store { seq } = *verdict else { return None };
        let item = examined.item();
        let data = Body::Data(item.data.clone());
        Some(LogItem { seq, hash: item.hash, by: item.by, sig: item.sig.clone(), data })
    });
    News { kind: head.kind, before, items: items.collect(), after, readers: readers.to_vec() }
}

/// Stores rows and says how many, unless another connection has written since `version`.
async fn append(connection: &mut SqliteConnection, rows: &str, data: &[u8], version: i64) -> Result<u64> {
    let rows = row::ended(rows.to_owned());
    let many = sqlx::query!(
        "INSERT INTO items (doc, seq, hash, chain, by, sig, actor, actor_seq, max_op, deps, data)
         SELECT unhex(new.value ->> 0), new.value ->> 1, unhex(new.value ->> 2), unhex(new.value ->> 3),
                unhex(new.value ->> 4), unhex(new.value ->> 5), unhex(new.value ->> 6), new.value ->> 7,
                new.value ->> 8, unhex(new.value ->> 9), substr(?2, new.value ->> 10, new.value ->> 11)
         FROM json_each(?1) AS new WHERE (SELECT data_version FROM pragma_data_version) = ?3",
        rows,
        data,
        version
    )
    .execute(connection)
    .await
    .told()?
    .rows_affected();
    Ok(many)
}

/// What is to be written, as the statement takes it: JSON, with bytes in hexadecimal digits, and the changes
/// themselves one after the other beside it.
#[derive(Default)]
struct Append {
    batches: Vec<Items>,
}

#[derive(Default)]
struct Items {
    rows: String,
    data: Vec<u8>,
    count: u64,
}

impl Append {
    fn add(&mut self, push: &Push, place: &mut Place, verdicts: &[Verdict]) {
        let mut chain = place.chain.unwrap_or_else(|| chain::start(push.doc));
        for (examined, verdict) in push.items.iter().zip(verdicts) {
            let (Verdict::Store { seq }, Some(change)) = (verdict, examined.change()) else { continue };
            let item = examined.item();
            chain = chain::next(chain, change.hash);
            (place.cursor, place.chain) = (*seq, Some(chain));
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
            items.count += 1;
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
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use shared::domain::kind::DocKind;
    use shared::domain::role::Role;
    use store::Store as _;
    use store::contract::{Author, World};

    use super::*;
    use crate::SqliteStore;

    const KIND: DocKind = DocKind::SharedNotes;

    #[tokio::test]
    async fn what_another_program_has_written_since_has_all_judged_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loopbaanmaat.db");
        let store = Arc::new(SqliteStore::open(&file).await.unwrap());
        let world = World::on(Arc::clone(&store) as store::SharedStore);
        let anna = world.human(1, &[Role::Employee]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
        let item = Author::new(&anna, doc, KIND, 1).write("once");
        let items = world.examine(doc, vec![item.clone()]).await.into();
        let push = Push { carrier: anna.carrier(), doc, items, audience: vec![] };

        let mut connection = store.writer.acquire().await.unwrap();
        let judged = judge(&mut connection, &[&push]).await.unwrap();
        let options = SqliteConnectOptions::new().filename(&file);
        let mut other = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("UPDATE users SET disabled = 1").execute(&mut other).await.unwrap();
        assert!(!judged.store_at_once(&mut connection).await.unwrap());
        let judged = judge(&mut connection, &[&push]).await.unwrap();
        assert!(matches!(judged.answers[..], [Ok(Told { answer: PushAnswer::Denied, news: None })]));

        sqlx::query("UPDATE users SET disabled = 0").execute(&mut other).await.unwrap();
        let judged = judge(&mut connection, &[&push]).await.unwrap();
        assert!(judged.store_at_once(&mut connection).await.unwrap());
        drop(connection);
        assert_eq!(world.store_all(&anna, doc, vec![item]).await, [2]);
    }

    #[tokio::test]
    async fn what_is_stored_is_told_with_what_each_may_do_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("loopbaanmaat.db")).await.unwrap());
        let world = World::on(Arc::clone(&store) as store::SharedStore);
        let anna = world.human(1, &[Role::Employee]).await;
        let bram = world.human(2, &[Role::InternalCoach]).await;
        let carla = world.human(3, &[Role::InternalCoach]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bram, Access::Read)]).await;
        let audience = vec![bram.carrier(), carla.carrier(), anna.carrier()];
        let items = Author::new(&anna, doc, KIND, 1).write_many(2);
        let examined = world.examine(doc, items.clone()).await.into();
        let told = store.push_told(anna.carrier(), doc, examined, audience).await.unwrap();
        let news = told.news.unwrap();
        let may = |human: &store::contract::Human| {
            news.readers.iter().find(|(carrier, _)| *carrier == human.carrier()).map(|(_, access)| *access)
        };
        assert_eq!(
            [may(&anna), may(&bram), may(&carla)],
            [Some(Access::Write), Some(Access::Read), Some(Access::None)]
        );
        let (log, chain) = store::contract::world::batch(world.read(&bram, doc).await);
        assert_eq!((news.before.cursor, news.after.cursor, news.after.chain), (1, 3, Some(chain)));
        assert_eq!(news.items, log[1..]);
    }
}
