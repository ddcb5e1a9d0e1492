//! A tab that died between its write to the disk and its word to the others, or whose word a sleeping tab missed: what
//! lies on disk is looked through when a page is looked at again.

use std::collections::HashMap;
use std::rc::Rc;

use shared::ids::{ChangeHash, DocId};

use super::held::LocalCopy;
use super::platform;
use super::running::Running;
use super::store::records::{parse_item_key, parse_outbox_key};
use super::store::{ITEMS, OUTBOX, StoreError};

/// How often the disk is looked through at most, in ms.
const RARELY_MS: u64 = 5_000;

impl Running {
    /// Takes in what lies on disk and was not heard of.
    pub(super) fn catch_up(self: &Rc<Self>) {
        let now = platform::now_ms();
        if !platform::is_visible() || now.saturating_sub(self.caught_up.get()) < RARELY_MS {
            return;
        }
        self.caught_up.set(now);
        let running = self.clone();
        wasm_bindgen_futures::spawn_local(async move { running.take_unheard().await });
    }

    /// Takes in, now, what lies on disk and was not heard of.
    pub(super) async fn take_unheard(self: &Rc<Self>) {
        // What cannot be read now is read the next time.
        for (doc, hashes) in self.unheard().await.unwrap_or_default() {
            self.items_from_tab(doc, hashes).await;
        }
    }

    /// Changes on disk that this tab does not know.
    async fn unheard(self: &Rc<Self>) -> Result<HashMap<DocId, Vec<ChangeHash>>, StoreError> {
        let mut unheard: HashMap<DocId, Vec<ChangeHash>> = HashMap::new();
        let waiting = self.store.keys(OUTBOX, "change/").await?;
        for (doc, hash) in waiting.iter().filter_map(|key| parse_outbox_key(key)) {
            let is_known = self.waiting.borrow().get(&doc).is_some_and(|of_doc| of_doc.contains(&hash))
                || self.logged.borrow().contains(&hash);
            if !is_known {
                unheard.entry(doc).or_default().push(hash);
            }
        }
        let items = self.store.keys(ITEMS, "").await?;
        for (doc, hash) in items.iter().filter_map(|key| parse_item_key(key)) {
            let held = self.held(doc);
            // What is typed is a change of its own, which asking for one would make without a signature.
            self.commit(&held);
            let marks = self.marks.borrow();
            if let LocalCopy::Ready(copy) = &mut *held.copy.borrow_mut()
                && !marks.leaves_out(doc, hash)
                && copy.get_change_by_hash(&automerge::ChangeHash(hash.0)).is_none()
            {
                let of_doc = unheard.entry(doc).or_default();
                if !of_doc.contains(&hash) {
                    of_doc.push(hash);
                }
            }
        }
        Ok(unheard)
    }
}
