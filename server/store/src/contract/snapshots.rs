//! Snapshots: kept, served in place of items, and all that is left of what they cover.

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{Chain, DocId};
use shared::sync::message::{Body, Place, PushItem, RejectCode, SnapshotPart};
use shared::sync::session::ReadAnswer;
use shared::sync::snapshot::{self, Snapshot};

use super::world::{PLENTY, batch, done};
use super::{Author, Backend, Human, World};
use crate::{BatchLimit, GrownLog, LogToCover, NewSnapshot, StoreError};

const KIND: DocKind = DocKind::SharedNotes;
/// When the snapshots here are made.
const NOW: u64 = 1_000;

/// A log with so many changes.
struct Written {
    world: World,
    anna: Human,
    doc: DocId,
    author: Author,
    items: Vec<PushItem>,
}

impl Written {
    async fn new(backend: &impl Backend, changes: usize) -> Self {
        let world = World::on(backend.open().await);
        let anna = world.human(1, &[Role::Employee]).await;
        let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
        let author = Author::new(&anna, doc, KIND, 1);
        let mut written = Self { world, anna, doc, author, items: vec![] };
        written.more(changes).await;
        written
    }

    async fn more(&mut self, changes: usize) {
        let items = self.author.write_many(changes);
        for some in items.chunks(200) {
            self.world.store_all(&self.anna, self.doc, some.to_vec()).await;
        }
        self.items.extend(items);
    }

    /// The place of the newest item.
    fn head(&self) -> u64 {
        self.items.len() as u64 + 1
    }

    async fn to_cover(&self) -> Option<LogToCover> {
        self.world.store.tried(&[(self.doc, self.head())]).await.unwrap();
        self.world.store.log_to_cover(self.doc).await.unwrap()
    }

    /// Covers the whole log.
    async fn cover(&self) {
        let log = self.to_cover().await.unwrap();
        assert!(self.world.store.put_snapshot(self.doc, made(log), NOW).await.unwrap());
    }

    async fn drop_all(&self) {
        while self.world.store.drop_covered(self.doc, NOW, 100).await.unwrap() {}
    }

    async fn read(&self, place: Place) -> ReadAnswer {
        self.world.read_place(&self.anna, place).await
    }

    fn chain_at(&self, seq: usize) -> Chain {
        let hashes = self.items.iter().map(|item| item.hash);
        let genesis = shared::domain::genesis::genesis(KIND).hash;
        let all = std::iter::once(genesis).chain(hashes);
        shared::sync::chain::after(shared::sync::chain::start(self.doc), all.take(seq))
    }

    fn at(&self, seq: usize) -> Place {
        Place { doc: self.doc, cursor: seq as u64, chain: Some(self.chain_at(seq)), part: None }
    }

    /// Reads a snapshot from its start, piece by piece, for whoever is at `place`.
    async fn snapshot(&self, mut place: Place) -> (Snapshot, usize) {
        let mut whole: Option<Snapshot> = None;
        for count in 1.. {
            let (first, piece) = piece(self.read(place).await);
            let so_far = whole.get_or_insert_with(|| Snapshot {
                seq: piece.seq,
                chain: piece.chain,
                heads: piece.heads.clone(),
                items: vec![],
                data: vec![],
            });
            assert_eq!((first, piece.offset), (so_far.items.len() as u64 + 1, so_far.data.len() as u64));
            so_far.items.extend(piece.items);
            so_far.data.extend(piece.data);
            let offset = so_far.data.len() as u64;
            if offset == piece.size {
                return (whole.unwrap(), count);
            }
            place.part = Some(SnapshotPart { seq: piece.seq, offset });
        }
        unreachable!()
    }
}

fn made(log: LogToCover) -> NewSnapshot {
    let changes: Vec<_> = log.changes.iter().map(Vec::as_slice).collect();
    let made = snapshot::make(log.base.as_deref(), &changes).unwrap();
    assert_eq!((&made.heads, made.changes as u64), (&log.covered.heads, log.covered.changes));
    NewSnapshot { covered: log.covered, data: made.data }
}

fn piece(answer: ReadAnswer) -> (u64, shared::sync::message::SnapshotPiece) {
    match answer {
        ReadAnswer::Snapshot { first, piece, .. } => (first, piece),
        other => panic!("{other:?}"),
    }
}

/// Everything up to its place, with authors and signatures, and what comes after it as items.
pub async fn a_new_reader_is_served_the_snapshot_and_then_what_follows(backend: &impl Backend) {
    let mut log = Written::new(backend, 9).await;
    log.cover().await;
    log.more(3).await;
    let ReadAnswer::Snapshot { kind, access, head, .. } = log.read(Place::start(log.doc)).await else {
        panic!()
    };
    assert_eq!((kind, access, head), (KIND, Access::Write, 13));
    let (snapshot, _) = log.snapshot(Place::start(log.doc)).await;
    assert_eq!((snapshot.seq, snapshot.chain), (10, log.chain_at(10)));
    let opened = snapshot::open(&snapshot).unwrap();
    assert_eq!(opened.changes.len(), 10);
    for (named, item) in snapshot.items[1..].iter().zip(&log.items) {
        assert_eq!((named.hash, named.by, &named.sig, named.void), (item.hash, item.by, &item.sig, false));
    }
    let (rest, chain) = batch(log.read(log.at(10)).await);
    assert_eq!(rest.iter().map(|item| item.seq).collect::<Vec<_>>(), [11, 12, 13]);
    assert_eq!(chain, log.chain_at(13));
    // Where only places and access are asked nothing is read.
    let most = BatchLimit { items: 0, ..PLENTY };
    let answers =
        log.world.store.read_logs(log.anna.carrier(), &[Place::start(log.doc)], most).await.unwrap();
    assert!(matches!(answers[..], [ReadAnswer::Batch { head: 13, .. }]), "{answers:?}");
}

/// Dropped oldest first, some at a time, and not before its time.
pub async fn a_later_place_is_served_items_until_their_data_is_dropped(backend: &impl Backend) {
    let mut log = Written::new(backend, 9).await;
    let store = log.world.store.clone();
    log.cover().await;
    log.more(3).await;
    let (all, _) = batch(log.read(log.at(1)).await);
    assert_eq!(all.len(), 12);
    assert_eq!(store.logs_to_drop(NOW - 1).await.unwrap(), []);
    assert!(!store.drop_covered(log.doc, NOW - 1, 100).await.unwrap());
    assert_eq!(batch(log.read(log.at(1)).await).0, all);

    assert_eq!(store.logs_to_drop(NOW).await.unwrap(), [log.doc]);
    assert!(store.drop_covered(log.doc, NOW, 5).await.unwrap());
    assert_eq!(store.logs_to_drop(NOW).await.unwrap(), [log.doc]);
    for cursor in 1..5 {
        assert_eq!(log.snapshot(log.at(cursor)).await.0.seq, 10, "{cursor}");
    }
    for cursor in 5..13 {
        assert_eq!(batch(log.read(log.at(cursor)).await).0, all[cursor - 1..], "{cursor}");
    }
    assert!(!store.drop_covered(log.doc, NOW, 5).await.unwrap());
    assert_eq!(store.logs_to_drop(NOW).await.unwrap(), []);
    assert_eq!(log.snapshot(log.at(9)).await.0.seq, 10);
    for cursor in 10..14 {
        assert_eq!(batch(log.read(log.at(cursor)).await).0, all[cursor - 1..], "{cursor}");
    }
}

/// Where it was left, if it is still that one; together with other documents as long as there is room.
pub async fn a_snapshot_is_read_on_from_where_it_was_left(backend: &impl Backend) {
    let log = Written::new(backend, 600).await;
    log.cover().await;
    let start = Place::start(log.doc);
    let (whole, pieces) = log.snapshot(start).await;
    assert!(pieces >= 3 && whole.items.len() == 601);
    snapshot::open(&whole).unwrap();
    let (_, first) = piece(log.read(start).await);
    for (seq, offset) in
        [(600, first.data.len() as u64), (601, 1), (601, first.size), (0, 0), (1 << 53, 1 << 53)]
    {
        let place = Place { part: Some(SnapshotPart { seq, offset }), ..start };
        assert_eq!(piece(log.read(place).await), (1, first.clone()), "{seq} {offset}");
    }
    // Beside another document the second one waits for room.
    let other = log.world.document(2, KIND, &[(&log.anna, Access::Write)]).await;
    let read = async |bytes| {
        let most = BatchLimit { items: 1_000, bytes };
        let places = [start, Place::start(other), start];
        log.world.store.read_logs(log.anna.carrier(), &places, most).await.unwrap()
    };
    assert_eq!(read(1).await.len(), 1);
    assert_eq!(read(PLENTY.bytes).await.len(), 3);
}

/// Built on the one before, and read from its start by whoever was in the middle of that.
pub async fn a_newer_snapshot_takes_the_place_of_the_one_before(backend: &impl Backend) {
    let mut log = Written::new(backend, 600).await;
    log.cover().await;
    let (_, first) = piece(log.read(Place::start(log.doc)).await);
    assert!(log.world.store.drop_covered(log.doc, NOW, 300).await.unwrap());
    log.more(20).await;
    let to_cover = log.to_cover().await.unwrap();
    assert_eq!((to_cover.snapshot, to_cover.changes.len(), to_cover.covered.changes), (601, 20, 621));
    log.cover().await;
    let part = Some(SnapshotPart { seq: first.seq, offset: first.data.len() as u64 });
    let (_, anew) = piece(log.read(Place { part, ..Place::start(log.doc) }).await);
    assert_eq!((anew.seq, anew.offset), (621, 0));
    let (whole, _) = log.snapshot(Place::start(log.doc)).await;
    assert_eq!(snapshot::open(&whole).unwrap().changes.len(), 621);
    log.drop_all().await;
    assert_eq!(log.snapshot(log.at(620)).await.0, whole);
    assert_eq!(log.to_cover().await, None);
}

/// Denied, gone and reset are what they were.
pub async fn who_may_not_read_is_served_no_snapshot(backend: &impl Backend) {
    let log = Written::new(backend, 9).await;
    log.cover().await;
    log.drop_all().await;
    let bram = log.world.human(2, &[Role::Employee, Role::Administrator]).await;
    let part = Some(SnapshotPart { seq: 10, offset: 0 });
    for place in [Place::start(log.doc), Place { part, ..Place::start(log.doc) }, log.at(3)] {
        assert_eq!(log.world.read_place(&bram, place).await, ReadAnswer::Denied);
    }
    let foreign = Some(Chain([9; 32]));
    for cursor in [1, 3, 10, 11] {
        let place = Place { doc: log.doc, cursor, chain: foreign, part };
        assert_eq!(log.read(place).await, ReadAnswer::Reset, "{cursor}");
        let two = [place, place];
        let answers = log.world.store.read_logs(log.anna.carrier(), &two, PLENTY).await.unwrap();
        assert_eq!(answers, [ReadAnswer::Reset, ReadAnswer::Reset], "{cursor}");
    }
    log.world.grant(log.doc, &[]).await;
    assert_eq!(log.read(Place::start(log.doc)).await, ReadAnswer::Gone);
}

/// Nor is anything of it left.
pub async fn a_destroyed_document_has_no_snapshot(backend: &impl Backend) {
    let log = Written::new(backend, 9).await;
    log.cover().await;
    log.world.destroy(log.doc).await;
    assert_eq!(log.read(Place::start(log.doc)).await, ReadAnswer::Gone);
    let store = &log.world.store;
    assert_eq!(store.logs_to_drop(NOW).await.unwrap(), []);
    assert!(!store.drop_covered(log.doc, NOW, 100).await.unwrap());
    assert_eq!(store.log_to_cover(log.doc).await.unwrap(), None);
    assert_eq!(store.logs_to_cover(0).await.unwrap(), []);
}

/// By hash, by actor and as a dependency.
pub async fn what_has_been_dropped_is_still_known(backend: &impl Backend) {
    let mut log = Written::new(backend, 9).await;
    log.cover().await;
    log.drop_all().await;
    let hashes: Vec<_> = log.items.iter().map(|item| item.hash).collect();
    let before = log.world.store.before_push(log.doc, &[log.anna.device()], &hashes).await.unwrap();
    assert_eq!(before.known.len(), 9);
    let (acked, rejected, stored) = done(log.world.push(&log.anna, log.doc, log.items.clone()).await);
    assert_eq!(acked.iter().map(|it| it.seq).collect::<Vec<_>>(), (2..=10).collect::<Vec<_>>());
    assert_eq!((rejected, stored), (vec![], vec![]));
    // Another history of the same actor does not fit in.
    let forked = Author::new(&log.anna, log.doc, KIND, 1).write("otherwise");
    let (_, rejected, _) = done(log.world.push(&log.anna, log.doc, vec![forked]).await);
    assert_eq!(rejected[0].1, RejectCode::SeqGap);
    log.more(1).await;
    assert_eq!(batch(log.read(log.at(10)).await).0[0].seq, 11);
}

/// It has its place, and the document does not hold it; the operator can still look at it.
pub async fn a_snapshot_names_what_is_void(backend: &impl Backend) {
    let mut log = Written::new(backend, 3).await;
    let bea = log.world.human(2, &[Role::Employee]).await;
    log.world.grant(log.doc, &[(&log.anna, Access::Write), (&bea, Access::Write)]).await;
    let theirs = Author::new(&bea, log.doc, KIND, 1).write_many(2);
    log.world.store_all(&bea, log.doc, theirs.clone()).await;
    log.world.store.make_void(log.doc, 3, "it never loads", 9).await.unwrap().unwrap();
    log.items.extend(theirs);
    log.cover().await;
    log.drop_all().await;
    let (snapshot, _) = log.snapshot(Place::start(log.doc)).await;
    let void: Vec<_> = snapshot.items.iter().map(|item| item.void).collect();
    assert_eq!(void, [false, false, true, true, false, false]);
    assert_eq!(snapshot::open(&snapshot).unwrap().changes.len(), 4);
    let kept = log.world.store.quarantined_change(log.items[1].hash).await.unwrap().unwrap();
    assert_eq!(kept.data, Some(log.items[1].data.clone()));
    let covered = log.world.store.make_void(log.doc, 2, "too late", 9).await;
    assert!(matches!(covered, Err(StoreError::Conflict(_))), "{covered:?}");
    // What comes after it can become void, and is told apart from it.
    let more = Author::new(&bea, log.doc, KIND, 2).write_many(1);
    log.world.store_all(&bea, log.doc, more).await;
    assert_eq!(log.world.store.make_void(log.doc, 7, "it runs away", 9).await.unwrap().unwrap().items, [7]);
    let (rest, _) = batch(log.read(log.at(6)).await);
    assert_eq!(rest[0].data, Body::Void);
}

/// Something became void, or everything is gone, or a newer one is there already.
pub async fn a_snapshot_of_what_a_log_no_longer_is_is_not_kept(backend: &impl Backend) {
    let mut log = Written::new(backend, 9).await;
    let store = log.world.store.clone();
    let old = made(log.to_cover().await.unwrap());
    store.make_void(log.doc, 10, "it never loads", 9).await.unwrap().unwrap();
    assert!(!store.put_snapshot(log.doc, old, NOW).await.unwrap());
    assert_eq!(batch(log.read(Place::start(log.doc)).await).0.len(), 10);

    let of_before = made(log.to_cover().await.unwrap());
    let mut foreign = of_before.clone();
    foreign.covered.chain = Chain([9; 32]);
    assert!(!store.put_snapshot(log.doc, foreign, NOW).await.unwrap());
    log.cover().await;
    assert!(!store.put_snapshot(log.doc, of_before, NOW).await.unwrap());

    store.release(log.items[8].hash, 9).await.unwrap();
    log.author = Author::new(&log.anna, log.doc, KIND, 2);
    log.more(3).await;
    let late = made(log.to_cover().await.unwrap());
    log.world.destroy(log.doc).await;
    assert!(!store.put_snapshot(log.doc, late, NOW).await.unwrap());
    assert_eq!(store.logs_to_drop(NOW).await.unwrap(), []);
}

/// What has not been tried could become void.
pub async fn a_snapshot_covers_only_what_has_been_tried(backend: &impl Backend) {
    let log = Written::new(backend, 9).await;
    let store = &log.world.store;
    assert_eq!(store.logs_to_cover(2).await.unwrap(), []);
    store.tried(&[(log.doc, 7)]).await.unwrap();
    let grown = GrownLog { doc: log.doc, tried: 7, snapshot: 0 };
    assert_eq!(store.logs_to_cover(7).await.unwrap(), [grown]);
    assert_eq!(store.logs_to_cover(8).await.unwrap(), []);
    let to_cover = store.log_to_cover(log.doc).await.unwrap().unwrap();
    assert_eq!((to_cover.covered.seq, to_cover.changes.len()), (7, 7));
    let mut beyond = made(to_cover.clone());
    beyond.covered.seq = 8;
    beyond.covered.chain = log.chain_at(8);
    assert!(!store.put_snapshot(log.doc, beyond, NOW).await.unwrap());
    assert!(store.put_snapshot(log.doc, made(to_cover), NOW).await.unwrap());
    assert_eq!(store.logs_to_cover(0).await.unwrap(), []);
}

/// The chunk in place of what it covers, whether that has been dropped or not.
pub async fn a_trial_starts_from_the_snapshot(backend: &impl Backend) {
    let mut log = Written::new(backend, 9).await;
    log.cover().await;
    log.more(3).await;
    log.world.store.tried(&[(log.doc, 11)]).await.unwrap();
    let to_try = log.world.store.log_to_try(log.doc).await.unwrap().unwrap();
    assert_eq!((to_try.snapshot, to_try.tried.len(), to_try.new.len()), (10, 1, 2));
    let tried: Vec<_> = to_try.tried.iter().map(Vec::as_slice).collect();
    let new: Vec<_> = to_try.new.iter().map(|(_, data)| data.as_slice()).collect();
    shared::sync::trial::trial(to_try.base.as_deref(), &tried, &new).unwrap();
    log.drop_all().await;
    assert_eq!(log.world.store.log_to_try(log.doc).await.unwrap(), Some(to_try));
}
