//! Item 1 of every document: one fixed change per kind that creates the root containers, so that two devices
//! never create the same container twice.

use std::sync::OnceLock;

use automerge::transaction::{CommitOptions, Transactable as _};
use automerge::{AutoCommit, ObjType, ROOT, TextEncoding};

use super::kind::DocKind;
use super::shape::{Container, containers};
use crate::ids::{ActorId, ChangeHash};

/// The genesis of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The hash of the change.
    pub hash: ChangeHash,
    /// The change chunk.
    pub data: Vec<u8>,
    /// The number of its last operation.
    pub max_op: u64,
}

/// The genesis of documents of `kind`.
#[must_use]
pub fn genesis(kind: DocKind) -> &'static Genesis {
    static ALL: OnceLock<Vec<Genesis>> = OnceLock::new();
    let all = ALL.get_or_init(|| DocKind::ALL.into_iter().map(build).collect());
    let index = DocKind::ALL.iter().position(|&each| each == kind);
    &all[index.expect("DocKind::ALL holds every kind")]
}

fn build(kind: DocKind) -> Genesis {
    const SOUND: &str = "an empty document takes new containers under distinct keys";
    let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit);
    doc.set_actor(automerge::ActorId::from(ActorId::GENESIS.0));
    let mut maps = Vec::new();
    let mut operations = 0;
    for container in containers(kind) {
        match container {
            Container::Map(key) => {
                maps.push((key, doc.put_object(ROOT, key, ObjType::Map).expect(SOUND)));
            }
            Container::Text(map, key) => {
                let (_, parent) =
                    maps.iter().find(|(name, _)| *name == map).expect("the map comes before its texts");
                doc.put_object(parent, key, ObjType::Text).expect(SOUND);
            }
        }
        operations += 1;
    }
    let hash = doc.commit_with(CommitOptions::default().with_time(0)).expect("there is something to commit");
    let change = doc.get_change_by_hash(&hash).expect("it has just been committed");
    Genesis { hash: ChangeHash(hash.0), data: change.raw_bytes().to_vec(), max_op: operations }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::change;

    #[test]
    fn the_genesis_of_each_kind_is_fixed() {
        // Another hash here means that documents of an older server and a newer one start differently.
        let hashes: Vec<_> = DocKind::ALL.iter().map(|&kind| genesis(kind).hash.to_string()).collect();
        assert_eq!(hashes, PINNED);
    }

    const PINNED: [&str; 9] = [
        "M-qj4-NFiEIf1_nfeik5ioxNqr0GEaVDvG7-_gKuVRU",
        "M-qj4-NFiEIf1_nfeik5ioxNqr0GEaVDvG7-_gKuVRU",
        "_nSyA-SmB7cegMbuwHr_AYbc7zxDFoPStzQyK-iynq0",
        "_nSyA-SmB7cegMbuwHr_AYbc7zxDFoPStzQyK-iynq0",
        "_m2e6mo9dRDQdC7ZEUCmvFpCEBLKFdAm_Yb6dLf8qJk",
        "zqtDok-9Ar55Dkrh_pawtZTVIuyQBId9AUFsV6lvAec",
        "ocKhNb_Rr5Rw2NE19-i4EJmOI4XuDJp8fixGMYceQ14",
        "wfINH2llSTJn3Ii5UYPE_4h68h_chVeqFlzMbqhVWMU",
        "eyzvwB5otdaHGYSYVK4Uk7FkaPHoCP4b1iwzMErNHuE",
    ];

    #[test]
    fn a_genesis_is_what_the_contract_says() {
        for kind in DocKind::ALL {
            let genesis = genesis(kind);
            let parsed = change::parse(&genesis.data).unwrap();
            assert_eq!(parsed.hash, genesis.hash);
            assert_eq!(parsed.actor, ActorId::GENESIS);
            assert_eq!((parsed.seq, parsed.start_op, parsed.time), (1, 1, 0));
            assert_eq!(parsed.max_op(), genesis.max_op);
            assert!(parsed.deps.is_empty());
        }
    }
}
