//! A revocation waits for the answer to a `POST /api/sync` until the socket has it, and cuts it where that takes
//! too long.

use std::pin::pin;
use std::time::Duration;

use futures_util::poll;
use server::hub::NotifyBus as _;
use shared::domain::kind::DocKind;
use shared::sync::codec;
use shared::sync::message::{ClientMessage, MEDIA_TYPE, Place};
use tests::{Person, Replica, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::one_client;

/// Bytes that the socket takes before somebody reads.
const SOCKET: usize = 4 * 1_024;
/// Bytes of text in the document: far more than the socket takes.
const TEXT: usize = 200_000;

/// A client that has asked for a long document by `POST`, and has read the first bytes of the answer.
async fn reading(app: &TestApp, anna: &Person) -> (DuplexStream, usize) {
    let doc = anna.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap();
    let item = Replica::new(doc, DocKind::ReflectionDraft, &anna.key).write(&"x".repeat(TEXT));
    anna.push(doc, vec![item]).await;
    let messages = [
        ClientMessage::Hello { version: 1, client: "test".into() },
        ClientMessage::Open { docs: vec![Place::start(doc)] },
    ];
    let body = codec::join(&messages.iter().map(codec::client).collect::<Vec<_>>());
    let head = format!(
        "POST /api/sync HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\ncontent-type: {MEDIA_TYPE}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        anna.cookie,
        body.len()
    );

    let mut client = one_client::connect(app, SOCKET);
    client.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut first = [0; 17];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK\r\n");
    (client, first.len())
}

#[tokio::test]
async fn a_revocation_waits_until_the_socket_has_all_of_it() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let (mut client, mut read) = reading(&app, &anna).await;
    tokio::time::pause();
    let hers = [anna.user];
    let mut barrier = pin!(app.state().hub.barrier(&hers));
    while read < TEXT - SOCKET {
        assert!(poll!(&mut barrier).is_pending(), "{read} bytes");
        read += client.read(&mut [0; 1_024]).await.unwrap();
    }
    let mut rest = vec![];
    let (read_rest, ()) = tokio::join!(client.read_to_end(&mut rest), barrier);
    assert!(read + read_rest.unwrap() > TEXT);
}

#[tokio::test]
async fn what_does_not_drain_is_cut_and_not_another_byte_goes_out() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let (mut client, read) = reading(&app, &anna).await;
    // Time passes only while everybody waits.
    tokio::time::pause();
    app.state().hub.barrier(&[anna.user]).await;
    let mut rest = vec![];
    client.read_to_end(&mut rest).await.unwrap();
    assert!(read + rest.len() < TEXT && rest.len() <= SOCKET, "{}", rest.len());
    assert_eq!(app.state().hub.connections(), 0);
}

#[tokio::test]
async fn nobody_waits_for_an_answer_whose_client_has_gone() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let (client, _) = reading(&app, &anna).await;
    // Time passes only while everybody waits.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    drop(client);
    app.state().hub.emptied().await;
    assert!(began.elapsed() < Duration::from_secs(20));
}
