//! A server that lies: a log that arrives otherwise than its authors signed it. No device may take it in.

use shared::ids::{ChangeHash, DeviceId};
use shared::sync::chain;
use shared::sync::codec;
use shared::sync::message::{Body, ServerMessage};

use super::agenda::Run;
use super::world::World;

impl World {
    /// A frame on its way to a device, changed if it is worth it.
    pub(super) fn lie(&mut self, run: Run, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(Some(ServerMessage::Changes { doc, from, mut items, chain: told })) =
            codec::decode_server(&bytes)
        else {
            return bytes;
        };
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

    /// The chain that the device has at that place, where it is the last one on its disk.
    fn chain_of(&mut self, run: Run, doc: shared::ids::DocId, from: u64) -> Option<shared::ids::Chain> {
        let (cursor, chain, _) = self.tablet(run).disk.docs.get(&doc)?.cursor?;
        (cursor == from).then_some(chain)
    }
}
