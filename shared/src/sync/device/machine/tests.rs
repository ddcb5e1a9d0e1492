use super::super::*;
use super::Device;
use crate::ids::DeviceId;
use crate::sync::chain;
use crate::sync::codec;
use crate::sync::limits::Limits;
use crate::sync::message::{
    Acked, Body, ClientMessage, ErrorCode, LogItem, RejectCode, Rejected, ServerMessage,
};
use crate::sync::testing::{Author, DOC, key, user};

/// A machine of device 1 with a connection to a server that the test plays.
struct Rig {
    device: Device,
    now: u64,
    attempt: u64,
    sent: Vec<ClientMessage>,
}

impl Rig {
    fn new(docs: Vec<LoadedDoc>) -> Self {
        let mut rig =
            Self { device: Device::new(key(1).id(), "test", 7), now: 1_000, attempt: 0, sent: Vec::new() };
        let effects = rig.feed(Event::Start { docs });
        rig.connect(&effects);
        rig
    }

    fn with_directory(docs: Vec<LoadedDoc>) -> Self {
        let mut rig = Self::new(docs);
        rig.name(&[1, 2]);
        rig
    }

    fn connect(&mut self, effects: &[Effect]) {
        let attempt = effects.iter().find_map(|effect| match effect {
            Effect::Connect { attempt } => Some(*attempt),
            _ => None,
        });
        self.attempt = attempt.expect("it connects");
        self.feed(Event::Connected { attempt: self.attempt });
        self.hear(ServerMessage::Welcome {
            user: user(1),
            device: key(1).id(),
            now: 0,
            limits: Limits::OURS,
        });
    }

    fn name(&mut self, devices: &[u8]) -> Vec<Effect> {
        self.feed(Event::Directory {
            version: format!("{devices:?}"),
            devices: devices.iter().map(|&n| (key(n).id(), key(n).public())).collect(),
            documents: vec![DOC],
        })
    }

    /// Does what a page does at once: persists, applies; gives the other effects back.
    fn feed(&mut self, event: Event) -> Vec<Effect> {
        let mut rest = Vec::new();
        for effect in self.device.step(event, self.now) {
            match effect {
                Effect::Send(bytes) => self.sent.push(codec::decode_client(&bytes).unwrap()),
                Effect::Persist { doc, batch, .. } => {
                    rest.push(effect);
                    rest.extend(self.feed(Event::Persisted { doc, batch }));
                }
                Effect::Apply { doc, batch, .. } => {
                    rest.push(effect);
                    rest.extend(self.feed(Event::Applied { doc, batch }));
                }
                Effect::Changed => {}
                other => rest.push(other),
            }
        }
        rest
    }

    #[expect(clippy::needless_pass_by_value, reason = "a message is made where it is heard")]
    fn hear(&mut self, message: ServerMessage) -> Vec<Effect> {
        let bytes = codec::server(&message);
        self.feed(Event::Frame { attempt: self.attempt, bytes })
    }

    fn opened(&mut self, head: u64) -> Vec<Effect> {
        self.hear(ServerMessage::Opened {
            doc: DOC,
            kind: "shared_notes".to_owned(),
            access: Mode::Write,
            head,
        })
    }

    /// The server answers every ping that was sent; the rest of what was sent is given back.
    fn answer_pings(&mut self) -> Vec<ClientMessage> {
        let (pings, rest): (Vec<_>, Vec<_>) =
            self.sent().into_iter().partition(|message| matches!(message, ClientMessage::Ping { .. }));
        for ping in pings {
            let ClientMessage::Ping { n } = ping else { continue };
            self.hear(ServerMessage::Pong { n, now: 0 });
        }
        rest.into_iter().chain(self.sent()).collect()
    }

    fn sent(&mut self) -> Vec<ClientMessage> {
        std::mem::take(&mut self.sent)
    }

    fn pushes(&mut self) -> Vec<(u64, Vec<PushItem>)> {
        let pushes = self.sent().into_iter().filter_map(|message| match message {
            ClientMessage::Push { id, items, .. } => Some((id, items)),
            _ => None,
        });
        pushes.collect()
    }

    fn reject(&mut self, id: u64, hashes: &[ChangeHash], code: RejectCode) -> Vec<Effect> {
        let items = hashes.iter().map(|&hash| Rejected { hash, code }).collect();
        self.hear(ServerMessage::Reject { id, doc: DOC, items })
    }
}

/// Genesis and these items as a `changes` from the start.
fn changes(items: &[PushItem]) -> ServerMessage {
    let genesis = crate::domain::genesis::genesis(DocKind::SharedNotes);
    let mut log = vec![LogItem {
        seq: 1,
        hash: genesis.hash,
        by: DeviceId::GENESIS,
        sig: vec![],
        data: Body::Data(genesis.data.clone()),
    }];
    log.extend((2..).zip(items).map(|(seq, item)| LogItem {
        seq,
        hash: item.hash,
        by: item.by,
        sig: item.sig.clone(),
        data: Body::Data(item.data.clone()),
    }));
    let chain = chain::after(chain::start(DOC), log.iter().map(|item| item.hash));
    ServerMessage::Changes { doc: DOC, from: 0, items: log, chain }
}

fn waiting_doc(items: &[PushItem]) -> LoadedDoc {
    LoadedDoc {
        doc: DOC,
        kind: Some(DocKind::SharedNotes),
        cursor: 0,
        chain: None,
        hashes: vec![],
        waiting: items.to_vec(),
        aside: vec![],
        owes: false,
        noted: vec![],
    }
}

#[test]
fn what_arrives_is_persisted_before_it_is_applied() {
    let mut rig = Rig::with_directory(vec![]);
    assert!(
        rig.sent()
            .iter()
            .any(|message| matches!(message, ClientMessage::Open { docs } if docs[0].cursor == 0))
    );
    rig.opened(2);
    let item = Author::new(2).write();
    let effects = rig.hear(changes(&[item]));
    assert!(
        matches!(&effects[..], [Effect::Persist { cursor: 2, items, .. }, Effect::Apply { changes, .. }, Effect::ClearNote { .. }] if items.len() == 2 && changes.len() == 2),
        "{effects:?}"
    );
    assert_eq!(rig.device.safety(), Safety::Synchronised { at: 1_000 });
}

#[test]
fn items_of_an_unknown_device_wait_for_a_directory() {
    let mut rig = Rig::new(vec![]);
    rig.name(&[1]);
    rig.opened(2);
    let item = Author::new(2).write();
    let effects = rig.hear(changes(&[item]));
    assert!(
        matches!(&effects[..], [Effect::Persist { cursor: 1, .. }, .., Effect::FetchDirectory]),
        "{effects:?}"
    );
    assert!(matches!(rig.device.safety(), Safety::Saved { waiting: 0 }));
    let effects = rig.name(&[1, 2]);
    assert!(
        matches!(&effects[..], [Effect::Persist { cursor: 2, .. }, Effect::Apply { .. }, ..]),
        "{effects:?}"
    );
}

#[test]
fn what_its_author_did_not_sign_is_not_taken() {
    let sound = Author::new(2).write();
    let forged = PushItem { sig: vec![0; 64], ..sound.clone() };
    let mut lost = Author::new(2);
    lost.write();
    let early = lost.write();
    for item in [forged, early, PushItem { by: key(1).id(), ..sound }] {
        let mut rig = Rig::with_directory(vec![]);
        rig.opened(2);
        let effects = rig.hear(changes(&[item]));
        assert!(effects.is_empty(), "{effects:?}");
        assert!(matches!(rig.device.problem(DOC), Some(Problem::Untrusted { .. })));
        assert!(rig.sent().contains(&ClientMessage::Close { doc: DOC }));
    }
}

#[test]
fn another_chain_is_not_trusted() {
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(1);
    let ServerMessage::Changes { doc, from, items, .. } = changes(&[]) else { unreachable!() };
    rig.hear(ServerMessage::Changes { doc, from, items, chain: Chain([0; 32]) });
    assert!(matches!(rig.device.problem(DOC), Some(Problem::Untrusted { .. })));
}

#[test]
fn what_waits_is_pushed_once_open_and_again_after_a_cut() {
    let items = Author::new(1).writes(3);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items)]);
    assert!(rig.pushes().is_empty());
    rig.opened(1);
    let pushes = rig.pushes();
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0].1, items);
    assert_eq!(rig.device.safety(), Safety::Saved { waiting: 3 });
    rig.feed(Event::Disconnected { attempt: rig.attempt, code: 1006 });
    assert!(!rig.device.is_online());
    let effects = rig.feed(Event::Wake);
    rig.connect(&effects);
    rig.opened(1);
    let pushes = rig.pushes();
    assert_eq!(pushes[0].1, items);
    let acked: Vec<_> = items.iter().zip(2..).map(|(item, seq)| Acked { hash: item.hash, seq }).collect();
    let effects = rig.hear(ServerMessage::Ack { id: pushes[0].0, doc: DOC, items: acked });
    assert_eq!(rig.device.waiting(DOC), 0);
    // Nothing marks it as done before the log has been read that far.
    assert!(effects.is_empty());
    assert_eq!(rig.device.safety(), Safety::Saved { waiting: 0 });
    let effects = rig.hear(changes(&items));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Acked { hashes, .. } if hashes.len() == 3)));
    assert!(matches!(rig.device.safety(), Safety::Synchronised { .. }));
}

#[test]
fn pushes_keep_within_the_limits() {
    let items = Author::new(1).writes(600);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items)]);
    rig.opened(1);
    let sizes: Vec<_> = rig.pushes().iter().map(|(_, items)| items.len()).collect();
    assert_eq!(sizes, [256, 256, 88]);
    let mut author = Author::new(1);
    let long: Vec<_> = (0..30).map(|_| author.write_long(200_000)).collect();
    let mut rig = Rig::with_directory(vec![waiting_doc(&long)]);
    rig.opened(1);
    let pushes = rig.pushes();
    let bytes: usize = pushes.iter().flat_map(|(_, items)| items).map(|item| item.data.len()).sum();
    assert!(bytes <= crate::sync::limits::UNACKED && bytes > 3_000_000);
}

#[test]
fn after_a_reset_the_log_is_read_and_what_it_lacks_is_offered() {
    let mut author = Author::new(1);
    let items = author.writes(2);
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(3);
    rig.hear(changes(&items));
    rig.sent();
    let effects = rig.hear(ServerMessage::Reset { doc: DOC });
    assert!(matches!(effects[..], [Effect::ResendCommands]));
    assert!(matches!(&rig.sent()[..], [ClientMessage::Open { docs }] if docs[0].cursor == 0));
    rig.opened(2);
    let effects = rig.hear(changes(&items[..1]));
    let lacking = vec![items[1].hash];
    assert!(effects.contains(&Effect::Offer { doc: DOC, what: Offered::Hashes(lacking) }), "{effects:?}");
    rig.feed(Event::Held { doc: DOC, items: vec![items[1].clone()] });
    assert_eq!(rig.pushes()[0].1, [items[1].clone()]);
}

#[test]
fn a_gap_is_first_cured_with_what_is_held_then_by_a_new_actor() {
    let mut author = Author::new(1);
    let items = author.writes(2);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items[1..])]);
    rig.opened(1);
    let (id, _) = rig.pushes()[0];
    let effects = rig.reject(id, &[items[1].hash], RejectCode::SeqGap);
    assert!(matches!(effects[..], [Effect::Offer { what: Offered::Actor(_), .. }]), "{effects:?}");
    rig.feed(Event::Held { doc: DOC, items: items.clone() });
    let (id, offered) = rig.pushes().remove(0);
    assert_eq!(offered, items);
    let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
    let effects = rig.reject(id, &hashes, RejectCode::SeqGap);
    assert_eq!(effects, [Effect::Recover { doc: DOC, hashes: hashes.clone() }]);
    let mut anew = Author::new(1);
    anew.copy.set_actor(automerge::ActorId::from(ActorId::of_device(key(1).id(), [9; 8]).0));
    let copied = anew.write();
    rig.feed(Event::Local { doc: DOC, item: copied.clone() });
    assert!(rig.pushes().is_empty());
    rig.feed(Event::Recovered { doc: DOC });
    assert_eq!(rig.pushes()[0].1, [copied]);
    assert_eq!(rig.device.problem(DOC), None);
}

#[test]
fn what_is_refused_for_good_is_kept_aside_and_shown() {
    let items = Author::new(1).writes(1);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items)]);
    rig.opened(1);
    let (id, _) = rig.pushes()[0];
    let effects = rig.reject(id, &[items[0].hash], RejectCode::ReadOnly);
    assert_eq!(effects, [Effect::Aside { doc: DOC, items: vec![(items[0].hash, RejectCode::ReadOnly)] }]);
    let Safety::ActionNeeded { problems, waiting: 0 } = rig.device.safety() else {
        panic!("it needs a person")
    };
    assert!(matches!(&problems[..], [(DOC, Problem::Refused { code: RejectCode::ReadOnly, .. })]));
}

#[test]
fn denied_keeps_what_is_held_and_gone_deletes_it() {
    let items = Author::new(1).writes(1);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items)]);
    rig.hear(ServerMessage::Denied { doc: DOC, id: None });
    assert_eq!(rig.device.problem(DOC), Some(Problem::Denied));
    assert_eq!(rig.device.waiting(DOC), 1);
    let effects = rig.hear(ServerMessage::Gone { doc: DOC, id: None });
    assert_eq!(effects, [Effect::Delete { doc: DOC }]);
    assert_eq!(rig.device.problem(DOC), None);
}

#[test]
fn a_wipe_is_the_end_and_a_sign_out_is_not() {
    let mut rig = Rig::with_directory(vec![]);
    let effects = rig.feed(Event::Disconnected { attempt: rig.attempt, code: 4401 });
    assert_eq!(effects, [Effect::SignedOut]);
    rig.now += 100_000;
    assert!(rig.feed(Event::Tick).is_empty());
    assert!(rig.feed(Event::Wake).is_empty());
    let effects = rig.feed(Event::SignedIn);
    rig.connect(&effects);
    assert_eq!(rig.hear(ServerMessage::Wipe), [Effect::Wipe]);
    assert!(rig.feed(Event::Wake).is_empty());
}

#[test]
fn an_unavailable_storage_is_tried_again_when_it_says() {
    let items = Author::new(1).writes(1);
    let mut rig = Rig::with_directory(vec![waiting_doc(&items)]);
    rig.opened(1);
    let (id, _) = rig.pushes()[0];
    rig.hear(ServerMessage::Error {
        code: ErrorCode::Unavailable,
        message: String::new(),
        doc: Some(DOC),
        id: Some(id),
        retry_after_ms: Some(3_000),
    });
    rig.now += 2_999;
    rig.feed(Event::Tick);
    assert!(rig.pushes().is_empty());
    rig.now += 1;
    rig.feed(Event::Tick);
    assert_eq!(rig.pushes()[0].1, items);
}

#[test]
fn storage_of_the_device_that_fails_goes_back_to_what_it_has_and_tries_again() {
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(1);
    let bytes = codec::server(&changes(&[]));
    let effects = rig.device.step(Event::Frame { attempt: rig.attempt, bytes }, rig.now);
    let Some(Effect::Persist { batch, .. }) = effects.first() else { panic!("it persists") };
    rig.feed(Event::PersistFailed { doc: DOC, batch: *batch });
    assert_eq!(rig.device.problem(DOC), Some(Problem::Storage));
    rig.answer_pings();
    rig.now += 10_000;
    rig.feed(Event::Tick);
    assert!(
        rig.sent()
            .iter()
            .any(|message| matches!(message, ClientMessage::Open { docs } if docs[0].cursor == 0))
    );
    rig.opened(1);
    assert!(rig.hear(changes(&[])).iter().any(|effect| matches!(effect, Effect::Persist { .. })));
    assert_eq!(rig.device.problem(DOC), None);
}

#[test]
fn a_farewell_fits_what_a_closing_page_may_send() {
    let mut author = Author::new(1);
    let items: Vec<_> = (0..10).map(|_| author.write_long(10_000)).collect();
    let rig = Rig::with_directory(vec![waiting_doc(&items)]);
    let bytes = rig.device.farewell().expect("something waits");
    assert!(bytes.len() <= crate::sync::limits::KEEPALIVE && bytes.len() > 40_000);
    let parts = codec::split(&bytes, 1_000).unwrap();
    assert!(matches!(codec::decode_client(parts[0]), Ok(ClientMessage::Hello { .. })));
    assert!(matches!(codec::decode_client(parts[1]), Ok(ClientMessage::Push { .. })));
    assert!(Rig::with_directory(vec![]).device.farewell().is_none());
}

/// The log of `items` after the genesis, those at `void` without their data.
fn changes_with_void(items: &[PushItem], void: &[u64]) -> ServerMessage {
    let mut message = changes(items);
    if let ServerMessage::Changes { items, .. } = &mut message {
        for item in items.iter_mut().filter(|item| void.contains(&item.seq)) {
            item.data = Body::Void;
        }
    }
    message
}

#[test]
fn what_is_found_harmful_is_looked_up_in_the_log_and_left_out() {
    let mut rig = Rig::with_directory(vec![]);
    let (mut own, mut theirs) = (Author::new(1), Author::new(2));
    let items = [theirs.writes(2), own.writes(1)].concat();
    rig.opened(4);
    rig.hear(changes(&items));
    rig.sent();
    let news = ServerMessage::Void { doc: DOC, items: vec![3] };
    assert_eq!(rig.hear(news.clone()), []);
    // It says which only from the start of the log.
    let sent = rig.answer_pings();
    assert!(
        matches!(&sent[..], [ClientMessage::Close { .. }, ClientMessage::Open { docs }] if docs[0].cursor == 0)
    );
    rig.opened(4);
    let effects = rig.hear(changes_with_void(&items, &[3]));
    assert_eq!(effects[0], Effect::Void { doc: DOC, hashes: vec![items[1].hash] });
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Apply { .. } | Effect::Offer { .. })));
    // Told again, on another connection say, it is no news.
    rig.sent();
    assert_eq!(rig.hear(news), []);
    assert_eq!(rig.sent(), []);
}

#[test]
fn what_was_void_before_it_was_read_is_never_held() {
    let mut rig = Rig::with_directory(vec![]);
    let items = Author::new(2).writes(2);
    rig.opened(3);
    let effects = rig.hear(changes_with_void(&items, &[3]));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Void { .. })));
    let applied = effects.iter().find_map(|effect| match effect {
        Effect::Apply { changes, .. } => Some(changes.len()),
        _ => None,
    });
    assert_eq!(applied, Some(2));
}

#[test]
fn a_poll_asks_for_news_from_where_the_document_has_been_read_to() {
    let mut rig = Rig::with_directory(vec![]);
    let asked = |rig: &Rig, behind| -> Vec<u64> {
        let messages = rig.device.poll(behind);
        let docs = messages.iter().flat_map(|message| match codec::decode_client(message) {
            Ok(ClientMessage::Open { docs }) => docs,
            other => panic!("{other:?}"),
        });
        docs.map(|place| place.cursor).collect()
    };
    // Asked for and not answered yet, then read short.
    assert_eq!((asked(&rig, true), asked(&rig, false)), (vec![0], vec![0]));
    rig.opened(3);
    assert_eq!(asked(&rig, true), [0]);
    let mut author = Author::new(2);
    rig.hear(changes(&[author.write(), author.write()]));
    assert_eq!((asked(&rig, true), asked(&rig, false)), (vec![], vec![3]));
    // The answer to a poll says again that the document is open, and is taken like what comes by itself.
    rig.opened(3);
    assert_eq!(rig.device.safety(), Safety::Synchronised { at: 1_000 });
    // What waits for a directory is here already and is not asked for again.
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(2);
    rig.hear(changes(&[Author::new(3).write()]));
    assert_eq!(asked(&rig, false), Vec::<u64>::new());
}

#[test]
fn a_clock_that_is_set_back_makes_no_wait_longer() {
    const DAY_MS: u64 = 86_400_000;
    let mut rig = Rig::new(vec![]);
    rig.now += DAY_MS;
    rig.feed(Event::Tick);
    rig.feed(Event::Disconnected { attempt: rig.attempt, code: 1006 });
    rig.now -= DAY_MS;
    rig.feed(Event::Tick);
    rig.now += 1_000;
    let effects = rig.feed(Event::Tick);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Connect { .. })), "{effects:?}");
}

#[test]
fn what_waits_is_pushed_after_what_it_depends_on_whatever_its_order_was() {
    let items = Author::new(1).writes(3);
    let reversed: Vec<_> = items.iter().rev().cloned().collect();
    let mut rig = Rig::with_directory(vec![waiting_doc(&reversed)]);
    rig.opened(0);
    assert_eq!(rig.pushes(), [(1, items)]);
}

#[test]
fn a_directory_that_names_no_author_is_not_asked_for_again_at_once() {
    let mut rig = Rig::new(vec![]);
    rig.name(&[1]);
    rig.opened(2);
    let asked = |effects: &[Effect]| effects.contains(&Effect::FetchDirectory);
    assert!(asked(&rig.hear(changes(&[Author::new(2).write()]))));
    assert!(!asked(&rig.name(&[1])));
    assert!(!asked(&rig.name(&[1, 2])));
    assert_eq!(rig.device.progress(), (1, 1));
}

#[test]
fn what_a_reset_left_unoffered_is_offered_at_the_next_start() {
    let items = Author::new(1).writes(2);
    let genesis = crate::domain::genesis::genesis(DocKind::SharedNotes).hash;
    let hashes: Vec<_> = [genesis].into_iter().chain(items.iter().map(|item| item.hash)).collect();
    // The restored log holds the genesis alone, and has been read; nothing waits.
    let place = Some(chain::after(chain::start(DOC), [genesis]));
    let loaded = LoadedDoc { cursor: 1, chain: place, hashes, waiting: vec![], ..waiting_doc(&[]) };
    let mut rig = Rig::with_directory(vec![loaded]);
    let sent = rig.sent();
    let from_the_start =
        |message: &ClientMessage| matches!(message, ClientMessage::Open { docs } if docs[0].cursor == 0);
    assert!(sent.iter().any(from_the_start), "{sent:?}");
    rig.opened(1);
    let effects = rig.hear(changes(&[]));
    let mut lacking: Vec<_> = items.iter().map(|item| item.hash).collect();
    lacking.sort();
    let offer = Effect::Offer { doc: DOC, what: Offered::Hashes(lacking) };
    assert!(effects.contains(&offer), "{effects:?}");
}

#[test]
fn a_change_under_another_s_hash_is_not_taken() {
    let mut rig = Rig::with_directory(vec![]);
    rig.opened(2);
    let [one, other] = [Author::new(2).write(), Author::new(2).write_long(9)];
    rig.hear(changes(&[PushItem { data: other.data, ..one }]));
    let problem = rig.device.problem(DOC);
    assert_eq!(problem, Some(Problem::Untrusted { reason: "an item has another hash" }));
}

mod refused;
mod snapshots;
