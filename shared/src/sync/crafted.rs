//! Changes taken apart and put together again, so that tests can make what automerge would never write.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ObjType, ROOT, TextEncoding};
use sha2::{Digest as _, Sha256};

use super::change::{CHANGE_CHUNK, MAGIC, Reader};
use crate::ids::{ActorId, ChangeHash};

/// The columns of a change's operations.
#[allow(missing_docs)]
pub mod column {
    pub const OBJECT_ACTOR: u64 = 0x01;
    pub const OBJECT: u64 = 0x02;
    pub const KEY_ACTOR: u64 = 0x11;
    pub const KEY: u64 = 0x13;
    pub const KEY_TEXT: u64 = 0x15;
    pub const INSERT: u64 = 0x34;
    pub const ACTION: u64 = 0x42;
    pub const VALUE_META: u64 = 0x56;
    pub const VALUE: u64 = 0x57;
    pub const PREDS: u64 = 0x70;
    pub const PRED_ACTOR: u64 = 0x71;
    pub const PRED: u64 = 0x73;
}

/// A change in its parts. Nothing has to fit together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crafted {
    /// What it builds on.
    pub deps: Vec<ChangeHash>,
    /// Who made it.
    pub actor: ActorId,
    /// Its number among its actor's changes.
    pub seq: u64,
    /// The number of its first operation.
    pub start_op: u64,
    /// When it was made.
    pub time: i64,
    /// A message.
    pub message: Vec<u8>,
    /// Other actors that its operations name.
    pub others: Vec<ActorId>,
    /// Columns by their specification, in the order in which they are written.
    pub columns: Vec<(u64, Vec<u8>)>,
}

impl Crafted {
    /// Takes a change apart; none where it is not one.
    #[must_use]
    pub fn apart(chunk: &[u8]) -> Option<Self> {
        let mut body = Reader(chunk.get(9..)?);
        body.unsigned().ok()?;
        let deps = (0..body.unsigned().ok()?).map(|_| body.array().map(ChangeHash)).collect::<Result<_, _>>();
        let (deps, actor) = (deps.ok()?, body.actor().ok()?);
        let (seq, start_op, time) = (body.unsigned().ok()?, body.unsigned().ok()?, body.signed().ok()?);
        let message = body.unsigned().ok()?;
        let message = body.take(usize::try_from(message).ok()?).ok()?.to_vec();
        let others = (0..body.unsigned().ok()?).map(|_| body.actor()).collect::<Result<_, _>>().ok()?;
        let heads = (0..body.unsigned().ok()?).map(|_| Ok((body.unsigned()?, body.unsigned()?)));
        let heads: Vec<_> = heads.collect::<Result<_, super::change::ChunkError>>().ok()?;
        let columns = heads.into_iter().map(|(spec, length)| {
            let length = usize::try_from(length).ok()?;
            Some((spec, body.take(length).ok()?.to_vec()))
        });
        let columns = columns.collect::<Option<_>>()?;
        Some(Self { deps, actor, seq, start_op, time, message, others, columns })
    }

    /// Puts it together, with length and checksum as they should be.
    #[must_use]
    pub fn chunk(&self) -> Vec<u8> {
        let mut body = unsigned(self.deps.len() as u64);
        self.deps.iter().for_each(|dep| body.extend(dep.0));
        body.extend(unsigned(ActorId::LEN as u64));
        body.extend(self.actor.0);
        body.extend(unsigned(self.seq));
        body.extend(unsigned(self.start_op));
        body.extend(signed(self.time));
        body.extend(unsigned(self.message.len() as u64));
        body.extend(&self.message);
        body.extend(unsigned(self.others.len() as u64));
        for other in &self.others {
            body.extend(unsigned(ActorId::LEN as u64));
            body.extend(other.0);
        }
        body.extend(unsigned(self.columns.len() as u64));
        for (spec, data) in &self.columns {
            body.extend(unsigned(*spec));
            body.extend(unsigned(data.len() as u64));
        }
        self.columns.iter().for_each(|(_, data)| body.extend(data));
        seal(&body)
    }

    /// The same with another column, in its place or instead of the one that is there.
    #[must_use]
    pub fn with(mut self, spec: u64, data: Vec<u8>) -> Self {
        match self.columns.binary_search_by_key(&spec, |(spec, _)| *spec) {
            Ok(at) => self.columns[at].1 = data,
            Err(at) => self.columns.insert(at, (spec, data)),
        }
        self
    }

    /// The same with one operation instead of what it has.
    #[must_use]
    pub fn doing(mut self, op: &Op<'_>) -> Self {
        self.columns = op.columns();
        self
    }
}

/// An operation. Actors are numbers: 0 is the change's own, then come the others.
#[derive(Debug, Clone, Copy)]
pub struct Op<'a> {
    /// In which object; none for the root.
    pub object: Option<(u64, u64)>,
    /// At which place.
    pub key: Key<'a>,
    /// Whether it makes a new element.
    pub insert: bool,
    /// What it does: 0 map, 1 put, 2 list, 3 delete, 4 text, 5 add to a counter, 6 table, 7 mark.
    pub action: u64,
    /// The value, with its type: 0 null, 3 number, 4 signed number, 6 text, …
    pub value: (u64, &'a [u8]),
    /// What it replaces.
    pub preds: &'a [(u64, u64)],
}

/// A place in an object.
#[derive(Debug, Clone, Copy)]
pub enum Key<'a> {
    /// In a map.
    Text(&'a str),
    /// At or behind that element.
    Element(u64, u64),
    /// In front.
    Head,
}

impl Op<'_> {
    /// Puts 1 at `key` of the root.
    #[must_use]
    pub const fn put(key: &str) -> Op<'_> {
        Op { object: None, key: Key::Text(key), insert: false, action: 1, value: (3, &[1]), preds: &[] }
    }

    fn columns(&self) -> Vec<(u64, Vec<u8>)> {
        let number = |value: Option<u64>| value.map(|value| literal(&unsigned(value))).unwrap_or_default();
        let (key_actor, key, text) = match self.key {
            Key::Text(text) => (None, None, Some(text)),
            Key::Element(actor, op) => (Some(actor), Some(op), None),
            Key::Head => (None, Some(0), None),
        };
        let text = text.map(|text| literal(&[unsigned(text.len() as u64), text.into()].concat()));
        let (kind, value) = self.value;
        let mut columns = vec![
            (column::OBJECT_ACTOR, number(self.object.map(|(actor, _)| actor))),
            (column::OBJECT, number(self.object.map(|(_, op)| op))),
            (column::KEY_ACTOR, number(key_actor)),
            // Differences from one to the next, the first from 0, with their signs.
            (column::KEY, key.map(|key| literal(&signed(key as i64))).unwrap_or_default()),
            (column::KEY_TEXT, text.unwrap_or_default()),
            (column::INSERT, if self.insert { vec![0, 1] } else { vec![1] }),
            (column::ACTION, number(Some(self.action))),
            (column::VALUE_META, number(Some(((value.len() as u64) << 4) | kind))),
        ];
        if !value.is_empty() {
            columns.push((column::VALUE, value.to_vec()));
        }
        columns.push((column::PREDS, number(Some(self.preds.len() as u64))));
        if let [(actor, op)] = self.preds {
            columns.push((column::PRED_ACTOR, number(Some(*actor))));
            columns.push((column::PRED, literal(&signed(*op as i64))));
        }
        columns.retain(|(_, data)| !data.is_empty());
        columns
    }
}

/// A run of one value.
fn literal(value: &[u8]) -> Vec<u8> {
    [&[0x7f], value].concat()
}

/// The contents of a change as a chunk.
#[must_use]
pub fn seal(body: &[u8]) -> Vec<u8> {
    let hashed = [&[CHANGE_CHUNK][..], &unsigned(body.len() as u64), body].concat();
    let digest: [u8; 32] = Sha256::digest(&hashed).into();
    [&MAGIC[..], &digest[..4], &hashed].concat()
}

/// LEB128 without a sign.
#[must_use]
pub fn unsigned(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
    out
}

/// LEB128 with a sign.
#[must_use]
pub fn signed(mut value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if (value == 0 && byte & 0x40 == 0) || (value == -1 && byte & 0x40 != 0) {
            out.push(byte);
            return out;
        }
        out.push(byte | 0x80);
    }
}

/// Where a crafted change is caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caught {
    /// Before automerge sees it: more than a change may have.
    TooLarge,
    /// Before automerge sees it: not well-formed, or does not fit the log.
    BadChunk,
    /// By decoding it and encoding it again.
    Decoding,
    /// Whoever decodes it panics.
    Panic,
    /// Whoever decodes it runs out of memory.
    Runaway,
    /// By applying it on trial, after it has been stored.
    Trial,
    /// Nowhere: it is odd, and does no harm.
    Nowhere,
}

/// A document to craft changes for: something sound has been written by the actor before.
#[derive(Debug, Clone)]
pub struct Soil {
    /// A sound change that crafted ones build on.
    pub sound: Vec<u8>,
    /// A sound change after it.
    pub next: Crafted,
    text: u64,
    list: u64,
    scalar: u64,
    letter: u64,
}

impl Soil {
    /// Made by `actor` on top of `genesis`.
    #[must_use]
    pub fn new(genesis: &[u8], actor: ActorId) -> Option<Self> {
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
        doc.apply_changes([Change::try_from(genesis).ok()?]).ok()?;
        doc.set_actor(automerge::ActorId::from(actor.0));
        let text = doc.put_object(ROOT, "text", ObjType::Text).ok()?;
        doc.splice_text(&text, 0, 0, "ab").ok()?;
        let list = doc.put_object(ROOT, "list", ObjType::List).ok()?;
        doc.insert(&list, 0, 1).ok()?;
        doc.put(ROOT, "scalar", 1).ok()?;
        doc.commit_with(CommitOptions::default().with_time(0))?;
        let sound = doc.get_last_local_change()?;
        doc.put(ROOT, "next", 1).ok()?;
        doc.put(ROOT, "more", 1).ok()?;
        doc.commit_with(CommitOptions::default().with_time(0))?;
        let next = Crafted::apart(doc.get_last_local_change()?.raw_bytes())?;
        let first = sound.start_op().get();
        Some(Self {
            sound: sound.raw_bytes().to_vec(),
            next,
            text: first,
            letter: first + 1,
            list: first + 3,
            scalar: first + 5,
        })
    }

    /// Every kind that is known not to be let pass, and where it is caught.
    #[must_use]
    pub fn kinds(&self) -> Vec<(&'static str, Crafted, Caught)> {
        use Caught::{BadChunk, Decoding, Nowhere, Panic, Runaway, TooLarge, Trial};
        use column as c;
        let next = || self.next.clone();
        let doing = |op: Op<'_>| next().doing(&op);
        let put = Op::put("k");
        let unknown = self.next.start_op + 1_000;
        let own = self.next.start_op;
        let (text, list) = (Some((0, self.text)), Some((0, self.list)));
        let insert = Op { key: Key::Head, insert: true, ..put };
        let insert_in_text = Op { object: text, ..insert };
        let other = |n: u8| ActorId([n; 16]);
        vec![
            ("a key of nothing", doing(Op::put("")), Nowhere),
            ("a mark of nothing", doing(Op { action: 7, value: (0, &[]), ..insert_in_text }), Trial),
            ("a value of an unknown type", doing(Op { value: (13, &[1]), ..put }), Nowhere),
            (
                "a counter that nobody made",
                doing(Op {
                    action: 5,
                    value: (4, &[1]),
                    preds: &[(0, self.scalar)],
                    key: Key::Text("scalar"),
                    ..put
                }),
                Nowhere,
            ),
            ("a deletion of nothing", doing(Op { action: 3, value: (0, &[]), ..put }), Trial),
            ("a text that is not UTF-8", doing(Op { value: (6, &[0xff]), ..put }), Decoding),
            ("a table", doing(Op { action: 6, value: (0, &[]), ..put }), Nowhere),
            ("a number without end", doing(Op { value: (4, &[0xff; 11]), ..put }), Decoding),
            ("a letter that is a map", doing(Op { action: 0, value: (0, &[]), ..insert_in_text }), Nowhere),
            ("a run that is split", next().with(c::ACTION, vec![1, 1, 1, 1]), Decoding),
            ("a run written as literals", next().with(c::ACTION, vec![0x7e, 1, 1]), Decoding),
            ("two runs of one literal", next().with(c::ACTION, vec![0x7f, 1, 0x7f, 1]), Decoding),
            ("a long number in a column", doing(put).with(c::PREDS, vec![0x7f, 0x80, 0]), Decoding),
            ("a long number in the action column", doing(put).with(c::ACTION, vec![0x7f, 0x81, 0]), BadChunk),
            ("a long number in a run of truths", doing(put).with(c::INSERT, vec![0x81, 0]), Decoding),
            ("an unknown column", doing(put).with(0xb2, vec![0x7f, 1]), Decoding),
            ("an unknown empty column", doing(put).with(0xb2, vec![]), Decoding),
            ("a column without need", doing(put).with(c::OBJECT, vec![0, 1]), Decoding),
            ("a column that is compressed", doing(put).with(c::ACTION | 8, vec![1, 1]), BadChunk),
            ("a column that is too short", next().with(c::PREDS, vec![0x7f, 0]), Decoding),
            ("a column that is too long", doing(put).with(c::PREDS, vec![2, 0]), Decoding),
            ("an unknown action", doing(Op { action: 8, ..put }), Decoding),
            ("a counter that is added a text", doing(Op { action: 5, value: (6, b"x"), ..put }), Decoding),
            ("a deletion with a value", doing(Op { action: 3, ..put }), Decoding),
            ("an object with a value", doing(Op { action: 0, ..put }), Decoding),
            ("an actor that is not used", Crafted { others: vec![other(7)], ..doing(put) }, Decoding),
            (
                "the own actor among the others",
                Crafted { others: vec![self.next.actor], ..doing(put) },
                Decoding,
            ),
            (
                "actors that are not sorted",
                Crafted {
                    others: vec![other(9), other(8)],
                    ..doing(Op { object: Some((1, 1)), preds: &[(2, 1)], ..put })
                },
                Decoding,
            ),
            ("an actor that is not there", doing(Op { object: Some((1, 1)), ..put }), Panic),
            ("a replaced operation of no actor", doing(Op { preds: &[(5, 1)], ..put }), Panic),
            (
                "an actor that nobody is",
                Crafted { others: vec![other(7)], ..doing(Op { object: Some((1, 1)), ..put }) },
                Trial,
            ),
            (
                "more replaced operations than memory",
                doing(Op { preds: &[(0, self.scalar)], ..put })
                    .with(c::PREDS, [&[0x7f][..], &unsigned(1 << 40)].concat())
                    .with(c::PRED_ACTOR, [&signed(1 << 40)[..], &[0]].concat())
                    .with(c::PRED, [&signed(1 << 40)[..], &[1]].concat()),
                Runaway,
            ),
            (
                "two million operations in a few bytes",
                doing(put).with(c::ACTION, [&signed(2_000_000)[..], &[1]].concat()),
                TooLarge,
            ),
            (
                "operations beyond counting",
                doing(put).with(c::ACTION, [&signed(i64::MAX)[..], &[1]].concat()),
                TooLarge,
            ),
            ("a first operation that is taken", Crafted { start_op: own - 1, ..doing(put) }, BadChunk),
            ("a first operation of 0", Crafted { start_op: 0, ..doing(put) }, BadChunk),
            ("a first operation just above", Crafted { start_op: own + 1, ..doing(put) }, BadChunk),
            ("a first operation below 2^31", Crafted { start_op: (1 << 31) - 1, ..doing(put) }, BadChunk),
            (
                "a first operation of 2^32 - 1",
                Crafted { start_op: u64::from(u32::MAX), ..doing(put) },
                BadChunk,
            ),
            ("a first operation of 2^32", Crafted { start_op: 1 << 32, ..doing(put) }, BadChunk),
            ("a key in a text", doing(Op { object: text, ..put }), Trial),
            ("a key in a list", doing(Op { object: list, ..put }), Trial),
            ("an element in a map", doing(insert), Trial),
            ("an element put in a map", doing(Op { key: Key::Element(0, self.letter), ..put }), Trial),
            (
                "an element behind one that is not there",
                doing(Op { object: text, key: Key::Element(0, unknown), ..insert }),
                Trial,
            ),
            (
                "an element behind itself",
                doing(Op { object: text, key: Key::Element(0, own), ..insert }),
                Trial,
            ),
            (
                "an element behind one of another list",
                doing(Op { object: list, key: Key::Element(0, self.letter), ..insert }),
                Trial,
            ),
            (
                "a value put at no element",
                doing(Op { object: list, key: Key::Element(0, unknown), ..put }),
                Trial,
            ),
            ("an operation replaced that is not there", doing(Op { preds: &[(0, unknown)], ..put }), Trial),
            ("an operation that replaces itself", doing(Op { preds: &[(0, own)], ..put }), Trial),
            (
                "an operation replaced that is elsewhere",
                doing(Op { preds: &[(0, self.scalar)], ..put }),
                Trial,
            ),
            ("an object that is not there", doing(Op { object: Some((0, unknown)), ..put }), Trial),
            ("an object that is this very operation", doing(Op { object: Some((0, own)), ..put }), Trial),
            ("a scalar as an object", doing(Op { object: Some((0, self.scalar)), ..put }), Trial),
        ]
    }
}
