//! Long logs: a new device is served a snapshot and what follows, by WebSocket and by `POST`.

use shared::domain::kind::DocKind;
use shared::ids::{Chain, DocId};
use shared::sync::chain;
use shared::sync::limits;
use shared::sync::message::{ClientMessage, Place, PushItem, ServerMessage, SnapshotPart, SnapshotPiece};
use shared::sync::snapshot::{self, Snapshot};
use tests::{Person, Replica, TestApp};

const KIND: DocKind = DocKind::ReflectionDraft;

/// A log that has a snapshot.
struct Covered {
    anna: Person,
    doc: DocId,
    replica: Replica,
    items: Vec<PushItem>,
}

impl Covered {
    /// Of these changes, and as many more as it takes until there is one.
    async fn new(app: &TestApp, words: &[String]) -> Self {
        let anna = app.employee().await;
        let doc = anna.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap();
        let replica = Replica::new(doc, KIND, &anna.key);
        let mut covered = Self { anna, doc, replica, items: vec![] };
        for word in words {
            covered.write(word).await;
        }
        app.all_covered().await;
        covered
    }

    async fn write(&mut self, word: &str) {
        let item = self.replica.write(word);
        let heard = self.anna.push(self.doc, vec![item.clone()]).await;
        assert!(matches!(&heard[..], [ServerMessage::Ack { .. }]), "{heard:?}");
        self.items.push(item);
    }

    fn chain_at(&self, seq: usize) -> Chain {
        let genesis = shared::domain::genesis::genesis(KIND).hash;
        let all = std::iter::once(genesis).chain(self.items.iter().map(|item| item.hash));
        chain::after(chain::start(self.doc), all.take(seq))
    }

    /// What a device has that heard all this from `place` on: the snapshot, if one came, and the hashes after it.
    fn taken(&self, place: Place, heard: &[ServerMessage]) -> Taken {
        let mut taken = Taken { place, snapshot: None, pieces: 0, read: 0 };
        for message in heard {
            taken.take(message);
        }
        if let Some(snapshot) = taken.snapshot.as_ref().filter(|_| taken.place.part.is_none()) {
            assert_eq!(snapshot::open(snapshot).unwrap().changes.len(), snapshot.items.len());
            for (named, item) in snapshot.items[1..].iter().zip(&self.items) {
                assert_eq!((named.hash, named.by, &named.sig), (item.hash, item.by, &item.sig));
            }
        }
        if taken.place.cursor > 0 {
            let seq = usize::try_from(taken.place.cursor).unwrap();
            assert_eq!(taken.place.chain, Some(self.chain_at(seq)));
        }
        taken
    }
}

#[derive(Debug)]
struct Taken {
    place: Place,
    snapshot: Option<Snapshot>,
    pieces: usize,
    /// Items that came as changes.
    read: usize,
}

impl Taken {
    fn take(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Snapshot { piece, .. } => self.take_piece(piece),
            ServerMessage::Changes { from, items, chain, .. } => {
                assert_eq!(*from, self.place.cursor);
                assert!(items.iter().all(|item| item.data.data().is_some_and(|data| !data.is_empty())));
                self.read += items.len();
                self.place.cursor += items.len() as u64;
                self.place.chain = Some(*chain);
            }
            ServerMessage::Opened { .. } | ServerMessage::Directory { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    fn take_piece(&mut self, piece: &SnapshotPiece) {
        let SnapshotPiece { seq, chain, heads, .. } = piece;
        if piece.offset == 0 {
            self.snapshot = Some(Snapshot {
                seq: *seq,
                chain: *chain,
                heads: heads.clone(),
                items: vec![],
                data: vec![],
            });
        }
        let so_far = self.snapshot.as_mut().unwrap();
        assert_eq!((so_far.seq, so_far.data.len() as u64), (*seq, piece.offset));
        so_far.data.extend(&piece.data);
        so_far.items.extend(piece.items.iter().cloned());
        self.pieces += 1;
        let offset = so_far.data.len() as u64;
        self.place.part = Some(SnapshotPart { seq: *seq, offset }).filter(|_| offset < piece.size);
        if offset == piece.size {
            self.place = Place { doc: self.place.doc, cursor: *seq, chain: Some(*chain), part: None };
        }
    }
}

/// Texts that do not get smaller.
fn noise(many: usize, bytes: usize) -> Vec<String> {
    let letter = |byte: &u8| char::from(b'!' + byte % 90);
    let text = || {
        let blocks = std::iter::repeat_with(server::random::fresh::<64>);
        blocks.take(bytes / 64).flatten().collect::<Vec<u8>>().iter().map(letter).collect()
    };
    std::iter::repeat_with(text).take(many).collect()
}

#[tokio::test]
async fn a_new_device_hears_the_snapshot_and_what_follows_and_then_what_happens() {
    let app = TestApp::covering(20, false).await;
    let mut log = Covered::new(&app, &noise(25, 192)).await;
    let laptop = app.signed_in(log.anna.user).await;
    let mut socket = laptop.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(log.doc)] }).await;
    let mut heard = vec![socket.message_of_document().await];
    let ServerMessage::Opened { head, .. } = heard[0] else { panic!("{heard:?}") };
    assert_eq!(head, 26);
    let mut taken = log.taken(Place::start(log.doc), &heard);
    while taken.place.cursor < head {
        heard.push(socket.message_of_document().await);
        taken = log.taken(Place::start(log.doc), &heard);
    }
    let covered = taken.snapshot.unwrap().seq;
    assert!(covered >= 20 && taken.read as u64 == head - covered, "{covered}");
    log.write("and live").await;
    let live = socket.message_of_document().await;
    assert!(matches!(live, ServerMessage::Changes { from: 26, .. }), "{live:?}");
    // Who has read something goes on from there.
    let place = Place { doc: log.doc, cursor: 3, chain: Some(log.chain_at(3)), part: None };
    let heard = laptop.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
    assert_eq!(log.taken(place, &heard).read, 24);
}

#[tokio::test]
async fn once_the_data_is_dropped_everybody_who_lacks_it_is_served_the_snapshot() {
    let app = TestApp::covering(20, true).await;
    let mut log = Covered::new(&app, &noise(25, 192)).await;
    app.all_dropped().await;
    let read = async |seq: usize| {
        let place = Place { doc: log.doc, cursor: seq as u64, chain: Some(log.chain_at(seq)), part: None };
        let heard = log.anna.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
        log.taken(place, &heard)
    };
    let taken = read(3).await;
    let covered = taken.snapshot.unwrap().seq;
    assert_eq!((taken.place.cursor, taken.read as u64), (26, 26 - covered));
    assert!(read(usize::try_from(covered).unwrap()).await.snapshot.is_none());
    // Who pushes it again is told that it is known, and new things come in on top of it.
    let heard = log.anna.push(log.doc, log.items.clone()).await;
    assert!(matches!(&heard[..], [ServerMessage::Ack { items, .. }] if items.len() == 25), "{heard:?}");
    log.write("on top").await;
    app.all_tried().await;
    assert_eq!(app.store().quarantined().await.unwrap(), []);
}

#[tokio::test]
async fn a_snapshot_larger_than_an_answer_is_read_by_post_in_several() {
    let app = TestApp::covering(30, false).await;
    let log = Covered::new(&app, &noise(30, 200_000)).await;
    let mut place = Place::start(log.doc);
    let (mut all, mut answers) = (vec![], 0);
    while place.cursor < 31 {
        let heard = log.anna.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
        all.extend(heard);
        answers += 1;
        place = log.taken(Place::start(log.doc), &all).place;
    }
    let taken = log.taken(Place::start(log.doc), &all);
    let size = taken.snapshot.unwrap().data.len();
    assert!(size > limits::HTTP_ANSWER && answers > 1, "{size} bytes in {answers} answers");
    // No piece twice.
    assert_eq!(taken.pieces, size.div_ceil(limits::SNAPSHOT_PIECE));
}

#[tokio::test]
async fn a_snapshot_goes_with_its_document_and_is_hidden_from_strangers() {
    let app = TestApp::covering(20, true).await;
    let log = Covered::new(&app, &noise(25, 192)).await;
    let bram = app.employee().await;
    let place = Place { part: Some(SnapshotPart { seq: 21, offset: 0 }), ..Place::start(log.doc) };
    for place in [Place::start(log.doc), place] {
        let heard = bram.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
        assert!(matches!(heard[..], [ServerMessage::Denied { .. }]), "{heard:?}");
    }
    app.change(async |tx| tx.destroy_document(log.doc, 0).await.unwrap()).await;
    let heard = log.anna.open(log.doc).await;
    assert!(matches!(heard[..], [ServerMessage::Gone { .. }]), "{heard:?}");
}
