//! `GET /sync`

use std::time::Duration;

use serde_json::json;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::limits;
use shared::sync::message::{ClientMessage, ErrorCode, Place, SUBPROTOCOL, ServerMessage};
use tests::{Heard, Person, Replica, Socket, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error;

use crate::one_client;

async fn draft(person: &Person) -> DocId {
    person.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap()
}

fn open(doc: DocId) -> ClientMessage {
    ClientMessage::Open { docs: vec![Place::start(doc)] }
}

async fn refusal(app: &TestApp, person: &Person, headers: &[(&'static str, &str)]) -> u16 {
    match Socket::connect_with(&app.url(""), Some(&person.cookie), headers).await.map_err(|it| *it) {
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
        Ok(_) => 101,
    }
}

#[tokio::test]
async fn only_a_page_of_this_server_that_offers_the_subprotocol_is_connected() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let own = app.url("");
    let speaks = ("sec-websocket-protocol", SUBPROTOCOL);
    assert_eq!(refusal(&app, &anna, &[("origin", &own), speaks]).await, 101);
    assert_eq!(refusal(&app, &anna, &[("origin", &own)]).await, 400);
    assert_eq!(refusal(&app, &anna, &[("origin", &own), ("sec-websocket-protocol", "other")]).await, 400);
    assert_eq!(refusal(&app, &anna, &[("origin", "https://evil.example"), speaks]).await, 403);
    assert_eq!(refusal(&app, &anna, &[speaks]).await, 403);
}

#[tokio::test]
async fn without_a_session_it_is_closed_at_once() {
    let app = TestApp::init().await;
    let mut socket = Socket::connect(&app.url(""), None).await.unwrap();
    assert_eq!(socket.hear().await, Heard::Closed(Some(4401)));
}

#[tokio::test]
async fn what_one_device_writes_another_one_hears() {
    let app = TestApp::init().await;
    let tablet = app.employee().await;
    let laptop = app.signed_in(tablet.user).await;
    let doc = draft(&tablet).await;
    let mut listening = laptop.socket().await.greeted().await;
    listening.say(&open(doc)).await;
    assert!(matches!(listening.message_of_document().await, ServerMessage::Opened { head: 1, .. }));
    assert!(matches!(listening.message_of_document().await, ServerMessage::Changes { .. }));

    let mut writing = tablet.socket().await.greeted().await;
    let item = Replica::new(doc, DocKind::ReflectionDraft, &tablet.key).write("woord");
    writing.say(&ClientMessage::Push { id: 7, doc, items: vec![item.clone()] }).await;
    let ServerMessage::Ack { id: 7, .. } = writing.message_of_document().await else { panic!() };
    let ServerMessage::Changes { items, from: 1, .. } = listening.message_of_document().await else {
        panic!()
    };
    assert_eq!((items[0].hash, items[0].by), (item.hash, tablet.key.id()));
}

#[tokio::test]
async fn presence_reaches_the_other_devices_that_may_read_and_nobody_else() {
    let app = TestApp::init().await;
    let tablet = app.employee().await;
    let laptop = app.signed_in(tablet.user).await;
    let bram = app.employee().await;
    let doc = draft(&tablet).await;
    let (mut one, mut other) = (tablet.socket().await.greeted().await, laptop.socket().await.greeted().await);
    let mut outside = bram.socket().await.greeted().await;
    for socket in [&mut one, &mut other] {
        socket.say(&open(doc)).await;
        assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
        assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    }
    outside.say(&open(doc)).await;
    assert!(matches!(outside.message_of_document().await, ServerMessage::Denied { .. }));

    outside.say(&ClientMessage::Presence { doc, data: b"spy".to_vec() }).await;
    one.say(&ClientMessage::Presence { doc, data: b"here".to_vec() }).await;
    let ServerMessage::Presence { data, device, .. } = other.message_of_document().await else { panic!() };
    assert_eq!((data.as_slice(), device), (&b"here"[..], tablet.key.id()));
    // What would have come to the outsider would have come before this.
    loop {
        outside.say(&ClientMessage::Ping { n: 5 }).await;
        match outside.message_of_document().await {
            ServerMessage::Pong { n: 5, .. } => break,
            ServerMessage::Denied { .. } | ServerMessage::Error { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn malformed_and_unknown_messages_are_told_and_too_many_end_it() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut socket = anna.socket().await.greeted().await;
    for turn in 0..limits::MALFORMED {
        match turn % 3 {
            0 => socket.say_bytes(vec![0xff]).await,
            1 => socket.say_bytes(b"\xa1\x61t\x68nonsense".to_vec()).await,
            _ => socket.say_text("hello").await,
        }
        let ServerMessage::Error { code, .. } = socket.message().await else { panic!() };
        assert_eq!(code, ErrorCode::BadMessage, "{turn}");
    }
    assert_eq!(socket.closed().await, Some(1008));
}

#[tokio::test]
async fn a_message_over_the_limit_is_told_and_one_far_over_it_ends_the_connection() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut socket = anna.socket().await.greeted().await;
    socket.say_bytes(vec![0; limits::FRAME + 1]).await;
    let ServerMessage::Error { code, .. } = socket.message().await else { panic!() };
    assert_eq!(code, ErrorCode::TooLarge);
    socket.say_bytes(vec![0; limits::READABLE_FRAME + 1]).await;
    assert_eq!(socket.closed().await, Some(1009));
}

#[tokio::test]
async fn a_revocation_wipes_at_once_and_again_at_every_contact() {
    let app = TestApp::init().await;
    let (anna, admin) = (app.employee().await, app.person(Role::Administrator).await);
    let mut socket = anna.socket().await.greeted().await;
    assert_eq!(admin.command(json!({ "type": "revoke_device", "device": anna.key.id() })).await.status, 200);
    assert_eq!(socket.message_of_document().await, ServerMessage::Wipe);
    assert_eq!(socket.hear().await, Heard::Closed(Some(4401)));

    let mut again = anna.socket().await;
    assert_eq!(again.message().await, ServerMessage::Wipe);
    assert_eq!(again.hear().await, Heard::Closed(Some(4401)));
}

#[tokio::test]
async fn a_stop_says_goodbye_to_every_connection() {
    let mut app = TestApp::init().await;
    let anna = app.employee().await;
    let mut sockets = vec![anna.socket().await.greeted().await, anna.socket().await.greeted().await];
    app.stop_begins();
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, Some(1001));
    }
}

#[tokio::test]
async fn a_session_that_ends_elsewhere_ends_the_connection() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut socket = anna.socket().await.greeted().await;
    assert_eq!(anna.send(anna.request(reqwest::Method::DELETE, "/api/session")).await.status, 204);
    assert_eq!(socket.closed().await, Some(4401));
}

#[tokio::test]
async fn a_session_that_ends_while_the_connection_is_made_ends_it() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut client = one_client::connect(&app, 16);
    let request = format!(
        "GET /sync HTTP/1.1\r\nhost: localhost\r\norigin: http://localhost\r\ncookie: {}\r\n\
         connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n",
        anna.cookie
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut heard = vec![0; 12];
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, b"HTTP/1.1 101");
    // The session has been looked at, and no hint can arrive before the rest of the answer has gone out.
    assert_eq!(app.state().hub.connections(), 0);
    app.change(async |tx| tx.end_sessions_of(anna.user).await.unwrap()).await;
    // A close with 4401.
    let close = [0x88, 2, 0x11, 0x31];
    while !heard.ends_with(&close) {
        let read = timeout(Duration::from_secs(30), client.read_buf(&mut heard)).await.expect("it is closed");
        assert_ne!(read.unwrap(), 0, "{}", String::from_utf8_lossy(&heard));
    }
}

#[tokio::test]
async fn one_person_has_no_endless_connections() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut sockets = vec![];
    for _ in 0..server::hub::MAX_CONNECTIONS_PER_USER {
        sockets.push(anna.socket().await.greeted().await);
    }
    let mut extra = anna.socket().await;
    let ServerMessage::Error { code, .. } = extra.message().await else { panic!() };
    assert_eq!(code, ErrorCode::RateLimited);
    assert_eq!(extra.hear().await, Heard::Closed(Some(1008)));
}
