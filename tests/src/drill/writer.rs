//! A device that writes as fast as it is answered, keeps what was not acknowledged, and pushes it again: as the
//! client does.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use shared::ids::{ChangeHash, DocId};
use shared::sync::message::{PushItem, ServerMessage};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::load::{Author, Client, Device, Event};

/// Pushes in flight.
const WINDOW: usize = 4;
/// How long to leave a server alone that could not store something.
const PAUSE: Duration = Duration::from_millis(50);

/// Longer words are pasted, not typed.
const TYPED: usize = 100;

/// What a writer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The server has acknowledged that item.
    Acknowledged(DocId, u64, ChangeHash),
    /// It said that storage is not available.
    Unavailable,
    /// It refused an item for another reason than an earlier push that was not stored.
    Refused,
    /// The connection has ended, with that code.
    Closed(Option<u16>),
}

/// A device in one document.
pub(super) struct Writer {
    device: Device,
    doc: DocId,
    author: Author,
    /// Written and not acknowledged, in order.
    pending: VecDeque<PushItem>,
    words: String,
}

impl Writer {
    pub(super) fn new(doc: DocId, device: &Device, words: &str) -> Self {
        let author = Author::new(doc, device);
        Self { device: device.clone(), doc, author, pending: VecDeque::new(), words: words.to_owned() }
    }

    /// Writes until the connection ends, or until `stop` says so and everything has been answered.
    pub(super) async fn write(
        &mut self,
        server: SocketAddr,
        told: &mpsc::UnboundedSender<Told>,
        stop: &watch::Receiver<bool>,
    ) {
        let Ok(mut client) = Client::connect(server, &self.device).await else {
            let _ = told.send(Told::Closed(None));
            return;
        };
        // How many of `pending` have been pushed on this connection, and how many answers are outstanding.
        let (mut pushed, mut outstanding) = (0, 0);
        let mut troubled = false;
        loop {
            let stopping = *stop.borrow();
            while outstanding < WINDOW && !troubled && (pushed < self.pending.len() || !stopping) {
                if pushed == self.pending.len() {
                    let item = match self.words.len() {
                        ..=TYPED => self.author.edit(&self.words),
                        _ => self.author.paste(&self.words),
                    };
                    self.pending.push_back(item);
                }
                client.push(self.doc, vec![self.pending[pushed].clone()]).await;
                pushed += 1;
                outstanding += 1;
            }
            if outstanding == 0 {
                if troubled {
                    troubled = false;
                    pushed = 0;
                    sleep(PAUSE).await;
                    continue;
                }
                return;
            }
            match client.next().await {
                Event::Message(ServerMessage::Ack { items, .. }) => {
                    outstanding -= 1;
                    for item in items {
                        if let Some(at) = self.pending.iter().position(|it| it.hash == item.hash) {
                            self.pending.remove(at);
                            pushed -= 1;
                        }
                        let _ = told.send(Told::Acknowledged(self.doc, item.seq, item.hash));
                    }
                }
                Event::Message(ServerMessage::Error { id: Some(_), .. }) => {
                    outstanding -= 1;
                    troubled = true;
                    let _ = told.send(Told::Unavailable);
                }
                Event::Message(ServerMessage::Reject { .. }) => {
                    outstanding -= 1;
                    // Of what builds on something that was not stored this is the answer.
                    if !troubled {
                        let _ = told.send(Told::Refused);
                    }
                    troubled = true;
                }
                Event::Message(_) => {}
                Event::Closed(code) => {
                    let _ = told.send(Told::Closed(code));
                    return;
                }
            }
        }
    }

    /// How many items wait for an acknowledgement.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }
}
