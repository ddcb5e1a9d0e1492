use super::*;
use crate::access::Access;
use crate::domain::genesis::genesis;
use crate::domain::kind::DocKind;
use crate::sync::memory::Memory;
use crate::sync::session::{Answer, Ask, PushAnswer};
use crate::sync::signature::DeviceKey;
use crate::sync::testing::{Author, DOC, key, user};

/// Users 1 and 2 write the document, 3 reads it, 4 once wrote it, each from the device of her number.
fn memory() -> Memory {
    let mut memory = Memory::default();
    memory.create(DOC, DocKind::SharedNotes);
    for n in 1..=4 {
        memory.add_device(user(n), key(n).id(), key(n).public());
    }
    memory.grant(DOC, user(1), Access::Write);
    memory.grant(DOC, user(2), Access::Write);
    memory.grant(DOC, user(3), Access::Read);
    memory.grant(DOC, user(4), Access::Write);
    memory.grant(DOC, user(4), Access::Read);
    memory
}

/// Pushes and says what became of each distinct hash, in the order of the push.
fn push(memory: &mut Memory, items: &[PushItem]) -> Vec<Result<u64, RejectCode>> {
    let ask = Ask::Push { id: 1, doc: DOC, items: items.to_vec() };
    let Answer::Push(PushAnswer::Done { acked, rejected, stored }) = memory.answer(user(1), &ask) else {
        panic!("a writer may push")
    };
    assert!(stored.iter().all(|seq| acked.iter().any(|item| item.seq == *seq)));
    let mut seen = HashSet::new();
    let distinct: Vec<_> = items.iter().filter(|item| seen.insert(item.hash)).collect();
    assert_eq!(acked.len() + rejected.len(), distinct.len(), "each distinct hash is named once");
    distinct
        .iter()
        .map(|item| match acked.iter().find(|acked| acked.hash == item.hash) {
            Some(acked) => Ok(acked.seq),
            None => Err(rejected.iter().find(|it| it.hash == item.hash).expect("it is named").code),
        })
        .collect()
}

fn push_one(memory: &mut Memory, item: &PushItem) -> Result<u64, RejectCode> {
    push(memory, std::slice::from_ref(item))[0]
}

#[test]
fn sound_changes_get_the_next_places_in_the_order_of_the_push() {
    let mut author = Author::new(1);
    let items = author.writes(3);
    assert_eq!(push(&mut memory(), &items), [Ok(2), Ok(3), Ok(4)]);
}

#[test]
fn what_the_log_has_is_acked_unread_with_the_place_it_has() {
    let mut memory = memory();
    let item = Author::new(1).write();
    assert_eq!(push_one(&mut memory, &item), Ok(2));
    let unread = PushItem { by: DeviceId([9; 16]), sig: vec![], data: vec![1, 2, 3], ..item };
    assert_eq!(push_one(&mut memory, &unread), Ok(2));
    let first = PushItem {
        hash: genesis(DocKind::SharedNotes).hash,
        by: DeviceId::GENESIS,
        sig: vec![],
        data: genesis(DocKind::SharedNotes).data.clone(),
    };
    assert_eq!(push_one(&mut memory, &first), Ok(1));
    assert_eq!(memory.log(DOC).unwrap().head(), 2);
}

#[test]
fn an_item_twice_in_one_push_is_named_once() {
    let mut author = Author::new(1);
    let item = author.write();
    let forged = PushItem { sig: vec![0; 64], ..item.clone() };
    assert_eq!(push(&mut memory(), &[item.clone(), item.clone()]), [Ok(2)]);
    assert_eq!(push(&mut memory(), &[forged.clone(), item.clone()]), [Ok(2)]);
    assert_eq!(push(&mut memory(), &[item, forged.clone()]), [Ok(2)]);
    assert_eq!(push(&mut memory(), &[forged.clone(), forged]), [Err(RejectCode::BadSignature)]);
}

#[test]
fn a_change_of_more_than_the_limit_is_too_large() {
    let author = Author::new(1);
    let exact = author.sign(&vec![0; limits::CHANGE]);
    let over = author.sign(&vec![0; limits::CHANGE + 1]);
    assert_eq!(push_one(&mut memory(), &exact), Err(RejectCode::BadChunk));
    assert_eq!(push_one(&mut memory(), &over), Err(RejectCode::TooLarge));
}

#[test]
fn a_chunk_that_is_not_one_change_is_bad() {
    let mut author = Author::new(1);
    let item = author.write();
    let mut flipped = item.clone();
    *flipped.data.last_mut().unwrap() ^= 1;
    assert_eq!(push_one(&mut memory(), &flipped), Err(RejectCode::BadChunk));
    let behind = PushItem { data: [&item.data[..], &[0]].concat(), ..item.clone() };
    assert_eq!(push_one(&mut memory(), &behind), Err(RejectCode::BadChunk));
    let document = PushItem { data: author.copy.save(), ..item };
    assert_eq!(push_one(&mut memory(), &document), Err(RejectCode::BadChunk));
}

#[test]
fn a_hash_that_is_not_the_change_s_is_bad() {
    let item = Author::new(1).write();
    let other = PushItem { hash: ChangeHash([7; 32]), ..item };
    assert_eq!(push_one(&mut memory(), &other), Err(RejectCode::BadHash));
}

#[test]
fn a_device_that_is_not_registered_is_unknown() {
    let item = Author::new(9).write();
    assert_eq!(push_one(&mut memory(), &item), Err(RejectCode::UnknownDevice));
}

#[test]
fn a_signature_of_someone_else_or_for_another_document_is_bad() {
    let mut author = Author::new(1);
    let item = author.write();
    let sign = |key: &DeviceKey, doc| key.sign_change(doc, item.hash).0.to_vec();
    for sig in [sign(&key(2), DOC), sign(&key(1), DocId([9; 16])), vec![], vec![0; 64], vec![1; 65]] {
        let forged = PushItem { sig, ..item.clone() };
        assert_eq!(push_one(&mut memory(), &forged), Err(RejectCode::BadSignature));
    }
}

#[test]
fn who_never_could_write_is_read_only_and_who_once_could_is_not() {
    assert_eq!(push_one(&mut memory(), &Author::new(3).write()), Err(RejectCode::ReadOnly));
    assert_eq!(push_one(&mut memory(), &Author::new(4).write()), Ok(2));
}

#[test]
fn an_actor_of_another_device_is_taken() {
    let mut thief = Author::new(1);
    thief.copy.set_actor(automerge::ActorId::from(ActorId::of_device(key(2).id(), [5; 8]).0));
    assert_eq!(push_one(&mut memory(), &thief.write()), Err(RejectCode::ActorTaken));
}

#[test]
fn a_hole_in_an_actor_s_history_is_a_gap() {
    let mut author = Author::new(1);
    let items = author.writes(3);
    assert_eq!(push_one(&mut memory(), &items[1]), Err(RejectCode::SeqGap));
    // With the earlier one refused, those after it have a gap.
    let mut refused = items.clone();
    refused[0].sig = vec![];
    assert_eq!(
        push(&mut memory(), &refused),
        [Err(RejectCode::BadSignature), Err(RejectCode::SeqGap), Err(RejectCode::SeqGap)]
    );
}

#[test]
fn a_fork_of_an_actor_s_history_is_a_gap() {
    let mut memory = memory();
    let (mut one, mut other) = (Author::new(1), Author::new(1));
    let first = one.write();
    other.take(std::slice::from_ref(&first));
    // The same actor in two copies: the same number twice.
    let (left, right) = (one.write(), other.write_long(10));
    assert_ne!(left.hash, right.hash);
    assert_eq!(push(&mut memory, &[first, left, right]), [Ok(2), Ok(3), Err(RejectCode::SeqGap)]);
}

#[test]
fn what_depends_on_an_absent_change_misses_it() {
    let (mut one, mut two) = (Author::new(1), Author::new(2));
    let hidden = one.write();
    two.take(std::slice::from_ref(&hidden));
    let dependent = two.write();
    assert_eq!(push_one(&mut memory(), &dependent), Err(RejectCode::MissingDeps));
    assert_eq!(
        push(&mut memory(), &[dependent.clone(), hidden.clone()]),
        [Err(RejectCode::MissingDeps), Ok(2)]
    );
    assert_eq!(push(&mut memory(), &[hidden, dependent]), [Ok(2), Ok(3)]);
}

#[test]
fn an_actor_s_previous_change_may_be_an_ancestor_by_way_of_others() {
    let mut memory = memory();
    let (mut one, mut two) = (Author::new(1), Author::new(2));
    let first = one.write();
    two.take(std::slice::from_ref(&first));
    let between = two.writes(3);
    let last = change::parse(&between[2].data).unwrap();
    // Automerge names an actor's previous change among the dependencies; another implementation need not.
    let actor = ActorId::of_device(one.id(), [1; 8]);
    let second = one.sign(&crafted(actor, 2, last.max_op() + 1, &[last.hash]));
    let mut all = vec![first];
    all.extend(between);
    assert_eq!(push(&mut memory, &all), [Ok(2), Ok(3), Ok(4), Ok(5)]);
    assert_eq!(push_one(&mut memory, &second), Ok(6));
    // The same in one push.
    all.push(second);
    assert_eq!(push(&mut self::memory(), &all).last(), Some(&Ok(6)));
}

/// A change chunk as one wishes it: one operation, which puts `true` at `key` in the root.
fn crafted(actor: ActorId, seq: u64, start_op: u64, deps: &[ChangeHash]) -> Vec<u8> {
    let change = automerge::ExpandedChange {
        operations: vec![automerge::legacy::Op {
            action: automerge::legacy::OpType::Put(true.into()),
            obj: automerge::legacy::ObjectId::Root,
            key: automerge::legacy::Key::Map("key".into()),
            pred: automerge::legacy::SortedVec::new(),
            insert: false,
        }],
        actor_id: automerge::ActorId::from(actor.0),
        author: None,
        hash: None,
        seq,
        start_op: std::num::NonZeroU64::new(start_op).unwrap(),
        time: 0,
        message: None,
        deps: deps.iter().map(|dep| automerge::ChangeHash(dep.0)).collect(),
        extra_bytes: vec![],
    };
    automerge::Change::from(change).raw_bytes().to_vec()
}

#[test]
fn operations_are_counted_on_from_what_a_change_depends_on() {
    let author = Author::new(1);
    let actor = ActorId::of_device(author.id(), [1; 8]);
    let genesis = genesis(DocKind::SharedNotes);
    let at = |start_op| author.sign(&crafted(actor, 1, start_op, &[genesis.hash]));
    assert_eq!(push_one(&mut memory(), &at(genesis.max_op)), Err(RejectCode::BadChunk));
    assert_eq!(push_one(&mut memory(), &at(genesis.max_op + 1)), Ok(2));
    assert_eq!(push_one(&mut memory(), &at(genesis.max_op + 2)), Err(RejectCode::BadChunk));
    // Without its dependencies the upper bound cannot be judged.
    let lost = author.sign(&crafted(actor, 1, 1_000, &[ChangeHash([1; 32])]));
    assert_eq!(push_one(&mut memory(), &lost), Err(RejectCode::MissingDeps));
}

#[test]
fn an_actor_cannot_write_beside_its_own_history() {
    let mut memory = memory();
    let author = Author::new(1);
    let actor = ActorId::of_device(author.id(), [1; 8]);
    let genesis = genesis(DocKind::SharedNotes);
    let next = genesis.max_op + 1;
    let first = author.sign(&crafted(actor, 1, next, &[genesis.hash]));
    let beside = author.sign(&crafted(actor, 2, next + 1, &[genesis.hash]));
    let after = author.sign(&crafted(actor, 2, next + 1, &[first.hash]));
    assert_eq!(push(&mut memory, &[first, beside, after]), [Ok(2), Err(RejectCode::BadChunk), Ok(3)]);
}

/// A log in which device 1 wrote item 2, and another device the ones after it, one upon the other: what is to be known
/// of it before these items are judged, and the last change.
fn long_log(length: u64) -> (Memory, ParsedChange) {
    let mut memory = memory();
    let (mut one, mut two) = (Author::new(1), Author::new(2));
    let first = one.write();
    two.take(std::slice::from_ref(&first));
    let others = two.writes(usize::try_from(length - 2).unwrap());
    let last = change::parse(&others.last().unwrap().data).unwrap();
    assert_eq!(push(&mut memory, &[&[first], &others[..]].concat()).last(), Some(&Ok(length)));
    (memory, last)
}

#[test]
fn nobody_who_may_not_write_has_the_log_walked() {
    let (memory, last) = long_log(40);
    let log = memory.log(DOC).unwrap();
    let (own, reader) = (Author::new(1), Author::new(3));
    let of = |author: &Author| ActorId::of_device(author.id(), [1; 8]);
    let chunk = |actor| crafted(actor, 2, last.max_op() + 1, &[last.hash]);
    let forged = |item: PushItem| PushItem { sig: vec![0; 64], ..item };
    let genesis = ActorId([0; 16]);
    for (item, code) in [
        (forged(own.sign(&chunk(genesis))), RejectCode::BadSignature),
        (forged(own.sign(&chunk(of(&own)))), RejectCode::BadSignature),
        (Author::new(9).sign(&chunk(of(&own))), RejectCode::UnknownDevice),
        (reader.sign(&chunk(of(&own))), RejectCode::ReadOnly),
        (reader.sign(&chunk(of(&reader))), RejectCode::ReadOnly),
        (own.sign(&chunk(genesis)), RejectCode::ActorTaken),
    ] {
        let key = [&own, &reader].into_iter().find(|it| it.id() == item.by).map(|it| it.key.public());
        let examined = [examine(DOC, item, key.as_ref())];
        // The log and the actor's last change may be known for the sake of somebody else's item.
        let mut wanted = wanted(&examined);
        wanted.actors.insert(examined[0].change().unwrap().actor);
        let mut facts = log.facts(&wanted, |device| *device == own.id());
        assert_eq!(ancestry_after(&examined, &facts), None, "{code:?}");
        facts.ancestry = log.ancestry(1);
        let mut staged = Staged::on(&facts);
        assert_eq!(staged.judge(&examined[0]), Err(code));
        assert_eq!(staged.descents.looked_at, 0, "{code:?}");
    }
}

#[test]
fn who_may_write_has_the_log_walked_once_at_most() {
    let (memory, last) = long_log(40);
    let log = memory.log(DOC).unwrap();
    let author = Author::new(1);
    let actor = ActorId::of_device(author.id(), [1; 8]);
    // One builds upon her change and is refused for what it is, the others write beside it.
    let beside = [genesis(DocKind::SharedNotes).hash];
    let after = author.sign(&crafted(actor, 2, last.max_op() + 1, &[last.hash]));
    let at = |start_op| author.sign(&crafted(actor, 2, start_op, &beside));
    let items: Vec<PushItem> = (last.max_op() - 9..=last.max_op()).map(at).chain([after]).collect();
    let examined: Vec<_> =
        items.into_iter().map(|item| examine(DOC, item, Some(&author.key.public()))).collect();
    examined.iter().for_each(|it| it.set_decoded(Err(RejectCode::BadChunk)));
    let mut facts = log.facts(&wanted(&examined), |device| *device == author.id());
    assert_eq!(ancestry_after(&examined, &facts), Some(2));
    facts.ancestry = log.ancestry(2);
    let mut staged = Staged::on(&facts);
    for _ in 0..2 {
        for it in &examined {
            assert_eq!(staged.judge(it), Err(RejectCode::BadChunk));
        }
    }
    assert_eq!(staged.descents.looked_at, 38);
}

#[test]
fn of_several_faults_the_first_in_the_contract_s_order_is_named() {
    let stranger = Author::new(9);
    let theirs = ActorId::of_device(key(2).id(), [1; 8]);
    let lost = [ChangeHash([1; 32])];
    // Everything is wrong; then one fault after the other is mended, in the order of the checks.
    let chunk = crafted(theirs, 5, 1, &lost);
    let everything = PushItem { hash: ChangeHash([8; 32]), ..stranger.sign(&chunk) };
    let cut = PushItem { data: chunk[..chunk.len() - 1].to_vec(), ..everything.clone() };
    let long = PushItem { data: vec![0; limits::CHANGE + 1], ..everything.clone() };
    let reader = Author::new(3);
    let writer = Author::new(1);
    let unsigned = PushItem { sig: vec![0; 64], ..reader.sign(&chunk) };
    let own = ActorId::of_device(writer.id(), [1; 8]);
    for (item, code) in [
        (long, RejectCode::TooLarge),
        (cut, RejectCode::BadChunk),
        (everything, RejectCode::BadHash),
        (stranger.sign(&chunk), RejectCode::UnknownDevice),
        (unsigned, RejectCode::BadSignature),
        (reader.sign(&chunk), RejectCode::ReadOnly),
        (writer.sign(&chunk), RejectCode::ActorTaken),
        (writer.sign(&crafted(own, 5, 1, &lost)), RejectCode::SeqGap),
        (writer.sign(&crafted(own, 1, 1, &lost)), RejectCode::MissingDeps),
    ] {
        assert_eq!(push_one(&mut memory(), &item), Err(code));
    }
}

/// What there is to know of a log of the genesis alone, where device 1 writes.
fn facts(void: bool) -> LogFacts {
    let genesis = genesis(DocKind::SharedNotes);
    LogFacts {
        head: 1,
        max_op: genesis.max_op,
        known: [(genesis.hash, KnownChange { seq: 1, max_op: genesis.max_op, void })].into(),
        writers: [key(1).id()].into(),
        ..LogFacts::default()
    }
}

#[test]
fn what_has_not_been_decoded_is_not_stored() {
    let examined = [examine(DOC, Author::new(1).write(), Some(&key(1).public()))];
    assert_eq!(decide(&examined, &facts(false)), [Verdict::Undecoded]);
    examined[0].set_decoded(Err(RejectCode::Quarantined));
    // What was found first counts.
    examined[0].set_decoded(Ok(()));
    assert_eq!(decide(&examined, &facts(false)), [Verdict::Reject(RejectCode::Quarantined)]);
}

#[test]
fn nothing_builds_on_what_is_void() {
    let examined = [examine(DOC, Author::new(1).write(), Some(&key(1).public())).decoded_here()];
    assert_eq!(decide(&examined, &facts(false)), [Verdict::Store { seq: 2 }]);
    assert_eq!(decide(&examined, &facts(true)), [Verdict::Reject(RejectCode::MissingDeps)]);
}

#[test]
fn only_what_is_its_author_s_is_worth_decoding() {
    let item = Author::new(1).write();
    let unsigned = PushItem { sig: vec![0; 64], ..item.clone() };
    let mut thief = Author::new(1);
    thief.copy.set_actor(automerge::ActorId::from(ActorId::of_device(key(2).id(), [5; 8]).0));
    let is_authentic = |item| examine(DOC, item, Some(&key(1).public())).is_authentic();
    assert!(is_authentic(item));
    assert!(!is_authentic(unsigned));
    assert!(!is_authentic(thief.write()));
}

#[test]
fn a_push_is_told_what_it_stored_and_what_was_there() {
    let mut memory = memory();
    let items = Author::new(1).writes(3);
    assert_eq!(push_one(&mut memory, &items[0]), Ok(2));
    let ask = Ask::Push { id: 1, doc: DOC, items };
    let Answer::Push(PushAnswer::Done { acked, stored, .. }) = memory.answer(user(1), &ask) else {
        panic!("a writer may push")
    };
    assert_eq!((acked.len(), stored), (3, vec![3, 4]));
}

mod known_kinds {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::sync::crafted::{Caught, Crafted, Op, Soil};
    use crate::sync::trial::trial;

    /// What becomes of a crafted change where it is not known what will.
    fn caught(author: &Author, soil: &Soil, crafted: &Crafted) -> Caught {
        let mut memory = memory();
        assert_eq!(push_one(&mut memory, &author.sign(&soil.sound)), Ok(2));
        let chunk = crafted.chunk();
        let item = author.sign(&chunk);
        let parsed = change::parse(&chunk);
        match catch_unwind(AssertUnwindSafe(|| push_one(&mut memory, &item))) {
            Err(_) => return Caught::Panic,
            Ok(Err(RejectCode::TooLarge)) => return Caught::TooLarge,
            Ok(Err(RejectCode::BadChunk)) if parsed.is_ok_and(|it| it.start_op == soil.next.start_op) => {
                return Caught::Decoding;
            }
            Ok(Err(RejectCode::BadChunk)) => return Caught::BadChunk,
            Ok(Err(code)) => panic!("{code:?}"),
            Ok(Ok(_)) => {}
        }
        let start = &genesis(DocKind::SharedNotes).data[..];
        let tried =
            catch_unwind(|| trial(None, &[start, &soil.sound], &[&chunk]).map_err(|error| error.to_string()));
        println!("  {tried:?}");
        if matches!(tried, Ok(Ok(()))) { Caught::Nowhere } else { Caught::Trial }
    }

    fn soil_of(author: &Author) -> Soil {
        let actor = ActorId::of_device(author.id(), [1; 8]);
        Soil::new(&genesis(DocKind::SharedNotes).data, actor).unwrap()
    }

    fn is_caught(kind: &str) {
        let author = Author::new(1);
        let soil = soil_of(&author);
        let kinds = soil.kinds();
        let (_, crafted, expected) = kinds.into_iter().find(|(name, ..)| *name == kind).expect("it is known");
        // What runs away is for a process with limits: here it must come as far as that.
        if expected == Caught::Runaway {
            let item = author.sign(&crafted.chunk());
            assert!(examine(DOC, item, Some(&author.key.public())).is_authentic());
            return;
        }
        assert_eq!(caught(&author, &soil, &crafted), expected);
    }

    /// A test for each kind, and one that none has been left out.
    macro_rules! kinds {
        ($($test:ident: $kind:literal,)*) => {
            $(#[test]
            fn $test() {
                is_caught($kind);
            })*

            #[test]
            fn every_known_kind_has_its_test() {
                let kinds = soil_of(&Author::new(1)).kinds();
                assert_eq!(kinds.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), [$($kind),*]);
            }
        };
    }

    kinds! {
        a_key_of_nothing: "a key of nothing",
        a_mark_of_nothing: "a mark of nothing",
        a_value_of_an_unknown_type: "a value of an unknown type",
        a_counter_that_nobody_made: "a counter that nobody made",
        a_deletion_of_nothing: "a deletion of nothing",
        a_text_that_is_not_utf_8: "a text that is not UTF-8",
        a_table: "a table",
        a_number_without_end: "a number without end",
        a_letter_that_is_a_map: "a letter that is a map",
        a_run_that_is_split: "a run that is split",
        a_run_written_as_literals: "a run written as literals",
        two_runs_of_one_literal: "two runs of one literal",
        a_long_number_in_a_column: "a long number in a column",
        a_long_number_in_the_action_column: "a long number in the action column",
        a_long_number_in_a_run_of_truths: "a long number in a run of truths",
        an_unknown_column: "an unknown column",
        an_unknown_empty_column: "an unknown empty column",
        a_column_without_need: "a column without need",
        a_column_that_is_compressed: "a column that is compressed",
        a_column_that_is_too_short: "a column that is too short",
        a_column_that_is_too_long: "a column that is too long",
        an_unknown_action: "an unknown action",
        a_counter_that_is_added_a_text: "a counter that is added a text",
        a_deletion_with_a_value: "a deletion with a value",
        an_object_with_a_value: "an object with a value",
        an_actor_that_is_not_used: "an actor that is not used",
        the_own_actor_among_the_others: "the own actor among the others",
        actors_that_are_not_sorted: "actors that are not sorted",
        an_actor_that_is_not_there: "an actor that is not there",
        a_replaced_operation_of_no_actor: "a replaced operation of no actor",
        an_actor_that_nobody_is: "an actor that nobody is",
        more_replaced_operations_than_memory: "more replaced operations than memory",
        two_million_operations_in_a_few_bytes: "two million operations in a few bytes",
        operations_beyond_counting: "operations beyond counting",
        a_first_operation_that_is_taken: "a first operation that is taken",
        a_first_operation_of_0: "a first operation of 0",
        a_first_operation_just_above: "a first operation just above",
        a_first_operation_below_2_to_the_31: "a first operation below 2^31",
        a_first_operation_of_2_to_the_32_less_1: "a first operation of 2^32 - 1",
        a_first_operation_of_2_to_the_32: "a first operation of 2^32",
        a_key_in_a_text: "a key in a text",
        a_key_in_a_list: "a key in a list",
        an_element_in_a_map: "an element in a map",
        an_element_put_in_a_map: "an element put in a map",
        an_element_behind_one_that_is_not_there: "an element behind one that is not there",
        an_element_behind_itself: "an element behind itself",
        an_element_behind_one_of_another_list: "an element behind one of another list",
        a_value_put_at_no_element: "a value put at no element",
        an_operation_replaced_that_is_not_there: "an operation replaced that is not there",
        an_operation_that_replaces_itself: "an operation that replaces itself",
        an_operation_replaced_that_is_elsewhere: "an operation replaced that is elsewhere",
        an_object_that_is_not_there: "an object that is not there",
        an_object_that_is_this_very_operation: "an object that is this very operation",
        a_scalar_as_an_object: "a scalar as an object",
    }

    #[test]
    fn what_is_sound_is_not_caught() {
        let author = Author::new(1);
        let soil = soil_of(&author);
        for sound in [soil.next.clone(), soil.next.clone().doing(&Op::put("k"))] {
            assert_eq!(caught(&author, &soil, &sound), Caught::Nowhere);
        }
    }
}

/// What automerge would unpack, or read as something else than a change, never gets as far as automerge.
mod before_automerge {
    use super::*;
    use crate::sync::crafted::{Crafted, Op, Soil, column, signed, unsigned};

    fn is_refused_unread(name: &str, chunk: &[u8], code: RejectCode) {
        let author = Author::new(1);
        let examined = examine(DOC, author.sign(chunk), Some(&author.key.public()));
        assert!(!examined.is_authentic(), "{name} would be decoded");
        assert_eq!(examined.change, Err(code), "{name}");
        assert_eq!(push_one(&mut memory(), &author.sign(chunk)), Err(code), "{name}");
    }

    fn next() -> Crafted {
        let actor = ActorId::of_device(Author::new(1).id(), [1; 8]);
        Soil::new(&genesis(DocKind::SharedNotes).data, actor).unwrap().next
    }

    /// A chunk of another type with length and checksum as they should be.
    fn of_type(kind: u8, body: &[u8]) -> Vec<u8> {
        use sha2::{Digest as _, Sha256};
        let hashed = [&[kind][..], &unsigned(body.len() as u64), body].concat();
        [&change::MAGIC[..], &Sha256::digest(&hashed)[..4], &hashed].concat()
    }

    #[test]
    fn two_million_operations_in_68_bytes_are_counted_and_not_expanded() {
        let many = Crafted {
            deps: vec![],
            message: vec![],
            columns: vec![(column::ACTION, [&signed(2_000_000)[..], &[1]].concat())],
            ..next()
        };
        let chunk = many.chunk();
        assert!(chunk.len() <= 68, "{}", chunk.len());
        is_refused_unread("a run", &chunk, RejectCode::TooLarge);
    }

    #[test]
    fn run_lengths_of_any_size_are_counted_and_not_expanded() {
        for length in [limits::OPERATIONS as i64 + 1, 1 << 31, 1 << 32, 1 << 53, i64::MAX, i64::MIN] {
            let column = [&signed(length)[..], &[1]].concat();
            is_refused_unread("a run", &next().with(column::ACTION, column).chunk(), RejectCode::TooLarge);
        }
        // Two that overflow together.
        let twice = [&signed(i64::MAX)[..], &[1], &signed(i64::MAX), &[3]].concat();
        is_refused_unread("two runs", &next().with(column::ACTION, twice).chunk(), RejectCode::TooLarge);
    }

    #[test]
    fn what_is_deflated_is_not_inflated() {
        // 1,000 zeros in a few bytes, as DEFLATE writes them: a block of fixed codes with one repetition after another.
        let bomb = [0x63, 0x60, 0x18, 0x05, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0x00];
        is_refused_unread("a change", &of_type(2, &bomb), RejectCode::BadChunk);
        is_refused_unread("a change with a sound one's type", &of_type(1, &bomb), RejectCode::BadChunk);
        for spec in [column::ACTION, column::VALUE, column::PREDS, column::KEY_TEXT] {
            let deflated = next().doing(&Op::put("k")).with(spec | 8, bomb.to_vec());
            is_refused_unread("a column", &deflated.chunk(), RejectCode::BadChunk);
        }
    }

    #[test]
    fn documents_bundles_and_chunks_of_no_known_type_are_refused() {
        let body = &next().chunk()[10..];
        for kind in [0, 3, 4, 5, 0x7f, 0xff] {
            is_refused_unread("another type", &of_type(kind, body), RejectCode::BadChunk);
            is_refused_unread("another type, empty", &of_type(kind, &[]), RejectCode::BadChunk);
        }
        let mut copy = Author::new(1).copy;
        is_refused_unread("a document", &copy.save(), RejectCode::BadChunk);
        is_refused_unread(
            "a document behind a change",
            &[next().chunk(), copy.save()].concat(),
            RejectCode::BadChunk,
        );
    }

    #[test]
    fn messages_of_automerge_s_own_protocol_are_refused_whatever_their_bloom_filters() {
        // Type, no heads, no needs, one "have" without heads, and a filter of so many entries, bits and probes.
        let filter = |entries: u64, bits: u64, probes: u64| {
            [unsigned(entries), unsigned(bits), unsigned(probes)].concat()
        };
        for filter in
            [filter(1, 10, 7), filter(u64::from(u32::MAX), u64::MAX, u64::MAX), filter(1 << 40, 1, 1)]
        {
            for kind in [0x42, 0x43] {
                let message =
                    [&[kind, 0, 0, 1, 0][..], &unsigned(filter.len() as u64), &filter, &[0]].concat();
                is_refused_unread("a message", &message, RejectCode::BadChunk);
                is_refused_unread("a message as a change", &of_type(1, &message), RejectCode::BadChunk);
            }
        }
    }
}
