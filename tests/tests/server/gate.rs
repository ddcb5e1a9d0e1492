//! Check 11 of the gate, in worker processes, and the trial of logs afterwards.

use server::gate::trier::{Ground, Trier};
use server::gate::{Finding, Gate};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, ChangeHash, DocId, UserId};
use shared::sync::change;
use shared::sync::crafted::{Caught, Crafted, Op, Soil, seal};
use shared::sync::message::{
    Body, ClientMessage, ErrorCode, LogItem, Place, PushItem, RejectCode, ServerMessage,
};
use store::Quarantined;
use tests::{Person, Replica, TestApp, worker};

const KIND: DocKind = DocKind::ReflectionDraft;

async fn draft(person: &Person) -> DocId {
    person.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap()
}

/// A document of one person, and what can be crafted for it.
pub(crate) struct Field {
    pub(crate) person: Person,
    pub(crate) doc: DocId,
    pub(crate) soil: Soil,
}

impl Field {
    async fn of(person: Person) -> Self {
        let doc = draft(&person).await;
        let actor = ActorId::of_device(person.key.id(), [1; 8]);
        let field = Self { doc, soil: Soil::new(&genesis(KIND).data, actor).unwrap(), person };
        assert_eq!(field.push(&field.soil.sound.clone()).await, Ok(2));
        field
    }

    pub(crate) async fn new(app: &TestApp) -> Self {
        Self::of(app.employee().await).await
    }

    pub(crate) fn item(&self, data: &[u8]) -> PushItem {
        let hash = change::parse(data).map_or(ChangeHash([7; 32]), |parsed| parsed.hash);
        let sig = self.person.key.sign_change(self.doc, hash).0.to_vec();
        PushItem { hash, by: self.person.key.id(), sig, data: data.to_vec() }
    }

    pub(crate) async fn push(&self, data: &[u8]) -> Result<u64, RejectCode> {
        answer(&self.person.push(self.doc, vec![self.item(data)]).await)
    }

    fn killer(&self) -> Vec<u8> {
        let mut kinds = self.soil.kinds();
        kinds.retain(|(_, _, caught)| *caught == Caught::Runaway);
        kinds.pop().unwrap().1.chunk()
    }
}

fn answer(heard: &[ServerMessage]) -> Result<u64, RejectCode> {
    match heard {
        [ServerMessage::Ack { items, .. }] => Ok(items[0].seq),
        [ServerMessage::Reject { items, .. }] => Err(items[0].code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_known_kind_gets_its_code_and_the_server_goes_on() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let mut harmful = Vec::new();
    for (name, crafted, caught) in field.soil.kinds() {
        let expected = match caught {
            Caught::TooLarge => RejectCode::TooLarge,
            Caught::BadChunk | Caught::Decoding => RejectCode::BadChunk,
            Caught::Panic | Caught::Runaway => RejectCode::Quarantined,
            Caught::Trial | Caught::Nowhere => continue,
        };
        let chunk = crafted.chunk();
        assert_eq!(field.push(&chunk).await, Err(expected), "{name}");
        if expected == RejectCode::Quarantined {
            harmful.push(change::parse(&chunk).unwrap().hash);
        }
    }
    let kept = app.store().quarantined().await.unwrap();
    assert_eq!(kept.len(), harmful.len());
    assert!(kept.iter().all(|it| harmful.contains(&it.hash) && it.seq.is_none() && it.doc == field.doc));
    assert!(kept.iter().any(|it| it.reason.contains("signal")), "{kept:?}");
    // Nothing of it is in the log, and what is sound still comes in.
    assert_eq!(field.push(&field.soil.next.chunk()).await, Ok(3));
}

#[tokio::test]
async fn what_brings_a_worker_down_keeps_nothing_else_out() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let mut beside = Replica::new(field.doc, KIND, &field.person.key);
    let items = vec![
        beside.write("before"),
        field.item(&field.killer()),
        beside.write("after"),
        field.item(&field.soil.next.clone().doing(&Op { object: Some((4, 1)), ..Op::put("k") }).chunk()),
        beside.write("at last"),
    ];
    let bad = [items[1].hash, items[3].hash];
    let heard = field.person.push(field.doc, items).await;
    let [ServerMessage::Ack { items: acked, .. }, ServerMessage::Reject { items: rejected, .. }] = &heard[..]
    else {
        panic!("{heard:?}")
    };
    assert_eq!(acked.iter().map(|it| it.seq).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(rejected.iter().all(|it| it.code == RejectCode::Quarantined && bad.contains(&it.hash)));
    assert_eq!(rejected.len(), 2);
}

#[tokio::test]
async fn what_builds_on_something_refused_is_missing_it() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let refused = field.soil.next.clone().doing(&Op { action: 8, ..Op::put("k") });
    let refused = field.item(&refused.chunk());
    let next = Crafted {
        seq: 4,
        deps: vec![refused.hash],
        start_op: field.soil.next.start_op,
        ..field.soil.next.clone()
    };
    let after = field.item(&next.chunk());
    let mut other = Crafted { seq: 1, ..next };
    other.actor = ActorId::of_device(field.person.key.id(), [2; 8]);
    let beside = field.item(&other.chunk());
    let codes = [
        (refused.hash, RejectCode::BadChunk),
        (after.hash, RejectCode::SeqGap),
        (beside.hash, RejectCode::MissingDeps),
    ];
    let heard = field.person.push(field.doc, vec![refused, after, beside]).await;
    let [ServerMessage::Reject { items, .. }] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(items.iter().map(|it| (it.hash, it.code)).collect::<Vec<_>>(), codes);
}

#[tokio::test]
async fn without_a_worker_nothing_is_let_in_and_what_is_in_quarantine_is_not_tried_again() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let killer = field.killer();
    assert_eq!(field.push(&killer).await, Err(RejectCode::Quarantined));
    let (person, soil) = (field.person.clone(), field.soil.clone());
    let app = app.restarted_without_worker().await;
    let field = Field { person: person.at(&app), doc: field.doc, soil };
    assert_eq!(field.push(&killer).await, Err(RejectCode::Quarantined));
    // What the log has needs no worker either.
    assert_eq!(field.push(&field.soil.sound.clone()).await, Ok(2));
    let heard = field.person.push(field.doc, vec![field.item(&field.soil.next.chunk())]).await;
    assert!(
        matches!(heard[..], [ServerMessage::Error { code: ErrorCode::Unavailable, id: Some(1), .. }]),
        "{heard:?}"
    );
}

/// By mistake, as the operator has found: the same bytes are looked at anew.
#[tokio::test]
async fn what_is_in_quarantine_is_not_stored_and_once_released_it_is() {
    let app = TestApp::init().await;
    let field = Field::new(&app).await;
    let sound = field.soil.next.chunk();
    let PushItem { hash, by, data, .. } = field.item(&sound);
    let kept = Quarantined {
        doc: field.doc,
        hash,
        by,
        at: 1,
        reason: "it fell".into(),
        seq: None,
        data: Some(data),
    };
    app.store().quarantine(&[kept]).await.unwrap();
    app.state().authors.quarantined([hash]);
    assert_eq!(field.push(&sound).await, Err(RejectCode::Quarantined));
    assert_eq!(log(&field.person, field.doc).await.len(), 2);
    app.store().release(field.doc, hash, 2).await.unwrap().unwrap();
    assert_eq!(field.push(&sound).await, Ok(3));
}

async fn log(person: &Person, doc: DocId) -> Vec<LogItem> {
    let heard = person.open(doc).await;
    let items = heard.into_iter().filter_map(|message| match message {
        ServerMessage::Changes { items, .. } => Some(items),
        _ => None,
    });
    items.flatten().collect()
}

#[tokio::test]
async fn what_leaves_no_sound_document_becomes_void_and_its_device_is_suspended() {
    let app = TestApp::trying_at_once().await;
    let kinds = Field::new(&app).await.soil.kinds();
    let harmful: Vec<_> =
        kinds.into_iter().filter(|(_, _, caught)| *caught == Caught::Trial).map(|(name, ..)| name).collect();
    assert!(harmful.len() > 10);
    for kind in harmful {
        let field = Field::new(&app).await;
        let laptop = app.signed_in(field.person.user).await;
        let mut listening = laptop.socket().await.greeted().await;
        let place = Place::start(field.doc);
        listening.say(&ClientMessage::Open { docs: vec![place] }).await;
        let crafted = field.soil.kinds().into_iter().find(|(name, ..)| *name == kind).unwrap().1;
        let item = field.item(&crafted.chunk());
        assert_eq!(answer(&field.person.push(field.doc, vec![item.clone()]).await), Ok(3), "{kind}");
        // Told where the document is open: by the message, or in place of the data where it had not been read.
        loop {
            match listening.message_of_document().await {
                ServerMessage::Void { doc, items } => {
                    assert_eq!((doc, items), (field.doc, vec![3]), "{kind}");
                    break;
                }
                ServerMessage::Changes { items, .. } if items.iter().any(|it| it.data == Body::Void) => break,
                ServerMessage::Opened { .. } | ServerMessage::Changes { .. } => {}
                other => panic!("{kind}: {other:?}"),
            }
        }
        let void: Vec<_> = log(&laptop, field.doc).await.iter().map(|it| it.data == Body::Void).collect();
        assert_eq!(void, [false, false, true], "{kind}");
        // It keeps its place; nothing comes after it, and nothing of its device is taken any more.
        assert_eq!(answer(&field.person.push(field.doc, vec![item]).await), Ok(3));
        let mut theirs = Replica::new(field.doc, KIND, &field.person.key);
        let signed = theirs.write("more");
        assert_eq!(answer(&laptop.push(field.doc, vec![signed]).await), Err(RejectCode::ReadOnly), "{kind}");
        let mut own = Replica::new(field.doc, KIND, &laptop.key);
        assert_eq!(answer(&laptop.push(field.doc, vec![own.write("still")]).await), Ok(4), "{kind}");
        let directory = laptop.directory().await;
        let suspended: Vec<_> =
            directory["devices"].as_array().unwrap().iter().filter(|it| it["suspended"] == true).collect();
        assert_eq!(suspended.len(), 1, "{kind}");
    }
    let audit = app.store().audit_tail(1_000).await.unwrap();
    assert!(audit.iter().any(|row| row.event.action == "item_voided"));
}

#[tokio::test]
async fn what_depends_on_something_void_is_void_and_what_does_not_is_not() {
    let app = TestApp::trying_at_once().await;
    let field = Field::new(&app).await;
    let laptop = app.signed_in(field.person.user).await;
    let nowhere = Op { object: Some((0, 999)), ..Op::put("k") };
    let harmful = field.soil.next.clone().doing(&nowhere);
    let harmful = field.item(&harmful.chunk());
    let next = field.soil.next.clone();
    let depending =
        Crafted { seq: next.seq + 1, start_op: next.start_op + 1, deps: vec![harmful.hash], ..next };
    let depending = field.item(&depending.chunk());
    let mut own = Replica::new(field.doc, KIND, &laptop.key);
    let beside = own.write("beside");
    let heard = laptop.push(field.doc, vec![harmful.clone(), beside, depending.clone()]).await;
    assert!(matches!(&heard[..], [ServerMessage::Ack { items, .. }] if items.len() == 3), "{heard:?}");
    app.all_tried().await;
    let void: Vec<_> = log(&laptop, field.doc).await.iter().map(|it| it.data == Body::Void).collect();
    assert_eq!(void, [false, false, true, false, true]);

    // A device that has read it before hears of it when it opens the document again.
    let items = log(&laptop, field.doc).await;
    let chain =
        shared::sync::chain::after(shared::sync::chain::start(field.doc), items.iter().map(|it| it.hash));
    let place = Place { doc: field.doc, cursor: 5, chain: Some(chain), part: None };
    let heard = laptop.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
    let void = ServerMessage::Void { doc: field.doc, items: vec![3, 5] };
    assert!(matches!(heard[0], ServerMessage::Opened { head: 5, .. }));
    assert_eq!(heard[1..], [void]);

    // Nobody can build on it.
    let word = Crafted {
        actor: ActorId::of_device(laptop.key.id(), [9; 8]),
        seq: 1,
        start_op: field.soil.next.start_op + 1,
        deps: vec![harmful.hash],
        ..field.soil.next.clone()
    };
    let data = word.chunk();
    let hash = change::parse(&data).unwrap().hash;
    let sig = laptop.key.sign_change(field.doc, hash).0.to_vec();
    let item = PushItem { hash, by: laptop.key.id(), sig, data };
    assert_eq!(answer(&laptop.push(field.doc, vec![item]).await), Err(RejectCode::MissingDeps));

    // The operator lets the device write again; what is void stays so.
    let released = app.store().release(field.doc, harmful.hash, 0).await.unwrap().unwrap();
    assert_eq!((released.seq, released.by), (Some(3), field.person.key.id()));
    let mut theirs = Replica::new(field.doc, KIND, &field.person.key);
    assert_eq!(answer(&field.person.push(field.doc, vec![theirs.write("again")]).await), Ok(6));
    assert!(log(&laptop, field.doc).await[2].data == Body::Void);
}

#[tokio::test]
async fn who_may_not_write_any_more_is_told_on_all_her_devices() {
    let app = TestApp::trying_at_once().await;
    let field = Field::new(&app).await;
    let laptop = app.signed_in(field.person.user).await;
    let mut listening = laptop.socket().await.greeted().await;
    let before = laptop.directory().await["version"].clone();
    let harmful = field.soil.next.clone().doing(&Op { object: Some((0, 999)), ..Op::put("k") });
    assert_eq!(field.push(&harmful.chunk()).await, Ok(3));
    let ServerMessage::Directory { version } = listening.message().await else { panic!("it is told") };
    assert_ne!(before, version);
}

/// Sound and crafted changes with some bytes changed, and the checksum put right again.
fn mutated(soil: &Soil, many: usize) -> Vec<Vec<u8>> {
    let mut chunks = vec![soil.sound.clone(), soil.next.chunk()];
    chunks.extend(
        soil.kinds().into_iter().filter(|(_, _, it)| *it == Caught::Trial).map(|(_, it, _)| it.chunk()),
    );
    // The same bytes every time: a linear congruence is random enough.
    let mut state: u64 = 7;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut made = Vec::new();
    while made.len() < many {
        let chunk = &chunks[random(chunks.len())];
        let mut body = chunk[if chunk.len() < 138 { 10 } else { 11 }..].to_vec();
        // Behind the dependencies, the actor and the numbers, where the columns are.
        for _ in 0..=random(3) {
            let at = 50 + random(body.len() - 50);
            body[at] = u8::try_from(random(256)).unwrap();
        }
        let chunk = seal(&body);
        if change::parse(&chunk).is_ok() {
            made.push(chunk);
        }
    }
    made
}

/// What a gate finds of each, asked again behind each harmful one.
async fn decoded(gate: &Gate, changes: &[Vec<u8>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    while findings.len() < changes.len() {
        let rest = changes[findings.len()..].iter().map(|it| it.clone().into()).collect();
        findings.extend(gate.decode(UserId([1; 16]), rest).await.unwrap());
    }
    findings
}

#[tokio::test]
async fn whatever_a_change_holds_it_gets_an_answer() {
    let start = &genesis(KIND).data;
    let soil = Soil::new(start, ActorId([3; 16])).unwrap();
    let changes = mutated(&soil, 400);
    let gate = Gate::new(Some(worker()));
    let findings = decoded(&gate, &changes).await;
    assert_eq!(findings.len(), changes.len());
    let sound: Vec<_> =
        changes.iter().zip(&findings).filter(|(_, it)| **it == Finding::Sound).map(|(it, _)| it).collect();
    assert!(sound.len() < changes.len() && !sound.is_empty());
    let mut trier = Trier::new(Some(&worker()));
    let ground = Ground { base: None, tried: vec![start, &soil.sound] };
    for change in sound {
        trier.apply(&ground, &[change]).await.unwrap();
    }
    // And it still tells right from wrong.
    assert_eq!(decoded(&gate, &[soil.next.chunk()]).await, [Finding::Sound]);
    assert_eq!(trier.apply(&ground, &[&soil.next.chunk()]).await.unwrap(), None);
}
