//! A snapshot, as it comes.

use shared::ids::DocId;
use shared::sync::chain;
use shared::sync::message::{SnapshotPart, SnapshotPiece};
use shared::sync::snapshot::{self, Snapshot};

/// What there is of it.
#[derive(Debug, Default)]
pub struct Pieces(Option<Snapshot>);

impl Pieces {
    /// Adds the next piece; the whole, where that was the last one.
    ///
    /// # Panics
    /// Where it does not follow, or the whole is not a document of exactly its items.
    pub fn add(&mut self, piece: SnapshotPiece) -> Option<Snapshot> {
        if piece.offset == 0 {
            self.0 = None;
        }
        let so_far = self.0.get_or_insert_with(|| Snapshot {
            seq: piece.seq,
            chain: piece.chain,
            heads: piece.heads.clone(),
            items: vec![],
            data: vec![],
        });
        assert_eq!((so_far.seq, so_far.data.len() as u64), (piece.seq, piece.offset), "the next piece");
        so_far.data.extend(piece.data);
        so_far.items.extend(piece.items);
        if (so_far.data.len() as u64) < piece.size {
            return None;
        }
        let whole = self.0.take()?;
        snapshot::open(&whole).expect("a document of exactly its items");
        Some(whole)
    }

    /// How much of it there is.
    #[must_use]
    pub fn part(&self) -> Option<SnapshotPart> {
        self.0.as_ref().map(|it| SnapshotPart { seq: it.seq, offset: it.data.len() as u64 })
    }
}

/// Whether the chain of a snapshot is that of its items.
#[must_use]
pub fn is_chained(doc: DocId, whole: &Snapshot) -> bool {
    chain::after(chain::start(doc), whole.items.iter().map(|item| item.hash)) == whole.chain
}
