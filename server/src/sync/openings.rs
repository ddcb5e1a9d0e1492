//! Who opened what first. It is noted before the content goes out, once; whoever reads on is known by where she is.

use shared::ids::DocId;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;
use store::{Carrier, StoreError};

use crate::state::AppState;

/// The genesis, which is the same in every document of a kind, so that anybody can be at it without having read anything.
const GENESIS: u64 = 1;

/// Notes what is about to be opened for the first time. What is to be looked at of `places` is noted together, so that
/// a new device with a thousand documents is one transaction.
///
/// # Errors
/// When it cannot be noted: then nothing goes out.
pub(super) async fn note(
    state: &AppState,
    carrier: Carrier,
    places: &[Place],
    answers: &[ReadAnswer],
) -> Result<(), StoreError> {
    if !places.iter().zip(answers).any(|(place, answer)| may_be_new(place) && has_content(answer)) {
        return Ok(());
    }
    let docs: Vec<DocId> = places.iter().filter(|place| may_be_new(place)).map(|place| place.doc).collect();
    state.store.note_openings(carrier, &docs, state.clock.now()).await?;
    Ok(())
}

/// Whether a device at this place may have read nothing yet. Further on it has to know the chain, which it can only know
/// from what it read.
fn may_be_new(place: &Place) -> bool {
    place.cursor <= GENESIS || place.chain.is_none()
}

fn has_content(answer: &ReadAnswer) -> bool {
    match answer {
        ReadAnswer::Batch { items, .. } => items.iter().any(|item| item.seq > GENESIS),
        ReadAnswer::Snapshot { .. } => true,
        ReadAnswer::Denied | ReadAnswer::Gone | ReadAnswer::Reset | ReadAnswer::Failed => false,
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::Chain;

    use super::*;

    #[test]
    fn a_device_is_new_to_a_document_until_it_proves_that_it_has_read_it() {
        let at = |cursor, chain| Place { doc: DocId([1; 16]), cursor, chain, part: None };
        let chain = Some(Chain([1; 32]));
        assert!(may_be_new(&at(0, None)));
        // The chain after the genesis can be worked out, and a cursor alone is claimed easily.
        assert!(may_be_new(&at(1, chain)));
        assert!(may_be_new(&at(40, None)));
        assert!(!may_be_new(&at(2, chain)));
    }
}
