use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::genesis::genesis;
use crate::domain::kind::DocKind;
use crate::sync::codec;
use crate::sync::message::{PushItem, ServerMessage};
use crate::sync::testing::{Author, DOC, in_pieces, snapshot, snapshot_with_void};

/// What three devices write, each in its turn, now and then after reading what the others have.
fn log(turns: &[(u8, bool, u16)]) -> Vec<PushItem> {
    let mut authors = [Author::new(1), Author::new(2), Author::new(3)];
    let mut items = Vec::new();
    for &(who, reads, length) in turns {
        let author = &mut authors[usize::from(who)];
        if reads {
            author.take(&items);
        }
        items.push(author.write_noise(length.into()));
    }
    items
}

fn turns() -> impl Strategy<Value = Vec<(u8, bool, u16)>> {
    vec((0..3_u8, any::<bool>(), 0..2_000_u16), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_change_comes_out_byte_for_byte_in_log_order(turns in turns()) {
        let items = log(&turns);
        let opened = open(&snapshot(&items)).unwrap();
        let bytes: Vec<_> = opened.changes.iter().map(Change::raw_bytes).collect();
        let genesis = genesis(DocKind::SharedNotes);
        let first = std::iter::once(genesis.data.as_slice());
        let written: Vec<_> = first.chain(items.iter().map(|item| item.data.as_slice())).collect();
        prop_assert_eq!(bytes, written);
    }

    #[test]
    fn a_snapshot_of_a_snapshot_and_what_came_after_it_is_that_of_all(turns in turns(), at in any::<prop::sample::Index>()) {
        let items = log(&turns);
        let whole = snapshot(&items);
        let (before, after) = items.split_at(at.index(items.len()));
        let after: Vec<_> = after.iter().map(|item| item.data.as_slice()).collect();
        let made = make(Some(&snapshot(before).data), &after).unwrap();
        prop_assert_eq!((made.heads, made.changes), (whole.heads.clone(), items.len() + 1));
        let again = Snapshot { data: made.data, ..whole };
        prop_assert!(open(&again).is_ok());
    }

    #[test]
    fn pieces_are_all_of_it_in_order_and_each_fits_a_message(size in 1..2_000_000_usize, items in 0..9_000_usize, heads in 0..=limits::SNAPSHOT_HEADS) {
        let Some(extents) = pieces(size, items) else {
            prop_assert!(size < items);
            return Ok(());
        };
        let item = SnapshotItem { hash: ChangeHash([1; 32]), by: DeviceId([2; 16]), sig: vec![3; 64], void: true };
        let whole = Snapshot {
            seq: items as u64,
            chain: Chain([4; 32]),
            heads: vec![ChangeHash([5; 32]); heads],
            items: vec![item; items],
            data: vec![6; size],
        };
        let (mut bytes, mut named) = (0, 0);
        for extent in &extents {
            prop_assert_eq!((extent.data.start, extent.items.start), (bytes, named));
            (bytes, named) = (extent.data.end, extent.items.end);
            prop_assert!(!extent.data.is_empty());
            let piece = whole.piece(extent);
            let frame = codec::server(&ServerMessage::Snapshot { doc: DOC, piece }).len();
            // Then one fits an answer to a `POST` wherever the largest change does.
            prop_assert!(frame <= limits::CHANGE, "{} bytes", frame);
        }
        prop_assert_eq!((bytes, named), (size, items));
    }
}

fn unsound(snapshot: &Snapshot) -> String {
    open(snapshot).expect_err("it is not what it says").to_string()
}

#[test]
fn what_it_says_and_what_it_holds_must_be_the_same_changes() {
    let mut author = Author::new(1);
    let items = author.writes(3);
    let sound = snapshot(&items);
    assert!(open(&sound).is_ok());

    let more = Snapshot { data: snapshot(&[items.clone(), author.writes(1)].concat()).data, ..sound.clone() };
    assert_eq!(unsound(&more), "its heads are others");
    let mut fewer = sound.clone();
    fewer.items.pop();
    assert_eq!(unsound(&fewer), "it names another number of items");
    fewer.seq -= 1;
    assert_eq!(unsound(&fewer), "it holds more than its items");
    let mut foreign = sound.clone();
    foreign.items[2].hash = ChangeHash([7; 32]);
    assert_eq!(unsound(&foreign), "it lacks an item");
    let mut twice = sound.clone();
    twice.items[2] = twice.items[1].clone();
    assert_eq!(unsound(&twice), "it lacks an item");
    let void = Snapshot { items: snapshot_with_void(&items, &[4]).items, ..sound.clone() };
    assert_eq!(unsound(&void), "it holds more than its items");
    let broken = Snapshot { data: sound.data[..sound.data.len() - 1].to_vec(), ..sound };
    assert!(unsound(&broken).starts_with("automerge refuses it"));
}

#[test]
fn an_actor_is_its_author_s_and_only_the_first_item_has_none() {
    let sound = snapshot(&Author::new(1).writes(2));
    for (at, by) in [(1, Author::new(2).id()), (1, DeviceId::GENESIS), (0, Author::new(1).id())] {
        let mut another = sound.clone();
        another.items[at].by = by;
        assert_eq!(unsound(&another), "an actor that is not its author's");
    }
}

#[test]
fn what_is_void_is_named_and_not_held() {
    let items = Author::new(1).writes(3);
    let snapshot = snapshot_with_void(&items, &[4]);
    let opened = open(&snapshot).unwrap();
    assert_eq!(opened.changes.len(), 3);
    assert_eq!(snapshot.heads, [items[1].hash]);
}

#[test]
fn changes_that_lack_what_they_depend_on_make_none() {
    let items = Author::new(1).writes(2);
    let genesis = genesis(DocKind::SharedNotes).data.as_slice();
    let lacking = make(None, &[genesis, items[1].data.as_slice()]).expect_err("one is not applied");
    assert_eq!(lacking.to_string(), "not all changes were applied");
    assert!(make(None, &[b"no change".as_slice()]).is_err());
    assert!(make(Some(b"no document".as_slice()), &[]).is_err());
}

#[test]
fn more_heads_than_a_piece_has_room_for_make_none() {
    let changes = |count: u16| -> Vec<PushItem> {
        (0..count)
            .map(|n| {
                let mut author = Author::new(1);
                let mut actor = [0; 16];
                actor[14..].copy_from_slice(&n.to_be_bytes());
                author.copy.set_actor(automerge::ActorId::from(actor));
                author.write()
            })
            .collect()
    };
    let count = u16::try_from(limits::SNAPSHOT_HEADS).unwrap();
    let made = |items: &[PushItem]| {
        let genesis = std::iter::once(genesis(DocKind::SharedNotes).data.as_slice());
        make(None, &genesis.chain(items.iter().map(|item| item.data.as_slice())).collect::<Vec<_>>())
    };
    assert_eq!(made(&changes(count)).unwrap().heads.len(), limits::SNAPSHOT_HEADS);
    assert!(made(&changes(count + 1)).is_err());
}

#[test]
fn pieces_of_a_snapshot_make_it_again() {
    let whole = snapshot(&Author::new(1).writes(9));
    let pieces = in_pieces(&whole, 4);
    assert_eq!(pieces.iter().flat_map(|piece| piece.data.clone()).collect::<Vec<_>>(), whole.data);
    assert_eq!(pieces.iter().flat_map(|piece| piece.items.clone()).collect::<Vec<_>>(), whole.items);
}
