//! What a push has just stored, handed to those who have the document open, so that none of them need read the log.

use std::sync::Arc;

use shared::access::Access;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use store::{Carrier, News};

use super::Hub;

/// News with the moment at which the access in them was true.
#[derive(Debug, PartialEq, Eq)]
pub struct Fresh {
    news: News,
    epoch: u64,
}

impl Fresh {
    /// `epoch` is [that of the hub](Hub::epoch) before the transaction began that stored the news.
    #[must_use]
    pub fn new(news: News, epoch: u64) -> Self {
        Self { news, epoch }
    }

    /// Bytes of the changes in it.
    pub(super) fn bytes(&self) -> usize {
        self.news.items.iter().filter_map(|item| item.data.data()).map(<[u8]>::len).sum()
    }

    /// What reading on from `place` would have answered, if one of `all` tells: it comes right after the place, the
    /// reader has access, and nothing was revoked since. To be called within the section that a revocation waits for.
    #[must_use]
    pub fn answer(all: &[Arc<Self>], hub: &Hub, place: Place, reader: Carrier) -> Option<ReadAnswer> {
        let found = all.iter().find(|it| it.news.before == place)?;
        if found.epoch != hub.epoch() {
            return None;
        }
        let News { kind, items, after, readers, .. } = &found.news;
        let (_, access) = readers.iter().find(|(carrier, _)| *carrier == reader)?;
        if *access == Access::None {
            return None;
        }
        Some(ReadAnswer::Batch {
            kind: *kind,
            access: *access,
            head: after.cursor,
            items: items.clone(),
            chain: after.chain?,
            void: Vec::new(),
        })
    }
}
