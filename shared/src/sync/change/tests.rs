use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, ObjType, ROOT, TextEncoding};
use proptest::prelude::*;

use super::*;

fn document(actor: u8) -> AutoCommit {
    AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
        .with_actor(automerge::ActorId::from([actor; 16]))
}

/// Changes of every sort: containers, long text, counters, deletions, merges, messages, emptiness.
fn samples() -> Vec<automerge::Change> {
    let mut one = document(1);
    let text = one.put_object(ROOT, "text", ObjType::Text).unwrap();
    one.put(ROOT, "n", -5).unwrap();
    one.commit_with(CommitOptions::default().with_message("ëerste").with_time(-1));
    let mut two = one.fork().with_actor(automerge::ActorId::from([2; 16]));
    one.splice_text(&text, 0, 0, &"een lange notitie 😀 ".repeat(200)).unwrap();
    one.commit_with(CommitOptions::default().with_time(1_700_000_000_000));
    two.splice_text(&text, 0, 0, "twee").unwrap();
    two.put(ROOT, "counter", automerge::ScalarValue::counter(3)).unwrap();
    two.commit();
    two.merge(&mut one).unwrap();
    two.splice_text(&text, 3, 40, "").unwrap();
    two.increment(ROOT, "counter", 2).unwrap();
    two.commit();
    two.empty_change(CommitOptions::default());
    two.get_changes(&[])
}

/// The chunk with its length and checksum put right again.
fn reseal(body: &[u8]) -> Vec<u8> {
    let mut hashed = vec![CHANGE_CHUNK];
    unsigned(&mut hashed, body.len() as u64);
    hashed.extend(body);
    let digest: [u8; 32] = Sha256::digest(&hashed).into();
    [&MAGIC[..], &digest[..4], &hashed].concat()
}

fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn body(chunk: &[u8]) -> &[u8] {
    let mut reader = Reader(&chunk[9..]);
    reader.unsigned().unwrap();
    reader.0
}

#[test]
fn what_automerge_wrote_is_read_as_automerge_reads_it() {
    for change in samples() {
        let parsed = parse(change.raw_bytes()).unwrap();
        assert_eq!(parsed.hash.0, change.hash().0);
        assert_eq!(&parsed.actor.0[..], change.actor_id().to_bytes());
        assert_eq!(parsed.seq, change.seq());
        assert_eq!(parsed.start_op, change.start_op().get());
        assert_eq!(parsed.time, change.timestamp());
        assert_eq!(parsed.ops, change.len() as u64);
        assert_eq!(parsed.max_op(), change.max_op());
        let mut deps: Vec<_> = change.deps().iter().map(|dep| ChangeHash(dep.0)).collect();
        deps.sort();
        assert_eq!(parsed.deps, deps);
    }
}

#[test]
fn every_other_length_is_refused() {
    let sample = samples().swap_remove(1);
    let bytes = sample.raw_bytes();
    for length in 0..bytes.len() {
        assert!(parse(&bytes[..length]).is_err());
    }
    assert!(parse(&[bytes, &[0]].concat()).is_err());
    assert!(parse(&[bytes, bytes].concat()).is_err());
    assert_eq!(parse(&reseal(&[body(bytes), &[0]].concat())), Err(Malformed("bytes behind the columns")));
}

#[test]
fn a_compressed_change_is_refused() {
    let compressed = samples().into_iter().find_map(|mut change| {
        let bytes = change.bytes().to_vec();
        (bytes != change.raw_bytes()).then_some(bytes)
    });
    let compressed = compressed.expect("a long change is compressed");
    assert!(parse(&compressed).is_err());
}

#[test]
fn a_number_in_a_longer_form_is_refused() {
    let sample = samples().swap_remove(0);
    let old = body(sample.raw_bytes());
    // No dependencies, written as 0x80 0x00.
    assert_eq!(old[0], 0);
    assert_eq!(
        parse(&reseal(&[&[0x80, 0], &old[1..]].concat())),
        Err(Malformed("a number is not in its shortest form"))
    );
    assert!(parse(&reseal(old)).is_ok());
}

#[test]
fn an_actor_of_another_length_is_refused() {
    let mut doc = AutoCommit::new().with_actor(automerge::ActorId::from([1; 15]));
    doc.put(ROOT, "a", 1).unwrap();
    let change = doc.get_changes(&[]).swap_remove(0);
    assert_eq!(parse(change.raw_bytes()), Err(Malformed("an actor is not 16 bytes")));
}

#[test]
fn dependencies_out_of_order_or_double_are_refused() {
    for deps in [[[2; 32], [1; 32]], [[1; 32], [1; 32]]] {
        let chunk = reseal(&[&[2][..], &deps.concat(), &[16], &[1; 16], &[1, 1, 0, 0, 0, 0]].concat());
        assert_eq!(parse(&chunk), Err(Malformed("dependencies are not ascending")));
    }
}

#[test]
fn a_chunk_is_as_long_as_it_says() {
    let sample = samples().swap_remove(0);
    let body = body(sample.raw_bytes());
    for length in [body.len() - 1, body.len() + 1] {
        let mut hashed = vec![CHANGE_CHUNK];
        unsigned(&mut hashed, length as u64);
        hashed.extend(body);
        let chunk = [&MAGIC[..], &Sha256::digest(&hashed)[..4], &hashed].concat();
        assert_eq!(parse(&chunk), Err(Malformed("another length than the chunk says")));
    }
}

/// A change without dependencies and columns.
fn with_numbers(seq: u64, start_op: u64) -> Vec<u8> {
    let mut numbers = Vec::new();
    unsigned(&mut numbers, seq);
    unsigned(&mut numbers, start_op);
    reseal(&[&[0, 16][..], &[1; 16], &numbers, &[0, 0, 0, 0]].concat())
}

#[test]
fn numbers_are_from_1_to_32_bits() {
    let most = u64::from(u32::MAX);
    assert!(parse(&with_numbers(1, 1)).is_ok());
    assert!(parse(&with_numbers(most, most)).is_ok());
    for (seq, start_op) in [(0, 1), (1, 0)] {
        let counted = Malformed("sequence numbers and operations are counted from 1");
        assert_eq!(parse(&with_numbers(seq, start_op)), Err(counted));
    }
    for (seq, start_op) in [(most + 1, 1), (1, most + 1)] {
        assert_eq!(parse(&with_numbers(seq, start_op)), Err(Malformed("a number is too large")));
    }
    // The first operation fits, the second does not.
    let mut two = vec![0, 16];
    two.extend([1; 16]);
    two.push(1);
    unsigned(&mut two, most);
    two.extend([0, 0, 0, 1, ACTION_COLUMN as u8, 2, 2, 1]);
    assert_eq!(parse(&reseal(&two)), Err(Malformed("a number is too large")));
}

#[test]
fn numbers_in_longer_forms_or_of_more_than_64_bits_are_refused() {
    let most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(Reader(&[&most[..], &[1]].concat()).unsigned(), Ok(u64::MAX));
    assert_eq!(Reader(&[&most[..], &[2]].concat()).unsigned(), Err(Malformed("a number is too large")));
    assert_eq!(Reader(&[&most[..], &[0]].concat()).signed(), Ok(i64::MAX));
    assert_eq!(Reader(&[&most[..], &[1]].concat()).signed(), Err(Malformed("a number is too large")));
    assert_eq!(Reader(&[0xff, 0]).signed(), Ok(127));
    assert_eq!(Reader(&[0x80, 0x7f]).signed(), Ok(-128));
    for long in [&[0x80, 0][..], &[0xbf, 0], &[0xff, 0x7f], &[0xc0, 0x7f]] {
        assert_eq!(Reader(long).signed(), Err(Malformed("a number is not in its shortest form")), "{long:?}");
    }
}

#[test]
fn a_message_that_is_not_utf_8_is_refused() {
    let message = |bytes: [u8; 2]| reseal(&[&[0, 16][..], &[1; 16], &[1, 1, 0, 2], &bytes, &[0, 0]].concat());
    assert!(parse(&message([0xc3, 0xab])).is_ok());
    assert_eq!(parse(&message([0xff, 0xff])), Err(Malformed("the message is not UTF-8")));
}

#[test]
fn operations_without_an_action_are_refused() {
    let nulls = with_columns(&[1, ACTION_COLUMN as u8, 2, 0, 1]);
    assert_eq!(parse(&nulls), Err(Malformed("an operation without an action")));
}

#[test]
fn a_column_s_number_has_32_bits() {
    let column = |spec: u64| {
        let mut columns = vec![1];
        unsigned(&mut columns, spec);
        columns.push(0);
        with_columns(&columns)
    };
    assert!(parse(&column(u64::from(u32::MAX) & !DEFLATED)).is_ok());
    assert_eq!(parse(&column(1 << 32)), Err(Malformed("a number is too large")));
}

fn with_columns(columns: &[u8]) -> Vec<u8> {
    reseal(&[&[0, 16][..], &[1; 16], &[1, 1, 0, 0, 0], columns].concat())
}

#[test]
fn operations_are_counted_without_being_expanded() {
    // One run of 100,000 equal actions is three bytes of length and one of value.
    let run = |length: u64| {
        let mut column = Vec::new();
        // Signed LEB128 of these lengths needs the same bytes, since bit 6 of the last is clear.
        unsigned(&mut column, length);
        column.push(1);
        with_columns(&[&[1, ACTION_COLUMN as u8, column.len() as u8][..], &column].concat())
    };
    assert_eq!(parse(&run(100_000)).unwrap().ops, 100_000);
    assert_eq!(parse(&run(100_001)), Err(ChunkError::TooManyOperations));
    assert_eq!(parse(&run(1 << 40)), Err(ChunkError::TooManyOperations));
    // i64::MIN as a length: its absolute value does not fit an i64.
    let column = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];
    let chunk = with_columns(&[&[1, ACTION_COLUMN as u8, 10][..], &column].concat());
    assert_eq!(parse(&chunk), Err(ChunkError::TooManyOperations));
}

#[test]
fn columns_are_ascending_and_not_compressed() {
    assert!(parse(&with_columns(&[2, 0x42, 0, 0x56, 0])).is_ok());
    assert!(parse(&with_columns(&[2, 0x56, 0, 0x42, 0])).is_err());
    assert!(parse(&with_columns(&[2, 0x42, 0, 0x42, 0])).is_err());
    assert!(parse(&with_columns(&[1, 0x4a, 0])).is_err());
    assert!(parse(&with_columns(&[1, 0x56, 1])).is_err());
    // Two lengths whose sum overflows 64 bits.
    let long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert!(parse(&with_columns(&[&[2, 0x42][..], &long, &[0x56], &long].concat())).is_err());
}

#[test]
fn a_count_that_nothing_could_fill_is_refused_at_once() {
    for prefix in [&[][..], &[0, 16, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]] {
        let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert!(parse(&reseal(&[prefix, &huge].concat())).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_contents_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&body);
        let _ = parse(&reseal(&body));
    }

    #[test]
    fn mutated_changes_never_panic(
        which in 0_usize..6,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let samples = samples();
        let mut bytes = body(samples[which % samples.len()].raw_bytes()).to_vec();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(parsed) = parse(&reseal(&bytes)) {
            prop_assert!(parsed.ops <= limits::OPERATIONS);
            let _ = parsed.max_op();
        }
    }
}
