use super::*;
use crate::sync::chain;
use crate::sync::message::{SnapshotPart, SnapshotPiece};
use crate::sync::snapshot::{self, Snapshot};

/// The pieces among what was said.
fn pieces(said: &[ServerMessage]) -> Vec<SnapshotPiece> {
    let pieces = said.iter().filter_map(|message| match message {
        ServerMessage::Snapshot { piece, .. } => Some(piece.clone()),
        _ => None,
    });
    pieces.collect()
}

/// What the pieces make together; panics where they do not follow each other.
fn together(pieces: &[SnapshotPiece]) -> Snapshot {
    let first = &pieces[0];
    let (mut data, mut items) = (Vec::new(), Vec::new());
    for piece in pieces {
        assert_eq!((piece.seq, piece.size, piece.offset), (first.seq, first.size, data.len() as u64));
        data.extend(&piece.data);
        items.extend(piece.items.iter().cloned());
    }
    assert_eq!((data.len() as u64, items.len() as u64), (first.size, first.seq));
    Snapshot { seq: first.seq, chain: first.chain, heads: first.heads.clone(), items, data }
}

/// Logs of which `DOC` has that many items after its genesis, all in a snapshot, each of `bytes`.
fn with_snapshot(count: usize, bytes: usize) -> (Memory, Author) {
    let (mut memory, mut author) = (memory(), Author::new(2));
    for _ in 0..count {
        let ask = Ask::Push { id: 0, doc: DOC, items: vec![author.write_noise(bytes)] };
        memory.answer(user(2), &ask);
    }
    assert_eq!(memory.take_snapshot(DOC), Some(count as u64 + 1));
    (memory, author)
}

fn greeted(memory: Memory, transport: Transport) -> Rig {
    let mut rig = Rig::over(memory, transport);
    rig.hello();
    rig
}

/// The place after the first `items` of `DOC`.
fn place(memory: &Memory, items: usize) -> Place {
    let hashes = memory.log(DOC).unwrap().items()[..items].iter().map(|item| item.hash);
    let chain = Some(chain::after(chain::start(DOC), hashes));
    Place { doc: DOC, cursor: items as u64, chain, part: None }
}

fn part(seq: u64, offset: u64) -> ClientMessage {
    ClientMessage::Open { docs: vec![Place { part: Some(SnapshotPart { seq, offset }), ..start(DOC) }] }
}

#[test]
fn who_has_nothing_is_told_a_snapshot_in_pieces_and_then_what_came_after_it() {
    let (memory, mut author) = with_snapshot(5, 100_000);
    let mut rig = greeted(memory, Transport::WebSocket);
    rig.others_push(&mut author, 2);
    let said = rig.open(&[DOC]);
    let kinds: Vec<_> = said
        .iter()
        .map(|message| match message {
            ServerMessage::Opened { head, .. } => format!("opened {head}"),
            ServerMessage::Directory { .. } => "directory".to_owned(),
            ServerMessage::Snapshot { piece, .. } => format!("piece of {}", piece.seq),
            ServerMessage::Changes { from, items, .. } => format!("{} after {from}", items.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    // The directory goes before the first piece with an item of a stranger, and every piece is read after it.
    let expected = ["opened 8", "directory", "piece of 6", "piece of 6", "piece of 6", "2 after 6"];
    assert_eq!(kinds, expected);
    let whole = together(&pieces(&said));
    assert_eq!(snapshot::open(&whole).unwrap().changes.len(), 6);
    assert_eq!(whole.chain, place(&rig.memory, 6).chain.unwrap());
    // It is open up to there, like any other.
    rig.others_push(&mut author, 1);
    assert_eq!(places(&rig.feed(Input::Woken { doc: DOC, head: Some(9) })), [[9]]);
}

#[test]
fn who_has_read_a_part_is_told_changes_until_they_are_dropped() {
    let (memory, _) = with_snapshot(4, 100);
    let mut rig = greeted(memory, Transport::WebSocket);
    let (second, last) = (place(&rig.memory, 2), place(&rig.memory, 5));
    let open = |rig: &mut Rig, place| rig.say(&ClientMessage::Open { docs: vec![place] });
    assert_eq!(places(&open(&mut rig, second)), [[3, 4, 5]]);
    rig.memory.drop_covered(DOC);
    let said = open(&mut rig, second);
    assert_eq!((together(&pieces(&said)).seq, places(&said).len()), (5, 0));
    assert!(pieces(&open(&mut rig, last)).is_empty());
}

#[test]
fn a_lost_connection_goes_on_where_it_was() {
    let (memory, _) = with_snapshot(6, 100_000);
    let mut rig = greeted(memory.clone(), Transport::WebSocket);
    let first = pieces(&rig.open(&[DOC]));
    let (here, there) = (first[0].clone(), first[1].clone());
    let mut rig = greeted(memory, Transport::WebSocket);
    let rest = pieces(&rig.say(&part(here.seq, there.offset)));
    assert_eq!(together(&[vec![here], rest].concat()).seq, 7);
}

#[test]
fn a_part_of_what_is_not_there_begins_anew() {
    let (memory, mut author) = with_snapshot(3, 100_000);
    let mut rig = greeted(memory, Transport::WebSocket);
    for (seq, offset) in [(3, 131_072), (4, 17), (9, 0), (4, limits::INTEGER)] {
        assert_eq!(together(&pieces(&rig.say(&part(seq, offset)))).seq, 4);
    }
    // A newer snapshot has come in between.
    let second = pieces(&rig.open(&[DOC]))[1].clone();
    rig.others_push(&mut author, 1);
    assert_eq!(rig.memory.take_snapshot(DOC), Some(5));
    assert_eq!(together(&pieces(&rig.say(&part(4, second.offset)))).seq, 5);
}

#[test]
fn a_newer_snapshot_between_two_pieces_is_told_from_its_start() {
    let (memory, mut author) = with_snapshot(4, 100_000);
    let mut rig = greeted(memory, Transport::WebSocket);
    let mut outputs: VecDeque<_> = rig
        .session
        .step(Input::Frame(codec::client(&ClientMessage::Open { docs: vec![start(DOC)] })), 0)
        .into();
    let (mut said, mut is_newer) = (Vec::new(), false);
    while let Some(output) = outputs.pop_front() {
        match output {
            Output::Ask(ask) => {
                if pieces(&said).len() == 1 && !std::mem::replace(&mut is_newer, true) {
                    rig.others_push(&mut author, 1);
                    rig.memory.take_snapshot(DOC);
                }
                let answer = rig.memory.answer(user(1), &ask);
                outputs.extend(rig.session.step(Input::Answer(answer), 0));
            }
            Output::Send(message) => said.push(message),
            _ => {}
        }
    }
    let told = pieces(&said);
    assert_eq!((told[0].seq, told[1].seq, told[1].offset), (5, 6, 0));
    assert_eq!(together(&told[1..]).seq, 6);
}

#[test]
fn a_snapshot_that_is_void_between_two_pieces_gives_way_to_changes() {
    let (memory, _) = with_snapshot(4, 100_000);
    let mut rig = greeted(memory, Transport::WebSocket);
    let seq = pieces(&rig.open(&[DOC]))[0].seq;
    rig.memory.void(DOC, 5);
    let said = rig.say(&part(seq, 131_072));
    assert!(pieces(&said).is_empty());
    assert_eq!(places(&said).concat(), [1, 2, 3, 4, 5]);
}

#[test]
fn what_is_void_in_a_snapshot_is_not_told_once_more() {
    let (mut memory, _) = with_snapshot(2, 100);
    memory.void(DOC, 3);
    assert_eq!(memory.take_snapshot(DOC), Some(3));
    let mut rig = greeted(memory, Transport::WebSocket);
    let said = rig.open(&[DOC]);
    let void: Vec<_> = together(&pieces(&said)).items.iter().map(|item| item.void).collect();
    assert_eq!(void, [false, false, true]);
    assert!(!said.iter().any(|message| matches!(message, ServerMessage::Void { .. })));
    // What becomes void later is.
    rig.memory.void(DOC, 2);
    let said = rig.feed(Input::Woken { doc: DOC, head: None });
    assert_eq!(said, [ServerMessage::Void { doc: DOC, items: vec![2] }]);
}

#[test]
fn a_post_reads_a_snapshot_short_and_the_next_one_goes_on() {
    let (memory, _) = with_snapshot(22, 200_000);
    let (mut told, mut posts, mut place) = (Vec::new(), 0, start(DOC));
    while place.cursor < 23 {
        let mut rig = greeted(memory.clone(), Transport::Http);
        let said = rig.say(&ClientMessage::Open { docs: vec![place] });
        let bytes: usize = said.iter().map(|message| codec::server(message).len()).sum();
        assert!(bytes <= limits::HTTP_ANSWER / 2 + 4_096, "{bytes}");
        assert_eq!(rig.other, []);
        let read = pieces(&said);
        let last = read.last().expect("every answer goes on");
        let offset = last.offset + last.data.len() as u64;
        place = if offset == last.size {
            Place { cursor: last.seq, chain: Some(last.chain), ..start(DOC) }
        } else {
            Place { part: Some(SnapshotPart { seq: last.seq, offset }), ..start(DOC) }
        };
        told.extend(read);
        posts += 1;
    }
    assert_eq!((together(&told).seq, posts), (23, 3));
}

#[test]
fn a_restored_log_has_only_a_snapshot_that_it_holds() {
    let (mut memory, _) = with_snapshot(3, 100);
    memory.restore(DOC, 2);
    let mut rig = greeted(memory, Transport::WebSocket);
    assert_eq!(places(&rig.open(&[DOC])), [[1, 2]]);
}
