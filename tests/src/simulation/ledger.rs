//! What is known from outside: what was written and by whom, what was committed, and who may be told nothing any
//! more. Every promise is checked against it.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::{ActorId, ChangeHash, DeviceId, DocId, UserId};
use shared::sync::change;

/// A change as its author made it.
#[derive(Debug, Clone)]
pub struct Written {
    /// In which document.
    pub doc: DocId,
    /// On which device.
    pub by: DeviceId,
    /// The signature of that device.
    pub sig: Vec<u8>,
}

/// Everything that is known.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Every change that somebody really wrote.
    pub written: BTreeMap<ChangeHash, Written>,
    /// Every change that was ever on the server's storage.
    pub committed: BTreeSet<ChangeHash>,
    /// Those of them that a restored backup lacked.
    pub lost: BTreeSet<ChangeHash>,
    /// Refused changes, and the newer ones that say the same.
    pub heirs: BTreeMap<ChangeHash, ChangeHash>,
    /// The first items of documents.
    pub geneses: BTreeMap<DocId, ChangeHash>,
    /// Who is to be told nothing of which document: the revoking command has been answered.
    pub barred: BTreeSet<(UserId, DocId)>,
    /// Devices that are to be told nothing at all.
    pub barred_devices: BTreeSet<DeviceId>,
    /// What was counted, for the report.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Ledger {
    /// Notes a change that somebody really wrote.
    pub fn write(&mut self, doc: DocId, hash: ChangeHash, by: DeviceId, sig: &[u8]) {
        self.written.insert(hash, Written { doc, by, sig: sig.to_vec() });
    }

    /// Counts something for the report.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Whether a change is what its author wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn is_authentic(
        &self,
        doc: DocId,
        hash: ChangeHash,
        by: DeviceId,
        sig: &[u8],
    ) -> Result<(), &'static str> {
        if self.geneses.get(&doc) == Some(&hash) {
            return if by == DeviceId::GENESIS { Ok(()) } else { Err("a genesis with an author") };
        }
        let written = self.written.get(&hash).ok_or("which nobody wrote")?;
        if written.doc != doc {
            return Err("which was written in another document");
        }
        if written.by != by {
            return Err("which somebody else wrote");
        }
        if written.sig != sig {
            return Err("with another signature than its author's");
        }
        Ok(())
    }

    /// A change and the newer ones that say the same, in order.
    pub fn heirs_of(&self, hash: ChangeHash) -> impl Iterator<Item = ChangeHash> {
        std::iter::successors(Some(hash), |hash| self.heirs.get(hash).copied())
    }
}

/// An order of changes in which each comes after what it depends on.
#[must_use]
pub fn order_of(data: &[u8]) -> (u64, u64, ActorId) {
    change::parse(data).map_or((0, 0, ActorId::GENESIS), |parsed| (parsed.start_op, parsed.seq, parsed.actor))
}
