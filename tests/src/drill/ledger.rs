//! What was acknowledged, and whether the log has it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use shared::ids::{Chain, ChangeHash, DocId};
use shared::sync::message::{Place, ServerMessage};
use shared::sync::{chain, change};

use super::pieces::{Pieces, is_chained};
use crate::load::{Client, Device, Event};

/// Every item that was acknowledged, and each log as it was last read.
#[derive(Debug, Default)]
pub struct Ledger {
    acknowledged: BTreeMap<DocId, Vec<(u64, ChangeHash)>>,
    logs: HashMap<DocId, Log>,
}

#[derive(Debug)]
struct Log {
    hashes: Vec<ChangeHash>,
    chain: Chain,
}

impl Log {
    fn new(doc: DocId) -> Self {
        Self { hashes: vec![], chain: chain::start(doc) }
    }

    fn place(&self, doc: DocId) -> Place {
        let cursor = self.hashes.len() as u64;
        Place { doc, cursor, chain: (cursor > 0).then_some(self.chain), part: None }
    }
}

impl Ledger {
    /// Notes an acknowledgement.
    pub fn note(&mut self, doc: DocId, seq: u64, hash: ChangeHash) {
        self.acknowledged.entry(doc).or_default().push((seq, hash));
    }

    /// How many items were acknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.acknowledged.values().map(Vec::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what was read, so that the next reading begins at the first item.
    pub fn read_anew(&mut self) {
        self.logs.clear();
    }

    /// Reads on in all of `docs`, as a device that may read them, and gives how many acknowledged items are not
    /// in their place.
    ///
    /// # Panics
    /// Where what is read is no sound log: a gap, a chain that does not fit, bytes that are not the change.
    pub async fn lost(&mut self, server: SocketAddr, reader: &Device, docs: &[DocId]) -> usize {
        let mut client = Client::connect(server, reader).await.expect("the server lets a reader in");
        let places =
            docs.iter().map(|doc| self.logs.entry(*doc).or_insert_with(|| Log::new(*doc)).place(*doc));
        client.open(places.collect()).await;
        let mut heads: HashMap<DocId, u64> = HashMap::new();
        let mut snapshots: HashMap<DocId, Pieces> = HashMap::new();
        while heads.len() < docs.len()
            || heads.iter().any(|(doc, head)| (self.logs[doc].hashes.len() as u64) < *head)
        {
            match client.next().await {
                Event::Message(ServerMessage::Opened { doc, head, .. }) => {
                    heads.insert(doc, head);
                }
                Event::Message(ServerMessage::Changes { doc, from, items, chain: after }) => {
                    let log = self.logs.get_mut(&doc).expect("only what was opened is told");
                    for (index, item) in items.iter().enumerate() {
                        assert_eq!(item.seq, from + 1 + index as u64, "no gap");
                        assert_eq!(item.seq, log.hashes.len() as u64 + 1, "each item once");
                        let data = item.data.data().expect("this connection has pushed nothing");
                        assert_eq!(change::parse(data).expect("a sound change").hash, item.hash);
                        log.hashes.push(item.hash);
                        log.chain = chain::next(log.chain, item.hash);
                    }
                    assert_eq!(log.chain, after, "the chain is whole");
                }
                // Read from the start: it stands for everything up to its place.
                Event::Message(ServerMessage::Snapshot { doc, piece }) => {
                    if let Some(whole) = snapshots.entry(doc).or_default().add(piece) {
                        let log = self.logs.get_mut(&doc).expect("only what was opened is told");
                        assert!(is_chained(doc, &whole), "the chain is whole");
                        let hashes = whole.items.iter().map(|item| item.hash).collect();
                        *log = Log { hashes, chain: whole.chain };
                    }
                }
                // What has been read before is not in the log any more.
                Event::Message(ServerMessage::Reset { doc }) => {
                    self.logs.insert(doc, Log::new(doc));
                    client.open(vec![Place::start(doc)]).await;
                }
                Event::Message(ServerMessage::Welcome { .. } | ServerMessage::Directory { .. }) => {}
                other => panic!("{other:?} while logs are read"),
            }
        }
        self.missing()
    }

    fn missing(&self) -> usize {
        let is_there = |doc, seq: u64, hash| {
            let at = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1));
            self.logs.get(doc).zip(at).and_then(|(log, at)| log.hashes.get(at)) == Some(hash)
        };
        let all = self.acknowledged.iter();
        all.flat_map(|(doc, items)| items.iter().map(move |item| (doc, item)))
            .filter(|(doc, (seq, hash))| !is_there(doc, *seq, hash))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_is_missing_or_elsewhere_counts_as_lost() {
        let (doc, one, two) = (DocId([1; 16]), ChangeHash([1; 32]), ChangeHash([2; 32]));
        let mut ledger = Ledger::default();
        ledger.note(doc, 1, one);
        ledger.note(doc, 2, two);
        ledger.note(DocId([2; 16]), 1, one);
        assert_eq!(ledger.missing(), 3);
        ledger.logs.insert(doc, Log { hashes: vec![one, two], chain: chain::start(doc) });
        assert_eq!(ledger.missing(), 1);
        ledger.logs.insert(doc, Log { hashes: vec![two, one], chain: chain::start(doc) });
        assert_eq!(ledger.missing(), 3);
    }
}
