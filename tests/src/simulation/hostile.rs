//! Devices that are not what they seem: changes that nobody wrote, in every way in which one could try to get them
//! into a log.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, Change, ROOT, TextEncoding};
use shared::ids::{ActorId, ChangeHash, DeviceId, DocId};
use shared::sync::change;
use shared::sync::codec;
use shared::sync::message::{ClientMessage, Place, PushItem, VERSION};
use shared::sync::session::{Ask, Input, Output, Session, Transport};

use super::agenda::Happening;
use super::world::World;

impl World {
    /// A registered device turns on the others. What it may do, it does too, and that must stay possible.
    pub(super) fn hostile(&mut self, id: DeviceId) {
        if self.memory.is_writing() || !self.server.up {
            return self.agenda.put(self.now + 3, Happening::Hostile(id));
        }
        let Some(device) = self.devices.iter().position(|it| it.id() == id) else { return };
        let user = self.devices[device].user;
        let victims: Vec<usize> = (0..self.devices.len()).filter(|other| *other != device).collect();
        let Some(victim) = self.random.pick(&victims) else { return };
        let doc = self.any_paper();
        if !self.memory.carries(user, id) {
            return;
        }
        let Some((item, _)) = self.forged(doc, device, victim) else { return };
        let mut session = Session::new(user, id, Transport::WebSocket, self.server_clock());
        let garbage = self.random.in_thousand(100);
        let mut frames = vec![ClientMessage::Hello { version: VERSION, client: "hostile".to_owned() }];
        frames.push(ClientMessage::Open { docs: vec![Place::start(doc)] });
        frames.push(ClientMessage::Push { id: 1, doc, items: vec![item] });
        for message in frames {
            let mut bytes = codec::client(&message);
            if garbage && self.random.in_thousand(500) {
                let at = self.random.below(bytes.len());
                bytes[at] ^= 1 << self.random.below(8);
                bytes.truncate(bytes.len() - self.random.below(3));
            }
            self.hostile_frame(&mut session, user, id, bytes);
        }
        self.ledger.count("forgeries tried");
    }

    fn hostile_frame(
        &mut self,
        session: &mut Session,
        user: shared::ids::UserId,
        id: DeviceId,
        bytes: Vec<u8>,
    ) {
        let clock = self.server_clock();
        let mut outputs = std::collections::VecDeque::from(session.step(Input::Frame(bytes), clock));
        while let Some(output) = outputs.pop_front() {
            let Output::Ask(ask) = output else { continue };
            let target = match &ask {
                Ask::Push { doc, .. } => Some(*doc),
                _ => None,
            };
            let before = target.and_then(|doc| self.memory.log(doc)).map_or(0, |log| log.items().len());
            let answer = self.memory.answer_to(user, id, &ask);
            if let Some(doc) = target {
                let stored = self.check_stored(doc, before);
                if !stored.is_empty() {
                    self.ledger.committed.extend(&stored);
                    self.wake(doc);
                }
            }
            outputs.extend(session.step(Input::Answer(answer), clock));
        }
    }

    /// A change that fits the log but for one thing, and what that is.
    fn forged(&mut self, doc: DocId, device: usize, victim: usize) -> Option<(PushItem, &'static str)> {
        let (mine, theirs) = (self.devices[device].key.clone(), self.devices[victim].key.clone());
        let (random, way) = (self.random.bytes(), self.random.below(10));
        let own_actor = ActorId::of_device(mine.id(), random);
        let their_actor = ActorId::of_device(theirs.id(), random);
        let sign = |by: DeviceId, data: Vec<u8>| {
            let hash = change::parse(&data).map_or(ChangeHash([0; 32]), |parsed| parsed.hash);
            PushItem { hash, by, sig: mine.sign_change(doc, hash).0.to_vec(), data }
        };
        let forged = match way {
            0 => (sign(theirs.id(), self.next_change(doc, their_actor, 1)?.pop()?), "signed by another"),
            1 => (sign(mine.id(), self.next_change(doc, their_actor, 1)?.pop()?), "another's actor"),
            2 => (sign(theirs.id(), self.next_change(doc, own_actor, 1)?.pop()?), "in another's name"),
            3 => (sign(mine.id(), self.next_change(doc, own_actor, 2)?.pop()?), "with a gap before it"),
            4 => {
                let mut item = sign(DeviceId::GENESIS, self.next_change(doc, own_actor, 1)?.pop()?);
                item.sig.clear();
                (item, "without an author")
            }
            5 => {
                // What was signed for another document.
                let log = self.papers.iter().filter(|paper| paper.doc != doc).find_map(|paper| {
                    let items = self.memory.log(paper.doc)?.items();
                    items.iter().skip(1).find(|item| item.data.data().is_some())
                })?;
                let data = log.data.data()?.to_vec();
                (PushItem { hash: log.hash, by: log.by, sig: log.sig.clone(), data }, "from another document")
            }
            6 => {
                // What is in the log, under its hash with another content: what was stored first stays.
                let known = self.memory.log(doc)?.items().last()?.hash;
                let item = sign(mine.id(), self.next_change(doc, own_actor, 1)?.pop()?);
                (PushItem { hash: known, ..item }, "under another's hash")
            }
            7 => {
                let mut item = sign(mine.id(), self.next_change(doc, own_actor, 1)?.pop()?);
                item.hash.0[0] ^= 1;
                (item, "under a hash of its own choice")
            }
            8 => {
                let mut item = sign(mine.id(), self.next_change(doc, own_actor, 1)?.pop()?);
                item.sig.truncate(63);
                (item, "with a signature too short")
            }
            _ => {
                // Her own, whether she may write or not: who once could, still can.
                let user = self.devices[device].user;
                let item = sign(mine.id(), self.next_change(doc, own_actor, 1)?.pop()?);
                if self.memory.was_writer(user, doc) {
                    self.ledger.write(doc, item.hash, item.by, &item.sig);
                }
                (item, "by one who may only read")
            }
        };
        Some(forged)
    }

    /// The next changes of an actor in a document, after all that its log has.
    fn next_change(&mut self, doc: DocId, actor: ActorId, count: usize) -> Option<Vec<Vec<u8>>> {
        let log = self.memory.log(doc).filter(|log| !log.is_destroyed())?;
        let mut copy = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit)
            .with_actor(automerge::ActorId::from(actor.0));
        let changes = log.items().iter().filter_map(|item| item.data.data());
        copy.apply_changes(changes.map(|data| Change::from_bytes(data.to_vec()).unwrap())).unwrap();
        let mut made = Vec::new();
        for n in 0..count {
            copy.put(ROOT, format!("{}-{n}", self.random.next()), true).unwrap();
            let hash = copy.commit_with(CommitOptions::default().with_time(0))?;
            made.push(copy.get_change_by_hash(&hash)?.raw_bytes().to_vec());
        }
        Some(made)
    }

    /// Somebody asks for a document that is not hers and for one that is not there: the answers must be the same.
    pub(super) fn stranger(&mut self) {
        if self.memory.is_writing() || !self.server.up {
            return;
        }
        let there = self.any_paper();
        let device = self.random.below(self.devices.len());
        let (user, id) = (self.devices[device].user, self.devices[device].id());
        if self.memory.readers(there).contains(&user) {
            return;
        }
        let absent = DocId(self.random.bytes());
        let author = ActorId::of_device(id, self.random.bytes());
        let item = self.next_change(there, author, 1).and_then(|mut made| made.pop()).map(|data| {
            let hash = change::parse(&data).map_or(ChangeHash([0; 32]), |parsed| parsed.hash);
            PushItem { hash, by: id, sig: vec![0; 64], data }
        });
        let cursor = self.random.between(0, 3);
        let answers = [there, absent].map(|doc| self.ask_as_stranger(user, id, doc, cursor, item.as_ref()));
        let same = answers[0] == answers[1];
        self.require(6, same, || format!("what is there and what is not differ: {answers:?}"));
        self.ledger.count("strangers asked");
    }

    /// What a stranger hears and what it causes, with the document's name taken out.
    fn ask_as_stranger(
        &mut self,
        user: shared::ids::UserId,
        id: DeviceId,
        doc: DocId,
        cursor: u64,
        item: Option<&PushItem>,
    ) -> Vec<String> {
        let clock = self.server_clock();
        let mut session = Session::new(user, id, Transport::WebSocket, clock);
        let chain = (cursor > 0).then_some(shared::ids::Chain([7; 32]));
        let messages = [
            ClientMessage::Hello { version: VERSION, client: "stranger".to_owned() },
            ClientMessage::Presence { doc, data: vec![1] },
            ClientMessage::Open { docs: vec![Place { doc, cursor, chain, part: None }] },
            ClientMessage::Push { id: 1, doc, items: item.cloned().into_iter().collect() },
            ClientMessage::Push { id: 2, doc, items: vec![] },
            ClientMessage::Close { doc },
        ];
        let mut heard = Vec::new();
        for message in messages {
            let frame = Input::Frame(codec::client(&message));
            let mut outputs = std::collections::VecDeque::from(session.step(frame, clock));
            while let Some(output) = outputs.pop_front() {
                heard.push(format!("{output:?}").replace(&doc.to_string(), "doc"));
                if let Output::Ask(ask) = output {
                    let answer = self.memory.answer_to(user, id, &ask);
                    heard.push(format!("{answer:?}").replace(&doc.to_string(), "doc"));
                    outputs.extend(session.step(Input::Answer(answer), clock));
                }
            }
        }
        heard
    }
}
