//! What a database does besides: transactions that become visible at their commit or leave nothing, and devices
//! that carry nothing any more.

use super::{Log, Memory};
use crate::access::Access;
use crate::ids::{DeviceId, DocId, UserId};
use crate::sync::message::PushItem;
use crate::sync::session::{Answer, Ask, PushAnswer, ReadAnswer};

impl Memory {
    /// Begins a transaction: what is pushed from now on is read by nobody before [`commit`](Self::commit).
    ///
    /// # Panics
    /// If one is open already: there is one writer.
    pub fn begin(&mut self) {
        assert!(self.open.is_none(), "a transaction is open already");
        self.open = Some(std::collections::BTreeMap::new());
    }

    /// Whether a transaction is open.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.open.is_some()
    }

    /// Makes the open transaction visible.
    pub fn commit(&mut self) {
        self.open = None;
    }

    /// Takes back what the open transaction did.
    pub fn rollback(&mut self) {
        for (doc, (length, max_op)) in self.open.take().into_iter().flatten() {
            if let Some(log) = self.logs.get_mut(&doc) {
                log.truncate(length, max_op);
            }
        }
    }

    /// Puts a push through the gate, within the open transaction if there is one.
    pub fn push_from(
        &mut self,
        user: UserId,
        device: DeviceId,
        doc: DocId,
        items: &[PushItem],
    ) -> PushAnswer {
        if self.carries(user, device) { self.push(user, doc, items) } else { PushAnswer::Denied }
    }

    /// Answers the ask of a session of that device; a push is committed at once.
    pub fn answer_to(&mut self, user: UserId, device: DeviceId, ask: &Ask) -> Answer {
        match ask {
            Ask::Read { places, .. } if !self.carries(user, device) => {
                Answer::Read(vec![ReadAnswer::Denied; places.len()])
            }
            Ask::Push { doc, items, .. } => Answer::Push(self.push_from(user, device, *doc, items)),
            ask => self.answer(user, ask),
        }
    }

    /// Whether what this device says in this person's name is heard.
    #[must_use]
    pub fn carries(&self, user: UserId, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|(owner, _)| *owner == user) && !self.revoked.contains(&device)
    }

    /// Whose device it is; none where it was never registered.
    #[must_use]
    pub fn owner(&self, device: DeviceId) -> Option<UserId> {
        self.devices.get(&device).map(|(owner, _)| *owner)
    }

    /// From now on the device carries nothing; what it has signed stays signed.
    pub fn revoke_device(&mut self, device: DeviceId) {
        self.revoked.insert(device);
        self.directory += 1;
    }

    /// Whether the device was revoked.
    #[must_use]
    pub fn is_revoked(&self, device: DeviceId) -> bool {
        self.revoked.contains(&device)
    }

    /// What a person may do with a document; nothing with one that is not there or is destroyed.
    #[must_use]
    pub fn access_of(&self, user: UserId, doc: DocId) -> Access {
        self.logs
            .get(&doc)
            .filter(|log| !log.destroyed)
            .and_then(|log| log.grants.get(&user))
            .map_or(Access::None, |grant| grant.access)
    }

    /// Everybody who can read a document, or once could.
    #[must_use]
    pub fn readers(&self, doc: DocId) -> Vec<UserId> {
        let grants = self.logs.get(&doc).into_iter().flat_map(|log| &log.grants);
        grants.filter(|(_, grant)| grant.ever_read).map(|(&user, _)| user).collect()
    }

    /// Whether a person can write a document, or once could.
    #[must_use]
    pub fn was_writer(&self, user: UserId, doc: DocId) -> bool {
        self.logs.get(&doc).and_then(|log| log.grants.get(&user)).is_some_and(|grant| grant.ever_write)
    }

    /// How many items of a log anybody reads.
    pub(super) fn committed(&self, doc: DocId, log: &Log) -> usize {
        let open = self.open.as_ref().and_then(|open| open.get(&doc));
        open.map_or(log.items.len(), |(length, _)| *length)
    }
}

impl Log {
    /// Whether the document was destroyed.
    #[must_use]
    pub fn is_destroyed(&self) -> bool {
        self.destroyed
    }

    fn truncate(&mut self, length: usize, max_op: u64) {
        for item in self.items.drain(length..) {
            self.places.remove(&item.hash);
        }
        self.deps.truncate(length);
        self.chains.truncate(length + 1);
        self.max_op = max_op;
        let length = length as u64;
        for changes in self.actors.values_mut() {
            changes.retain(|change| change.seq <= length);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::access::Access;
    use crate::domain::kind::DocKind;
    use crate::sync::memory::Memory;
    use crate::sync::message::Place;
    use crate::sync::session::{Answer, Ask, PushAnswer, ReadAnswer};
    use crate::sync::testing::{Author, DOC, key, user};

    fn memory() -> Memory {
        let mut memory = Memory::default();
        memory.create(DOC, DocKind::SharedNotes);
        memory.add_device(user(1), key(1).id(), key(1).public());
        memory.grant(DOC, user(1), Access::Write);
        memory
    }

    /// The head as it is read, and how many items come with it.
    fn read(memory: &mut Memory) -> (u64, usize) {
        let places = vec![Place::start(DOC)];
        let ask = Ask::Read { places, max_items: 10, max_bytes: 10_000 };
        match memory.answer_to(user(1), key(1).id(), &ask) {
            Answer::Read(answers) => match &answers[..] {
                [ReadAnswer::Batch { head, items, .. }] => (*head, items.len()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn stored(answer: &PushAnswer) -> usize {
        match answer {
            PushAnswer::Done { stored, .. } => stored.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_read_before_its_commit() {
        let mut memory = memory();
        memory.begin();
        let pushed = memory.push_from(user(1), key(1).id(), DOC, &Author::new(1).writes(2));
        assert_eq!(stored(&pushed), 2);
        assert_eq!(read(&mut memory), (1, 1));
        memory.commit();
        assert_eq!(read(&mut memory), (3, 3));
    }

    #[test]
    fn a_rollback_leaves_a_log_that_takes_the_same_again() {
        let mut memory = memory();
        let mut author = Author::new(1);
        let first = memory.push_from(user(1), key(1).id(), DOC, &author.writes(1));
        assert_eq!(stored(&first), 1);
        let items = author.writes(2);
        memory.begin();
        let rolled_back = memory.push_from(user(1), key(1).id(), DOC, &items);
        assert_eq!(stored(&rolled_back), 2);
        memory.rollback();
        assert_eq!(read(&mut memory), (2, 2));
        let again = memory.push_from(user(1), key(1).id(), DOC, &items);
        assert_eq!(again, rolled_back);
        assert_eq!(read(&mut memory), (4, 4));
    }

    #[test]
    fn a_revoked_device_reads_and_carries_nothing() {
        let mut memory = memory();
        memory.revoke_device(key(1).id());
        let places = vec![Place::start(DOC)];
        let ask = Ask::Read { places, max_items: 10, max_bytes: 10_000 };
        let answer = memory.answer_to(user(1), key(1).id(), &ask);
        assert_eq!(answer, Answer::Read(vec![ReadAnswer::Denied]));
        let pushed = memory.push_from(user(1), key(1).id(), DOC, &Author::new(1).writes(1));
        assert_eq!(pushed, PushAnswer::Denied);
    }
}
