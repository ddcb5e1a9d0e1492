//! What the targets share: a log with something sound in it, and one who writes.

use std::collections::HashMap;
use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ROOT, TextEncoding};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::change;
use shared::sync::crafted::Soil;
use shared::sync::gate::{self, Examined, KnownChange, LogFacts, PreviousChange};
use shared::sync::message::PushItem;
use shared::sync::signature::DeviceKey;

/// The document of all targets.
pub const DOC: DocId = DocId([0xd0; 16]);

const KIND: DocKind = DocKind::SharedNotes;

/// A log of two changes, the second by the device that everything comes from.
pub struct Field {
    key: DeviceKey,
    soil: Soil,
    beside: Change,
}

impl Field {
    /// The one field.
    pub fn get() -> &'static Self {
        static FIELD: OnceLock<Field> = OnceLock::new();
        FIELD.get_or_init(|| {
            let key = DeviceKey::from_secret(&[1; 32]);
            let actor = ActorId::of_device(key.id(), [1; 8]);
            let soil = Soil::new(&genesis(KIND).data, actor).expect("the genesis is sound");
            let mut other = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
            let log = [&genesis(KIND).data[..], &soil.sound].map(|it| Change::try_from(it).expect("it is sound"));
            other.apply_changes(log).expect("it is sound");
            other.set_actor(automerge::ActorId::from([9; 16]));
            other.put(ROOT, "beside", 1).expect("the root is a map");
            other.commit_with(CommitOptions::default().with_time(0));
            let beside = other.get_last_local_change().expect("it was made");
            Self { key, soil, beside }
        })
    }

    /// The device's key.
    pub fn key(&self) -> &DeviceKey {
        &self.key
    }

    /// The device.
    pub fn device(&self) -> DeviceId {
        self.key.id()
    }

    /// What can be crafted on top of the log.
    pub fn soil(&self) -> &Soil {
        &self.soil
    }

    /// The log.
    pub fn log(&self) -> [&[u8]; 2] {
        [&genesis(KIND).data, &self.soil.sound]
    }

    /// A sound change of another device, made at the same time.
    pub fn beside(&self) -> Change {
        self.beside.clone()
    }

    /// A pushed item, with the hash that it has and a signature that fits.
    pub fn item(&self, chunk: &[u8]) -> PushItem {
        let hash = change::parse(chunk).map_or(ChangeHash([7; 32]), |it| it.hash);
        PushItem { hash, by: self.device(), sig: self.key.sign_change(DOC, hash).0.to_vec(), data: chunk.to_vec() }
    }

    /// The same, examined.
    pub fn examined(&self, chunk: &[u8]) -> Examined {
        gate::examine(DOC, self.item(chunk), Some(&self.key.public()))
    }

    /// What there is to know of the log.
    pub fn facts(&self) -> LogFacts {
        let parsed = self.log().map(|it| change::parse(it).expect("it is sound"));
        let known = (1..).zip(&parsed).map(|(seq, it)| (it.hash, KnownChange { seq, max_op: it.max_op(), void: false }));
        let [_, sound] = &parsed;
        LogFacts {
            head: 2,
            max_op: sound.max_op(),
            known: known.collect(),
            actors: HashMap::from([(sound.actor, sound.seq)]),
            previous: HashMap::from([((sound.actor, sound.seq), PreviousChange { hash: sound.hash, seq: 2 })]),
            writers: [self.device()].into(),
            ancestry: Vec::new(),
        }
    }
}

/// Parts, each behind its length in two bytes, little-endian; the last may be cut short.
pub fn framed(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (part, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        bytes = rest;
        Some(part)
    })
}

/// The other way round.
pub fn frame(parts: &[&[u8]]) -> Vec<u8> {
    let frame = |part: &&[u8]| {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes();
        [&length[..], part].concat()
    };
    parts.iter().flat_map(frame).collect()
}
