//! A connection's mailbox: one slot per kind of hint and document, so that it never grows past what is open.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::ids::{DeviceId, DocId, UserId};
use tokio::sync::{Notify, watch};

use super::Fresh;

/// Presence that waits for a slow connection; the oldest goes first when there is more, since only the newest
/// of each device is worth anything.
pub(super) const MAX_PRESENCE: usize = 64;

/// Bytes of changes that wait beside the hints for a connection to look: those of some seconds of typing. Who is further
/// behind reads the log, so that whoever does not read at all keeps nothing in memory.
const MAX_FRESH: usize = 64 * 1024;

/// What a connection is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// It did not drain while a revocation waited: drop the socket without another byte.
    Cut,
    /// Its device has been revoked.
    Wipe,
    /// Its session has ended.
    SignedOut,
    /// The instance is stopping.
    Stopping,
    /// What its person may know may have changed.
    DirectoryWoken,
    /// This document's log may have grown, or access to it may have changed.
    Woken {
        /// Which document.
        doc: DocId,
        /// The place of its newest item, where nothing else can have changed; `None` to look in any case.
        head: Option<u64>,
        /// What was stored, as far as it is at hand, in no particular order.
        fresh: Vec<Arc<Fresh>>,
    },
    /// Somebody else's presence waits to be taken, inside the section that delivers it.
    PresenceWaits,
}

/// Where somebody is in a document, in bytes that only devices understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// In which document.
    pub doc: DocId,
    /// Who.
    pub user: UserId,
    /// On which device.
    pub device: DeviceId,
    /// As sent.
    pub data: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    /// Holds one permit when something was put in.
    arrived: Notify,
    cut: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Waiting {
    wipe: bool,
    signed_out: bool,
    stopping: bool,
    directory: bool,
    /// In the order in which they were woken; `woken` has the same.
    order: VecDeque<DocId>,
    woken: HashMap<DocId, News>,
    /// Bytes of what is at hand in `woken`.
    fresh_bytes: usize,
    presence: VecDeque<Presence>,
    /// Whether the connection knows that presence waits.
    presence_told: bool,
}

/// What there is to know of a document.
#[derive(Debug, Default)]
struct News {
    head: Option<u64>,
    fresh: Vec<Arc<Fresh>>,
}

impl Waiting {
    fn take_news(&mut self, doc: DocId) -> Option<News> {
        let news = self.woken.remove(&doc)?;
        self.fresh_bytes -= news.fresh.iter().map(|fresh| fresh.bytes()).sum::<usize>();
        Some(news)
    }
}

impl Mailbox {
    /// To look at `doc` if it is not known up to `head`, or in any case.
    pub(super) fn wake(&self, doc: DocId, head: Option<u64>, fresh: Option<&Arc<Fresh>>) {
        self.put(|waiting| {
            let news = match waiting.woken.entry(doc) {
                Entry::Occupied(known) => {
                    let news = known.into_mut();
                    news.head = news.head.zip(head).map(|(known, head)| known.max(head));
                    news
                }
                Entry::Vacant(unknown) => {
                    waiting.order.push_back(doc);
                    unknown.insert(News { head, fresh: Vec::new() })
                }
            };
            if let Some(fresh) = fresh
                && waiting.fresh_bytes + fresh.bytes() <= MAX_FRESH
            {
                waiting.fresh_bytes += fresh.bytes();
                news.fresh.push(Arc::clone(fresh));
            }
        });
    }

    pub(super) fn wake_directory(&self) {
        self.put(|waiting| waiting.directory = true);
    }

    pub(super) fn wipe(&self) {
        self.put(|waiting| waiting.wipe = true);
    }

    pub(super) fn end_session(&self) {
        self.put(|waiting| waiting.signed_out = true);
    }

    pub(super) fn stop(&self) {
        self.put(|waiting| waiting.stopping = true);
    }

    pub(super) fn put_presence(&self, presence: Presence) {
        self.put(|waiting| {
            waiting.presence_told = false;
            waiting.presence.retain(|it| (it.doc, it.device) != (presence.doc, presence.device));
            if waiting.presence.len() == MAX_PRESENCE {
                waiting.presence.pop_front();
            }
            waiting.presence.push_back(presence);
        });
    }

    pub(super) fn forget(&self, doc: DocId) {
        let mut waiting = self.waiting();
        if waiting.take_news(doc).is_some() {
            waiting.order.retain(|it| *it != doc);
        }
        waiting.presence.retain(|it| it.doc != doc);
    }

    pub(super) fn forget_presence(&self, doc: DocId) {
        self.waiting().presence.retain(|it| it.doc != doc);
    }

    pub(super) fn cut(&self) {
        self.cut.send_replace(true);
        self.arrived.notify_one();
    }

    /// Whether it waits to be told that the session has ended, or the device was revoked.
    pub(super) fn may_be_over(&self) -> bool {
        let waiting = self.waiting();
        waiting.wipe || waiting.signed_out
    }

    /// Returns when the connection has been cut.
    pub(super) async fn is_cut(&self) {
        // Fails only if the sender is gone, and `self` holds it.
        let _ = self.cut.subscribe().wait_for(|cut| *cut).await;
    }

    pub(super) async fn next(&self) -> Signal {
        loop {
            if let Some(signal) = self.take() {
                return signal;
            }
            self.arrived.notified().await;
        }
    }

    fn take(&self) -> Option<Signal> {
        if *self.cut.borrow() {
            return Some(Signal::Cut);
        }
        let mut waiting = self.waiting();
        if std::mem::take(&mut waiting.wipe) {
            return Some(Signal::Wipe);
        }
        if std::mem::take(&mut waiting.signed_out) {
            return Some(Signal::SignedOut);
        }
        if std::mem::take(&mut waiting.stopping) {
            return Some(Signal::Stopping);
        }
        // Before the documents: a device must be told of an author before it is told what she wrote.
        if std::mem::take(&mut waiting.directory) {
            return Some(Signal::DirectoryWoken);
        }
        if let Some(doc) = waiting.order.pop_front() {
            let News { head, fresh } = waiting.take_news(doc).unwrap_or_default();
            return Some(Signal::Woken { doc, head, fresh });
        }
        if !waiting.presence.is_empty() && !std::mem::replace(&mut waiting.presence_told, true) {
            return Some(Signal::PresenceWaits);
        }
        None
    }

    pub(super) fn take_presence(&self) -> Option<Presence> {
        self.waiting().presence.pop_front()
    }

    fn put(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.waiting());
        self.arrived.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves at worst a hint too many.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
