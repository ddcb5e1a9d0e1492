use super::*;
use crate::sync::limits;
use crate::sync::message::{Place, SnapshotPart, SnapshotPiece};
use crate::sync::snapshot::Snapshot;
use crate::sync::testing::{in_pieces, snapshot, snapshot_with_void};

impl Rig {
    fn hear_pieces(&mut self, pieces: &[SnapshotPiece]) -> Vec<Effect> {
        let say = |piece: &SnapshotPiece| ServerMessage::Snapshot { doc: DOC, piece: piece.clone() };
        pieces.iter().flat_map(|piece| self.hear(say(piece))).collect()
    }

    /// Hears a snapshot in three pieces.
    fn hear_snapshot(&mut self, snapshot: &Snapshot) -> Vec<Effect> {
        self.hear_pieces(&in_pieces(snapshot, 3))
    }

    /// Where the document was last asked for from.
    fn asked(&mut self) -> Option<Place> {
        let mut places = self.sent().into_iter().filter_map(|message| match message {
            ClientMessage::Open { docs } => docs.into_iter().find(|place| place.doc == DOC),
            _ => None,
        });
        places.next_back()
    }

    pub(super) fn reconnect(&mut self) {
        self.feed(Event::Disconnected { attempt: self.attempt, code: 1006 });
        self.sent();
        let effects = self.feed(Event::Wake);
        self.connect(&effects);
    }

    fn is_untrusted(&self) -> bool {
        matches!(self.device.problem(DOC), Some(Problem::Untrusted { .. }))
    }
}

/// The one snapshot that is to be taken: the number of its batch, what is new in it, and whether it is kept whole.
fn taken(effects: &[Effect]) -> (u64, &[ChangeHash], bool) {
    match effects {
        [Effect::TakeSnapshot { batch, new, whole, .. }, ..] => (*batch, new, *whole),
        other => panic!("{other:?}"),
    }
}

/// The items behind the first `from` of a log of these.
fn after(items: &[PushItem], from: u64) -> ServerMessage {
    let ServerMessage::Changes { doc, items, chain, .. } = changes(items) else { unreachable!() };
    let items = items.into_iter().filter(|item| item.seq > from).collect();
    ServerMessage::Changes { doc, from, items, chain }
}

/// Device 1 with the first `held` items of that log read.
fn reader(items: &[PushItem], held: usize) -> Rig {
    let ServerMessage::Changes { items: log, chain, .. } = changes(&items[..held - 1]) else {
        unreachable!()
    };
    let hashes = log.iter().map(|item| item.hash).collect();
    Rig::with_directory(vec![LoadedDoc {
        cursor: held as u64,
        chain: Some(chain),
        hashes,
        ..waiting_doc(&[])
    }])
}

#[test]
fn pieces_are_gathered_and_nothing_else_is_written_before_the_snapshot_is() {
    let mut author = Author::new(2);
    let items = author.writes(5);
    let whole = snapshot(&items[..4]);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(6);
    let pieces = in_pieces(&whole, 4);
    assert!(rig.hear_pieces(&pieces[..3]).is_empty());
    let effects = rig.hear_pieces(&pieces[3..]);
    let (batch, new, is_whole) = taken(&effects);
    assert!(is_whole && new.len() == 5);
    assert!(matches!(&effects[0], Effect::TakeSnapshot { snapshot, .. } if *snapshot == whole));
    // What comes behind it waits.
    assert!(rig.hear(after(&items, 5)).is_empty());
    assert!(matches!(rig.device.safety(), Safety::Saved { .. }));
    let effects = rig.feed(Event::SnapshotTaken { doc: DOC, batch, changes: vec![] });
    assert!(
        matches!(&effects[..], [
            Effect::Apply { batch: first, changes: none, authors, .. },
            Effect::ClearNote { .. },
            Effect::Persist { cursor: 6, items, .. },
            Effect::Apply { changes, .. },
            Effect::ClearNote { .. },
        ] if *first == batch && none.is_empty() && authors.is_empty() && items.len() == 1 && changes.len() == 1),
        "{effects:?}"
    );
    assert!(matches!(rig.device.safety(), Safety::Synchronised { .. }));
}

#[test]
fn of_a_snapshot_only_what_is_not_held_is_taken() {
    let (mut mine, mut theirs) = (Author::new(1), Author::new(2));
    let (own, other) = (mine.writes(2), theirs.writes(2));
    let mut rig = Rig::with_directory(vec![waiting_doc(&own)]);
    rig.opened(5);
    let whole = snapshot(&[own.clone(), other.clone()].concat());
    let effects = rig.hear_snapshot(&whole);
    let (batch, new, is_whole) = taken(&effects);
    assert_eq!((new, is_whole), (&[whole.items[0].hash, other[0].hash, other[1].hash][..], false));
    let data: Vec<_> = [changes(&[]), after(&other, 1)].iter().flat_map(datas).collect();
    let effects = rig.feed(Event::SnapshotTaken { doc: DOC, batch, changes: data.clone() });
    let hashes = own.iter().map(|item| item.hash).collect();
    assert_eq!(effects[0], Effect::Acked { doc: DOC, hashes });
    let authors = vec![DeviceId::GENESIS, key(2).id(), key(2).id()];
    assert_eq!(effects[1], Effect::Apply { doc: DOC, batch, changes: data, authors });
    assert!(matches!(rig.device.safety(), Safety::Synchronised { .. }));
}

/// The changes in a message.
fn datas(message: &ServerMessage) -> Vec<Vec<u8>> {
    let ServerMessage::Changes { items, .. } = message else { unreachable!() };
    items.iter().filter_map(|item| item.data.data().map(<[u8]>::to_vec)).collect()
}

#[test]
fn a_snapshot_of_what_is_held_moves_the_place_and_is_not_opened() {
    let items = Author::new(1).writes(3);
    let mut rig = reader(&items, 4);
    rig.hear(ServerMessage::Reset { doc: DOC });
    rig.opened(3);
    let effects = rig.hear_snapshot(&snapshot(&items[..2]));
    let lacking = Offered::Hashes(vec![items[2].hash]);
    assert!(
        matches!(&effects[..], [Effect::Persist { cursor: 3, items, .. }, Effect::ClearNote { .. }, Effect::Offer { what, .. }]
            if items.iter().all(|item| item.data.is_none()) && *what == lacking),
        "{effects:?}"
    );
}

#[test]
fn what_its_authors_did_not_sign_or_the_chain_does_not_hold_is_no_snapshot() {
    let mut author = Author::new(2);
    let items = author.writes(3);
    let sound = snapshot(&items);
    let spoil = |how: &dyn Fn(&mut Snapshot)| {
        let mut spoiled = sound.clone();
        how(&mut spoiled);
        spoiled
    };
    let more = snapshot(&[items.clone(), author.writes(1)].concat());
    let cases = [
        spoil(&|it| it.items[2].sig[7] ^= 1),
        spoil(&|it| it.items[2].by = key(1).id()),
        spoil(&|it| it.items[2].by = DeviceId::GENESIS),
        spoil(&|it| it.items[3] = it.items[2].clone()),
        spoil(&|it| it.chain = Chain([7; 32])),
        spoil(&|it| it.items.swap(1, 2)),
        spoil(&|it| it.heads.push(ChangeHash([0; 32]))),
        spoil(&|it| it.seq += 1),
        spoil(&|it| it.seq = limits::SNAPSHOT + 1),
        Snapshot { items: more.items, ..sound.clone() },
    ];
    for (case, spoiled) in cases.iter().enumerate() {
        let mut rig = Rig::with_directory(vec![]);
        rig.opened(4);
        let effects = rig.hear_snapshot(spoiled);
        assert!(effects.is_empty() && rig.is_untrusted(), "{case}: {effects:?}");
        assert!(rig.sent().contains(&ClientMessage::Close { doc: DOC }));
    }
}

#[test]
fn pieces_that_do_not_follow_each_other_are_not_taken() {
    let items = Author::new(2).writes(9);
    let pieces = in_pieces(&snapshot(&items[..8]), 4);
    let other = in_pieces(&snapshot(&items), 4);
    let mut long = pieces[1].clone();
    long.data.extend(vec![0; 100_000]);
    let mut empty = pieces[1].clone();
    empty.data.clear();
    let many = SnapshotPiece { items: vec![pieces[1].items[0].clone(); 20], ..pieces[1].clone() };
    let large = SnapshotPiece { size: limits::SNAPSHOT + 1, ..pieces[1].clone() };
    let newer = SnapshotPiece { seq: 11, ..pieces[1].clone() };
    let beheaded = SnapshotPiece { heads: vec![], ..pieces[1].clone() };
    for next in [&pieces[2], &other[1], &long, &empty, &many, &large, &newer, &beheaded] {
        let mut rig = Rig::with_directory(vec![]);
        rig.opened(9);
        rig.hear_pieces(&pieces[..1]);
        assert!(!rig.is_untrusted());
        rig.hear_pieces(std::slice::from_ref(next));
        assert!(rig.is_untrusted(), "{} at {}", next.seq, next.offset);
    }
}

#[test]
fn a_snapshot_of_another_log_than_was_read_is_not_taken() {
    let items = Author::new(2).writes(3);
    let mut rig = reader(&items, 2);
    rig.opened(3);
    rig.hear_snapshot(&snapshot(&Author::new(1).writes(2)));
    assert!(rig.is_untrusted());
    let mut rig = reader(&items, 2);
    rig.opened(4);
    let effects = rig.hear_snapshot(&snapshot(&items));
    assert_eq!(taken(&effects).1, [items[1].hash, items[2].hash]);
    // One that ends where the device is says nothing.
    let mut rig = reader(&items, 2);
    rig.opened(4);
    rig.hear_snapshot(&snapshot(&items[..1]));
    assert!(rig.is_untrusted());
}

#[test]
fn a_piece_with_an_unknown_author_waits_for_a_directory() {
    let mut rig = Rig::new(vec![]);
    rig.name(&[1]);
    rig.opened(6);
    let pieces = in_pieces(&snapshot(&Author::new(2).writes(5)), 3);
    assert_eq!(rig.hear_pieces(&pieces), [Effect::FetchDirectory]);
    // What waits here is not asked for once more.
    assert!(rig.device.poll(false).is_empty());
    let effects = rig.name(&[1, 2]);
    assert!(taken(&effects).2);
}

#[test]
fn a_lost_connection_goes_on_with_the_piece_after_the_last_one() {
    let items = Author::new(2).writes(5);
    let whole = snapshot(&items);
    let pieces = in_pieces(&whole, 4);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(6);
    rig.hear_pieces(&pieces[..2]);
    rig.reconnect();
    let part = SnapshotPart { seq: 6, offset: pieces[2].offset };
    assert_eq!(rig.asked(), Some(Place { part: Some(part), ..Place::start(DOC) }));
    let polled = rig.device.poll(true);
    assert!(
        matches!(&codec::decode_client(&polled[0]), Ok(ClientMessage::Open { docs }) if docs[0].part == Some(part))
    );
    rig.opened(6);
    let effects = rig.hear_pieces(&pieces[2..]);
    assert!(matches!(&effects[..], [Effect::TakeSnapshot { snapshot, .. }] if *snapshot == whole));
}

#[test]
fn after_a_reset_too_a_lost_connection_goes_on_where_it_was() {
    let items = Author::new(1).writes(5);
    let mut rig = reader(&items[..1], 2);
    rig.hear(ServerMessage::Reset { doc: DOC });
    rig.opened(5);
    let others = Author::new(2).writes(4);
    let pieces = in_pieces(&snapshot(&others), 4);
    rig.hear_pieces(&pieces[..2]);
    rig.reconnect();
    assert_eq!(rig.asked().and_then(|place| place.part).map(|part| part.offset), Some(pieces[2].offset));
    rig.opened(5);
    let effects = rig.hear_pieces(&pieces[2..]);
    let lacking = Offered::Hashes(vec![items[0].hash]);
    assert!(
        matches!(&effects[..], [Effect::TakeSnapshot { .. }, Effect::Offer { what, .. }] if *what == lacking)
    );
}

#[test]
fn a_newer_snapshot_begins_anew_whatever_came_before() {
    let mut author = Author::new(2);
    let items = author.writes(7);
    let (old, new) = (snapshot(&items[..5]), snapshot(&items));
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(6);
    rig.hear_pieces(&in_pieces(&old, 3)[..2]);
    let pieces = in_pieces(&new, 3);
    rig.hear_pieces(&pieces[..1]);
    rig.reconnect();
    assert_eq!(
        rig.asked().and_then(|place| place.part),
        Some(SnapshotPart { seq: 8, offset: pieces[1].offset })
    );
    rig.opened(8);
    let effects = rig.hear_pieces(&pieces[1..]);
    assert!(matches!(&effects[..], [Effect::TakeSnapshot { snapshot, .. }] if *snapshot == new));
}

#[test]
fn a_piece_that_waits_for_its_author_leaves_no_place_in_an_older_snapshot() {
    let mut author = Author::new(2);
    let items = author.writes(3);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(4);
    rig.hear_pieces(&in_pieces(&snapshot(&items), 2)[..1]);
    let stranger = Author::new(3).writes(1);
    rig.hear_pieces(&in_pieces(&snapshot(&[stranger, items].concat()), 2)[..1]);
    rig.reconnect();
    assert_eq!(rig.asked(), Some(Place::start(DOC)));
}

#[test]
fn changes_in_the_middle_of_a_snapshot_take_its_place() {
    let items = Author::new(2).writes(3);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(4);
    rig.hear_pieces(&in_pieces(&snapshot(&items), 3)[..2]);
    let effects = rig.hear(changes(&items));
    assert!(matches!(&effects[..], [Effect::Persist { cursor: 4, .. }, ..]), "{effects:?}");
    rig.reconnect();
    assert_eq!(rig.asked().map(|place| (place.cursor, place.part)), Some((4, None)));
}

#[test]
fn of_a_snapshot_that_is_not_what_it_says_nothing_is_kept() {
    let items = Author::new(2).writes(4);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(5);
    let effects = rig.hear_snapshot(&snapshot(&items[..3]));
    let (batch, ..) = taken(&effects);
    rig.hear(after(&items, 4));
    assert_eq!(rig.feed(Event::SnapshotUnsound { doc: DOC, batch, noted: vec![] }), []);
    assert!(rig.is_untrusted());
    assert!(rig.sent().contains(&ClientMessage::Close { doc: DOC }));
    // It is not asked for again before its person opens the page anew, and a late word changes nothing.
    assert!(rig.feed(Event::SnapshotTaken { doc: DOC, batch, changes: vec![] }).is_empty());
    rig.reconnect();
    assert_eq!(rig.asked(), None);
    assert!(matches!(rig.device.safety(), Safety::ActionNeeded { .. }));
}

#[test]
fn a_snapshot_that_was_not_opened_for_what_it_did_before_is_set_aside_and_not_called_untrue() {
    let items = Author::new(2).writes(4);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(5);
    let (batch, ..) = taken(&rig.hear_snapshot(&snapshot(&items)));
    let noted = vec![items[3].hash];
    rig.feed(Event::SnapshotUnsound { doc: DOC, batch, noted: noted.clone() });
    assert_eq!(rig.device.problem(DOC), Some(Problem::SetAside { hashes: noted }));
    rig.reconnect();
    assert_eq!(rig.asked(), None);
}

#[test]
fn a_disk_that_does_not_take_a_snapshot_is_given_it_again() {
    let items = Author::new(2).writes(2);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(3);
    let effects = rig.hear_snapshot(&snapshot(&items));
    let (batch, ..) = taken(&effects);
    assert_eq!(rig.feed(Event::PersistFailed { doc: DOC, batch }), []);
    assert_eq!(rig.device.problem(DOC), Some(Problem::Storage));
    rig.answer_pings();
    rig.now += 10_000;
    rig.feed(Event::Tick);
    assert_eq!(rig.asked(), Some(Place::start(DOC)));
    rig.opened(3);
    assert!(taken(&rig.hear_snapshot(&snapshot(&items))).2);
}

#[test]
fn a_snapshot_that_brought_the_app_down_is_set_aside_and_not_opened_again() {
    let items = Author::new(2).writes(3);
    let noted = vec![items[1].hash];
    let mut rig = Rig::with_directory(vec![LoadedDoc { noted: noted.clone(), ..waiting_doc(&[]) }]);
    rig.opened(4);
    let effects = rig.hear_snapshot(&snapshot(&items));
    assert!(effects.is_empty(), "{effects:?}");
    assert_eq!(rig.device.problem(DOC), Some(Problem::SetAside { hashes: noted }));
    rig.reconnect();
    assert_eq!(rig.asked(), None);
    // Without what brought it down it is another one.
    let mut rig = Rig::with_directory(vec![LoadedDoc { noted: vec![items[2].hash], ..waiting_doc(&[]) }]);
    rig.opened(4);
    assert!(taken(&rig.hear_snapshot(&snapshot_with_void(&items, &[4]))).2);
}

#[test]
fn a_reset_in_the_middle_of_a_snapshot_reads_the_log_from_the_start() {
    let (mut author, mine) = (Author::new(2), Author::new(1).writes(1));
    let items = author.writes(4);
    let mut rig = Rig::with_directory(vec![waiting_doc(&mine)]);
    rig.opened(5);
    rig.hear_pieces(&in_pieces(&snapshot(&items), 3)[..2]);
    rig.hear(ServerMessage::Reset { doc: DOC });
    assert_eq!(rig.asked(), Some(Place::start(DOC)));
    rig.opened(3);
    assert!(!taken(&rig.hear_snapshot(&snapshot(&items[..2]))).2);
}

#[test]
fn a_reset_while_a_snapshot_is_being_written_waits_for_it_and_offers_what_is_lacking() {
    let items = Author::new(2).writes(4);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(5);
    let effects = rig.hear_snapshot(&snapshot(&items));
    let (batch, ..) = taken(&effects);
    rig.hear(ServerMessage::Reset { doc: DOC });
    rig.opened(3);
    assert!(rig.hear(changes(&items[..2])).is_empty());
    let effects = rig.feed(Event::SnapshotTaken { doc: DOC, batch, changes: vec![] });
    let mut lacking: Vec<_> = items[2..].iter().map(|item| item.hash).collect();
    lacking.sort_unstable();
    let what = Offered::Hashes(lacking);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Persist { cursor: 3, .. })), "{effects:?}");
    assert!(effects.contains(&Effect::Offer { doc: DOC, what }), "{effects:?}");
}

#[test]
fn what_is_held_and_void_is_left_out_once_the_snapshot_has_proved_sound() {
    let items = [Author::new(2).writes(3), Author::new(1).writes(1)].concat();
    let mut rig = reader(&items, 4);
    rig.hear(ServerMessage::Reset { doc: DOC });
    rig.opened(5);
    let effects = rig.hear_snapshot(&snapshot_with_void(&items, &[4]));
    panic_on_void(&effects);
    let (batch, ..) = taken(&effects);
    let data = datas(&after(&items, 4));
    let effects = rig.feed(Event::SnapshotTaken { doc: DOC, batch, changes: data });
    assert_eq!(effects[0], Effect::Void { doc: DOC, hashes: vec![items[2].hash] });
    // Told again it is nothing new.
    rig.sent();
    rig.hear(ServerMessage::Void { doc: DOC, items: vec![4] });
    assert_eq!(rig.asked(), None);
}

fn panic_on_void(effects: &[Effect]) {
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Void { .. })), "{effects:?}");
}
