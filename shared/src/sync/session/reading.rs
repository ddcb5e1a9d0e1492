//! Logs are read up to their heads, and told.

use std::collections::{BTreeSet, VecDeque};

use super::machine::{Job, Session};
use super::open_docs::{CHANGES_OVERHEAD, ITEM_OVERHEAD, fit};
use super::{Ask, Output, ReadAnswer, Transport};
use crate::access::Access;
use crate::domain::kind::DocKind;
use crate::ids::{DeviceId, DocId};
use crate::sync::limits;
use crate::sync::message::{Body, Mode, Place, ServerMessage, SnapshotPart, SnapshotPiece};

/// Bytes of data asked for at once, so that whatever comes fits one message.
const READ_BYTES: usize = limits::FRAME - CHANGES_OVERHEAD - limits::PUSH * ITEM_OVERHEAD;
/// Bytes of the answer to a `POST` that changes may fill; the rest is for what must be answered.
const HTTP_CHANGES: usize = limits::HTTP_ANSWER / 2;

/// Bytes that a head takes in a piece of a snapshot.
const HEAD: usize = 34;

/// Documents being read up to their heads.
#[derive(Debug)]
pub(super) struct Reading {
    pub queue: VecDeque<DocId>,
    pub then: Then,
}

/// What follows once they have been read, if the document is still open then.
#[derive(Debug)]
pub(super) enum Then {
    Nothing,
    /// The same, where nobody waits for it: what cannot be read now is looked at again later.
    Look,
    Relay(DocId, Vec<u8>),
    Deliver(DocId, ServerMessage),
}

impl Session {
    pub(super) fn read(&mut self, docs: impl IntoIterator<Item = DocId>, then: Then) {
        self.go_on(Reading { queue: docs.into_iter().collect(), then });
    }

    /// Asks for what is still to be read, or does what follows. What is at its head already costs no more than
    /// its part of the one question for all of them.
    pub(super) fn go_on(&mut self, mut reading: Reading) {
        reading.queue.retain(|doc| self.docs.contains_key(doc));
        let next = reading.queue.iter().take(limits::OPEN);
        let places: Vec<_> = next.filter_map(|doc| self.docs.get(doc)).map(|open| open.place).collect();
        if places.is_empty() {
            match reading.then {
                Then::Relay(doc, data) if self.docs.contains_key(&doc) => {
                    self.out.push(Output::Relay { doc, data });
                }
                Then::Deliver(doc, message) if self.docs.contains_key(&doc) => self.send(message),
                _ => {}
            }
            return;
        }
        let room = self.room_for_changes();
        let max_items = if room == 0 { 0 } else { limits::PUSH };
        self.job = Some(Job::Read(reading));
        self.out.push(Output::Ask(Ask::Read { places, max_items, max_bytes: READ_BYTES.min(room) }));
    }

    /// Bytes that changes may still fill; a change that fits one message always fits where this is not 0.
    fn room_for_changes(&self) -> usize {
        match self.transport {
            Transport::WebSocket => READ_BYTES,
            Transport::Http => {
                let room = HTTP_CHANGES.saturating_sub(self.sent);
                if room < limits::CHANGE { 0 } else { room }
            }
        }
    }

    pub(super) fn has_read(&mut self, mut reading: Reading, answers: Vec<ReadAnswer>) {
        let mut again = VecDeque::new();
        let mut unknown = BTreeSet::new();
        for (index, answer) in answers.into_iter().enumerate() {
            let Some(doc) = reading.queue.pop_front() else { break };
            match answer {
                ReadAnswer::Denied => self.end(doc, ServerMessage::Denied { doc, id: None }),
                ReadAnswer::Gone => self.end(doc, ServerMessage::Gone { doc, id: None }),
                ReadAnswer::Reset => self.end(doc, ServerMessage::Reset { doc }),
                ReadAnswer::Failed => self.fail(doc),
                ReadAnswer::Snapshot { kind, access, head, first, piece } => {
                    if self.open_up(doc, kind, access, head).is_none() {
                        continue;
                    }
                    let authors = piece.items.iter().map(|item| item.by);
                    let strangers: Vec<_> = authors.filter(|by| self.is_stranger(*by)).collect();
                    if strangers.is_empty() {
                        self.tell_piece(doc, first, piece, &mut again);
                    } else {
                        unknown.extend(strangers);
                        again.push_back(doc);
                    }
                }
                ReadAnswer::Batch { kind, access, head, items, void, .. } => {
                    let Some(place) = self.open_up(doc, kind, access, head) else { continue };
                    self.tell_void(doc, void);
                    let (items, after) = fit(place, items, self.own.get(&doc));
                    let strangers: Vec<_> =
                        items.iter().map(|item| item.by).filter(|by| self.is_stranger(*by)).collect();
                    if !strangers.is_empty() {
                        // Read again afterwards, so that what goes out has been allowed just then.
                        unknown.extend(strangers);
                        again.push_back(doc);
                        continue;
                    }
                    if place.cursor < head && items.is_empty() && self.room_for_changes() > 0 {
                        if index == 0 {
                            self.fail(doc);
                        } else {
                            again.push_back(doc);
                        }
                        continue;
                    }
                    let data = items.iter().filter_map(|item| item.data.data()).map(<[u8]>::len);
                    let size = CHANGES_OVERHEAD + items.len() * ITEM_OVERHEAD + data.sum::<usize>();
                    if !self.has_room_for(size) {
                        // Read short: the client opens it again from where it is.
                        continue;
                    }
                    if let (false, Some(chain)) = (items.is_empty(), after.chain) {
                        let void = items.iter().filter(|item| item.data == Body::Void).map(|item| item.seq);
                        if let Some(open) = self.docs.get_mut(&doc) {
                            open.void.extend(void);
                        }
                        self.send(ServerMessage::Changes { doc, from: place.cursor, items, chain });
                        if let Some(open) = self.docs.get_mut(&doc) {
                            open.place = after;
                        }
                        if after.cursor < head && self.room_for_changes() > 0 {
                            again.push_back(doc);
                        }
                    }
                }
            }
        }
        again.append(&mut reading.queue);
        reading.queue = again;
        if unknown.is_empty() {
            self.go_on(reading);
        } else {
            self.ask_directory(unknown, Some(reading));
        }
    }

    /// Says that a document is open, if the client has not been told; and where it is in it. None if it is not open.
    fn open_up(&mut self, doc: DocId, kind: DocKind, access: Access, head: u64) -> Option<Place> {
        let Some(mode) = Mode::of(access) else {
            self.end(doc, ServerMessage::Denied { doc, id: None });
            return None;
        };
        let open = self.docs.get_mut(&doc)?;
        let place = open.place;
        if open.told.replace(mode) != Some(mode) {
            let kind = kind.code().to_owned();
            self.send(ServerMessage::Opened { doc, kind, access: mode, head });
        }
        Some(place)
    }

    /// Says a piece of a snapshot, and has the next one read, or what comes after it.
    fn tell_piece(&mut self, doc: DocId, first: u64, piece: SnapshotPiece, again: &mut VecDeque<DocId>) {
        let heads = piece.heads.len() * HEAD;
        let size = CHANGES_OVERHEAD + heads + piece.items.len() * ITEM_OVERHEAD + piece.data.len();
        if !self.has_room_for(size) {
            // Read short: the client opens it again from where it is.
            return;
        }
        let Some(open) = self.docs.get_mut(&doc) else { return };
        let (seq, offset) = (piece.seq, piece.offset + piece.data.len() as u64);
        let void = (first..).zip(&piece.items).filter(|(_, item)| item.void);
        open.void.extend(void.map(|(seq, _)| seq));
        open.place = if offset == piece.size {
            Place { doc, cursor: seq, chain: Some(piece.chain), part: None }
        } else {
            Place { part: Some(SnapshotPart { seq, offset }), ..open.place }
        };
        self.send(ServerMessage::Snapshot { doc, piece });
        if self.room_for_changes() > 0 {
            again.push_back(doc);
        }
    }

    /// Says what was found harmful of what the client has read, as far as it has not been told.
    fn tell_void(&mut self, doc: DocId, mut items: Vec<u64>) {
        let Some(open) = self.docs.get_mut(&doc) else { return };
        items.retain(|seq| open.void.insert(*seq));
        if !items.is_empty() {
            self.send(ServerMessage::Void { doc, items });
        }
    }

    fn has_room_for(&self, size: usize) -> bool {
        self.transport == Transport::WebSocket || self.sent + size <= HTTP_CHANGES
    }

    fn is_stranger(&self, by: DeviceId) -> bool {
        !self.announced.contains(&by)
    }

    pub(super) fn ask_directory(&mut self, devices: BTreeSet<DeviceId>, then: Option<Reading>) {
        self.job = Some(Job::Directory { devices, then });
        self.out.push(Output::Ask(Ask::DirectoryVersion));
    }
}
