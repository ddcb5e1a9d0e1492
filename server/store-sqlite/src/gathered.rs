//! Items on their way out of a log, whichever statement found them.

use shared::ids::Chain;
use shared::sync::message::{Body, LogItem};
use store::{Result, StoreError};

use crate::row;

/// A row of `items`.
pub(crate) struct ItemRow {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) chain: Vec<u8>,
    pub(crate) by: Vec<u8>,
    pub(crate) sig: Vec<u8>,
    pub(crate) void: bool,
    pub(crate) data: Vec<u8>,
}

/// Items in order, and the chain after the last of them.
pub(crate) struct Gathered {
    after: u64,
    pub(crate) items: Vec<LogItem>,
    pub(crate) bytes: usize,
    pub(crate) chain: Chain,
}

impl Gathered {
    /// None yet.
    pub(crate) fn after(after: u64, chain: Chain) -> Self {
        Self { after, items: vec![], bytes: 0, chain }
    }

    /// Whether one more fits; the very first one does where `is_first`.
    pub(crate) fn has_room_for(&self, found: &ItemRow, bytes: usize, is_first: bool) -> bool {
        self.bytes + found.data.len() <= bytes || (is_first && self.items.is_empty())
    }

    /// Takes the next one.
    pub(crate) fn take(&mut self, found: ItemRow) -> Result<()> {
        let seq = row::number(found.seq)?;
        if seq != self.after + 1 + self.items.len() as u64 {
            return Err(StoreError::Corrupt(format!("a gap in a log before item {seq}")));
        }
        if found.data.is_empty() {
            return Err(StoreError::Corrupt(format!(
                "item {seq} has no data, and no snapshot stands for it"
            )));
        }
        self.bytes += found.data.len();
        self.chain = row::id(&found.chain)?;
        self.items.push(LogItem {
            seq,
            hash: row::id(&found.hash)?,
            by: row::id(&found.by)?,
            sig: found.sig,
            data: if found.void { Body::Void } else { Body::Data(found.data) },
        });
        Ok(())
    }
}
