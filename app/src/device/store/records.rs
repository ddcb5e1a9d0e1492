//! What the store's values hold, as bytes: small fixed layouts with a version in front.

use shared::domain::kind::DocKind;
use shared::ids::{Chain, ChangeHash, DeviceId, DocId};

/// A change as this device keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// Its author's device.
    pub by: DeviceId,
    /// The author's signature; empty for the genesis.
    pub sig: Vec<u8>,
    /// The change chunk; `None` for one that was voided.
    pub data: Option<Vec<u8>>,
}

/// How far this device knows the server's log of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredCursor {
    /// Place of the last known item.
    pub cursor: u64,
    /// The chain there; `None` with cursor 0, and only then.
    pub chain: Option<Chain>,
    /// The document's kind, where the server has told it.
    pub kind: Option<DocKind>,
    /// Whether the log may lack something of what is on this device.
    pub owes: bool,
}

/// Whose an item is that a snapshot stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The change's hash.
    pub hash: ChangeHash,
    /// Its author's device.
    pub by: DeviceId,
    /// The author's signature; empty for the genesis.
    pub sig: Vec<u8>,
}

/// What lies beside the chunk of a snapshot: whose each of its changes is. One value for all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredList {
    /// Every change of the chunk and no other, ascending by hash.
    pub items: Vec<Listed>,
    /// The newest of them that another device made, and when, in ms since 1970 by that device's clock.
    pub newest: Option<(DeviceId, u64)>,
}

const VERSION: u8 = 1;
/// Of a cursor: the first had no `owes`.
const CURSOR_VERSION: u8 = 2;

impl StoredList {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + self.items.len() * 113);
        out.extend([VERSION, u8::from(self.newest.is_some())]);
        let (by, at) = self.newest.unwrap_or((DeviceId([0; 16]), 0));
        out.extend(by.0);
        out.extend(at.to_be_bytes());
        for item in &self.items {
            out.extend(item.hash.0);
            out.extend(item.by.0);
            // A signature has 64 bytes or, for the genesis, none.
            out.push(item.sig.len().min(255) as u8);
            out.extend(item.sig.iter().take(255));
        }
        out
    }

    /// From bytes; `None` if they are not what [`Self::encode`] makes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([VERSION, present], rest) = bytes.split_first_chunk::<2>()? else { return None };
        let (by, rest) = rest.split_first_chunk::<16>()?;
        let (at, mut rest) = rest.split_first_chunk::<8>()?;
        let newest = (*present == 1).then(|| (DeviceId(*by), u64::from_be_bytes(*at)));
        let mut items = Vec::with_capacity(rest.len() / 113 + 1);
        while !rest.is_empty() {
            let (hash, tail) = rest.split_first_chunk::<32>()?;
            let (by, tail) = tail.split_first_chunk::<16>()?;
            let (len, tail) = tail.split_first()?;
            let (sig, tail) = tail.split_at_checked(usize::from(*len))?;
            items.push(Listed { hash: ChangeHash(*hash), by: DeviceId(*by), sig: sig.to_vec() });
            rest = tail;
        }
        Some(Self { items, newest })
    }
}

impl StoredItem {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, u8::from(self.data.is_some())];
        out.extend(self.by.0);
        // A signature has 64 bytes or, for the genesis, none.
        out.push(self.sig.len().min(255) as u8);
        out.extend(self.sig.iter().take(255));
        out.extend(self.data.as_deref().unwrap_or_default());
        out
    }

    /// From bytes; `None` if they are not what [`Self::encode`] makes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([VERSION, present], rest) = bytes.split_first_chunk::<2>()? else { return None };
        let (by, rest) = rest.split_first_chunk::<16>()?;
        let (len, rest) = rest.split_first()?;
        let (sig, data) = rest.split_at_checked(usize::from(*len))?;
        let data = (*present == 1).then(|| data.to_vec());
        Some(Self { by: DeviceId(*by), sig: sig.to_vec(), data })
    }
}

impl StoredCursor {
    /// As bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![CURSOR_VERSION, u8::from(self.owes)];
        out.extend(self.cursor.to_be_bytes());
        out.extend(self.chain.unwrap_or(Chain([0; 32])).0);
        out.extend(self.kind.map(DocKind::code).unwrap_or_default().as_bytes());
        out
    }

    /// From bytes; `None` if they are not what [`Self::encode`] makes.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (owes, rest) = match bytes {
            [CURSOR_VERSION, owes, rest @ ..] => (*owes == 1, rest),
            [VERSION, rest @ ..] => (false, rest),
            _ => return None,
        };
        let (cursor, rest) = rest.split_first_chunk::<8>()?;
        let (chain, kind) = rest.split_first_chunk::<32>()?;
        let cursor = u64::from_be_bytes(*cursor);
        let kind = std::str::from_utf8(kind).ok().and_then(DocKind::from_code);
        Some(Self { cursor, chain: (cursor > 0).then_some(Chain(*chain)), kind, owes })
    }
}

/// The key of an item.
#[must_use]
pub fn item_key(doc: DocId, hash: ChangeHash) -> String {
    format!("{doc}/{hash}")
}

/// How the keys of a document's items begin.
#[must_use]
pub fn item_prefix(doc: DocId) -> String {
    format!("{doc}/")
}

/// How the keys of the chunks of snapshots begin; the document follows.
pub const SNAPSHOT_DATA: &str = "data/";

/// How the keys of the lists of snapshots begin; the document follows.
pub const SNAPSHOT_LIST: &str = "list/";

/// The key of the chunk of a document's snapshot.
#[must_use]
pub fn snapshot_data_key(doc: DocId) -> String {
    format!("{SNAPSHOT_DATA}{doc}")
}

/// The key of what lies beside the chunk of a document's snapshot.
#[must_use]
pub fn snapshot_list_key(doc: DocId) -> String {
    format!("{SNAPSHOT_LIST}{doc}")
}

/// The key in the outbox of a change that waits for its acknowledgement.
#[must_use]
pub fn waiting_key(doc: DocId, hash: ChangeHash) -> String {
    format!("change/{doc}/{hash}")
}

/// The key in the outbox of a change that the server refused for good.
#[must_use]
pub fn refused_key(doc: DocId, hash: ChangeHash) -> String {
    format!("refused/{doc}/{hash}")
}

/// The key in the outbox of a refused change whose content is in newer changes.
#[must_use]
pub fn replaced_key(doc: DocId, hash: ChangeHash) -> String {
    format!("replaced/{doc}/{hash}")
}

/// Document and hash of an outbox key.
#[must_use]
pub fn parse_outbox_key(key: &str) -> Option<(DocId, ChangeHash)> {
    let (_, key) = key.split_once('/')?;
    parse_item_key(key)
}

/// Document and hash of an item's key.
#[must_use]
pub fn parse_item_key(key: &str) -> Option<(DocId, ChangeHash)> {
    let (doc, hash) = key.split_once('/')?;
    Some((doc.parse().ok()?, hash.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back() {
        let item = StoredItem { by: DeviceId([3; 16]), sig: vec![7; 64], data: Some(vec![1, 2, 3]) };
        assert_eq!(StoredItem::decode(&item.encode()), Some(item.clone()));
        let genesis = StoredItem { by: DeviceId::GENESIS, sig: Vec::new(), data: Some(vec![9]) };
        assert_eq!(StoredItem::decode(&genesis.encode()), Some(genesis));
        let void = StoredItem { data: None, ..item };
        assert_eq!(StoredItem::decode(&void.encode()), Some(void));
        for cursor in [
            StoredCursor { cursor: 0, chain: None, kind: None, owes: false },
            StoredCursor { cursor: 12, chain: Some(Chain([4; 32])), kind: Some(DocKind::Intake), owes: true },
        ] {
            assert_eq!(StoredCursor::decode(&cursor.encode()), Some(cursor));
            // As the first version had it.
            let bytes = cursor.encode();
            let first: Vec<u8> = [1].iter().chain(&bytes[2..]).copied().collect();
            assert_eq!(StoredCursor::decode(&first), Some(StoredCursor { owes: false, ..cursor }));
        }
    }

    #[test]
    fn the_list_of_a_snapshot_reads_back_and_is_small() {
        let item = |n: u8, sig: usize| Listed {
            hash: ChangeHash([n; 32]),
            by: DeviceId([n; 16]),
            sig: vec![n; sig],
        };
        for newest in [None, Some((DeviceId([9; 16]), 1_700_000_000_000))] {
            let list = StoredList { items: vec![item(0, 0), item(1, 64), item(2, 64)], newest };
            assert_eq!(StoredList::decode(&list.encode()), Some(list));
        }
        let many = StoredList { items: vec![item(3, 64); 100_000], newest: None };
        assert!(many.encode().len() < 12 << 20);
        let cut = many.encode();
        assert_eq!(StoredList::decode(&cut[..cut.len() - 1]), None);
    }

    #[test]
    fn damaged_records_are_told_not_trusted() {
        for bytes in [&[][..], &[1], &[2, 1, 0], &[1, 1, 0, 0]] {
            assert_eq!(StoredItem::decode(bytes), None);
            assert_eq!(StoredCursor::decode(bytes), None);
            assert_eq!(StoredList::decode(bytes), None);
        }
    }

    #[test]
    fn keys_read_back() {
        let (doc, hash) = (DocId([0xfb; 16]), ChangeHash([0xff; 32]));
        assert_eq!(parse_item_key(&item_key(doc, hash)), Some((doc, hash)));
        assert_eq!(parse_outbox_key(&waiting_key(doc, hash)), Some((doc, hash)));
        assert!(item_key(doc, hash).starts_with(&item_prefix(doc)));
    }
}
