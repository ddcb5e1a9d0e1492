//! Writing.

use minicbor::Encoder;

use crate::ids::{Chain, ChangeHash, DeviceId, DocId};
use crate::sync::message::{Body, ClientMessage, LogItem, Mode, ServerMessage, SnapshotItem, SnapshotPiece};

/// The bytes of a client's message.
#[must_use]
pub fn client(message: &ClientMessage) -> Vec<u8> {
    match message {
        ClientMessage::Hello { version, client } => {
            Map::of("hello", 2).uint("v", *version).text("client", client).done()
        }
        ClientMessage::Open { docs } => {
            let mut map = Map::of("open", 1);
            map.array("docs", docs.len());
            for place in docs {
                map.map(if place.part.is_some() { 4 } else { 3 }).key("doc").raw(&place.doc.0);
                map.key("cursor").number(place.cursor);
                match place.chain {
                    Some(chain) => map.key("chain").raw(&chain.0),
                    None => map.key("chain").null(),
                };
                if let Some(part) = place.part {
                    map.key("part").map(2).key("seq").number(part.seq);
                    map.key("offset").number(part.offset);
                }
            }
            map.done()
        }
        ClientMessage::Push { id, doc, items } => {
            let mut map = Map::of("push", 3).uint("id", *id).doc(*doc);
            map.array("items", items.len());
            for item in items {
                map.map(4).key("hash").raw(&item.hash.0);
                map.key("by").raw(&item.by.0);
                map.key("sig").raw(&item.sig);
                map.key("data").raw(&item.data);
            }
            map.done()
        }
        ClientMessage::Close { doc } => Map::of("close", 1).doc(*doc).done(),
        ClientMessage::Ping { n } => Map::of("ping", 1).uint("n", *n).done(),
        ClientMessage::Presence { doc, data } => Map::of("presence", 2).doc(*doc).bytes("data", data).done(),
    }
}

/// The bytes of a server's message.
#[must_use]
pub fn server(message: &ServerMessage) -> Vec<u8> {
    match message {
        ServerMessage::Welcome { user, device, now, limits } => {
            let mut map = Map::of("welcome", 5)
                .uint("v", crate::sync::message::VERSION)
                .bytes("user", &user.0)
                .bytes("device", &device.0)
                .uint("now", *now);
            map.key("limits").map(7);
            for (key, value) in [
                ("frame", limits.frame),
                ("change", limits.change),
                ("open", limits.open),
                ("push", limits.push),
                ("presence", limits.presence),
                ("docs", limits.docs),
                ("unacked", limits.unacked),
            ] {
                map.key(key).number(value);
            }
            map.done()
        }
        ServerMessage::Opened { doc, kind, access, head } => {
            let access = match access {
                Mode::Read => "read",
                Mode::Write => "write",
            };
            Map::of("opened", 4)
                .doc(*doc)
                .text("kind", kind)
                .text("access", access)
                .uint("head", *head)
                .done()
        }
        ServerMessage::Denied { doc, id } => ended("denied", *doc, *id),
        ServerMessage::Gone { doc, id } => ended("gone", *doc, *id),
        ServerMessage::Reset { doc } => Map::of("reset", 1).doc(*doc).done(),
        ServerMessage::Changes { doc, from, items, chain } => changes(*doc, *from, items, *chain),
        ServerMessage::Snapshot { doc, piece } => snapshot(*doc, piece),
        ServerMessage::Ack { id, doc, items } => {
            let mut map = Map::of("ack", 3).uint("id", *id).doc(*doc);
            map.array("items", items.len());
            for item in items {
                map.map(2).key("hash").raw(&item.hash.0);
                map.key("seq").number(item.seq);
            }
            map.done()
        }
        ServerMessage::Reject { id, doc, items } => {
            let mut map = Map::of("reject", 3).uint("id", *id).doc(*doc);
            map.array("items", items.len());
            for item in items {
                map.map(2).key("hash").raw(&item.hash.0);
                map.key("code").string(item.code.code());
            }
            map.done()
        }
        ServerMessage::Void { doc, items } => {
            let mut map = Map::of("void", 2).doc(*doc);
            map.array("items", items.len());
            for seq in items {
                map.number(*seq);
            }
            map.done()
        }
        ServerMessage::Directory { version } => Map::of("directory", 1).text("version", version).done(),
        ServerMessage::Wipe => Map::of("wipe", 0).done(),
        ServerMessage::Pong { n, now } => Map::of("pong", 2).uint("n", *n).uint("now", *now).done(),
        ServerMessage::Presence { doc, user, device, data } => Map::of("presence", 4)
            .doc(*doc)
            .bytes("user", &user.0)
            .bytes("device", &device.0)
            .bytes("data", data)
            .done(),
        ServerMessage::Error { code, message, doc, id, retry_after_ms } => {
            let optional = [doc.is_some(), id.is_some(), retry_after_ms.is_some()];
            let keys = 2 + optional.into_iter().filter(|&is| is).count();
            let mut map = Map::of("error", keys).text("code", code.code()).text("message", message);
            if let Some(doc) = doc {
                map = map.doc(*doc);
            }
            if let Some(id) = id {
                map = map.uint("id", *id);
            }
            if let Some(ms) = retry_after_ms {
                map = map.uint("retry_after_ms", *ms);
            }
            map.done()
        }
    }
}

/// Messages as the array of a `POST /api/sync`.
#[must_use]
pub fn join(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut map = Map(Encoder::new(Vec::new()));
    map.0.array(messages.len() as u64).expect(INFALLIBLE);
    let mut joined = map.done();
    joined.extend(messages.iter().flatten());
    joined
}

fn ended(t: &str, doc: DocId, id: Option<u64>) -> Vec<u8> {
    match id {
        Some(id) => Map::of(t, 2).doc(doc).uint("id", id).done(),
        None => Map::of(t, 1).doc(doc).done(),
    }
}

fn changes(doc: DocId, from: u64, items: &[LogItem], chain: Chain) -> Vec<u8> {
    let mut map = Map::of("changes", 4).doc(doc).uint("from", from);
    map.array("items", items.len());
    for LogItem { seq, hash, by, sig, data } in items {
        let (ChangeHash(hash), DeviceId(by)) = (hash, by);
        map.map(if *data == Body::Own { 4 } else { 5 }).key("seq").number(*seq);
        map.key("hash").raw(hash);
        map.key("by").raw(by);
        map.key("sig").raw(sig);
        match data {
            Body::Data(data) => {
                map.key("data").raw(data);
            }
            Body::Own => {}
            Body::Void => {
                map.key("void").yes();
            }
        }
    }
    map.bytes("chain", &chain.0).done()
}

fn snapshot(doc: DocId, piece: &SnapshotPiece) -> Vec<u8> {
    let SnapshotPiece { seq, chain, heads, size, offset, data, items } = piece;
    let mut map = Map::of("snapshot", 8).doc(doc).uint("seq", *seq).bytes("chain", &chain.0);
    map.array("heads", heads.len());
    for head in heads {
        map.raw(&head.0);
    }
    let mut map = map.uint("size", *size).uint("offset", *offset).bytes("data", data);
    map.array("items", items.len());
    for SnapshotItem { hash, by, sig, void } in items {
        map.map(if *void { 4 } else { 3 }).key("hash").raw(&hash.0);
        map.key("by").raw(&by.0);
        map.key("sig").raw(sig);
        if *void {
            map.key("void").yes();
        }
    }
    map.done()
}

/// A message being written.
struct Map(Encoder<Vec<u8>>);

const INFALLIBLE: &str = "writing to a vector cannot fail";

impl Map {
    /// A message of type `t` with so many other keys.
    fn of(t: &str, keys: usize) -> Self {
        let mut map = Self(Encoder::new(Vec::new()));
        map.map(keys + 1).key("t").string(t);
        map
    }

    fn uint(mut self, key: &str, value: u64) -> Self {
        self.key(key).number(value);
        self
    }

    fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key).string(value);
        self
    }

    fn bytes(mut self, key: &str, value: &[u8]) -> Self {
        self.key(key).raw(value);
        self
    }

    fn doc(self, doc: DocId) -> Self {
        self.bytes("doc", &doc.0)
    }

    fn done(self) -> Vec<u8> {
        self.0.into_writer()
    }

    fn map(&mut self, keys: usize) -> &mut Self {
        self.0.map(keys as u64).expect(INFALLIBLE);
        self
    }

    fn array(&mut self, key: &str, length: usize) {
        self.key(key);
        self.0.array(length as u64).expect(INFALLIBLE);
    }

    fn key(&mut self, key: &str) -> &mut Self {
        self.string(key)
    }

    fn string(&mut self, value: &str) -> &mut Self {
        self.0.str(value).expect(INFALLIBLE);
        self
    }

    fn number(&mut self, value: u64) -> &mut Self {
        self.0.u64(value).expect(INFALLIBLE);
        self
    }

    fn raw(&mut self, value: &[u8]) -> &mut Self {
        self.0.bytes(value).expect(INFALLIBLE);
        self
    }

    fn null(&mut self) -> &mut Self {
        self.0.null().expect(INFALLIBLE);
        self
    }

    fn yes(&mut self) -> &mut Self {
        self.0.bool(true).expect(INFALLIBLE);
        self
    }
}
