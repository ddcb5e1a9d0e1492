//! What a client that hangs up does not cut short.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, header};
use futures_util::poll;
use serde_json::json;
use server::http::commands;
use server::http::extract::{ClientAddress, JsonBody, SignedIn};
use server::http::outgoing::{Outgoing, Peer};
use server::http::session::{self, SigningOut};
use server::hub::{Connection, Signal};
use server::identity::sessions::Token;
use server::sync::post;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{CommandId, DeviceId};
use shared::sync::codec;
use shared::sync::message::{ClientMessage, MEDIA_TYPE};
use shared::sync::signature::DeviceKey;
use tests::{PASSWORD, Person, Replica, TestApp};
use tokio::time::timeout;

/// Nothing waits for this but what never comes.
const PATIENCE: Duration = Duration::from_secs(30);

fn peer() -> ConnectInfo<Peer> {
    ConnectInfo(Peer { address: "127.0.0.1:1".parse().unwrap(), outgoing: Outgoing::default() })
}

fn exchange(person: &Person, body: Body) -> Request {
    Request::post("/api/sync")
        .header(header::COOKIE, &person.cookie)
        .header(header::CONTENT_TYPE, MEDIA_TYPE)
        .body(body)
        .unwrap()
}

fn frames(messages: &[ClientMessage]) -> Vec<u8> {
    let hello = ClientMessage::Hello { version: 1, client: "test".into() };
    codec::join(&[hello].iter().chain(messages).map(codec::client).collect::<Vec<_>>())
}

async fn signed_in(app: &TestApp, person: &Person) -> SignedIn {
    let cookie = [(header::COOKIE, person.cookie.parse().unwrap())];
    let token = Token::of_request(&cookie.into_iter().collect(), &app.state().config.origin).unwrap();
    SignedIn { session: app.store().session(&token.hash()).await.unwrap().unwrap(), token }
}

async fn told(device: &Connection) -> Signal {
    timeout(PATIENCE, device.signal()).await.expect("it is told")
}

#[tokio::test]
async fn what_a_closing_page_flushed_is_stored_and_told() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let doc = anna.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap();
    let tablet = app.state().hub.register(anna.user, DeviceId([9; 16])).unwrap();
    tablet.subscribe(doc);
    let items = vec![Replica::new(doc, DocKind::ReflectionDraft, &anna.key).write("woord")];
    let body = frames(&[ClientMessage::Push { id: 1, doc, items }]);

    // Somebody else writes, so that the push is under way as long as the test wants.
    let writing = app.store().begin().await.unwrap();
    let mut exchanging =
        Box::pin(post::exchange(State(app.state().clone()), peer(), exchange(&anna, body.into())));
    let is_taken_in = async {
        while app.state().hub.connections() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = &mut exchanging => panic!("nothing can be stored yet"),
        () = is_taken_in => {}
    }
    drop(exchanging);
    drop(writing);
    assert!(matches!(told(&tablet).await, Signal::Woken { doc: it, head: Some(2), .. } if it == doc));
}

#[tokio::test]
async fn a_command_is_carried_out_and_told() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let tablet = app.state().hub.register(anna.user, DeviceId([9; 16])).unwrap();
    let body = json!({ "id": CommandId([1; 16]), "command": { "type": "register" } });
    let body = JsonBody(serde_json::from_value(body).unwrap());
    let mut running = Box::pin(commands::run(State(app.state().clone()), signed_in(&app, &anna).await, body));
    assert!(poll!(&mut running).is_pending());
    drop(running);
    assert_eq!(told(&tablet).await, Signal::DirectoryWoken);
}

#[tokio::test]
async fn who_signs_out_is_signed_out() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let same_device = app.state().hub.register(anna.user, anna.key.id()).unwrap();
    let who = signed_in(&app, &anna).await;
    let asked = Ok(Query(SigningOut::default()));
    let mut ending = Box::pin(session::sign_out(State(app.state().clone()), who, HeaderMap::new(), asked));
    assert!(poll!(&mut ending).is_pending());
    drop(ending);
    assert_eq!(told(&same_device).await, Signal::SignedOut);
    assert_eq!(anna.get("/api/session").await.status, 401);
}

#[tokio::test]
async fn a_new_device_is_told_of() {
    let app = TestApp::init().await;
    let user = app.account("anna@test.example", Role::Employee).await;
    let tablet = app.state().hub.register(user, DeviceId([9; 16])).unwrap();
    let key = DeviceKey::from_secret(&[1; 32]);
    let offer = Person::offer(&app, "anna@test.example", PASSWORD, &key).await;
    let body = JsonBody(serde_json::from_value(offer).unwrap());
    let address = ClientAddress("127.0.0.1".parse().unwrap());
    let state = State(app.state().clone());
    let mut signing_in = Box::pin(session::sign_in(state, address, HeaderMap::new(), body));
    assert!(poll!(&mut signing_in).is_pending());
    drop(signing_in);
    assert_eq!(told(&tablet).await, Signal::DirectoryWoken);
}

#[tokio::test]
async fn a_session_that_ends_while_a_post_arrives_opens_nothing() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let (arrive, arrived) = tokio::sync::oneshot::channel();
    let (ask, asked) = tokio::sync::oneshot::channel();
    let body = Body::from_stream(futures_util::stream::once(async {
        // The session has been looked at when the body is asked for.
        ask.send(()).unwrap();
        arrived.await
    }));
    let mut exchanging = Box::pin(post::exchange(State(app.state().clone()), peer(), exchange(&anna, body)));
    tokio::select! {
        _ = &mut exchanging => panic!("it has not arrived yet"),
        asked = asked => asked.unwrap(),
    }
    app.change(async |tx| tx.end_sessions_of(anna.user).await.unwrap()).await;
    arrive.send(frames(&[])).unwrap();
    assert_eq!(exchanging.await.unwrap_err().status(), 401);
}
