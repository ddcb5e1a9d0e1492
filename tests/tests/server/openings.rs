//! Who can see it, since when and why; and who opened it first.

use serde_json::{Value, json};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{Chain, DocId};
use shared::sync::chain;
use shared::sync::message::{ClientMessage, Place, ServerMessage};
use store::FIRST_OPENED;
use tests::{Person, Replica, TestApp};

use crate::way::Way;

async fn seen(person: &Person, doc: DocId) -> Value {
    let answer = person.get(&format!("/api/documents/{doc}/readers")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn opened(person: &Person, doc: DocId) -> Vec<(Value, Value)> {
    let openings = seen(person, doc).await["openings"].as_array().unwrap().clone();
    openings.into_iter().map(|it| (it["id"].clone(), it["at"].clone())).collect()
}

async fn noted(app: &TestApp) -> usize {
    let rows = app.store().audit_tail(1_000).await.unwrap();
    rows.iter().filter(|row| row.event.action == FIRST_OPENED).count()
}

/// An employee who shared a reflection with a word in it, and her adviser.
async fn shared(app: &TestApp) -> (Person, Person, DocId) {
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let trajectory = anna.command(json!({ "type": "register" })).await.json()["trajectory"].clone();
    let made = anna.command(json!({ "type": "share_reflection", "trajectory": trajectory })).await;
    let doc: DocId = made.json()["document"].as_str().unwrap().parse().unwrap();
    let word = Replica::new(doc, DocKind::Reflection, &anna.key).write("gedeeld");
    anna.push(doc, vec![word]).await;
    (anna, adviser, doc)
}

#[tokio::test]
async fn everybody_who_can_see_it_is_told_with_since_when_and_why() {
    let app = TestApp::init().await;
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let (coach, successor) = (app.person(Role::InternalCoach).await, app.person(Role::InternalCoach).await);
    app.clock().advance(1_000);
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let began = app.clock().now();
    let progress = way.document(&coach, "progress").await;
    app.clock().advance(5_000);
    way.to_successor(&successor).await;
    let taken_over = app.clock().now();
    assert!(began < taken_over);
    let told = seen(&adviser, progress).await["readers"].as_array().unwrap().clone();
    let of = |person: &Person| told.iter().find(|it| it["id"] == json!(person.user)).cloned();
    let facts = |person: &Person| of(person).map(|it| (it["why"].clone(), it["since"].clone()));
    assert_eq!(facts(&anna), Some((json!(["owner"]), json!(began))));
    assert_eq!(facts(&adviser), Some((json!(["adviser"]), json!(began))));
    assert_eq!(facts(&successor), Some((json!(["coach"]), json!(taken_over))));
    assert_eq!(facts(&coach), None);
}

#[tokio::test]
async fn the_first_opening_is_told_to_its_readers_whichever_way_it_came() {
    let app = TestApp::init().await;
    let (anna, adviser, doc) = shared(&app).await;
    let other = app.person(Role::CareerAdviser).await;
    // Her own writing, and a look at who can see it, open nothing.
    anna.open(doc).await;
    assert_eq!(opened(&adviser, doc).await, []);
    app.clock().advance(1_000);
    let first = app.clock().now();
    adviser.open(doc).await;
    assert_eq!(opened(&anna, doc).await, [(json!(adviser.user), json!(first))]);
    app.clock().advance(1_000);
    adviser.open(doc).await;
    let mut socket = other.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(doc)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    let second = app.clock().now();
    assert_eq!(
        opened(&anna, doc).await,
        [(json!(adviser.user), json!(first)), (json!(other.user), json!(second))]
    );
    assert_eq!(noted(&app).await, 2);
}

#[tokio::test]
async fn reading_on_writes_nothing() {
    let app = TestApp::init().await;
    let (anna, adviser, doc) = shared(&app).await;
    let mut socket = adviser.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(doc)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    let ServerMessage::Changes { items, chain, .. } = socket.message_of_document().await else { panic!() };
    let rows = app.store().audit_tail(1_000).await.unwrap().len();
    let word = Replica::new(doc, DocKind::Reflection, &anna.key).write("meer");
    anna.push(doc, vec![word]).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    let place = Place { doc, cursor: items.last().unwrap().seq, chain: Some(chain), part: None };
    adviser.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
    assert_eq!(app.store().audit_tail(1_000).await.unwrap().len(), rows);
}

#[tokio::test]
async fn a_device_that_claims_to_have_read_it_is_noted_all_the_same() {
    let app = TestApp::init().await;
    let (anna, adviser, doc) = shared(&app).await;
    // The genesis is the same everywhere, so that its chain can be worked out without having read anything.
    let chain = chain::next(chain::start(doc), genesis(DocKind::Reflection).hash);
    let place = Place { doc, cursor: 1, chain: Some(chain), part: None };
    let heard = adviser.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
    assert!(heard.iter().any(|it| matches!(it, ServerMessage::Changes { .. })));
    assert_eq!(opened(&anna, doc).await.len(), 1);
    // A place further on is nobody's who does not know the chain.
    let word = Replica::new(doc, DocKind::Reflection, &anna.key).write("meer");
    anna.push(doc, vec![word]).await;
    for chain in [None, Some(Chain([7; 32]))] {
        let place = Place { doc, cursor: 2, chain, part: None };
        let heard = adviser.exchange(&[ClientMessage::Open { docs: vec![place] }]).await;
        assert!(!heard.iter().any(|it| matches!(it, ServerMessage::Changes { .. })), "{heard:?}");
    }
}

#[tokio::test]
async fn what_comes_over_an_open_socket_into_an_empty_document_is_an_opening_too() {
    let app = TestApp::init().await;
    let (anna, adviser, coach) =
        (app.employee().await, app.person(Role::CareerAdviser).await, app.person(Role::InternalCoach).await);
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let progress = way.document(&coach, "progress").await;
    let mut socket = adviser.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(progress)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    // There was nothing in it.
    assert_eq!(opened(&anna, progress).await, []);
    let word = Replica::new(progress, DocKind::Progress, &coach.key).write("gesprek");
    coach.push(progress, vec![word]).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    assert!(opened(&anna, progress).await.iter().any(|it| it.0 == json!(adviser.user)));
}

#[tokio::test]
async fn a_new_device_with_many_documents_is_noted_at_once() {
    let app = TestApp::init().await;
    let adviser = app.person(Role::CareerAdviser).await;
    let mut docs = vec![];
    for _ in 0..30 {
        let anna = app.employee().await;
        let trajectory = anna.command(json!({ "type": "register" })).await.json()["trajectory"].clone();
        let made = anna.command(json!({ "type": "share_reflection", "trajectory": trajectory })).await;
        let doc: DocId = made.json()["document"].as_str().unwrap().parse().unwrap();
        let word = Replica::new(doc, DocKind::Reflection, &anna.key).write("gedeeld");
        anna.push(doc, vec![word]).await;
        docs.push(Place::start(doc));
    }
    adviser.exchange(&[ClientMessage::Open { docs }]).await;
    assert_eq!(noted(&app).await, 30);
}

#[tokio::test]
async fn who_can_no_longer_see_it_is_still_told_as_somebody_who_did() {
    let app = TestApp::init().await;
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let (coach, successor) = (app.person(Role::InternalCoach).await, app.person(Role::InternalCoach).await);
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let shared = way.document(&coach, "shared_notes").await;
    let word = Replica::new(shared, DocKind::SharedNotes, &anna.key).write("tussen ons");
    anna.push(shared, vec![word]).await;
    coach.open(shared).await;
    way.to_successor(&successor).await;
    let told = seen(&anna, shared).await;
    assert!(told["readers"].as_array().unwrap().iter().all(|it| it["id"] != json!(coach.user)));
    assert_eq!(told["openings"][0]["id"], json!(coach.user));
}
