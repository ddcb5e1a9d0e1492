//! Who is connected to this instance, and what each connection should look at: hints that wake, never decide.
//!
//! A connection has one small mailbox in which hints coalesce, so that no sender ever waits and memory is
//! bounded by what is open. What goes to a device is read and handed to its socket inside
//! [`Connection::deliver`]; [`Hub::revoke`] waits until every such section that began before has ended, and
//! that is what makes a revocation immediate.

mod fresh;
mod mailbox;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use shared::ids::{DeviceId, DocId, UserId};
use store::Carrier;
use tokio::sync::{Mutex as SectionMutex, Notify};

pub use fresh::Fresh;
use mailbox::Mailbox;
pub use mailbox::{Presence, Signal};

/// How long a connection may take to hand over what it has read, once somebody waits for it; then it is cut.
pub const DELIVERY_PATIENCE: Duration = Duration::from_secs(2);

/// Connections of one person at a time: a few devices with a few tabs each, and room for those that are
/// closing.
pub const MAX_CONNECTIONS_PER_USER: usize = 32;

/// Connections that are told of a push with what it stored.
pub const MAX_AUDIENCE: usize = 64;

/// Tells connections, on whatever instance, that something has changed. Every call comes *after* the commit of
/// what it is about; a lost hint costs time, never content.
#[async_trait]
pub trait NotifyBus: Send + Sync + 'static {
    /// The logs of these documents have grown, or access to them has changed.
    fn wake(&self, docs: &[DocId]);

    /// The log of this document has grown up to `head`, and nothing else has changed: who was told that much
    /// already need not look. Where it is at hand, with what was stored.
    fn grown(&self, doc: DocId, head: u64, fresh: Option<&Arc<Fresh>>);

    /// What these people may know has changed.
    fn wake_directory(&self, users: &[UserId]);

    /// This device has been revoked.
    fn wipe(&self, device: DeviceId);

    /// All sessions of this person have ended.
    fn end_sessions(&self, user: UserId);

    /// The session on this device has ended.
    fn end_session_on(&self, device: DeviceId);

    /// After the commit and before the answer of a command that took access to `docs` away from `users`: no
    /// byte of them goes out to these people any more once this returns.
    async fn revoke(&self, users: &[UserId], docs: &[DocId]);

    /// Returns when every delivery to these people that had begun has ended.
    async fn barrier(&self, users: &[UserId]);
}

/// A person has too many connections at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this person has {MAX_CONNECTIONS_PER_USER} connections already")]
pub struct TooManyConnections;

/// The connections of this instance.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    shared: Arc<HubShared>,
}

#[derive(Debug, Default)]
struct HubShared {
    registry: Mutex<Registry>,
    /// Counts revocations.
    epoch: AtomicU64,
    /// Told whenever a connection has left.
    left: Notify,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    stopping: bool,
    connections: HashMap<u64, Member>,
    of_user: HashMap<UserId, Vec<Arc<Peer>>>,
    of_doc: HashMap<DocId, HashMap<u64, Subscription>>,
}

#[derive(Debug)]
struct Member {
    peer: Arc<Peer>,
    /// What it has open, so that leaving costs that much and no more.
    docs: HashSet<DocId>,
}

#[derive(Debug)]
struct Subscription {
    peer: Arc<Peer>,
    /// Whether presence goes to and from it. Off from a revocation until the connection has read the document
    /// again with success.
    presence: bool,
}

/// What the hub knows of one connection.
#[derive(Debug)]
struct Peer {
    id: u64,
    user: UserId,
    device: DeviceId,
    mailbox: Mailbox,
    /// Held while something is read and handed to the socket.
    section: SectionMutex<()>,
}

impl Hub {
    /// A hub without connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a connection in; it leaves when the answer is dropped.
    ///
    /// # Errors
    /// [`TooManyConnections`].
    pub fn register(&self, user: UserId, device: DeviceId) -> Result<Connection, TooManyConnections> {
        let mut registry = self.registry();
        if registry.of_user.get(&user).is_some_and(|peers| peers.len() >= MAX_CONNECTIONS_PER_USER) {
            return Err(TooManyConnections);
        }
        let id = registry.next;
        registry.next += 1;
        let mailbox = Mailbox::default();
        if registry.stopping {
            mailbox.stop();
        }
        let peer = Arc::new(Peer { id, user, device, mailbox, section: SectionMutex::new(()) });
        registry.connections.insert(id, Member { peer: Arc::clone(&peer), docs: HashSet::new() });
        registry.of_user.entry(user).or_default().push(Arc::clone(&peer));
        Ok(Connection { hub: self.clone(), peer })
    }

    /// Who has a document open, each device once: at most [`MAX_AUDIENCE`]. More than that read the log for themselves.
    #[must_use]
    pub fn audience(&self, doc: DocId) -> Vec<Carrier> {
        let registry = self.registry();
        let Some(subscriptions) = registry.of_doc.get(&doc) else { return Vec::new() };
        let carrier = |it: &Subscription| Carrier { user: it.peer.user, device: it.peer.device };
        let mut audience: Vec<_> = subscriptions.values().map(carrier).take(MAX_AUDIENCE).collect();
        audience.sort_unstable();
        audience.dedup();
        audience
    }

    /// The documents that a person has open, on whichever of her connections.
    #[must_use]
    pub fn open_docs(&self, user: UserId) -> Vec<DocId> {
        let registry = self.registry();
        let hers = registry.connections.values().filter(|member| member.peer.user == user);
        let docs: HashSet<DocId> = hers.flat_map(|member| &member.docs).copied().collect();
        docs.into_iter().collect()
    }

    /// Counts revocations: what was read together with access before one is not to be handed over after it.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.registry().connections.len()
    }

    /// Has every connection look again at what it may know and at each document that it has open, and returns when what
    /// had begun before has ended.
    pub async fn look_again(&self) {
        let (users, docs): (Vec<_>, Vec<_>) = {
            let registry = self.registry();
            (registry.of_user.keys().copied().collect(), registry.of_doc.keys().copied().collect())
        };
        self.revoke(&users, &docs).await;
        self.wake_directory(&users);
    }

    /// Asks every connection, also those that still come, to close because the instance stops.
    pub fn stop(&self) {
        let mut registry = self.registry();
        registry.stopping = true;
        for member in registry.connections.values() {
            member.peer.mailbox.stop();
        }
    }

    /// Returns when no connection is left.
    pub async fn emptied(&self) {
        loop {
            let left = self.shared.left.notified();
            if self.connections() == 0 {
                return;
            }
            left.await;
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing in this file panics while it holds the lock, and the maps stay usable if it did.
        self.shared.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn peers_of(&self, users: &[UserId]) -> Vec<Arc<Peer>> {
        let registry = self.registry();
        users.iter().filter_map(|user| registry.of_user.get(user)).flatten().cloned().collect()
    }

    /// Stops presence between these people and these documents, and has them look at each again.
    fn distrust(&self, users: &[UserId], docs: &[DocId]) {
        let mut registry = self.registry();
        for doc in docs {
            for subscription in registry.of_doc.get_mut(doc).into_iter().flat_map(HashMap::values_mut) {
                let peer = &subscription.peer;
                if subscription.presence && users.contains(&peer.user) {
                    subscription.presence = false;
                    peer.mailbox.forget_presence(*doc);
                    peer.mailbox.wake(*doc, None, None);
                }
            }
        }
    }
}

#[async_trait]
impl NotifyBus for Hub {
    fn wake(&self, docs: &[DocId]) {
        let registry = self.registry();
        for &doc in docs {
            registry.wake(doc, None, None);
        }
    }

    fn grown(&self, doc: DocId, head: u64, fresh: Option<&Arc<Fresh>>) {
        self.registry().wake(doc, Some(head), fresh);
    }

    fn wake_directory(&self, users: &[UserId]) {
        for peer in self.peers_of(users) {
            peer.mailbox.wake_directory();
        }
    }

    fn wipe(&self, device: DeviceId) {
        for member in self.registry().connections.values().filter(|member| member.peer.device == device) {
            member.peer.mailbox.wipe();
        }
    }

    fn end_sessions(&self, user: UserId) {
        for peer in self.peers_of(&[user]) {
            peer.mailbox.end_session();
        }
    }

    fn end_session_on(&self, device: DeviceId) {
        for member in self.registry().connections.values().filter(|member| member.peer.device == device) {
            member.peer.mailbox.end_session();
        }
    }

    async fn revoke(&self, users: &[UserId], docs: &[DocId]) {
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        self.distrust(users, docs);
        self.barrier(users).await;
        // Again: a section that had read before the commit may have subscribed after the first time.
        self.distrust(users, docs);
    }

    async fn barrier(&self, users: &[UserId]) {
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        let peers = self.peers_of(users);
        let passed = peers.iter().map(|peer| async move {
            if tokio::time::timeout(DELIVERY_PATIENCE, peer.section.lock()).await.is_err() {
                tracing::warn!(user = %peer.user, device = %peer.device, "cut a connection that does not drain");
                peer.mailbox.cut();
                // Comes at once: `deliver` drops its work when it is cut.
                drop(peer.section.lock().await);
            }
        });
        futures_util::future::join_all(passed).await;
    }
}

/// A registered connection.
#[derive(Debug)]
pub struct Connection {
    hub: Hub,
    peer: Arc<Peer>,
}

impl Connection {
    /// Whose it is.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.peer.user
    }

    /// From which device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.peer.device
    }

    /// Waits for the next hint, the most urgent one first. For one caller at a time; dropped while it waits, it
    /// loses nothing.
    pub async fn signal(&self) -> Signal {
        self.peer.mailbox.next().await
    }

    /// Whether a hint waits that the session has ended, or its device was revoked.
    #[must_use]
    pub fn may_be_over(&self) -> bool {
        self.peer.mailbox.may_be_over()
    }

    /// From now on hints about `doc` come, and presence goes both ways. Call it when the document is opened,
    /// *before* its log is read, and again after each batch that was read with success: it is cheap, and it is
    /// what lets presence through again after a revocation that left this person her access.
    pub fn subscribe(&self, doc: DocId) {
        let mut registry = self.hub.registry();
        if let Some(member) = registry.connections.get_mut(&self.peer.id) {
            member.docs.insert(doc);
        }
        let subscription = Subscription { peer: Arc::clone(&self.peer), presence: true };
        registry.of_doc.entry(doc).or_default().insert(self.peer.id, subscription);
    }

    /// No more hints about `doc`.
    pub fn unsubscribe(&self, doc: DocId) {
        let mut registry = self.hub.registry();
        registry.forget(doc, self.peer.id);
        if let Some(member) = registry.connections.get_mut(&self.peer.id) {
            member.docs.remove(&doc);
        }
        self.peer.mailbox.forget(doc);
    }

    /// Hands presence to the other connections that have `doc` open, unless this one may not read it (any
    /// more).
    pub fn relay(&self, doc: DocId, data: &[u8]) {
        let registry = self.hub.registry();
        let Some(subscriptions) = registry.of_doc.get(&doc) else { return };
        if !subscriptions.get(&self.peer.id).is_some_and(|own| own.presence) {
            return;
        }
        for (id, subscription) in subscriptions {
            if *id != self.peer.id && subscription.presence {
                subscription.peer.mailbox.put_presence(Presence {
                    doc,
                    user: self.peer.user,
                    device: self.peer.device,
                    data: data.to_vec(),
                });
            }
        }
    }

    /// The next presence of somebody else, to be taken inside [`deliver`](Self::deliver): what a revocation
    /// has ended is not there any more.
    #[must_use]
    pub fn take_presence(&self) -> Option<Presence> {
        self.peer.mailbox.take_presence()
    }

    /// Runs `work`, which reads something and hands it to the socket, such that a revocation can wait for its
    /// end. `None`: the connection has been cut, and the socket is to be dropped without another byte.
    pub async fn deliver<F: Future>(&self, work: F) -> Option<F::Output> {
        let _section = self.peer.section.lock().await;
        tokio::select! {
            biased;
            () = self.peer.mailbox.is_cut() => None,
            output = work => Some(output),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut registry = self.hub.registry();
        if let Some(member) = registry.connections.remove(&self.peer.id) {
            for doc in member.docs {
                registry.forget(doc, self.peer.id);
            }
        }
        if let Some(peers) = registry.of_user.get_mut(&self.peer.user) {
            peers.retain(|peer| peer.id != self.peer.id);
            if peers.is_empty() {
                registry.of_user.remove(&self.peer.user);
            }
        }
        drop(registry);
        self.hub.shared.left.notify_waiters();
    }
}

impl Registry {
    fn wake(&self, doc: DocId, head: Option<u64>, fresh: Option<&Arc<Fresh>>) {
        for subscription in self.of_doc.get(&doc).into_iter().flat_map(HashMap::values) {
            subscription.peer.mailbox.wake(doc, head, fresh);
        }
    }

    fn forget(&mut self, doc: DocId, peer: u64) {
        if let Some(subscriptions) = self.of_doc.get_mut(&doc) {
            subscriptions.remove(&peer);
            if subscriptions.is_empty() {
                self.of_doc.remove(&doc);
            }
        }
    }
}

#[cfg(test)]
mod tests;
