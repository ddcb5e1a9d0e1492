//! `POST /api/commands`: the framework. Who may give which command is in `command_rights`.

use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::role::Role;
use shared::ids::{CommandId, DocId};
use shared::sync::message::{ClientMessage, Place, ServerMessage};
use tests::{Person, TestApp};

fn body(id: u8, command: &Value) -> Value {
    json!({ "id": CommandId([id; 16]), "command": command })
}

async fn document(person: &Person, kind: &str) -> Option<DocId> {
    let directory = person.directory().await;
    let found = directory["documents"].as_array().unwrap().iter().find(|it| it["kind"] == kind)?;
    Some(found["id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test]
async fn the_same_id_gives_the_same_answer_and_does_nothing_twice() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let register = body(1, &json!({ "type": "register" }));
    let first = anna.post("/api/commands", &register).await;
    assert_eq!(first.status, 200);
    assert_eq!(anna.post("/api/commands", &register).await.appearance(), first.appearance());
    assert_eq!(anna.directory().await["trajectories"].as_array().unwrap().len(), 1);

    // Refusals too: they stay what they were, even where the command would now succeed.
    let refused = anna.post("/api/commands", &body(2, &json!({ "type": "register" }))).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "already_registered"));
    assert_eq!(
        anna.post("/api/commands", &body(2, &json!({ "type": "register" }))).await.appearance(),
        refused.appearance()
    );
}

#[tokio::test]
async fn the_same_command_at_once_is_done_once() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let register = body(1, &json!({ "type": "register" }));
    let (one, two) =
        tokio::join!(anna.post("/api/commands", &register), anna.post("/api/commands", &register));
    assert_eq!(one.appearance(), two.appearance());
    assert_eq!(anna.directory().await["trajectories"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_id_is_one_command_per_person() {
    let app = TestApp::init().await;
    let (anna, bram) = (app.employee().await, app.employee().await);
    let register = body(1, &json!({ "type": "register" }));
    assert_eq!(anna.post("/api/commands", &register).await.status, 200);
    assert_eq!(bram.post("/api/commands", &register).await.status, 200);
    let other = body(1, &json!({ "type": "revoke_device", "device": anna.key.id() }));
    let answer = anna.post("/api/commands", &other).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "id_taken"));
}

#[tokio::test]
async fn what_is_no_command_is_told_apart() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for (request, status, code) in [
        (body(1, &json!({ "type": "fly" })), 422, "unknown_command"),
        (body(1, &json!({ "type": "accept" })), 422, "bad_command"),
        (body(1, &json!({ "type": "accept", "referral": "AAAA" })), 422, "bad_command"),
        (body(1, &json!({})), 400, "bad_request"),
        (json!({ "id": "AAAA", "command": { "type": "register" } }), 400, "bad_request"),
        (json!({ "command": { "type": "register" } }), 400, "bad_request"),
        (json!([]), 400, "bad_request"),
    ] {
        let answer = anna.post("/api/commands", &request).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{request}");
    }
    let answer = anna
        .send(
            anna.request(Method::POST, "/api/commands").header("content-type", "application/json").body("{"),
        )
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn what_is_withdrawn_is_gone_for_its_readers_before_the_command_is_answered() {
    let app = TestApp::init().await;
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let trajectory = anna.command(json!({ "type": "register" })).await.json()["trajectory"].clone();
    let shared = anna.command(json!({ "type": "share_reflection", "trajectory": trajectory })).await;
    let doc: DocId = shared.json()["document"].as_str().unwrap().parse().unwrap();
    let again = anna.command(json!({ "type": "share_reflection", "trajectory": trajectory })).await;
    assert_eq!(again.json(), shared.json());
    assert_eq!(document(&adviser, "reflection").await, Some(doc));

    let mut socket = adviser.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(doc)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    assert_eq!(
        anna.command(json!({ "type": "withdraw_reflection", "trajectory": trajectory })).await.status,
        200
    );
    assert_eq!(adviser.open(doc).await, [ServerMessage::Gone { doc, id: None }]);
    assert_eq!(socket.message_of_document().await, ServerMessage::Gone { doc, id: None });
    assert_eq!(anna.open(doc).await, [ServerMessage::Gone { doc, id: None }]);
    assert_eq!(document(&adviser, "reflection").await, None);
}

#[tokio::test]
async fn the_way_of_a_trajectory_makes_its_documents() {
    let app = TestApp::init().await;
    let (anna, adviser) = (app.employee().await, app.person(Role::CareerAdviser).await);
    let coach = app.person(Role::InternalCoach).await;
    let trajectory = anna.command(json!({ "type": "register" })).await.json()["trajectory"].clone();
    assert!(document(&adviser, "intake").await.is_some());
    assert!(document(&anna, "intake").await.is_none());
    for command in [
        json!({ "type": "plan_intake", "trajectory": trajectory, "at": 1_800_000_000_000_u64 }),
        json!({ "type": "hold_intake", "trajectory": trajectory }),
    ] {
        assert_eq!(adviser.command(command).await.status, 200);
    }
    let refer = json!({ "type": "refer", "trajectory": trajectory, "coach": coach.user });
    let first = adviser.command(refer.clone()).await.json()["referral"].clone();
    // Who is asked may be known by who is referred.
    assert!(document(&anna, "coach_profile").await.is_some());
    assert_eq!(coach.command(json!({ "type": "decline", "referral": first })).await.status, 200);
    assert!(document(&anna, "coach_profile").await.is_none());
    let second = adviser.command(refer).await.json()["referral"].clone();
    assert_eq!(coach.command(json!({ "type": "accept", "referral": second })).await.status, 200);
    for kind in ["working_notes", "shared_notes", "progress"] {
        assert!(document(&coach, kind).await.is_some(), "{kind}");
    }
    assert_eq!(document(&anna, "shared_notes").await, document(&coach, "shared_notes").await);
    assert_eq!(document(&adviser, "progress").await, document(&coach, "progress").await);
    for (person, kind) in [(&anna, "working_notes"), (&adviser, "working_notes"), (&adviser, "shared_notes")]
    {
        assert_eq!(document(person, kind).await, None, "{kind}");
    }
    for finish in [false, true] {
        let close = json!({ "type": "close", "trajectory": trajectory, "finish": finish });
        assert_eq!(coach.command(close).await.status, 200);
    }
    let closed = &anna.directory().await["trajectories"][0];
    assert_eq!(closed["state"], "closed");
    assert_eq!(anna.command(json!({ "type": "register" })).await.status, 200);
}
