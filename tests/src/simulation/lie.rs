//! A server that lies: a log that arrives otherwise than its authors signed it. No device may take it in.

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, ROOT, TextEncoding};
use shared::ids::{Chain, ChangeHash, DeviceId, DocId};
use shared::sync::message::{Body, LogItem, ServerMessage, SnapshotPiece};
use shared::sync::{chain, codec, snapshot};

use super::agenda::Run;
use super::world::World;

impl World {
    /// A frame on its way to a device, changed if it is worth it.
    pub(super) fn lie(&mut self, run: Run, bytes: Vec<u8>) -> Vec<u8> {
        match codec::decode_server(&bytes) {
            Ok(Some(ServerMessage::Changes { doc, from, items, chain })) => {
                self.lie_in_changes(run, bytes, doc, from, items, chain)
            }
            Ok(Some(ServerMessage::Snapshot { doc, mut piece })) => {
                if self.lie_in_piece(doc, &mut piece) {
                    self.lies_left -= 1;
                    self.ledger.count("lies told");
                    self.ledger.count("lies told in snapshots");
                }
                codec::server(&ServerMessage::Snapshot { doc, piece })
            }
            _ => bytes,
        }
    }

    fn lie_in_changes(
        &mut self,
        run: Run,
        bytes: Vec<u8>,
        doc: DocId,
        from: u64,
        mut items: Vec<LogItem>,
        told: Chain,
    ) -> Vec<u8> {
        let signed: Vec<_> = (0..items.len())
            .filter(|at| items[*at].data.data().is_some() && items[*at].by != DeviceId::GENESIS)
            .collect();
        let Some(at) = self.random.pick(&signed) else { return bytes };
        self.lies_left -= 1;
        self.ledger.count("lies told");
        let start = (from > 0).then(|| self.chain_of(run, doc, from)).flatten();
        let mut told = told;
        match self.random.below(7) {
            0 => items[at].sig[5] ^= 4,
            1 => {
                let others: Vec<_> = self.devices.iter().map(super::page::Tablet::id).collect();
                items[at].by = others.into_iter().find(|id| *id != items[at].by).unwrap_or(DeviceId::GENESIS);
            }
            2 => items[at].by = DeviceId::GENESIS,
            3 => {
                if let Body::Data(data) = &mut items[at].data {
                    let last = data.len() - 1;
                    data[last] ^= 1;
                }
            }
            4 => items[at].hash = ChangeHash([9; 32]),
            5 => told.0[0] ^= 1,
            _ => drop(items.remove(at)),
        }
        // A liar that is not simply broken makes the chain fit what it says.
        if self.random.in_thousand(700)
            && let Some(start) = start.or((from == 0).then(|| chain::start(doc)))
        {
            told = chain::after(start, items.iter().map(|item| item.hash));
            (from + 1..).zip(&mut items).for_each(|(seq, item)| item.seq = seq);
        }
        codec::server(&ServerMessage::Changes { doc, from, items, chain: told })
    }

    /// A piece of a snapshot, changed; whether it was.
    fn lie_in_piece(&mut self, doc: DocId, piece: &mut SnapshotPiece) -> bool {
        let signed: Vec<_> =
            (0..piece.items.len()).filter(|at| piece.items[*at].by != DeviceId::GENESIS).collect();
        let is_whole = piece.data.len() as u64 == piece.size;
        let Some(at) = self.random.pick(&signed) else { return false };
        match self.random.below(11) {
            0 => piece.items[at].sig[5] ^= 4,
            1 => {
                let others: Vec<_> = self.devices.iter().map(super::page::Tablet::id).collect();
                let by = piece.items[at].by;
                piece.items[at].by = others.into_iter().find(|id| *id != by).unwrap_or(DeviceId::GENESIS);
            }
            2 => piece.items[at].hash = ChangeHash([9; 32]),
            3 => {
                let byte = self.random.below(piece.data.len());
                piece.data[byte] ^= 1 << self.random.below(8);
            }
            4 => piece.chain.0[0] ^= 1,
            5 => piece.heads.push(ChangeHash([255; 32])),
            6 => drop(piece.items.remove(at)),
            7 => piece.items.insert(at, piece.items[at].clone()),
            8 => piece.seq += 1,
            _ if !is_whole => piece.offset += 1,
            // What nobody wrote is in the document, or something that somebody wrote is not.
            9 => {
                let Ok(mut document) = snapshot::load(&piece.data) else { return false };
                document.put(ROOT, "what nobody wrote", true).unwrap();
                document.commit_with(CommitOptions::default().with_time(0));
                let made = (document.save(), document.get_heads());
                Self::say_otherwise(piece, made);
            }
            _ => {
                let Ok(mut document) = snapshot::load(&piece.data) else { return false };
                let mut changes = document.get_changes(&[]);
                changes.pop();
                let mut less = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
                less.apply_changes(changes).unwrap();
                let made = (less.save(), less.get_heads());
                Self::say_otherwise(piece, made);
            }
        }
        // A liar that is not simply broken makes the chain fit what it says.
        if is_whole && self.random.in_thousand(700) {
            piece.seq = piece.items.len() as u64;
            piece.chain = chain::after(chain::start(doc), piece.items.iter().map(|item| item.hash));
        }
        true
    }

    fn say_otherwise(piece: &mut SnapshotPiece, (data, heads): (Vec<u8>, Vec<automerge::ChangeHash>)) {
        piece.size = data.len() as u64;
        piece.data = data;
        piece.heads = heads.iter().map(|head| ChangeHash(head.0)).collect();
        piece.heads.sort_unstable();
    }

    /// The chain that the device has at that place, where it is the last one on its disk.
    fn chain_of(&mut self, run: Run, doc: DocId, from: u64) -> Option<Chain> {
        let (cursor, chain, _) = self.tablet(run).disk.docs.get(&doc)?.cursor?;
        (cursor == from).then_some(chain)
    }
}
