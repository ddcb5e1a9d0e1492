use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::ids::{Chain, ChangeHash, DeviceId, DocId, UserId};
use crate::sync::limits::{self, Limits};
use crate::sync::message::{
    Acked, Body, ClientMessage, ErrorCode, LogItem, Mode, Place, PushItem, RejectCode, Rejected,
    ServerMessage, SnapshotItem, SnapshotPart, SnapshotPiece,
};

fn doc() -> impl Strategy<Value = DocId> {
    any::<[u8; 16]>().prop_map(DocId)
}

fn hash() -> impl Strategy<Value = ChangeHash> {
    any::<[u8; 32]>().prop_map(ChangeHash)
}

fn chain() -> impl Strategy<Value = Chain> {
    any::<[u8; 32]>().prop_map(Chain)
}

fn device() -> impl Strategy<Value = DeviceId> {
    any::<[u8; 16]>().prop_map(DeviceId)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300_u64, 0..=limits::INTEGER, Just(limits::INTEGER)]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..300)
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        doc().prop_map(Place::start),
        (doc(), 1..=limits::INTEGER, chain()).prop_map(|(doc, cursor, chain)| Place {
            doc,
            cursor,
            chain: Some(chain),
            part: None,
        }),
        (doc(), number(), number()).prop_map(|(doc, seq, offset)| Place {
            part: Some(SnapshotPart { seq, offset }),
            ..Place::start(doc)
        }),
    ]
}

fn client_message() -> impl Strategy<Value = ClientMessage> {
    let item = (hash(), device(), bytes(), bytes()).prop_map(|(hash, by, sig, data)| PushItem {
        hash,
        by,
        sig,
        data,
    });
    prop_oneof![
        (number(), any::<String>()).prop_map(|(version, client)| ClientMessage::Hello { version, client }),
        vec(place(), 0..20).prop_map(|docs| ClientMessage::Open { docs }),
        (number(), doc(), vec(item, 0..20)).prop_map(|(id, doc, items)| ClientMessage::Push {
            id,
            doc,
            items
        }),
        doc().prop_map(|doc| ClientMessage::Close { doc }),
        number().prop_map(|n| ClientMessage::Ping { n }),
        (doc(), bytes()).prop_map(|(doc, data)| ClientMessage::Presence { doc, data }),
    ]
}

fn piece() -> impl Strategy<Value = SnapshotPiece> {
    let item = (hash(), device(), bytes(), any::<bool>()).prop_map(|(hash, by, sig, void)| SnapshotItem {
        hash,
        by,
        sig,
        void,
    });
    let numbers = (number(), number(), number());
    (numbers, chain(), vec(hash(), 0..3), bytes(), vec(item, 0..10)).prop_map(
        |((seq, size, offset), chain, heads, data, items)| SnapshotPiece {
            seq,
            chain,
            heads,
            size,
            offset,
            data,
            items,
        },
    )
}

fn server_message() -> impl Strategy<Value = ServerMessage> {
    let body = prop_oneof![bytes().prop_map(Body::Data), Just(Body::Own), Just(Body::Void)];
    let item = (number(), hash(), device(), bytes(), body).prop_map(|(seq, hash, by, sig, data)| LogItem {
        seq,
        hash,
        by,
        sig,
        data,
    });
    let mode = prop_oneof![Just(Mode::Read), Just(Mode::Write)];
    let user = || any::<[u8; 16]>().prop_map(UserId);
    let reject = proptest::sample::select(RejectCode::ALL);
    let error = proptest::sample::select(ErrorCode::ALL);
    prop_oneof![
        (user(), device(), number()).prop_map(|(user, device, now)| ServerMessage::Welcome {
            user,
            device,
            now,
            limits: Limits::OURS
        }),
        (doc(), any::<String>(), mode, number())
            .prop_map(|(doc, kind, access, head)| ServerMessage::Opened { doc, kind, access, head }),
        (doc(), option::of(number())).prop_map(|(doc, id)| ServerMessage::Denied { doc, id }),
        (doc(), option::of(number())).prop_map(|(doc, id)| ServerMessage::Gone { doc, id }),
        doc().prop_map(|doc| ServerMessage::Reset { doc }),
        (doc(), number(), vec(item, 0..20), chain())
            .prop_map(|(doc, from, items, chain)| ServerMessage::Changes { doc, from, items, chain }),
        (doc(), piece()).prop_map(|(doc, piece)| ServerMessage::Snapshot { doc, piece }),
        (number(), doc(), vec((hash(), number()), 0..20)).prop_map(|(id, doc, items)| {
            let items = items.into_iter().map(|(hash, seq)| Acked { hash, seq }).collect();
            ServerMessage::Ack { id, doc, items }
        }),
        (number(), doc(), vec((hash(), reject), 0..20)).prop_map(|(id, doc, items)| {
            let items = items.into_iter().map(|(hash, code)| Rejected { hash, code }).collect();
            ServerMessage::Reject { id, doc, items }
        }),
        (doc(), vec(number(), 0..5)).prop_map(|(doc, items)| ServerMessage::Void { doc, items }),
        any::<String>().prop_map(|version| ServerMessage::Directory { version }),
        Just(ServerMessage::Wipe),
        (number(), number()).prop_map(|(n, now)| ServerMessage::Pong { n, now }),
        (doc(), user(), device(), bytes()).prop_map(|(doc, user, device, data)| ServerMessage::Presence {
            doc,
            user,
            device,
            data
        }),
        (error, any::<String>(), option::of(doc()), option::of(number()), option::of(number())).prop_map(
            |(code, message, doc, id, retry_after_ms)| ServerMessage::Error {
                code,
                message,
                doc,
                id,
                retry_after_ms
            }
        ),
    ]
}

proptest! {
    #[test]
    fn a_client_s_message_reads_back(message in client_message()) {
        prop_assert_eq!(decode_client(&client(&message)), Ok(message));
    }

    #[test]
    fn a_server_s_message_reads_back(message in server_message()) {
        prop_assert_eq!(decode_server(&server(&message)), Ok(Some(message)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode_client(&bytes);
        let _ = decode_server(&bytes);
        let _ = peek(&bytes);
        let _ = split(&bytes, 10);
    }

    #[test]
    fn mutated_messages_never_panic(
        message in client_message(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = client(&message);
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = decode_client(&bytes);
        let _ = peek(&bytes);
    }

    #[test]
    fn a_cut_message_and_one_with_more_behind_it_are_malformed(message in client_message(), cut in any::<prop::sample::Index>()) {
        let mut bytes = client(&message);
        prop_assert!(decode_client(&bytes[..cut.index(bytes.len())]).is_err());
        bytes.push(0);
        prop_assert!(decode_client(&bytes).is_err());
    }

    #[test]
    fn joined_messages_come_apart(messages in vec(client_message(), 0..10)) {
        let parts: Vec<_> = messages.iter().map(client).collect();
        let joined = join(&parts);
        prop_assert_eq!(split(&joined, 10), Ok(parts.iter().map(Vec::as_slice).collect()));
        if !parts.is_empty() {
            prop_assert_eq!(split(&joined, parts.len() - 1), Err(DecodeError::TooMany));
            prop_assert!(split(&joined[..joined.len() - 1], 10).is_err());
        }
    }
}

/// `ping` with one more key, `x`, of that value; everything in definite lengths.
fn ping_with(value: &[u8]) -> Vec<u8> {
    [&[0xa3, 0x61, b't', 0x64][..], b"ping", &[0x61, b'n', 1, 0x61, b'x'], value].concat()
}

#[test]
fn unknown_keys_are_ignored_but_held_to_the_rules() {
    let nested = |levels: usize| [vec![0x81; levels], vec![0]].concat();
    for value in [&[0][..], &[0xf6], &[0xf5], &[0x60], &[0x40], &[0xa0], &[0x80], &nested(7)] {
        assert_eq!(decode_client(&ping_with(value)), Ok(ClientMessage::Ping { n: 1 }), "{value:x?}");
    }
    for (value, what) in [
        (&[0x20][..], "a negative integer"),
        (&[0xc0, 0x00], "a tag"),
        (&[0xf9, 0, 0], "a half float"),
        (&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], "a float"),
        (&[0xf7], "undefined"),
        (&[0xf8, 0x20], "a simple value"),
        (&[0xe0], "an unassigned simple value"),
        (&[0x9f, 0xff], "an array of indefinite length"),
        (&[0xbf, 0xff], "a map of indefinite length"),
        (&[0x5f, 0xff], "a byte string of indefinite length"),
        (&[0x7f, 0xff], "a text of indefinite length"),
        (&[0xff], "a break"),
        (&[0x1c], "a reserved length"),
        (&[0x61, 0xff], "a text that is not UTF-8"),
        (&[0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], "2^53"),
        (&[0xa1, 0x00, 0x00], "a key that is a number"),
        (&[0xa2, 0x61, b'a', 0, 0x61, b'a', 0], "a key twice, deep down"),
        (&nested(8), "nested too deep"),
        (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "an array of more than there is"),
        (&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "a byte string of more than there is"),
    ] {
        assert!(decode_client(&ping_with(value)).is_err(), "{what}");
    }
}

#[test]
fn a_message_is_one_map_without_a_key_twice() {
    for bytes in [
        &[][..],
        &[0x80],
        &[0x01],
        &[0xa0],
        &[0xa1, 0x61, b't', 0x01],
        &[0xa1, 0x61, b't', 0x64, b'n', b'o', b'p', b'e'],
        &[0xbf, 0x61, b't', 0x64, b'p', b'i', b'n', b'g', 0x61, b'n', 1, 0xff],
        &[0xa3, 0x61, b't', 0x64, b'p', b'i', b'n', b'g', 0x61, b'n', 1, 0x61, b'n', 1],
        &[0xa2, 0x61, b't', 0x64, b'p', b'i', b'n', b'g', 0x61, b'n', 0xf6],
    ] {
        assert!(decode_client(bytes).is_err(), "{bytes:x?}");
    }
}

#[test]
fn an_id_of_another_length_is_malformed() {
    let good = client(&ClientMessage::Close { doc: DocId([1; 16]) });
    let mut short = good.clone();
    short.pop();
    let at = short.iter().position(|&byte| byte == 0x50).expect("the head of 16 bytes");
    short[at] = 0x4f;
    assert!(decode_client(&good).is_ok());
    assert!(decode_client(&short).is_err());
}

#[test]
fn a_client_ignores_types_it_does_not_know() {
    assert_eq!(decode_server(&[0xa1, 0x61, b't', 0x64, b'l', b'a', b't', b'e']), Ok(None));
}

#[test]
fn what_a_push_is_can_be_told_from_its_beginning() {
    let item = PushItem { hash: ChangeHash([0; 32]), by: DeviceId([1; 16]), sig: vec![], data: vec![0; 100] };
    let push = client(&ClientMessage::Push { id: 9, doc: DocId([1; 16]), items: vec![item; 3] });
    assert_eq!(peek(&push), (Some(DocId([1; 16])), Some(9)));
    assert_eq!(peek(&push[..push.len() / 2]), (Some(DocId([1; 16])), Some(9)));
    assert_eq!(peek(&client(&ClientMessage::Close { doc: DocId([1; 16]) })), (None, None));
}
