//! The machine itself: what each input does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::open_docs::{OpenDoc, OwnPlaces};
use super::reading::{Reading, Then};
use super::{Answer, Ask, Input, Output, PushAnswer, Transport};
use crate::ids::{DeviceId, DocId, UserId};
use crate::sync::codec;
use crate::sync::limits::{self, Limits};
use crate::sync::message::{ClientMessage, ErrorCode, Place, PushItem, ServerMessage, VERSION, close};

/// What a client is advised to wait when storage is not available.
const RETRY_AFTER_MS: u64 = 1_000;

/// One connection of one device.
#[derive(Debug)]
pub struct Session {
    user: UserId,
    device: DeviceId,
    pub(super) transport: Transport,
    greeted: bool,
    closed: bool,
    last_heard_ms: u64,
    /// When the documents that are open were last all looked at.
    looked_ms: u64,
    /// When the latest malformed messages came.
    malformed_ms: VecDeque<u64>,
    /// Bytes sent; counted for [`Transport::Http`] alone.
    pub(super) sent: usize,
    pub(super) docs: BTreeMap<DocId, OpenDoc>,
    pub(super) own: BTreeMap<DocId, OwnPlaces>,
    /// Devices that are not new to the connection: its own, and those before whose first item a `directory` was
    /// sent.
    pub(super) announced: BTreeSet<DeviceId>,
    /// What came while an ask was unanswered.
    inbox: VecDeque<Input>,
    /// What the unanswered ask is for.
    pub(super) job: Option<Job>,
    pub(super) out: Vec<Output>,
}

/// What an ask is for.
#[derive(Debug)]
pub(super) enum Job {
    Read(Reading),
    Push {
        id: u64,
        doc: DocId,
    },
    /// A `directory`, to be sent before reading goes on.
    Directory {
        devices: BTreeSet<DeviceId>,
        then: Option<Reading>,
    },
}

impl Session {
    /// A connection that has just been made.
    #[must_use]
    pub fn new(user: UserId, device: DeviceId, transport: Transport, now_ms: u64) -> Self {
        Self {
            user,
            device,
            transport,
            greeted: false,
            closed: false,
            last_heard_ms: now_ms,
            looked_ms: now_ms,
            malformed_ms: VecDeque::new(),
            sent: 0,
            docs: BTreeMap::new(),
            own: BTreeMap::new(),
            announced: BTreeSet::from([DeviceId::GENESIS, device]),
            inbox: VecDeque::new(),
            job: None,
            out: Vec::new(),
        }
    }

    /// Takes one input and says what to do.
    #[must_use]
    pub fn step(&mut self, input: Input, now_ms: u64) -> Vec<Output> {
        if self.closed {
            return Vec::new();
        }
        match input {
            Input::Wipe => {
                self.send(ServerMessage::Wipe);
                self.close(close::SIGNED_OUT);
            }
            Input::SignedOut => self.close(close::SIGNED_OUT),
            Input::Stopping => self.close(close::GOING_AWAY),
            Input::Tick => self.tick(now_ms),
            Input::Answer(answer) => self.answered(answer),
            other => {
                if matches!(other, Input::Frame(_) | Input::Text) {
                    self.last_heard_ms = now_ms;
                }
                self.inbox.push_back(other);
            }
        }
        while self.job.is_none() && !self.closed {
            let Some(input) = self.inbox.pop_front() else { break };
            self.take_up(input, now_ms);
        }
        std::mem::take(&mut self.out)
    }

    /// Whether an [`Output::Ask`] is unanswered.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.job.is_some()
    }

    /// Whether [`Output::Close`] has been put out.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn tick(&mut self, now_ms: u64) {
        if self.transport != Transport::WebSocket {
            return;
        }
        if now_ms.saturating_sub(self.last_heard_ms) >= limits::IDLE_MS {
            return self.close(close::GOING_AWAY);
        }
        // Hints only wake, and one can be lost: all documents together are looked at now and then. The difference
        // counts both ways, so that a clock that was set back stops nothing.
        if self.job.is_none() && now_ms.abs_diff(self.looked_ms) >= limits::LOOK_MS {
            self.looked_ms = now_ms;
            let open: Vec<_> = self.docs.keys().copied().collect();
            self.read(open, Then::Look);
        }
    }

    fn take_up(&mut self, input: Input, now_ms: u64) {
        match input {
            Input::Frame(bytes) => self.frame(&bytes, now_ms),
            Input::Text => self.malformed("a message is a binary frame", now_ms),
            Input::Woken { doc, head } => {
                let news =
                    self.docs.get(&doc).is_some_and(|open| head.is_none_or(|head| head > open.place.cursor));
                if news {
                    self.read([doc], Then::Nothing);
                }
            }
            Input::DirectoryWoken if self.greeted => self.ask_directory(BTreeSet::new(), None),
            // Who may see it is looked up anew, since a hint that access has ended may still be on its way.
            Input::Presence { doc, user, device, data } if self.docs.contains_key(&doc) => {
                self.read([doc], Then::Deliver(doc, ServerMessage::Presence { doc, user, device, data }));
            }
            _ => {}
        }
    }

    fn frame(&mut self, bytes: &[u8], now_ms: u64) {
        if bytes.len() > limits::READABLE_FRAME {
            return self.close(close::SIZE);
        }
        if bytes.len() > limits::FRAME {
            let (doc, id) = codec::peek(bytes);
            return self.too_large("a message of at most 1 MiB", doc, id);
        }
        let message = match codec::decode_client(bytes) {
            Ok(message) => message,
            Err(error) => return self.malformed(&error.to_string(), now_ms),
        };
        if let ClientMessage::Hello { version, client } = message {
            return self.hello(version, &client, now_ms);
        }
        if !self.greeted {
            self.error(ErrorCode::BadOrder, "say hello first", None, None);
            return self.close(close::PROTOCOL);
        }
        match message {
            ClientMessage::Hello { .. } => {}
            ClientMessage::Open { docs } => self.open(&docs, now_ms),
            ClientMessage::Push { id, doc, items } => self.push(id, doc, items),
            ClientMessage::Close { doc } => self.forget(doc),
            ClientMessage::Ping { n } => self.send(ServerMessage::Pong { n, now: now_ms }),
            ClientMessage::Presence { doc, data } => {
                if data.len() > limits::PRESENCE {
                    self.too_large("presence of at most 1,024 bytes", Some(doc), None);
                } else if self.docs.contains_key(&doc) {
                    self.read([doc], Then::Relay(doc, data));
                }
            }
        }
    }

    fn hello(&mut self, version: u64, client: &str, now_ms: u64) {
        if self.greeted {
            self.error(ErrorCode::BadOrder, "hello comes once", None, None);
            self.close(close::PROTOCOL);
        } else if version != VERSION {
            self.error(ErrorCode::BadVersion, "this server speaks version 1", None, None);
            self.close(close::PROTOCOL);
        } else if client.len() > limits::CLIENT {
            self.too_large("a client of at most 64 bytes", None, None);
        } else {
            self.greeted = true;
            self.send(ServerMessage::Welcome {
                user: self.user,
                device: self.device,
                now: now_ms,
                limits: Limits::OURS,
            });
        }
    }

    fn open(&mut self, places: &[Place], now_ms: u64) {
        if places.len() > limits::OPEN {
            return self.too_large("at most 1,000 documents at once", None, None);
        }
        let distinct: BTreeSet<_> = places.iter().map(|place| place.doc).collect();
        if distinct.len() < places.len() {
            return self.malformed("a document comes twice", now_ms);
        }
        let mut queue = Vec::with_capacity(places.len());
        for &place in places {
            let known = self.docs.contains_key(&place.doc);
            if !known && self.docs.len() >= limits::DOCS {
                self.too_large("at most 10,000 documents open", Some(place.doc), None);
                continue;
            }
            // Before reading, so that nothing that comes in between is missed.
            if !known && self.transport == Transport::WebSocket {
                self.out.push(Output::Subscribe(place.doc));
            }
            self.docs.insert(place.doc, OpenDoc::at(place));
            queue.push(place.doc);
        }
        self.read(queue, Then::Nothing);
    }

    fn push(&mut self, id: u64, doc: DocId, items: Vec<PushItem>) {
        if items.len() > limits::PUSH {
            return self.too_large("at most 256 items at once", Some(doc), Some(id));
        }
        self.job = Some(Job::Push { id, doc });
        self.out.push(Output::Ask(Ask::Push { id, doc, items }));
    }

    fn answered(&mut self, answer: Answer) {
        match (self.job.take(), answer) {
            (None, _) => {}
            (Some(Job::Push { id, doc }), Answer::Push(answer)) => self.pushed(id, doc, answer),
            (Some(Job::Push { id, doc }), Answer::Unavailable) => {
                self.send(ServerMessage::Error {
                    code: ErrorCode::Unavailable,
                    message: "the storage is not available; nothing is known to be stored".to_owned(),
                    doc: Some(doc),
                    id: Some(id),
                    retry_after_ms: Some(RETRY_AFTER_MS),
                });
            }
            (Some(Job::Push { id, doc }), _) => {
                self.error(ErrorCode::Internal, "the push could not be judged", Some(doc), Some(id));
            }
            (Some(Job::Read(reading)), Answer::Read(answers)) if !answers.is_empty() => {
                self.has_read(reading, answers);
            }
            (Some(Job::Directory { devices, then }), Answer::DirectoryVersion(version)) => {
                self.send(ServerMessage::Directory { version });
                self.announced.extend(devices);
                if let Some(reading) = then {
                    self.go_on(reading);
                }
            }
            // A look ends nothing: the next one makes up for it.
            (
                Some(
                    Job::Read(Reading { then: Then::Look, .. })
                    | Job::Directory { then: Some(Reading { then: Then::Look, .. }), .. },
                ),
                Answer::Unavailable,
            ) => {}
            (Some(Job::Read(_) | Job::Directory { .. }), answer) => {
                // What was to be told cannot be told now, and a client that waits for it would wait for ever.
                let code =
                    if answer == Answer::Unavailable { ErrorCode::Unavailable } else { ErrorCode::Internal };
                self.send(ServerMessage::Error {
                    code,
                    message: "the storage is not available".to_owned(),
                    doc: None,
                    id: None,
                    retry_after_ms: Some(RETRY_AFTER_MS),
                });
                self.close(close::TRY_LATER);
            }
        }
    }

    fn pushed(&mut self, id: u64, doc: DocId, answer: PushAnswer) {
        match answer {
            PushAnswer::Denied => {
                self.forget(doc);
                self.send(ServerMessage::Denied { doc, id: Some(id) });
            }
            PushAnswer::Gone => {
                self.forget(doc);
                self.send(ServerMessage::Gone { doc, id: Some(id) });
            }
            PushAnswer::Done { acked, rejected, stored } => {
                // A push of nothing is acked as such, so that nobody waits for an answer.
                if !acked.is_empty() || rejected.is_empty() {
                    self.send(ServerMessage::Ack { id, doc, items: acked });
                }
                if !rejected.is_empty() {
                    self.send(ServerMessage::Reject { id, doc, items: rejected });
                }
                if !stored.is_empty() {
                    let own = self.own.entry(doc).or_default();
                    stored.into_iter().for_each(|seq| own.add(seq));
                    if self.transport == Transport::WebSocket && self.docs.contains_key(&doc) {
                        self.read([doc], Then::Nothing);
                    }
                }
            }
        }
    }

    /// Says the last of a document.
    pub(super) fn end(&mut self, doc: DocId, message: ServerMessage) {
        self.forget(doc);
        self.send(message);
    }

    pub(super) fn fail(&mut self, doc: DocId) {
        self.forget(doc);
        self.error(ErrorCode::Internal, "this document cannot be read", Some(doc), None);
    }

    fn forget(&mut self, doc: DocId) {
        if self.docs.remove(&doc).is_some() && self.transport == Transport::WebSocket {
            self.out.push(Output::Unsubscribe(doc));
        }
    }

    fn malformed(&mut self, what: &str, now_ms: u64) {
        self.error(ErrorCode::BadMessage, what, None, None);
        if self.transport == Transport::Http {
            return;
        }
        self.malformed_ms.push_back(now_ms);
        while self
            .malformed_ms
            .front()
            .is_some_and(|&at| now_ms.saturating_sub(at) >= limits::MALFORMED_WINDOW_MS)
        {
            self.malformed_ms.pop_front();
        }
        if self.malformed_ms.len() >= limits::MALFORMED {
            self.close(close::POLICY);
        }
    }

    fn too_large(&mut self, allowed: &str, doc: Option<DocId>, id: Option<u64>) {
        self.error(ErrorCode::TooLarge, &format!("expected {allowed}"), doc, id);
    }

    fn error(&mut self, code: ErrorCode, message: &str, doc: Option<DocId>, id: Option<u64>) {
        let message = message.to_owned();
        self.send(ServerMessage::Error { code, message, doc, id, retry_after_ms: None });
    }

    pub(super) fn send(&mut self, message: ServerMessage) {
        if self.transport == Transport::Http {
            self.sent += codec::server(&message).len();
        }
        self.out.push(Output::Send(message));
    }

    fn close(&mut self, code: u16) {
        self.closed = true;
        self.inbox.clear();
        self.job = None;
        self.out.push(Output::Close(code));
    }
}

#[cfg(test)]
mod tests;
