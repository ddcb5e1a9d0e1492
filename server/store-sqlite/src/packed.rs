//! The items of a piece of a snapshot in one value: 50 bytes and a signature each, one after the other.

use shared::sync::message::SnapshotItem;
use store::{Result, StoreError};

use crate::row;

/// The bytes of an item: hash, author, whether it is void, the length of its signature.
const FIXED: usize = 32 + 16 + 1 + 1;

/// Adds an item.
pub(crate) fn put(out: &mut Vec<u8>, hash: &[u8], by: &[u8], is_void: bool, sig: &[u8]) -> Result<()> {
    let length = u8::try_from(sig.len()).map_err(|_| corrupt())?;
    out.extend(hash);
    out.extend(by);
    out.extend([u8::from(is_void), length]);
    out.extend(sig);
    Ok(())
}

/// All of them.
pub(crate) fn items(mut packed: &[u8]) -> Result<Vec<SnapshotItem>> {
    let mut items = Vec::new();
    while !packed.is_empty() {
        let (fixed, rest) = packed.split_first_chunk::<FIXED>().ok_or_else(corrupt)?;
        let (void, length) = (fixed[FIXED - 2], fixed[FIXED - 1]);
        let (sig, rest) = rest.split_at_checked(length.into()).ok_or_else(corrupt)?;
        items.push(SnapshotItem {
            hash: row::id(&fixed[..32])?,
            by: row::id(&fixed[32..48])?,
            sig: sig.to_vec(),
            void: void != 0,
        });
        packed = rest;
    }
    Ok(items)
}

fn corrupt() -> StoreError {
    StoreError::Corrupt("the items of a piece of a snapshot".to_owned())
}

#[cfg(test)]
mod tests {
    use shared::ids::{ChangeHash, DeviceId};

    use super::*;

    #[test]
    fn items_read_back_and_what_is_cut_off_is_refused() {
        let item = |number, sig: &[u8], void| SnapshotItem {
            hash: ChangeHash([number; 32]),
            by: DeviceId([number; 16]),
            sig: sig.to_vec(),
            void,
        };
        let some = [item(0, &[], false), item(1, &[7; 64], true), item(2, &[8; 64], false)];
        let mut packed = vec![];
        for it in &some {
            put(&mut packed, &it.hash.0, &it.by.0, it.void, &it.sig).unwrap();
        }
        assert_eq!(items(&packed).unwrap(), some);
        let whole = [0, FIXED, 2 * FIXED + 64, packed.len()];
        for cut in 0..=packed.len() {
            assert_eq!(items(&packed[..cut]).is_ok(), whole.contains(&cut), "{cut}");
        }
    }
}
