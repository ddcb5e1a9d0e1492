//! Logs are read up to their heads, and told.

use std::collections::{BTreeSet, VecDeque};

use super::machine::{Job, Session};
use super::open_docs::{CHANGES_OVERHEAD, ITEM_OVERHEAD, fit};
use super::{Ask, Output, ReadAnswer, Transport};
use crate::ids::{DeviceId, DocId};
use crate::sync::limits;
use crate::sync::message::{LogItem, Mode, ServerMessage};

/// Bytes of data asked for at once, so that whatever comes fits one message.
const READ_BYTES: usize = limits::FRAME - CHANGES_OVERHEAD - limits::PUSH * ITEM_OVERHEAD;
/// Bytes of the answer to a `POST` that changes may fill; the rest is for what must be answered.
const HTTP_CHANGES: usize = limits::HTTP_ANSWER / 2;

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
                ReadAnswer::Batch { kind, access, head, items, .. } => {
                    let Some(mode) = Mode::of(access) else {
                        self.end(doc, ServerMessage::Denied { doc, id: None });
                        continue;
                    };
                    let Some(open) = self.docs.get_mut(&doc) else { continue };
                    let place = open.place;
                    if open.told.replace(mode) != Some(mode) {
                        let kind = kind.code().to_owned();
                        self.send(ServerMessage::Opened { doc, kind, access: mode, head });
                    }
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
                    if !self.has_room_for(&items) {
                        // Read short: the client opens it again from where it is.
                        continue;
                    }
                    if let (false, Some(chain)) = (items.is_empty(), after.chain) {
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

    fn has_room_for(&self, items: &[LogItem]) -> bool {
        let data: usize = items.iter().filter_map(|item| item.data.data()).map(<[u8]>::len).sum();
        let size = CHANGES_OVERHEAD + items.len() * ITEM_OVERHEAD + data;
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
