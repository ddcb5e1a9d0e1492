//! Pushes: the gate's half that needs the log, and what an acknowledgement is worth.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::chain;
use shared::sync::message::RejectCode;
use shared::sync::session::{PushAnswer, ReadAnswer};

use super::world::{batch, done};
use super::{Author, Backend, Human, World};
use crate::StoreError;

const KIND: DocKind = DocKind::SharedNotes;

async fn document(backend: &impl Backend) -> (World, Human, DocId) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    (world, anna, doc)
}

/// With the places that were said, and with author and signature.
pub async fn what_is_acknowledged_is_in_the_log(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(20);
    let (acked, rejected, stored) = done(world.push(&anna, doc, items.clone()).await);
    assert_eq!(rejected, []);
    assert_eq!(stored, (2..=21).collect::<Vec<_>>());
    let (log, _) = batch(world.read(&anna, doc).await);
    assert_eq!(acked.len(), 20);
    for (ack, item) in acked.iter().zip(&items) {
        let found = &log[usize::try_from(ack.seq).unwrap() - 1];
        assert_eq!((found.seq, found.hash, found.by, &found.sig), (ack.seq, ack.hash, item.by, &item.sig));
        assert_eq!((found.hash, found.data.data()), (item.hash, Some(&item.data[..])));
    }
}

/// Computed anew from the hashes, over several pushes.
pub async fn the_chain_is_that_of_the_contract(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    for count in [1, 3, 7] {
        world.store_all(&anna, doc, author.write_many(count)).await;
        let (log, found) = batch(world.read(&anna, doc).await);
        assert_eq!(found, chain::after(chain::start(doc), log.iter().map(|item| item.hash)));
    }
}

/// Nothing is stored twice, and what was stored first stays.
pub async fn the_same_push_again_is_acknowledged_with_the_same_places(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(3);
    let (first, ..) = done(world.push(&anna, doc, items.clone()).await);
    let log = world.read(&anna, doc).await;
    let (again, rejected, stored) = done(world.push(&anna, doc, items.clone()).await);
    assert_eq!((first, vec![], vec![]), (again, rejected, stored));
    // Unread: the bytes may be anything.
    let mut bent = items;
    bent[1].data = b"nonsense".to_vec();
    bent[1].sig = vec![];
    let (_, rejected, stored) = done(world.push(&anna, doc, bent).await);
    assert_eq!((rejected, stored), (vec![], vec![]));
    assert_eq!(world.read(&anna, doc).await, log);
}

/// Each item is judged with the earlier ones in place.
pub async fn one_bad_item_does_not_keep_the_others_out(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    let mut other = Author::new(&anna, doc, KIND, 2);
    let mut items = author.write_many(2);
    items[1].sig[0] ^= 1;
    items.push(author.write("after the forged one"));
    items.push(other.write("of another run"));
    let (acked, rejected, stored) = done(world.push(&anna, doc, items.clone()).await);
    assert_eq!(acked.iter().map(|ack| ack.hash).collect::<Vec<_>>(), [items[0].hash, items[3].hash]);
    assert_eq!(rejected, [(items[1].hash, RejectCode::BadSignature), (items[2].hash, RejectCode::SeqGap)]);
    assert_eq!(stored, [2, 3]);
}

/// Also one that came twice.
pub async fn every_hash_is_answered_once(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let item = Author::new(&anna, doc, KIND, 1).write("once");
    let (acked, rejected, stored) = done(world.push(&anna, doc, vec![item.clone(), item]).await);
    assert_eq!((acked.len(), rejected.len(), stored.len()), (1, 0, 1));
}

/// From many people into few documents at once.
pub async fn concurrent_pushes_leave_no_gap_and_no_double(backend: &impl Backend) {
    const PEOPLE: u8 = 12;
    const DOCS: u8 = 3;
    const PUSHES: usize = 8;
    let world = World::on(backend.open().await);
    let mut people = vec![];
    for number in 1..=PEOPLE {
        people.push(world.human(number, &[Role::Employee]).await);
    }
    let all: Vec<_> = people.iter().map(|human| (human, Access::Write)).collect();
    let mut pushes = vec![];
    for number in 1..=DOCS {
        let doc = world.document(number, KIND, &all).await;
        for human in &people {
            let world = world.clone();
            pushes.push(async move {
                let mut author = Author::new(human, doc, KIND, 1);
                let mut places = vec![];
                for _ in 0..PUSHES {
                    let items = author.write_many(2);
                    places.extend(world.store_all(human, doc, items).await);
                }
                (doc, places)
            });
        }
    }
    let mut acked: Vec<(DocId, BTreeSet<u64>)> = vec![];
    for (doc, places) in join_all(pushes).await {
        assert!(places.is_sorted());
        match acked.iter_mut().find(|(it, _)| *it == doc) {
            Some((_, all)) => places.iter().for_each(|place| assert!(all.insert(*place))),
            None => acked.push((doc, places.into_iter().collect())),
        }
    }
    for (doc, places) in acked {
        let expected = u64::from(PEOPLE) * 2 * PUSHES as u64;
        assert!(places.into_iter().eq(2..2 + expected));
        let (log, found) = batch(world.read(&people[0], doc).await);
        assert_eq!(log.len() as u64, 1 + expected);
        assert_eq!(found, chain::after(chain::start(doc), log.iter().map(|item| item.hash)));
    }
}

/// A device does not wait for the answer to one push before it makes the next.
pub async fn a_push_builds_on_one_that_is_not_answered_yet(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    let mut pushes = vec![];
    for item in author.write_many(20) {
        let examined = world.examine(doc, vec![item]).await;
        pushes.push(world.store.push(anna.carrier(), doc, examined.into()));
    }
    for (number, answer) in join_all(pushes).await.into_iter().enumerate() {
        assert_eq!(done(answer.unwrap()).2, [2 + number as u64]);
    }
}

/// The author is who signed, not who delivers.
pub async fn a_reader_carries_what_a_writer_signed(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let bram = world.human(2, &[Role::Employee]).await;
    world.grant(doc, &[(&anna, Access::Write), (&bram, Access::Read)]).await;
    let annas = Author::new(&anna, doc, KIND, 1).write("hers");
    let brams = Author::new(&bram, doc, KIND, 1).write("his");
    let (acked, rejected, _) = done(world.push(&bram, doc, vec![annas.clone(), brams.clone()]).await);
    assert_eq!(acked[0].hash, annas.hash);
    assert_eq!(rejected, [(brams.hash, RejectCode::ReadOnly)]);
}

/// What she signed while she could arrives late and is accepted.
pub async fn a_former_writer_is_still_an_author(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let bram = world.human(2, &[Role::Employee]).await;
    world.grant(doc, &[(&bram, Access::Write)]).await;
    let item = Author::new(&anna, doc, KIND, 1).write("late");
    assert_eq!(world.push(&anna, doc, vec![item.clone()]).await, PushAnswer::Gone);
    assert_eq!(world.store_all(&bram, doc, vec![item]).await, [2]);
}

/// To a document that exists and to one that does not, the same answer.
pub async fn a_stranger_carries_nothing(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let item = Author::new(&anna, doc, KIND, 1).write("hers");
    assert_eq!(world.push(&bram, doc, vec![item.clone()]).await, PushAnswer::Denied);
    assert_eq!(world.push(&bram, DocId([9; 16]), vec![item]).await, PushAnswer::Denied);
    assert_eq!(batch(world.read(&anna, doc).await).0.len(), 1);
}

/// Not even what was known before.
pub async fn nothing_is_pushed_into_a_destroyed_document(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(2);
    world.store_all(&anna, doc, items.clone()).await;
    world.destroy(doc).await;
    assert_eq!(world.push(&anna, doc, items.clone()).await, PushAnswer::Gone);
    world.grant(doc, &[(&anna, Access::Write)]).await;
    assert_eq!(world.push(&anna, doc, items).await, PushAnswer::Gone);
}

/// What was examined before does not help.
pub async fn access_taken_away_between_two_pushes_stops_the_second(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    world.store_all(&anna, doc, author.write_many(1)).await;
    let examined = world.examine(doc, author.write_many(1)).await;
    world.grant(doc, &[]).await;
    assert_eq!(world.store.push(anna.carrier(), doc, examined.into()).await.unwrap(), PushAnswer::Gone);
}

/// The signature stays good, the device does not.
pub async fn a_revoked_device_carries_nothing_and_others_carry_what_it_signed(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let bram = world.human(2, &[Role::Employee]).await;
    world.grant(doc, &[(&anna, Access::Write), (&bram, Access::Read)]).await;
    let item = Author::new(&anna, doc, KIND, 1).write("before");
    world.revoke(&anna).await;
    assert_eq!(world.push(&anna, doc, vec![item.clone()]).await, PushAnswer::Denied);
    assert_eq!(world.store_all(&bram, doc, vec![item]).await, [2]);
}

/// As after a crash: the first store is dropped, not closed.
pub async fn what_was_acknowledged_survives_a_store_that_was_never_closed(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    world.store_all(&anna, doc, author.write_many(5)).await;
    let before = world.read(&anna, doc).await;
    drop(world);
    let world = World::on(backend.open().await);
    assert_eq!(world.read(&anna, doc).await, before);
    assert_eq!(world.store_all(&anna, doc, author.write_many(1)).await, [7]);
}

/// An error that says so, for every way in.
pub async fn a_closed_store_refuses_in_words(backend: &impl Backend) {
    let (world, anna, doc) = document(backend).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(1);
    let examined = world.examine(doc, items).await;
    world.store.close().await;
    world.store.close().await;
    assert!(matches!(world.store.ready().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(world.store.begin().await.map(|_| ()), Err(StoreError::Unavailable(_))));
    assert!(matches!(world.store.users().await, Err(StoreError::Unavailable(_))));
    let push = world.store.push(anna.carrier(), doc, examined.into()).await;
    assert!(matches!(push, Err(StoreError::Unavailable(_))));
    let world = World::on(backend.open().await);
    assert!(matches!(world.read(&anna, doc).await, ReadAnswer::Batch { head: 1, .. }));
}
