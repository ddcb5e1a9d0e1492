//! The chain: a running hash over a document's log, by which a device finds out whether the log it talks to
//! still is the log it read.

use sha2::{Digest as _, Sha256};

use crate::ids::{Chain, ChangeHash, DocId};

/// The chain of an empty log.
#[must_use]
pub fn start(doc: DocId) -> Chain {
    let mut hasher = Sha256::new();
    hasher.update(b"loopbaanmaat.log.v1");
    hasher.update(doc.0);
    Chain(hasher.finalize().into())
}

/// The chain after one more item.
#[must_use]
pub fn next(chain: Chain, hash: ChangeHash) -> Chain {
    let mut hasher = Sha256::new();
    hasher.update(chain.0);
    hasher.update(hash.0);
    Chain(hasher.finalize().into())
}

/// The chain after all of `hashes`.
#[must_use]
pub fn after(chain: Chain, hashes: impl IntoIterator<Item = ChangeHash>) -> Chain {
    hashes.into_iter().fold(chain, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_that_of_the_contract() {
        let doc = DocId([7; 16]);
        let mut bytes = b"loopbaanmaat.log.v1".to_vec();
        bytes.extend([7; 16]);
        let first: [u8; 32] = Sha256::digest(&bytes).into();
        assert_eq!(start(doc), Chain(first));
        let second: [u8; 32] = Sha256::digest([first, [9; 32]].concat()).into();
        assert_eq!(after(start(doc), [ChangeHash([9; 32])]), Chain(second));
    }
}
