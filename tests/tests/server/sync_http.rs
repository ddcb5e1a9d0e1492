//! `POST /api/sync`

use serde_json::json;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{ActorId, DocId};
use shared::sync::codec;
use shared::sync::limits;
use shared::sync::message::{ClientMessage, ErrorCode, Mode, RejectCode, ServerMessage};
use tests::{Person, Replica, TestApp};

async fn draft(person: &Person) -> DocId {
    person.directory().await["documents"][0]["id"].as_str().unwrap().parse().unwrap()
}

fn rejected(heard: &[ServerMessage]) -> RejectCode {
    match heard {
        [ServerMessage::Reject { items, .. }] => items[0].code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_pushed_is_acknowledged_and_read_back() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let doc = draft(&anna).await;
    let item = Replica::new(doc, DocKind::ReflectionDraft, &anna.key).write("woord");
    let heard = anna.push(doc, vec![item.clone()]).await;
    let [ServerMessage::Ack { id: 1, items, .. }] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((items[0].hash, items[0].seq), (item.hash, 2));

    let heard = anna.open(doc).await;
    let Some(ServerMessage::Opened { access: Mode::Write, head: 2, .. }) = heard.first() else {
        panic!("{heard:?}")
    };
    let Some(ServerMessage::Changes { items, from: 0, .. }) = heard.last() else { panic!("{heard:?}") };
    assert_eq!(items[1].data.data(), Some(&item.data[..]));
}

#[tokio::test]
async fn a_forged_signature_and_a_foreign_actor_are_rejected() {
    let app = TestApp::init().await;
    let (anna, bram) = (app.employee().await, app.employee().await);
    let doc = draft(&anna).await;
    let good = Replica::new(doc, DocKind::ReflectionDraft, &anna.key).write("woord");

    let mut forged = good.clone();
    forged.sig[0] ^= 1;
    assert_eq!(rejected(&anna.push(doc, vec![forged]).await), RejectCode::BadSignature);

    // Signed by the device that pushes it, but for an actor that only another device can have.
    let mut foreign = Replica::new(doc, DocKind::ReflectionDraft, &bram.key).write("woord");
    foreign.by = anna.key.id();
    foreign.sig = anna.key.sign_change(doc, foreign.hash).0.to_vec();
    assert!(!ActorId::of_device(bram.key.id(), [0; 8]).belongs_to(anna.key.id()));
    assert_eq!(rejected(&anna.push(doc, vec![foreign]).await), RejectCode::ActorTaken);

    let mut unknown = good.clone();
    unknown.by = shared::ids::DeviceId([7; 16]);
    assert_eq!(rejected(&anna.push(doc, vec![unknown]).await), RejectCode::UnknownDevice);

    // Bram could never write this: what he signed is refused whoever brings it.
    let his = Replica::new(doc, DocKind::ReflectionDraft, &bram.key).write("woord");
    assert_eq!(rejected(&anna.push(doc, vec![his]).await), RejectCode::ReadOnly);
}

#[tokio::test]
async fn what_is_no_cbor_is_a_bad_request_and_a_bad_message_an_error_inside() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for body in [&b""[..], b"\x9f", b"nothing", b"\xa0", b"\x81\xff", b"\x80\x00"] {
        let answer = anna.exchange_bytes(body.to_vec()).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "bad_request"), "{body:?}");
    }
    let too_many =
        codec::join(&vec![codec::client(&ClientMessage::Ping { n: 1 }); limits::HTTP_MESSAGES + 1]);
    assert_eq!(anna.exchange_bytes(too_many).await.status, 413);

    // {"t": "nonsense"}, a message of no known type.
    let hello = codec::client(&ClientMessage::Hello { version: 1, client: String::new() });
    let answer = anna.exchange_bytes(codec::join(&[hello, b"\xa1\x61t\x68nonsense".to_vec()])).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/cbor"));
    let frames = codec::split(&answer.body, 10).unwrap();
    let ServerMessage::Error { code, .. } = codec::decode_server(frames[1]).unwrap().unwrap() else {
        panic!()
    };
    assert_eq!(code, ErrorCode::BadMessage);
}

#[tokio::test]
async fn without_a_session_there_is_no_exchange() {
    let app = TestApp::init().await;
    let request =
        app.http().post(app.url("/api/sync")).header("content-type", "application/cbor").body(vec![0x80]);
    assert_eq!(app.send(request).await.code(), "not_signed_in");
}

#[tokio::test]
async fn a_revoked_device_hears_that_it_must_wipe_and_nothing_else() {
    let app = TestApp::init().await;
    let (anna, admin) = (app.employee().await, app.person(Role::Administrator).await);
    let answer = admin.command(json!({ "type": "revoke_device", "device": anna.key.id() })).await;
    assert_eq!(answer.status, 200);
    let hello = codec::client(&ClientMessage::Hello { version: 1, client: String::new() });
    let answer = anna.exchange_bytes(codec::join(&[hello])).await;
    let frames = codec::split(&answer.body, 10).unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(codec::decode_server(frames[0]), Ok(Some(ServerMessage::Wipe)));
}

#[tokio::test]
async fn a_revoked_device_is_told_to_wipe_also_when_its_session_has_ended() {
    let app = TestApp::init().await;
    let user = app.account("anna@test.example", Role::Employee).await;
    let (expired, admin) = (app.signed_in(user).await, app.person(Role::Administrator).await);
    let answer = admin.command(json!({ "type": "revoke_device", "device": expired.key.id() })).await;
    assert_eq!(answer.status, 200);
    // Her other devices are signed out; this one keeps the session that it is recognised by.
    app.change(async |tx| {
        server::commands::accounts::disable(tx, "anna@test.example", 1).await.unwrap();
    })
    .await;
    app.clock().advance(server::identity::sessions::ABSOLUTE_MS + 1);
    let hello = codec::client(&ClientMessage::Hello { version: 1, client: String::new() });
    let answer = expired.exchange_bytes(codec::join(&[hello])).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let frames = codec::split(&answer.body, 10).unwrap();
    assert_eq!(codec::decode_server(frames[0]), Ok(Some(ServerMessage::Wipe)));
    assert_eq!(expired.socket().await.message().await, ServerMessage::Wipe);
}
