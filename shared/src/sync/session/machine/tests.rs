use super::*;
use crate::access::Access;
use crate::domain::kind::DocKind;
use crate::ids::{Chain, ChangeHash};
use crate::sync::chain;
use crate::sync::memory::Memory;
use crate::sync::message::{Acked, Body, Mode, RejectCode};
use crate::sync::session::ReadAnswer;
use crate::sync::testing::{Author, DOC, key, user};

const OTHER: DocId = DocId([0xd1; 16]);

/// A session of user 1 on the device of that number, with its log.
struct Rig {
    memory: Memory,
    session: Session,
    now: u64,
    /// Outputs but asks and what was sent, in order.
    other: Vec<Output>,
}

fn memory() -> Memory {
    let mut memory = Memory::default();
    for doc in [DOC, OTHER] {
        memory.create(doc, DocKind::SharedNotes);
        memory.grant(doc, user(1), Access::Write);
        memory.grant(doc, user(2), Access::Write);
    }
    for n in 1..=3 {
        memory.add_device(user(n), key(n).id(), key(n).public());
    }
    memory
}

impl Rig {
    fn new() -> Self {
        Self::over(memory(), Transport::WebSocket)
    }

    fn over(memory: Memory, transport: Transport) -> Self {
        let session = Session::new(user(1), key(1).id(), transport, 0);
        Self { memory, session, now: 0, other: Vec::new() }
    }

    fn greeted() -> Self {
        let mut rig = Self::new();
        rig.hello();
        rig
    }

    fn hello(&mut self) {
        let hello = ClientMessage::Hello { version: 1, client: "test".to_owned() };
        assert!(matches!(self.say(&hello)[..], [ServerMessage::Welcome { .. }]));
    }

    fn say(&mut self, message: &ClientMessage) -> Vec<ServerMessage> {
        self.feed(Input::Frame(codec::client(message)))
    }

    fn feed(&mut self, input: Input) -> Vec<ServerMessage> {
        let mut said = Vec::new();
        let mut outputs: VecDeque<_> = self.session.step(input, self.now).into();
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Send(message) => {
                    assert!(codec::server(&message).len() <= limits::FRAME);
                    said.push(message);
                }
                Output::Ask(ask) => {
                    assert!(outputs.is_empty(), "an ask is the last output of a step");
                    let answer = self.memory.answer(user(1), &ask);
                    outputs.extend(self.session.step(Input::Answer(answer), self.now));
                }
                other => self.other.push(other),
            }
        }
        assert!(!self.session.is_asking());
        said
    }

    fn open(&mut self, docs: &[DocId]) -> Vec<ServerMessage> {
        self.say(&ClientMessage::Open { docs: docs.iter().map(|&doc| start(doc)).collect() })
    }

    /// Another connection's push.
    fn others_push(&mut self, author: &mut Author, count: usize) {
        let items = author.writes(count);
        let ask = Ask::Push { id: 0, doc: author.doc, items };
        assert!(
            matches!(self.memory.answer(user(2), &ask), Answer::Push(PushAnswer::Done { rejected, .. }) if rejected.is_empty())
        );
    }

    fn closed_with(&self) -> Option<u16> {
        match self.other.last() {
            Some(Output::Close(code)) => Some(*code),
            _ => None,
        }
    }
}

fn start(doc: DocId) -> Place {
    Place::start(doc)
}

fn error_codes(messages: &[ServerMessage]) -> Vec<ErrorCode> {
    messages
        .iter()
        .map(|message| match message {
            ServerMessage::Error { code, .. } => *code,
            other => panic!("expected errors alone, not {other:?}"),
        })
        .collect()
}

/// The places in `changes`, per message.
fn places(messages: &[ServerMessage]) -> Vec<Vec<u64>> {
    messages
        .iter()
        .filter_map(|message| match message {
            ServerMessage::Changes { from, items, .. } => {
                let seqs: Vec<_> = items.iter().map(|item| item.seq).collect();
                assert_eq!(seqs.first(), Some(&(from + 1)));
                Some(seqs)
            }
            _ => None,
        })
        .collect()
}

#[test]
fn anything_before_hello_and_a_second_hello_end_the_connection() {
    let mut rig = Rig::new();
    assert_eq!(error_codes(&rig.say(&ClientMessage::Ping { n: 1 })), [ErrorCode::BadOrder]);
    assert_eq!(rig.closed_with(), Some(1002));
    assert!(rig.say(&ClientMessage::Ping { n: 1 }).is_empty());

    let mut rig = Rig::greeted();
    let hello = ClientMessage::Hello { version: 1, client: String::new() };
    assert_eq!(error_codes(&rig.say(&hello)), [ErrorCode::BadOrder]);
    assert_eq!(rig.closed_with(), Some(1002));
}

#[test]
fn another_version_is_not_spoken() {
    let mut rig = Rig::new();
    let hello = ClientMessage::Hello { version: 2, client: String::new() };
    assert_eq!(error_codes(&rig.say(&hello)), [ErrorCode::BadVersion]);
    assert_eq!(rig.closed_with(), Some(1002));
}

#[test]
fn a_long_name_is_too_large_and_the_next_hello_counts() {
    let mut rig = Rig::new();
    let named = |bytes| ClientMessage::Hello { version: 1, client: "x".repeat(bytes) };
    assert_eq!(error_codes(&rig.say(&named(limits::CLIENT + 1))), [ErrorCode::TooLarge]);
    let said = rig.say(&named(limits::CLIENT));
    assert!(matches!(said[..], [ServerMessage::Welcome { .. }, ..]), "{said:?}");
}

#[test]
fn the_twentieth_malformed_message_in_a_minute_ends_the_connection() {
    let mut rig = Rig::greeted();
    for n in 0..19 {
        let input = if n % 2 == 0 { Input::Text } else { Input::Frame(vec![0xff]) };
        assert_eq!(error_codes(&rig.feed(input)), [ErrorCode::BadMessage]);
        rig.now += 1_000;
    }
    assert_eq!(rig.closed_with(), None);
    // The first is a minute ago now, so that the next is the nineteenth again.
    rig.now = 60_000;
    assert_eq!(error_codes(&rig.feed(Input::Text)), [ErrorCode::BadMessage]);
    assert_eq!(rig.closed_with(), None);
    assert_eq!(error_codes(&rig.feed(Input::Text)), [ErrorCode::BadMessage]);
    assert_eq!(rig.closed_with(), Some(1008));
}

#[test]
fn silence_of_a_minute_ends_the_connection() {
    let mut rig = Rig::greeted();
    rig.now = 30_000;
    assert_eq!(rig.say(&ClientMessage::Ping { n: 3 }), [ServerMessage::Pong { n: 3, now: 30_000 }]);
    rig.now = 89_999;
    assert!(rig.feed(Input::Tick).is_empty());
    assert_eq!(rig.closed_with(), None);
    rig.now = 90_000;
    assert!(rig.feed(Input::Tick).is_empty());
    assert_eq!(rig.closed_with(), Some(1001));
}

/// The asks of a step and what it said, each answered at once.
fn asks(rig: &mut Rig, input: Input) -> (Vec<Ask>, Vec<ServerMessage>) {
    let (mut asks, mut said) = (vec![], vec![]);
    let mut outputs: VecDeque<_> = rig.session.step(input, rig.now).into();
    while let Some(output) = outputs.pop_front() {
        match output {
            Output::Send(message) => said.push(message),
            Output::Ask(ask) => {
                let answer = rig.memory.answer(user(1), &ask);
                outputs.extend(rig.session.step(Input::Answer(answer), rig.now));
                asks.push(ask);
            }
            other => rig.other.push(other),
        }
    }
    (asks, said)
}

#[test]
fn a_lost_hint_is_made_up_for_by_one_look_at_all_that_is_open() {
    let mut rig = Rig::greeted();
    rig.open(&[DOC, OTHER]);
    rig.others_push(&mut Author::of(OTHER, 2), 1);
    rig.now = limits::LOOK_MS - 1;
    assert!(asks(&mut rig, Input::Tick).0.is_empty());
    rig.now = limits::LOOK_MS;
    let (asked, said) = asks(&mut rig, Input::Tick);
    // One question for both, then the directory because of who wrote, and what is new.
    assert!(matches!(&asked[0], Ask::Read { places, .. } if places.len() == 2), "{asked:?}");
    assert_eq!(places(&said), [vec![2]]);
    rig.say(&ClientMessage::Ping { n: 1 });
    rig.now += limits::LOOK_MS;
    let (asked, said) = asks(&mut rig, Input::Tick);
    assert_eq!((asked.len(), said.len()), (1, 0), "{asked:?}");
    // Lost access shows too, and what is closed is not looked at.
    rig.memory.grant(DOC, user(1), Access::None);
    rig.say(&ClientMessage::Close { doc: OTHER });
    rig.now += limits::LOOK_MS;
    assert_eq!(asks(&mut rig, Input::Tick).1, [ServerMessage::Gone { doc: DOC, id: None }]);
    rig.say(&ClientMessage::Ping { n: 2 });
    rig.now += limits::LOOK_MS;
    assert!(asks(&mut rig, Input::Tick).0.is_empty());
}

#[test]
fn a_clock_that_was_set_back_and_a_look_that_fails_stop_nothing() {
    let mut rig = Rig::greeted();
    rig.now = 10 * limits::LOOK_MS;
    rig.open(&[DOC]);
    assert_eq!(asks(&mut rig, Input::Tick).0.len(), 1);
    rig.now = 0;
    let outputs = rig.session.step(Input::Tick, rig.now);
    assert!(matches!(outputs[..], [Output::Ask(Ask::Read { .. })]), "{outputs:?}");
    assert!(rig.session.step(Input::Answer(Answer::Unavailable), rig.now).is_empty());
    rig.now = limits::LOOK_MS;
    assert_eq!(asks(&mut rig, Input::Tick).0.len(), 1);
}

#[test]
fn a_look_at_many_documents_asks_for_so_many_at_once() {
    let mut rig = Rig::greeted();
    let docs: Vec<_> = (0..1_500_u128).map(|n| DocId((n + (7 << 100)).to_be_bytes())).collect();
    for &doc in &docs {
        rig.memory.create(doc, DocKind::SharedNotes);
        rig.memory.grant(doc, user(1), Access::Read);
    }
    for part in docs.chunks(limits::OPEN) {
        rig.open(part);
    }
    rig.now = limits::LOOK_MS;
    let (asked, said) = asks(&mut rig, Input::Tick);
    let counts: Vec<_> = asked
        .iter()
        .map(|ask| match ask {
            Ask::Read { places, .. } => places.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((counts, said), (vec![1_000, 500], vec![]));
}

#[test]
fn a_message_over_the_limit_is_too_large_and_names_its_push() {
    let mut rig = Rig::greeted();
    let item =
        PushItem { hash: ChangeHash([0; 32]), by: key(1).id(), sig: vec![], data: vec![0; limits::CHANGE] };
    let push = ClientMessage::Push { id: 7, doc: DOC, items: vec![item; 5] };
    let [ServerMessage::Error { code: ErrorCode::TooLarge, doc, id, .. }] = &rig.say(&push)[..] else {
        panic!("expected an error")
    };
    assert_eq!((*doc, *id), (Some(DOC), Some(7)));
    assert!(rig.feed(Input::Frame(vec![0; limits::READABLE_FRAME + 1])).is_empty());
    assert_eq!(rig.closed_with(), Some(1009));
}

fn is_too_large(messages: &[ServerMessage]) -> bool {
    messages.iter().any(|it| matches!(it, ServerMessage::Error { code: ErrorCode::TooLarge, .. }))
}

#[test]
fn counts_over_their_limits_are_too_large() {
    let mut rig = Rig::greeted();
    let item = PushItem { hash: ChangeHash([0; 32]), by: key(1).id(), sig: vec![], data: vec![] };
    for (count, expected) in [(limits::PUSH, false), (limits::PUSH + 1, true)] {
        let push = ClientMessage::Push { id: 1, doc: DOC, items: vec![item.clone(); count] };
        assert_eq!(is_too_large(&rig.say(&push)), expected, "{count} items");
    }
    for (count, expected) in [(limits::OPEN, false), (limits::OPEN + 1, true)] {
        let docs = (0..count as u128).map(|n| start(DocId(n.to_be_bytes()))).collect();
        assert_eq!(is_too_large(&rig.say(&ClientMessage::Open { docs })), expected, "{count} documents");
    }
    for (bytes, expected) in [(limits::PRESENCE, false), (limits::PRESENCE + 1, true)] {
        let presence = ClientMessage::Presence { doc: DOC, data: vec![0; bytes] };
        assert_eq!(is_too_large(&rig.say(&presence)), expected, "{bytes} bytes of presence");
    }
    assert_eq!(rig.closed_with(), None);
}

#[test]
fn a_document_twice_in_an_open_and_a_cursor_without_its_chain_are_malformed() {
    let mut rig = Rig::greeted();
    let twice = ClientMessage::Open { docs: vec![start(DOC), start(DOC)] };
    assert_eq!(error_codes(&rig.say(&twice)), [ErrorCode::BadMessage]);
    for (cursor, chain) in [(0, Some(Chain([0; 32]))), (1, None)] {
        let open = ClientMessage::Open { docs: vec![Place { doc: DOC, cursor, chain, part: None }] };
        assert_eq!(error_codes(&rig.say(&open)), [ErrorCode::BadMessage]);
    }
}

#[test]
fn an_open_is_answered_up_to_the_head_in_order_before_what_comes_next() {
    let mut rig = Rig::greeted();
    let mut author = Author::new(1);
    let items = author.writes(300);
    for part in items.chunks(256) {
        let _ = rig.memory.answer(user(1), &Ask::Push { id: 0, doc: DOC, items: part.to_vec() });
    }
    let said = rig.open(&[DOC]);
    assert!(
        matches!(&said[0], ServerMessage::Opened { head: 301, access: Mode::Write, kind, .. } if kind == "shared_notes")
    );
    assert_eq!(places(&said).concat(), (1..=301).collect::<Vec<_>>());
    assert!(places(&said).iter().all(|batch| batch.len() <= 256));
    let Some(ServerMessage::Changes { chain, .. }) = said.last() else { panic!("changes come last") };
    assert_eq!(*chain, rig.memory.log(DOC).unwrap().chain());
    assert_eq!(rig.other, [Output::Subscribe(DOC)]);
}

#[test]
fn inputs_that_come_while_an_ask_is_unanswered_are_taken_up_in_order() {
    let mut rig = Rig::greeted();
    let open = codec::client(&ClientMessage::Open { docs: vec![start(DOC)] });
    let outputs = rig.session.step(Input::Frame(open), 0);
    let Some(Output::Ask(ask)) = outputs.last().cloned() else { panic!("expected an ask") };
    assert!(rig.session.step(Input::Frame(codec::client(&ClientMessage::Ping { n: 1 })), 0).is_empty());
    let outputs = rig.session.step(Input::Answer(rig.memory.answer(user(1), &ask)), 5);
    let kinds: Vec<_> = outputs.iter().filter(|output| matches!(output, Output::Send(_))).collect();
    assert!(matches!(kinds[0], Output::Send(ServerMessage::Opened { .. })));
    assert!(matches!(kinds[1], Output::Send(ServerMessage::Changes { .. })));
    assert!(matches!(kinds[2], Output::Send(ServerMessage::Pong { n: 1, now: 5 })));
}

#[test]
fn a_wipe_goes_before_everything() {
    let mut rig = Rig::greeted();
    let open = codec::client(&ClientMessage::Open { docs: vec![start(DOC)] });
    let outputs = rig.session.step(Input::Frame(open), 0);
    let Some(Output::Ask(ask)) = outputs.last().cloned() else { panic!("expected an ask") };
    assert_eq!(rig.session.step(Input::Wipe, 0), [Output::Send(ServerMessage::Wipe), Output::Close(4401)]);
    assert!(rig.session.step(Input::Answer(rig.memory.answer(user(1), &ask)), 0).is_empty());
}

#[test]
fn data_is_absent_exactly_where_this_connection_s_own_push_stored_the_item() {
    let mut rig = Rig::greeted();
    let mut author = Author::new(1);
    let items = author.writes(2);
    // Before the document is open, and again after it is.
    let said = rig.say(&ClientMessage::Push { id: 4, doc: DOC, items: items[..1].to_vec() });
    assert_eq!(
        said,
        [ServerMessage::Ack { id: 4, doc: DOC, items: vec![Acked { hash: items[0].hash, seq: 2 }] }]
    );
    let data = |messages: &[ServerMessage]| -> Vec<bool> {
        let items = messages.iter().filter_map(|message| match message {
            ServerMessage::Changes { items, .. } => Some(items),
            _ => None,
        });
        items.flatten().map(|item| item.data != Body::Own).collect()
    };
    let said = rig.open(&[DOC]);
    assert_eq!(data(&said), [true, false]);
    let said = rig.say(&ClientMessage::Push { id: 5, doc: DOC, items: items[1..].to_vec() });
    assert!(matches!(said[0], ServerMessage::Ack { id: 5, .. }));
    assert_eq!((places(&said), data(&said)), (vec![vec![3]], vec![false]));
    // The hint of the own push finds nothing new.
    assert!(asks(&mut rig, Input::Woken { doc: DOC, head: Some(3) }).0.is_empty());
    assert!(rig.feed(Input::Woken { doc: DOC, head: None }).is_empty());
    assert_eq!(data(&rig.open(&[DOC])), [true, false, false]);
    // What someone else stored has its data, also if this connection pushes it as well.
    let mut other = Author::new(2);
    rig.others_push(&mut other, 1);
    let third = rig.memory.log(DOC).unwrap().items()[3].clone();
    let again = PushItem {
        hash: third.hash,
        by: third.by,
        sig: third.sig.clone(),
        data: third.data.data().unwrap().to_vec(),
    };
    let said = rig.say(&ClientMessage::Push { id: 6, doc: DOC, items: vec![again] });
    assert!(matches!(&said[..], [ServerMessage::Ack { items, .. }] if items[0].seq == 4));
    assert_eq!(data(&rig.feed(Input::Woken { doc: DOC, head: Some(4) })), [true]);
}

#[test]
fn a_directory_comes_before_the_first_item_of_a_new_device() {
    let mut rig = Rig::greeted();
    rig.open(&[DOC]);
    let mut other = Author::new(2);
    rig.others_push(&mut other, 1);
    let said = rig.feed(Input::Woken { doc: DOC, head: Some(2) });
    assert!(matches!(said[..], [ServerMessage::Directory { .. }, ServerMessage::Changes { .. }]), "{said:?}");
    rig.others_push(&mut other, 1);
    let said = rig.feed(Input::Woken { doc: DOC, head: None });
    assert!(matches!(said[..], [ServerMessage::Changes { .. }]), "{said:?}");
}

#[test]
fn rejected_and_acked_items_are_told_in_that_order_of_messages() {
    let mut rig = Rig::greeted();
    let mut author = Author::new(1);
    let items = author.writes(3);
    let bad = PushItem { sig: vec![], ..items[1].clone() };
    let said = rig.say(&ClientMessage::Push { id: 1, doc: DOC, items: vec![items[0].clone(), bad] });
    let [ServerMessage::Ack { items: acked, .. }, ServerMessage::Reject { items: rejected, .. }] = &said[..]
    else {
        panic!("expected an ack, then a reject")
    };
    assert_eq!((acked.len(), rejected[0].code), (1, RejectCode::BadSignature));
    let said = rig.say(&ClientMessage::Push { id: 2, doc: DOC, items: vec![items[2].clone()] });
    assert!(matches!(said[..], [ServerMessage::Reject { .. }]));
    let said = rig.say(&ClientMessage::Push { id: 3, doc: DOC, items: vec![] });
    assert!(matches!(&said[..], [ServerMessage::Ack { id: 3, items, .. }] if items.is_empty()));
}

#[test]
fn a_stranger_cannot_tell_a_document_from_none() {
    let mut rig = Rig::greeted();
    rig.memory.create(DocId([5; 16]), DocKind::WorkingNotes);
    let (hidden, absent) = (DocId([5; 16]), DocId([6; 16]));
    let mask = |messages: Vec<ServerMessage>| {
        format!("{messages:?}").replace(&hidden.to_string(), "").replace(&absent.to_string(), "")
    };
    let (one, other) = (rig.open(&[hidden]), rig.open(&[absent]));
    assert!(matches!(one[..], [ServerMessage::Denied { id: None, .. }]));
    assert_eq!(mask(one), mask(other));
    let item = Author::new(1).write();
    for doc in [hidden, absent] {
        let said = rig.say(&ClientMessage::Push { id: 9, doc, items: vec![item.clone()] });
        assert_eq!(said, [ServerMessage::Denied { doc, id: Some(9) }]);
    }
}

#[test]
fn ended_access_is_told_once_as_gone_and_changed_access_as_opened() {
    let mut rig = Rig::greeted();
    rig.open(&[DOC, OTHER]);
    rig.memory.grant(DOC, user(1), Access::Read);
    let said = rig.feed(Input::Woken { doc: DOC, head: None });
    assert!(matches!(said[..], [ServerMessage::Opened { access: Mode::Read, head: 1, .. }]));
    rig.memory.grant(DOC, user(1), Access::None);
    let said = rig.feed(Input::Woken { doc: DOC, head: None });
    assert_eq!(said, [ServerMessage::Gone { doc: DOC, id: None }]);
    assert_eq!(rig.other.last(), Some(&Output::Unsubscribe(DOC)));
    assert!(rig.feed(Input::Woken { doc: DOC, head: None }).is_empty());
    // By way of a push.
    rig.memory.destroy(OTHER);
    let said = rig.say(&ClientMessage::Push { id: 2, doc: OTHER, items: vec![Author::of(OTHER, 1).write()] });
    assert_eq!(said, [ServerMessage::Gone { doc: OTHER, id: Some(2) }]);
    assert!(rig.feed(Input::Woken { doc: OTHER, head: None }).is_empty());
}

#[test]
fn a_place_that_the_log_does_not_hold_is_reset_and_closed() {
    let mut rig = Rig::greeted();
    let right = chain::next(chain::start(DOC), rig.memory.log(DOC).unwrap().items()[0].hash);
    for (cursor, chain) in [(1, Chain([0; 32])), (2, right), (u64::MAX >> 11, right)] {
        let said = rig.say(&ClientMessage::Open {
            docs: vec![Place { doc: DOC, cursor, chain: Some(chain), part: None }],
        });
        assert_eq!(said, [ServerMessage::Reset { doc: DOC }]);
    }
    assert!(rig.feed(Input::Woken { doc: DOC, head: None }).is_empty());
    let said = rig.say(&ClientMessage::Open {
        docs: vec![Place { doc: DOC, cursor: 1, chain: Some(right), part: None }],
    });
    assert!(matches!(said[..], [ServerMessage::Opened { head: 1, .. }]));
}

#[test]
fn a_closed_document_is_silent() {
    let mut rig = Rig::greeted();
    rig.open(&[DOC]);
    assert!(rig.say(&ClientMessage::Close { doc: DOC }).is_empty());
    assert_eq!(rig.other, [Output::Subscribe(DOC), Output::Unsubscribe(DOC)]);
    let mut other = Author::new(2);
    rig.others_push(&mut other, 1);
    assert!(rig.feed(Input::Woken { doc: DOC, head: Some(2) }).is_empty());
}

#[test]
fn presence_reaches_open_documents_alone_and_not_who_lost_access() {
    let mut rig = Rig::greeted();
    assert!(rig.say(&ClientMessage::Presence { doc: DOC, data: vec![1] }).is_empty());
    assert!(rig.other.is_empty());
    rig.open(&[DOC]);
    rig.say(&ClientMessage::Presence { doc: DOC, data: vec![1] });
    assert_eq!(rig.other.last(), Some(&Output::Relay { doc: DOC, data: vec![1] }));
    let from = |doc| Input::Presence { doc, user: user(2), device: key(2).id(), data: vec![2] };
    assert!(matches!(rig.feed(from(DOC))[..], [ServerMessage::Presence { .. }]));
    assert!(rig.feed(from(OTHER)).is_empty());
    rig.memory.grant(DOC, user(1), Access::None);
    assert!(matches!(rig.feed(from(DOC))[..], [ServerMessage::Gone { .. }]));
}

#[test]
fn storage_that_is_not_available_never_acks_and_says_when_to_try_again() {
    let mut rig = Rig::greeted();
    let push = ClientMessage::Push { id: 3, doc: DOC, items: vec![Author::new(1).write()] };
    let _ = rig.session.step(Input::Frame(codec::client(&push)), 0);
    let outputs = rig.session.step(Input::Answer(Answer::Unavailable), 0);
    assert!(
        matches!(
            &outputs[..],
            [Output::Send(ServerMessage::Error {
                code: ErrorCode::Unavailable,
                id: Some(3),
                retry_after_ms: Some(_),
                ..
            })]
        ),
        "{outputs:?}"
    );
    let open = codec::client(&ClientMessage::Open { docs: vec![start(DOC)] });
    let _ = rig.session.step(Input::Frame(open), 0);
    let outputs = rig.session.step(Input::Answer(Answer::Unavailable), 0);
    assert_eq!(outputs.last(), Some(&Output::Close(1013)));
}

#[test]
fn one_document_that_cannot_be_read_does_not_touch_the_others() {
    let mut rig = Rig::greeted();
    let open = codec::client(&ClientMessage::Open { docs: vec![start(DOC), start(OTHER)] });
    let outputs = rig.session.step(Input::Frame(open), 0);
    let Some(Output::Ask(ask)) = outputs.last() else { panic!("expected an ask") };
    let Answer::Read(mut answers) = rig.memory.answer(user(1), ask) else { panic!("expected answers") };
    answers[0] = ReadAnswer::Failed;
    let outputs = rig.session.step(Input::Answer(Answer::Read(answers)), 0);
    let failed = |output: &Output| {
        matches!(output, Output::Send(ServerMessage::Error { code: ErrorCode::Internal, doc: Some(DOC), .. }))
    };
    assert!(outputs.iter().any(failed));
    assert!(
        outputs
            .iter()
            .any(|output| matches!(output, Output::Send(ServerMessage::Changes { doc: OTHER, .. })))
    );
}

#[test]
fn the_answer_to_a_post_is_bounded_and_a_document_read_short_can_be_opened_from_there() {
    let mut memory = memory();
    let mut author = Author::new(1);
    for _ in 0..25 {
        let items = vec![author.write_long(200_000)];
        let _ = memory.answer(user(1), &Ask::Push { id: 0, doc: DOC, items });
    }
    let mut place = start(DOC);
    let mut posts = 0;
    while place.cursor < 26 {
        let mut rig = Rig::over(memory.clone(), Transport::Http);
        rig.hello();
        let said = rig.say(&ClientMessage::Open { docs: vec![place, start(OTHER)] });
        let encoded: Vec<_> = said.iter().map(codec::server).collect();
        assert!(codec::join(&encoded).len() <= limits::HTTP_ANSWER);
        assert!(said.iter().any(|message| matches!(message, ServerMessage::Opened { doc: OTHER, .. })));
        for message in &said {
            if let ServerMessage::Changes { doc: DOC, from, items, chain } = message {
                assert_eq!(*from, place.cursor);
                place =
                    Place { doc: DOC, cursor: from + items.len() as u64, chain: Some(*chain), part: None };
            }
        }
        assert!(rig.other.is_empty(), "nothing is subscribed to");
        posts += 1;
        assert!(posts < 10);
    }
}

#[test]
fn what_becomes_void_is_told_once_to_whoever_has_read_it() {
    let mut rig = Rig::greeted();
    rig.others_push(&mut Author::new(2), 3);
    rig.open(&[DOC]);
    assert_eq!(rig.memory.void(DOC, 3), [3, 4]);
    let woken = || Input::Woken { doc: DOC, head: None };
    assert_eq!(rig.feed(woken()), [ServerMessage::Void { doc: DOC, items: vec![3, 4] }]);
    assert_eq!(rig.feed(woken()), []);
    // In place of the data where it has not been read.
    let heard = rig.open(&[DOC]);
    let ServerMessage::Changes { items, .. } = heard.last().expect("it has items") else {
        panic!("{heard:?}")
    };
    assert_eq!(items.iter().map(|it| it.data == Body::Void).collect::<Vec<_>>(), [false, false, true, true]);
    assert_eq!(rig.feed(woken()), []);
}

mod snapshots;
