//! What is told after a commit: who should look again, and who must not get another byte.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::{DeviceId, DocId, UserId};
use store::GrantsChange;

use crate::hub::NotifyBus;

/// What follows from a transaction, once it is committed.
#[derive(Debug, Default)]
pub struct FollowUp {
    /// What the command was about, for the audit log.
    pub object: String,
    /// People whose directory has changed.
    pub directory: BTreeSet<UserId>,
    /// Documents whose log has grown or whose access has changed.
    docs: BTreeSet<DocId>,
    /// Who lost which documents.
    lost: BTreeMap<DocId, Vec<UserId>>,
    /// Devices that were revoked, and whose each was.
    revoked: Vec<(DeviceId, UserId)>,
    /// People who were signed out everywhere.
    signed_out: BTreeSet<UserId>,
}

impl FollowUp {
    /// Access to a document has changed.
    pub fn access_changed(&mut self, doc: DocId, change: GrantsChange) {
        if !change.changed.is_empty() {
            self.docs.insert(doc);
        }
        self.directory.extend(change.changed);
        if !change.lost.is_empty() {
            self.lost.entry(doc).or_default().extend(change.lost);
        }
    }

    /// A document has new items.
    pub fn grown(&mut self, doc: DocId) {
        self.docs.insert(doc);
    }

    /// A device was revoked.
    pub fn revoked(&mut self, device: DeviceId, user: UserId) {
        self.revoked.push((device, user));
    }

    /// All sessions of a person have ended.
    pub fn signed_out(&mut self, user: UserId) {
        self.signed_out.insert(user);
    }

    /// Tells it. Returns when no byte goes out any more to who has lost something.
    pub async fn tell(self, bus: &dyn NotifyBus) {
        for (device, user) in self.revoked {
            bus.wipe(device);
            bus.barrier(&[user]).await;
        }
        for &user in &self.signed_out {
            bus.end_sessions(user);
        }
        if !self.signed_out.is_empty() {
            bus.barrier(&Vec::from_iter(self.signed_out)).await;
        }
        for (doc, users) in self.lost {
            bus.revoke(&users, &[doc]).await;
        }
        bus.wake(&Vec::from_iter(self.docs));
        bus.wake_directory(&Vec::from_iter(self.directory));
    }
}
