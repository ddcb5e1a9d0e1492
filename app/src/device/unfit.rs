//! A document that cannot be made of what is stored of it, though each value can be read: what is unfit is set aside
//! and fetched anew.

use std::collections::HashSet;
use std::rc::Rc;

use automerge::Change;
use shared::ids::{ChangeHash, DocId};

use super::running::Running;
use super::store::records::{
    StoredItem, item_prefix, parse_item_key, parse_outbox_key, snapshot_data_key, snapshot_list_key,
};
use super::store::{ITEMS, OUTBOX, SNAPSHOTS};

/// The stored items that keep a document from being made: those that are no changes; where all are, every one that
/// the server has, since it cannot be said which of them it is.
fn unfit(stored: &[(String, Vec<u8>)], only_here: &HashSet<ChangeHash>) -> Vec<String> {
    let data = |bytes: &[u8]| StoredItem::decode(bytes).and_then(|item| item.data);
    let is_unfit = |bytes: &[u8]| data(bytes).is_some_and(|data| Change::from_bytes(data).is_err());
    let unfit: Vec<String> =
        stored.iter().filter(|(_, bytes)| is_unfit(bytes)).map(|(key, _)| key.clone()).collect();
    if !unfit.is_empty() {
        return unfit;
    }
    let is_only_here = |key: &str| parse_item_key(key).is_some_and(|(_, hash)| only_here.contains(&hash));
    let comes_again = stored.iter().filter(|(key, bytes)| data(bytes).is_some() && !is_only_here(key));
    comes_again.map(|(key, _)| key.clone()).collect()
}

impl Running {
    /// Sets aside what keeps a document from being made, and has it fetched anew. What waits here or was refused stays.
    pub(super) async fn set_unfit_aside(self: &Rc<Self>, doc: DocId) {
        let Ok(found) = self.store.all(ITEMS, &item_prefix(doc)).await else { return };
        let Ok(refused) = self.store.keys(OUTBOX, &format!("refused/{doc}/")).await else { return };
        let mut only_here = self.waiting.borrow().get(&doc).cloned().unwrap_or_default();
        only_here.extend(refused.iter().filter_map(|key| parse_outbox_key(key)).map(|(_, hash)| hash));
        let items = unfit(&found.values, &only_here).into_iter().map(|key| (ITEMS, key));
        let snapshot = [snapshot_data_key(doc), snapshot_list_key(doc)].map(|key| (SNAPSHOTS, key));
        self.set_aside(doc, items.chain(snapshot).collect()).await;
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::genesis::genesis;
    use shared::domain::kind::DocKind;
    use shared::ids::DeviceId;

    use super::super::store::records::item_key;
    use super::*;

    #[test]
    fn what_is_no_change_is_unfit_else_all_that_the_server_has() {
        let doc = DocId([1; 16]);
        let hash = |n| ChangeHash([n; 32]);
        let item = |n, data: Option<Vec<u8>>| {
            let item = StoredItem { by: DeviceId([2; 16]), sig: vec![], data };
            (item_key(doc, hash(n)), item.encode())
        };
        let change = || Some(genesis(DocKind::SharedNotes).data.clone());
        let only_here = HashSet::from([hash(2)]);
        let sound = vec![item(1, change()), item(2, change()), item(3, None), item(4, change())];
        assert_eq!(unfit(&sound, &only_here), [item_key(doc, hash(1)), item_key(doc, hash(4))]);
        let broken = [&sound[..], &[item(5, Some(vec![1, 2, 3]))]].concat();
        assert_eq!(unfit(&broken, &only_here), [item_key(doc, hash(5))]);
    }
}
