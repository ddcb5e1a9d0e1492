//! Reading.

use minicbor::data::Type;
use minicbor::decode::Decoder;

use super::DecodeError;
use super::DecodeError::Malformed;
use super::value::{MapView, ValueView, message};
use crate::ids::DocId;
use crate::sync::limits::{self, Limits};
use crate::sync::message::{
    Acked, Body, ClientMessage, ErrorCode, LogItem, Mode, Place, PushItem, RejectCode, Rejected,
    ServerMessage, SnapshotItem, SnapshotPart, SnapshotPiece,
};

/// Reads a client's message. Counts and sizes are not judged here, except where the rules for every message do.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is not one of this protocol; an unknown type is not.
pub fn decode_client(bytes: &[u8]) -> Result<ClientMessage, DecodeError> {
    let map = message(bytes)?;
    Ok(match map.need("t")?.text()? {
        "hello" => ClientMessage::Hello {
            version: map.need("v")?.uint()?,
            client: map.need("client")?.text()?.to_owned(),
        },
        "open" => ClientMessage::Open { docs: map.need("docs")?.maps(place)? },
        "push" => ClientMessage::Push {
            id: map.need("id")?.uint()?,
            doc: map.need("doc")?.id()?,
            items: map.need("items")?.maps(push_item)?,
        },
        "close" => ClientMessage::Close { doc: map.need("doc")?.id()? },
        "ping" => ClientMessage::Ping { n: map.need("n")?.uint()? },
        "presence" => {
            ClientMessage::Presence { doc: map.need("doc")?.id()?, data: map.need("data")?.bytes()?.to_vec() }
        }
        _ => return Err(Malformed("a message of an unknown type")),
    })
}

/// Reads a server's message; `None` for a type that this version does not know.
///
/// # Errors
/// [`DecodeError::Malformed`] if it is not a message.
pub fn decode_server(bytes: &[u8]) -> Result<Option<ServerMessage>, DecodeError> {
    let map = message(bytes)?;
    Ok(Some(match map.need("t")?.text()? {
        "welcome" => ServerMessage::Welcome {
            user: map.need("user")?.id()?,
            device: map.need("device")?.id()?,
            now: map.need("now")?.uint()?,
            limits: decode_limits(map.need("limits")?.map()?)?,
        },
        "opened" => ServerMessage::Opened {
            doc: map.need("doc")?.id()?,
            kind: map.need("kind")?.text()?.to_owned(),
            access: match map.need("access")?.text()? {
                "read" => Mode::Read,
                "write" => Mode::Write,
                _ => return Err(Malformed("an unknown access")),
            },
            head: map.need("head")?.uint()?,
        },
        "denied" => ServerMessage::Denied { doc: map.need("doc")?.id()?, id: optional_uint(map, "id")? },
        "gone" => ServerMessage::Gone { doc: map.need("doc")?.id()?, id: optional_uint(map, "id")? },
        "reset" => ServerMessage::Reset { doc: map.need("doc")?.id()? },
        "changes" => ServerMessage::Changes {
            doc: map.need("doc")?.id()?,
            from: map.need("from")?.uint()?,
            items: map.need("items")?.maps(log_item)?,
            chain: map.need("chain")?.id()?,
        },
        "snapshot" => ServerMessage::Snapshot {
            doc: map.need("doc")?.id()?,
            piece: SnapshotPiece {
                seq: map.need("seq")?.uint()?,
                chain: map.need("chain")?.id()?,
                heads: map.need("heads")?.ids()?,
                size: map.need("size")?.uint()?,
                offset: map.need("offset")?.uint()?,
                data: map.need("data")?.bytes()?.to_vec(),
                items: match map.get("items") {
                    Some(items) => items.maps(snapshot_item)?,
                    None => Vec::new(),
                },
            },
        },
        "ack" => ServerMessage::Ack {
            id: map.need("id")?.uint()?,
            doc: map.need("doc")?.id()?,
            items: map
                .need("items")?
                .maps(|item| Ok(Acked { hash: item.need("hash")?.id()?, seq: item.need("seq")?.uint()? }))?,
        },
        "reject" => ServerMessage::Reject {
            id: map.need("id")?.uint()?,
            doc: map.need("doc")?.id()?,
            items: map.need("items")?.maps(|item| {
                let code = RejectCode::from_code(item.need("code")?.text()?);
                Ok(Rejected { hash: item.need("hash")?.id()?, code })
            })?,
        },
        "void" => ServerMessage::Void { doc: map.need("doc")?.id()?, items: map.need("items")?.uints()? },
        "directory" => ServerMessage::Directory { version: map.need("version")?.text()?.to_owned() },
        "wipe" => ServerMessage::Wipe,
        "pong" => ServerMessage::Pong { n: map.need("n")?.uint()?, now: map.need("now")?.uint()? },
        "presence" => ServerMessage::Presence {
            doc: map.need("doc")?.id()?,
            user: map.need("user")?.id()?,
            device: map.need("device")?.id()?,
            data: map.need("data")?.bytes()?.to_vec(),
        },
        "error" => ServerMessage::Error {
            code: ErrorCode::from_code(map.need("code")?.text()?),
            message: map.need("message")?.text()?.to_owned(),
            doc: map.get("doc").map(ValueView::id).transpose()?,
            id: optional_uint(map, "id")?,
            retry_after_ms: optional_uint(map, "retry_after_ms")?,
        },
        _ => return Ok(None),
    }))
}

/// What a message that is too large to be taken says it is, as far as its beginning tells: the document and the
/// number of a push, so that the answer can name them.
#[must_use]
pub fn peek(bytes: &[u8]) -> (Option<DocId>, Option<u64>) {
    let mut decoder = Decoder::new(bytes);
    let (mut push, mut doc, mut id) = (false, None, None);
    let Ok(Some(keys)) = decoder.map() else { return (None, None) };
    for _ in 0..keys {
        let Ok(key) = decoder.str() else { break };
        let known = match key {
            "t" => decoder.str().map(|t| push = t == "push").is_ok(),
            "doc" => decoder.bytes().map(|bytes| doc = DocId::try_from(bytes).ok()).is_ok(),
            "id" => decoder.u64().map(|number| id = Some(number)).is_ok(),
            _ => decoder.skip().is_ok(),
        };
        if !known {
            break;
        }
    }
    if push { (doc, id.filter(|&id| id <= limits::INTEGER)) } else { (None, None) }
}

/// Takes the array of a `POST /api/sync` apart. The messages themselves are not judged yet.
///
/// # Errors
/// [`DecodeError::TooMany`] for more than `most` messages, [`DecodeError::Malformed`] if it is not one array of
/// definite length of well-formed CBOR.
pub fn split(bytes: &[u8], most: usize) -> Result<Vec<&[u8]>, DecodeError> {
    const NOT_AN_ARRAY: DecodeError = Malformed("expected one array of messages");
    let mut decoder = Decoder::new(bytes);
    let Ok(Some(length)) = decoder.array() else { return Err(NOT_AN_ARRAY) };
    let mut all = Vec::new();
    for index in 0..length {
        if index >= most as u64 {
            return Err(DecodeError::TooMany);
        }
        if matches!(decoder.datatype(), Err(_) | Ok(Type::Break)) {
            return Err(NOT_AN_ARRAY);
        }
        let start = decoder.position();
        decoder.skip().map_err(|_| NOT_AN_ARRAY)?;
        all.push(&bytes[start..decoder.position()]);
    }
    if decoder.position() != bytes.len() {
        return Err(NOT_AN_ARRAY);
    }
    Ok(all)
}

fn place(map: MapView<'_>) -> Result<Place, DecodeError> {
    let chain = map.need("chain")?;
    let place = Place {
        doc: map.need("doc")?.id()?,
        cursor: map.need("cursor")?.uint()?,
        chain: if chain.is_null() { None } else { Some(chain.id()?) },
        part: map.get("part").map(part).transpose()?,
    };
    if (place.cursor == 0) != place.chain.is_none() {
        return Err(Malformed("cursor 0 goes with chain null, and only that"));
    }
    Ok(place)
}

fn part(value: ValueView<'_>) -> Result<SnapshotPart, DecodeError> {
    let map = value.map()?;
    Ok(SnapshotPart { seq: map.need("seq")?.uint()?, offset: map.need("offset")?.uint()? })
}

fn snapshot_item(map: MapView<'_>) -> Result<SnapshotItem, DecodeError> {
    Ok(SnapshotItem {
        hash: map.need("hash")?.id()?,
        by: map.need("by")?.id()?,
        sig: map.need("sig")?.bytes()?.to_vec(),
        void: is_void(map)?,
    })
}

fn push_item(map: MapView<'_>) -> Result<PushItem, DecodeError> {
    Ok(PushItem {
        hash: map.need("hash")?.id()?,
        by: map.need("by")?.id()?,
        sig: map.need("sig")?.bytes()?.to_vec(),
        data: map.need("data")?.bytes()?.to_vec(),
    })
}

fn log_item(map: MapView<'_>) -> Result<LogItem, DecodeError> {
    let void = is_void(map)?;
    Ok(LogItem {
        seq: map.need("seq")?.uint()?,
        hash: map.need("hash")?.id()?,
        by: map.need("by")?.id()?,
        sig: map.need("sig")?.bytes()?.to_vec(),
        data: match map.get("data") {
            _ if void => Body::Void,
            Some(data) => Body::Data(data.bytes()?.to_vec()),
            None => Body::Own,
        },
    })
}

fn is_void(map: MapView<'_>) -> Result<bool, DecodeError> {
    map.get("void").map_or(Ok(false), ValueView::boolean)
}

fn decode_limits(map: MapView<'_>) -> Result<Limits, DecodeError> {
    Ok(Limits {
        frame: map.need("frame")?.uint()?,
        change: map.need("change")?.uint()?,
        open: map.need("open")?.uint()?,
        push: map.need("push")?.uint()?,
        presence: map.need("presence")?.uint()?,
        docs: map.need("docs")?.uint()?,
        unacked: map.need("unacked")?.uint()?,
    })
}

fn optional_uint(map: MapView<'_>, key: &str) -> Result<Option<u64>, DecodeError> {
    map.get(key).map(ValueView::uint).transpose()
}
