//! Snapshots in memory, as a database keeps them: made of what has been committed, served in pieces, and after a while
//! in place of the changes themselves.

use super::{Log, Memory};
use crate::ids::DocId;
use crate::sync::limits;
use crate::sync::message::{Body, SnapshotItem, SnapshotPart, SnapshotPiece};
use crate::sync::snapshot::{self, Extent, Snapshot};

/// A snapshot, cut into its pieces.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    snapshot: Snapshot,
    pieces: Vec<Extent>,
}

impl Stored {
    pub(super) fn seq(&self) -> u64 {
        self.snapshot.seq
    }
}

impl Memory {
    /// Makes a snapshot of all that has been committed to a log, in place of an earlier one. Says up to which place;
    /// nothing where there is nothing new, or the log makes no document.
    pub fn take_snapshot(&mut self, doc: DocId) -> Option<u64> {
        let log = self.logs.get(&doc)?;
        let committed = self.committed(doc, log);
        let log = self.logs.get_mut(&doc)?;
        if log.destroyed || log.snapshot.as_ref().is_some_and(|it| it.seq() >= committed as u64) {
            return None;
        }
        let items = log.items.get(..committed)?;
        // What is void now may be in an earlier snapshot, so this does not build on one.
        let changes: Vec<&[u8]> = items.iter().filter_map(|item| item.data.data()).collect();
        let made = snapshot::make(None, &changes).ok()?;
        let named = items.iter().map(|item| SnapshotItem {
            hash: item.hash,
            by: item.by,
            sig: item.sig.clone(),
            void: item.data == Body::Void,
        });
        let snapshot = Snapshot {
            seq: committed as u64,
            chain: log.chains[committed],
            heads: made.heads,
            items: named.collect(),
            data: made.data,
        };
        let most = self.piece_bytes;
        let pieces = snapshot::pieces_of(snapshot.data.len(), snapshot.items.len(), most)?;
        let seq = snapshot.seq;
        log.snapshot = Some(Stored { snapshot, pieces });
        Some(seq)
    }

    /// From now on a piece of a snapshot has at most that many bytes of data, so that small documents have many pieces.
    pub fn cut_snapshots_at(&mut self, piece_bytes: usize) {
        self.piece_bytes = piece_bytes.clamp(1, limits::SNAPSHOT_PIECE);
    }

    /// From now on the changes that the log's snapshot covers are served by it alone.
    pub fn drop_covered(&mut self, doc: DocId) {
        if let Some(log) = self.logs.get_mut(&doc)
            && let Some(stored) = &log.snapshot
        {
            log.dropped = stored.seq();
        }
    }
}

impl Log {
    /// The piece of the snapshot that follows `part` for whoever is at `cursor`, the place of its first item, and its
    /// bytes; none where the items themselves are to be read.
    pub(super) fn piece(
        &self,
        cursor: u64,
        part: Option<SnapshotPart>,
    ) -> Option<(SnapshotPiece, u64, usize)> {
        let Stored { snapshot, pieces } = self.snapshot.as_ref()?;
        let wanted = if cursor == 0 { cursor < snapshot.seq } else { cursor < self.dropped };
        if !wanted {
            return None;
        }
        let offset = part.filter(|part| part.seq == snapshot.seq).map_or(0, |part| part.offset);
        let next = pieces.iter().find(|piece| piece.data.start as u64 == offset).or(pieces.first())?;
        let piece = snapshot.piece(next);
        let bytes = piece.data.len() + piece.items.len() * 160;
        Some((piece, next.items.start as u64 + 1, bytes))
    }
}
