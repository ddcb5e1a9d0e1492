//! A transfer: a successor begins with empty notes, and gets the earlier ones only from the employee.

use serde_json::json;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::sync::message::{ClientMessage, Place, RejectCode, ServerMessage};
use tests::{Heard, Person, Replica, TestApp};

use crate::way::{Way, answer, refused, told};

struct Cast {
    app: TestApp,
    way: Way,
    anna: Person,
    coach: Person,
    successor: Person,
}

async fn cast() -> Cast {
    let app = TestApp::init().await;
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let (coach, successor) = (app.person(Role::InternalCoach).await, app.person(Role::InternalCoach).await);
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    Cast { app, way, anna, coach, successor }
}

#[tokio::test]
async fn until_the_successor_accepts_everything_stays_as_it_is() {
    let Cast { app: _app, way, coach, successor, .. } = cast().await;
    let asked = way.ask("transfer", &successor).await;
    assert_eq!(asked.status, 200);
    assert_eq!(told(&way.ask("transfer", &coach).await), refused("already_referred"));
    assert_eq!(way.seen_by(&way.adviser).await.unwrap()["state"], "active");
    for kind in ["working_notes", "shared_notes", "progress"] {
        assert_eq!(way.documents(&coach, kind).await[0].1, "write", "{kind}");
        assert_eq!(way.documents(&successor, kind).await, [], "{kind}");
    }
    // She says no, and nothing has happened.
    assert_eq!(answer(&successor, "decline", &asked.json()["referral"]).await.status, 200);
    assert_eq!(way.seen_by(&way.adviser).await.unwrap()["state"], "active");
    assert_eq!(way.documents(&coach, "shared_notes").await[0].1, "write");
    assert_eq!(way.seen_by(&successor).await, None);
}

#[tokio::test]
async fn a_successor_starts_with_empty_notes_and_the_progress_goes_on() {
    let Cast { app: _app, way, anna, coach, successor } = cast().await;
    let [working, shared, progress] = [
        way.document(&coach, "working_notes").await,
        way.document(&coach, "shared_notes").await,
        way.document(&coach, "progress").await,
    ];
    let secret = Replica::new(shared, DocKind::SharedNotes, &coach.key).write("vertrouwelijk");
    coach.push(shared, vec![secret]).await;
    way.to_successor(&successor).await;

    // New, and with nothing in them but what every such document begins with.
    for kind in ["working_notes", "shared_notes"] {
        let found = way.documents(&successor, kind).await;
        assert_eq!(found.len(), 1, "{kind}");
        assert!(![working, shared].contains(&found[0].0), "{kind}");
        assert_eq!(found[0].1, "write", "{kind}");
        let head = successor.open(found[0].0).await.into_iter().find_map(|it| match it {
            ServerMessage::Opened { head, .. } => Some(head),
            _ => None,
        });
        assert_eq!(head, Some(1), "{kind}");
    }
    assert_eq!(way.documents(&successor, "progress").await, [(progress, "write".to_owned())]);
    for doc in [working, shared] {
        assert_eq!(successor.open(doc).await, [ServerMessage::Denied { doc, id: None }]);
    }

    // Who was the coach keeps her own notes, to read, and nothing else.
    assert_eq!(way.documents(&coach, "working_notes").await, [(working, "read".to_owned())]);
    assert_eq!(way.documents(&coach, "shared_notes").await, []);
    assert_eq!(way.documents(&coach, "progress").await, []);
    for doc in [shared, progress] {
        assert_eq!(coach.open(doc).await, [ServerMessage::Gone { doc, id: None }]);
    }
    assert_eq!(way.about(&coach, "close", &json!({ "finish": false })).await.status, 404);

    // The employee keeps what she had with her, to read, and writes on with the successor.
    let hers = way.documents(&anna, "shared_notes").await;
    assert_eq!(hers.iter().find(|it| it.0 == shared).unwrap().1, "read");
    assert_eq!(hers.iter().find(|it| it.0 != shared).unwrap().1, "write");
    // What she wrote before she knew still arrives; what the successor would write there does not.
    let late = Replica::new(shared, DocKind::SharedNotes, &anna.key).write("nog zonder netwerk");
    assert!(matches!(&anna.push(shared, vec![late]).await[..], [ServerMessage::Ack { .. }]));
    let new = Replica::new(shared, DocKind::SharedNotes, &successor.key).write("nieuw");
    let [ServerMessage::Reject { items, .. }] = &anna.push(shared, vec![new]).await[..] else {
        panic!("what is over is not hers to write in")
    };
    assert_eq!(items[0].code, RejectCode::ReadOnly);
}

#[tokio::test]
async fn the_predecessor_gets_no_byte_more_once_the_successor_has_accepted() {
    let Cast { app: _app, way, anna, coach, successor } = cast().await;
    let shared = way.document(&coach, "shared_notes").await;
    let mut socket = coach.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(shared)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    way.to_successor(&successor).await;
    assert_eq!(socket.message_of_document().await, ServerMessage::Gone { doc: shared, id: None });
    // What is written from now on is not hers, and a push of hers is refused.
    let word = Replica::new(shared, DocKind::SharedNotes, &coach.key).write("nog iets");
    socket.say(&ClientMessage::Push { id: 4, doc: shared, items: vec![word] }).await;
    assert_eq!(socket.message_of_document().await, ServerMessage::Gone { doc: shared, id: Some(4) });
    let now = way.document(&successor, "shared_notes").await;
    let word = Replica::new(now, DocKind::SharedNotes, &anna.key).write("nieuw");
    anna.push(now, vec![word]).await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(now)] }).await;
    assert_eq!(socket.message_of_document().await, ServerMessage::Denied { doc: now, id: None });
    socket.say(&ClientMessage::Ping { n: 1 }).await;
    assert!(matches!(
        socket.hear().await,
        Heard::Message(ServerMessage::Pong { .. } | ServerMessage::Directory { .. })
    ));
}

#[tokio::test]
async fn the_earlier_notes_are_the_successors_to_read_if_the_employee_hands_them_over() {
    let Cast { app: _app, way, anna, coach, successor } = cast().await;
    let shared = way.document(&coach, "shared_notes").await;
    assert_eq!(told(&way.about(&anna, "hand_over_notes", &json!({})).await), refused("nothing_to_hand_over"));
    way.to_successor(&successor).await;
    for other in [&coach, &successor, &way.adviser] {
        assert_eq!(way.about(other, "hand_over_notes", &json!({})).await.status, 404);
    }
    assert_eq!(way.about(&anna, "hand_over_notes", &json!({})).await.status, 200);
    let found = way.documents(&successor, "shared_notes").await;
    assert_eq!(found.iter().find(|it| it.0 == shared).unwrap().1, "read");
    assert_eq!(way.documents(&coach, "shared_notes").await, []);
    let seen = successor.get(&format!("/api/documents/{shared}/readers")).await.json();
    let me = seen["readers"].as_array().unwrap().iter().find(|it| it["id"] == json!(successor.user)).unwrap();
    assert_eq!(me["why"], json!(["successor_coach"]));
    assert_eq!(told(&way.about(&anna, "hand_over_notes", &json!({})).await), refused("nothing_to_hand_over"));
}

#[tokio::test]
async fn what_was_handed_to_one_successor_is_not_the_next_ones_and_who_comes_back_goes_on_in_her_own() {
    let Cast { app, way, anna, coach, successor } = cast().await;
    let first = way.document(&coach, "shared_notes").await;
    let working = way.document(&coach, "working_notes").await;
    way.to_successor(&successor).await;
    assert_eq!(way.about(&anna, "hand_over_notes", &json!({})).await.status, 200);
    let third = app.person(Role::InternalCoach).await;
    way.to_successor(&third).await;
    assert_eq!(way.documents(&third, "shared_notes").await.len(), 1);
    assert_eq!(successor.open(first).await, [ServerMessage::Gone { doc: first, id: None }]);
    way.to_successor(&coach).await;
    assert_eq!(way.documents(&coach, "shared_notes").await, [(first, "write".to_owned())]);
    assert_eq!(way.documents(&coach, "working_notes").await, [(working, "write".to_owned())]);
}

#[tokio::test]
async fn a_successor_is_held_to_the_same_conflicts_and_the_coach_herself_is_none() {
    let Cast { app, way, anna, coach, successor } = cast().await;
    app.change(async |tx| tx.set_manager(anna.user, Some(successor.user)).await.unwrap()).await;
    assert_eq!(told(&way.ask("transfer", &successor).await), refused("own_manager"));
    assert_eq!(told(&way.ask("transfer", &coach).await), refused("already_referred"));
    assert_eq!(told(&way.ask("transfer", &anna).await), refused("not_a_coach"));
    app.change(async |tx| tx.set_manager(anna.user, None).await.unwrap()).await;
    let asked = way.ask("transfer", &successor).await;
    app.change(async |tx| tx.set_manager(anna.user, Some(successor.user)).await.unwrap()).await;
    let accepted = answer(&successor, "accept", &asked.json()["referral"]).await;
    assert_eq!(told(&accepted), refused("conflict_of_interest"));
    assert_eq!(way.documents(&coach, "shared_notes").await[0].1, "write");
}
