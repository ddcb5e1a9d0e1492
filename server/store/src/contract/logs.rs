//! Reading logs.

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{Chain, DocId};
use shared::sync::chain;
use shared::sync::message::Place;
use shared::sync::session::ReadAnswer;

use super::world::{PLENTY, batch};
use super::{Author, Backend, Human, World};
use crate::BatchLimit;

const KIND: DocKind = DocKind::SharedNotes;

async fn written(world: &World, number: u8, changes: usize) -> (Human, DocId) {
    let anna = world.human(number, &[Role::Employee]).await;
    let doc = world.document(number, KIND, &[(&anna, Access::Write)]).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(changes);
    world.store_all(&anna, doc, items).await;
    (anna, doc)
}

/// In order, and whatever the place, the same items.
pub async fn a_log_is_read_in_order_without_gaps(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, doc) = written(&world, 1, 9).await;
    let (all, chain_at_end) = batch(world.read(&anna, doc).await);
    assert_eq!(all.iter().map(|item| item.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    let mut chain = chain::start(doc);
    for (cursor, item) in all.iter().enumerate() {
        let at = (cursor > 0).then_some(chain);
        let (rest, end) = batch(world.read_from(&anna, doc, cursor as u64, at).await);
        assert_eq!(rest, all[cursor..]);
        assert_eq!(end, chain_at_end);
        chain = chain::next(chain, item.hash);
    }
    assert_eq!(batch(world.read_from(&anna, doc, 10, Some(chain)).await), (vec![], chain));
}

/// Another chain, or a place above the head.
pub async fn a_place_that_the_log_does_not_hold_is_reset(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, doc) = written(&world, 1, 3).await;
    let foreign = Some(Chain([9; 32]));
    for (cursor, chain) in
        [(1, foreign), (3, foreign), (4, foreign), (5, foreign), (5, None), (1 << 53, foreign)]
    {
        assert_eq!(world.read_from(&anna, doc, cursor, chain).await, ReadAnswer::Reset, "{cursor}");
    }
}

/// Items and bytes, but always something of the first document.
pub async fn a_read_keeps_to_its_limits(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, doc) = written(&world, 1, 9).await;
    let (all, _) = batch(world.read(&anna, doc).await);
    let size = |count: usize| all[..count].iter().filter_map(|item| item.data.data()).map(<[u8]>::len).sum();
    let read = async |items, bytes| {
        let places = [Place::start(doc)];
        let most = BatchLimit { items, bytes };
        let mut answers = world.store.read_logs(anna.carrier(), &places, most).await.unwrap();
        batch(answers.remove(0))
    };
    for (items, bytes, count) in
        [(3, usize::MAX, 3), (100, size(5), 5), (100, size(5) - 1, 4), (100, 1, 1), (100, 0, 1), (0, 100, 0)]
    {
        let (found, chain) = read(items, bytes).await;
        assert_eq!(found, all[..count]);
        assert_eq!(chain, chain::after(chain::start(doc), all[..count].iter().map(|item| item.hash)));
    }
}

/// One answer each, in order, until the bytes are used up.
pub async fn many_logs_are_read_at_once_each_with_its_own_answer(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, first) = written(&world, 1, 3).await;
    let (_, foreign) = written(&world, 2, 3).await;
    let second = world.document(3, KIND, &[(&anna, Access::Read)]).await;
    let place = |doc| Place::start(doc);
    let stale = Place { doc: first, cursor: 9, chain: Some(Chain([1; 32])), part: None };
    let places = [place(first), place(foreign), stale, place(second), place(DocId([9; 16]))];
    let answers = world.store.read_logs(anna.carrier(), &places, PLENTY).await.unwrap();
    let mut expected = vec![];
    for place in places {
        expected.push(world.read_from(&anna, place.doc, place.cursor, place.chain).await);
    }
    assert_eq!(answers, expected);
    assert!(matches!(answers[0], ReadAnswer::Batch { access: Access::Write, .. }));
    assert!(matches!(answers[3], ReadAnswer::Batch { access: Access::Read, .. }));
    assert_eq!(
        [&answers[1], &answers[2], &answers[4]],
        [&ReadAnswer::Denied, &ReadAnswer::Reset, &ReadAnswer::Denied]
    );
    // The first document takes all the room: what needs none is still answered, until something does.
    let tight = BatchLimit { items: 100, bytes: 1 };
    let answers = world.store.read_logs(anna.carrier(), &places, tight).await.unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(batch(answers[0].clone()).0.len(), 1);
}

/// A document that exists and one that does not look the same.
pub async fn a_stranger_learns_nothing_of_what_exists(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (_, doc) = written(&world, 1, 3).await;
    let bram = world.human(2, &[Role::Employee, Role::Administrator]).await;
    for (cursor, chain) in [(0, None), (2, Some(Chain([1; 32]))), (99, Some(Chain([1; 32])))] {
        assert_eq!(world.read_from(&bram, doc, cursor, chain).await, ReadAnswer::Denied);
        assert_eq!(world.read_from(&bram, DocId([9; 16]), cursor, chain).await, ReadAnswer::Denied);
    }
}

/// Once hers, no longer hers.
pub async fn who_lost_access_is_told_that_it_is_gone(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, doc) = written(&world, 1, 3).await;
    world.grant(doc, &[]).await;
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Gone);
    world.grant(doc, &[(&anna, Access::Read)]).await;
    assert_eq!(batch(world.read(&anna, doc).await).0.len(), 4);
}

/// Nor does a device that the person does not have.
pub async fn a_revoked_device_reads_nothing(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, doc) = written(&world, 1, 3).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let on_anothers = Human { user: anna.user, key: bram.key };
    assert_eq!(world.read(&on_anothers, doc).await, ReadAnswer::Denied);
    world.revoke(&anna).await;
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Denied);
}
