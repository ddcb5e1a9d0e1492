//! What a session knows of the documents of its connection.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Chain;
use crate::sync::message::{Body, LogItem, Mode, Place};
use crate::sync::{chain, limits};

/// A document that the connection has open.
#[derive(Debug)]
pub(super) struct OpenDoc {
    /// The place up to which the client was told.
    pub place: Place,
    /// The access that the client was told; none before the first `opened`.
    pub told: Option<Mode>,
    /// The places of which it was told that they are void.
    pub void: BTreeSet<u64>,
}

impl OpenDoc {
    /// One that the client opens at a place, of which it has been told nothing.
    pub fn at(place: Place) -> Self {
        Self { place, told: None, void: BTreeSet::new() }
    }
}

/// The places that this connection's own pushes stored in one log. Kept as runs, since pushes mostly follow
/// each other.
#[derive(Debug, Default)]
pub(super) struct OwnPlaces(BTreeMap<u64, u64>);

impl OwnPlaces {
    pub fn add(&mut self, seq: u64) {
        match self.0.range_mut(..=seq).next_back() {
            Some((_, end)) if *end + 1 >= seq => *end = (*end).max(seq),
            _ => {
                self.0.insert(seq, seq);
            }
        }
    }

    pub fn contains(&self, seq: u64) -> bool {
        self.0.range(..=seq).next_back().is_some_and(|(_, end)| *end >= seq)
    }
}

/// Bytes that an item takes in a `changes` besides its data: keys, hash, author, signature, heads of strings.
pub(super) const ITEM_OVERHEAD: usize = 160;
/// Bytes of a `changes` besides its items.
pub(super) const CHANGES_OVERHEAD: usize = 256;

/// The longest run of `items` that follows `place`, fits one message and leaves the data out where the
/// connection's own push stored the item; and the place after it.
pub(super) fn fit(place: Place, items: Vec<LogItem>, own: Option<&OwnPlaces>) -> (Vec<LogItem>, Place) {
    let mut taken = Vec::with_capacity(items.len().min(limits::PUSH));
    let mut after: Chain = place.chain.unwrap_or_else(|| chain::start(place.doc));
    let mut room = limits::FRAME - CHANGES_OVERHEAD;
    for (index, mut item) in (0..limits::PUSH as u64).zip(items) {
        if own.is_some_and(|own| own.contains(item.seq)) && item.data != Body::Void {
            item.data = Body::Own;
        }
        let size = ITEM_OVERHEAD + item.data.data().map_or(0, <[u8]>::len);
        if item.seq != place.cursor + 1 + index || size > room {
            break;
        }
        room -= size;
        after = chain::next(after, item.hash);
        taken.push(item);
    }
    let cursor = place.cursor + taken.len() as u64;
    let chain = if cursor == 0 { None } else { Some(after) };
    (taken, Place { doc: place.doc, cursor, chain, part: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ChangeHash, DeviceId, DocId};

    #[test]
    fn own_places_are_remembered_whatever_their_order() {
        let mut own = OwnPlaces::default();
        for seq in [5, 6, 7, 2, 3, 10, 4] {
            own.add(seq);
        }
        let found: Vec<u64> = (0..=12).filter(|&seq| own.contains(seq)).collect();
        assert_eq!(found, [2, 3, 4, 5, 6, 7, 10]);
    }

    #[test]
    fn what_does_not_fit_one_message_waits_for_the_next() {
        let item = |seq| LogItem {
            seq,
            hash: ChangeHash([0; 32]),
            by: DeviceId([1; 16]),
            sig: vec![0; 64],
            data: Body::Data(vec![0; 200_000]),
        };
        let (taken, after) = fit(Place::start(DocId([2; 16])), (1..=6).map(item).collect(), None);
        assert_eq!((taken.len(), after.cursor), (5, 5));
    }
}
