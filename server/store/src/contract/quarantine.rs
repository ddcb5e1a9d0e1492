//! What no device may have: refused and kept, or void after it was stored.

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::DocId;
use shared::sync::message::{Body, RejectCode};
use shared::sync::session::ReadAnswer;

use super::world::{batch, done};
use super::{Author, Backend, World};
use crate::{Carrier, Quarantined, StoreError};

const KIND: DocKind = DocKind::SharedNotes;

/// Keys, rights, and what is known of each hash.
pub async fn what_is_known_before_a_push_is_told_at_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bea = world.human(2, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bea, Access::Read)]).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(3);
    world.store_all(&anna, doc, items[..1].to_vec()).await;
    let kept = Quarantined {
        doc,
        hash: items[1].hash,
        by: items[1].by,
        at: 7,
        reason: "it fell".into(),
        seq: None,
        data: Some(items[1].data.clone()),
    };
    world.store.quarantine(&[kept.clone(), kept.clone()]).await.unwrap();
    let hashes: Vec<_> = items.iter().map(|item| item.hash).collect();
    let authors = [anna.key.id(), bea.key.id(), shared::ids::DeviceId([9; 16])];
    let before = world.store.before_push(anna.carrier(), doc, &authors, &hashes).await.unwrap();
    let mut writes: Vec<_> = before.authors.iter().map(|it| (it.id, it.public_key, it.writes)).collect();
    writes.sort_by_key(|(_, _, writes)| !writes);
    assert_eq!(writes, [(anna.key.id(), anna.key.public(), true), (bea.key.id(), bea.key.public(), false)]);
    assert_eq!(before.known, [hashes[0]].into());
    assert_eq!(before.quarantined, [hashes[1]].into());
    // Of that document alone.
    let other = world.document(2, KIND, &[(&anna, Access::Write)]).await;
    let before = world.store.before_push(anna.carrier(), other, &authors, &hashes).await.unwrap();
    assert_eq!((before.known.len(), before.quarantined.len()), (0, 0));
    assert_eq!(world.store.quarantined().await.unwrap(), [Quarantined { data: None, ..kept.clone() }]);
    assert_eq!(world.store.quarantined_change(kept.hash).await.unwrap(), std::slice::from_ref(&kept));
    // The same bytes in two documents are two that can be released.
    let elsewhere = Quarantined { doc: other, ..kept.clone() };
    world.store.quarantine(std::slice::from_ref(&elsewhere)).await.unwrap();
    let both = world.store.quarantined_change(kept.hash).await.unwrap();
    assert_eq!(both, [kept.clone(), elsewhere.clone()]);
    assert_eq!(world.store.release(doc, kept.hash, 8).await.unwrap(), Some(kept.clone()));
    assert_eq!(world.store.release(doc, kept.hash, 8).await.unwrap(), None);
    let event = world.store.audit_tail(1).await.unwrap().remove(0).event;
    assert_eq!(
        (event.action.as_str(), event.user, event.device),
        (crate::QUARANTINE_RELEASED, None, Some(kept.by))
    );
    assert_eq!(world.store.release(other, kept.hash, 8).await.unwrap(), Some(elsewhere));
    assert_eq!(world.store.quarantined().await.unwrap(), []);
}

/// So that nothing that a stranger pushes is looked at, nor anything of a document that has been destroyed.
pub async fn who_carries_is_told_before_a_push(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bea = world.human(2, &[Role::Employee]).await;
    let cas = world.human(3, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bea, Access::Read)]).await;
    let carries = async |carrier, doc| world.store.before_push(carrier, doc, &[], &[]).await.unwrap().carries;
    assert!(carries(anna.carrier(), doc).await);
    assert!(carries(bea.carrier(), doc).await);
    assert!(!carries(cas.carrier(), doc).await, "a stranger");
    assert!(!carries(anna.carrier(), DocId([9; 16])).await, "of no document");
    let borrowed = Carrier { user: anna.user, device: cas.key.id() };
    assert!(!carries(borrowed, doc).await, "on another's device");
    world.grant(doc, &[(&anna, Access::Write)]).await;
    assert!(!carries(bea.carrier(), doc).await, "whose access has ended");
    world.revoke(&anna).await;
    assert!(!carries(anna.carrier(), doc).await, "on a revoked device");
    let other = world.document(2, KIND, &[(&cas, Access::Write)]).await;
    assert!(carries(cas.carrier(), other).await);
    world.destroy(other).await;
    world.grant(other, &[(&cas, Access::Write)]).await;
    assert!(!carries(cas.carrier(), other).await, "of a destroyed document");
}

/// Never stored without check 11, whatever else is in the push.
pub async fn what_has_not_been_decoded_is_not_stored(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(2);
    let mut examined = world.examine(doc, items).await;
    let undecoded = examined.pop().unwrap();
    let again = shared::sync::gate::examine(doc, undecoded.item().clone(), Some(&anna.key.public()));
    examined.push(again);
    let answer = world.store.push(anna.carrier(), doc, examined.clone().into()).await;
    assert!(matches!(answer, Err(StoreError::Undecoded)), "{answer:?}");
    assert!(matches!(world.read(&anna, doc).await, ReadAnswer::Batch { head: 1, .. }));
    examined[1].set_decoded(Err(RejectCode::Quarantined));
    let (acked, rejected, _) = done(world.store.push(anna.carrier(), doc, examined.into()).await.unwrap());
    assert_eq!((acked.len(), rejected[0].1), (1, RejectCode::Quarantined));
}

/// With all that depends on it; places, hashes and chain stay.
pub async fn what_is_void_keeps_its_place_and_nothing_builds_on_it(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bea = world.human(2, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bea, Access::Write)]).await;
    let mut author = Author::new(&anna, doc, KIND, 1);
    let items = author.write_many(3);
    world.store_all(&anna, doc, items.clone()).await;
    world.store_all(&bea, doc, Author::new(&bea, doc, KIND, 1).write_many(1)).await;
    let (_, chain) = batch(world.read(&anna, doc).await);
    let log = world.store.log_to_try(doc).await.unwrap().unwrap();
    assert_eq!((log.tried.len(), log.new.len(), log.head), (1, 4, 5));

    let voided = world.store.make_void(doc, 3, "it never loads", 9).await.unwrap().unwrap();
    assert_eq!((voided.hash, voided.by, voided.user), (items[1].hash, anna.key.id(), Some(anna.user)));
    assert_eq!(voided.items, [3, 4]);
    assert_eq!(world.store.make_void(doc, 3, "again", 9).await.unwrap(), None);
    let (log, after) = batch(world.read(&anna, doc).await);
    assert_eq!(chain, after);
    assert_eq!(
        log.iter().map(|it| it.data == Body::Void).collect::<Vec<_>>(),
        [false, false, true, true, false]
    );
    let ReadAnswer::Batch { void, .. } = world.read_from(&anna, doc, 5, Some(chain)).await else { panic!() };
    assert_eq!(void, [3, 4]);
    let ReadAnswer::Batch { void, .. } = world.read(&anna, doc).await else { panic!() };
    assert_eq!(void, [0; 0]);

    world.store.tried(&[(doc, 5)]).await.unwrap();
    assert_eq!(world.store.untried().await.unwrap(), []);
    assert_eq!(world.store.log_to_try(doc).await.unwrap(), None);

    // Its device writes no more; others do, but not on top of it.
    let (_, rejected, _) = done(world.push(&anna, doc, author.write_many(1)).await);
    assert_eq!(rejected[0].1, RejectCode::ReadOnly);
    world.store.release(doc, items[1].hash, 10).await.unwrap().unwrap();
    let (_, rejected, _) = done(world.push(&anna, doc, author.write_many(1)).await);
    assert_eq!(rejected[0].1, RejectCode::MissingDeps);
    let next = Author::new(&anna, doc, KIND, 2).write_many(1);
    assert_eq!(world.store_all(&anna, doc, next).await, [6]);
    assert_eq!(world.store.log_to_try(doc).await.unwrap().unwrap().tried.len(), 3);
}

/// What its author wrote is not worth decoding while her device is suspended.
pub async fn a_suspended_device_is_told_as_none_that_writes(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bea = world.human(2, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write), (&bea, Access::Write)]).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(1);
    world.store_all(&anna, doc, items.clone()).await;
    let who_writes = async || {
        let authors = [anna.key.id(), bea.key.id()];
        let before = world.store.before_push(bea.carrier(), doc, &authors, &[]).await.unwrap();
        let writing: Vec<_> = before.authors.iter().filter(|it| it.writes).map(|it| it.id).collect();
        (before.authors.len(), writing.contains(&anna.key.id()), writing.contains(&bea.key.id()))
    };
    assert_eq!(who_writes().await, (2, true, true));
    world.store.make_void(doc, 2, "it never loads", 9).await.unwrap().unwrap();
    assert_eq!(who_writes().await, (2, false, true));
    world.store.release(doc, items[0].hash, 10).await.unwrap().unwrap();
    assert_eq!(who_writes().await, (2, true, true));
}

/// Nothing of a destroyed document is left in quarantine either.
pub async fn a_destroyed_document_leaves_the_quarantine(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let doc = world.document(1, KIND, &[(&anna, Access::Write)]).await;
    let items = Author::new(&anna, doc, KIND, 1).write_many(2);
    world.store_all(&anna, doc, items).await;
    world.store.make_void(doc, 2, "it never loads", 9).await.unwrap().unwrap();
    let mut tx = world.begin().await;
    tx.destroy_document(doc, 10).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.quarantined().await.unwrap(), []);
    assert_eq!(world.store.untried().await.unwrap(), []);
    // Nor does anything get there that was still being decoded.
    let late = Author::new(&anna, doc, KIND, 2).write_many(1).remove(0);
    let (hash, by) = (late.hash, late.by);
    let late =
        Quarantined { doc, hash, by, at: 11, reason: "it fell".into(), seq: None, data: Some(late.data) };
    world.store.quarantine(&[late]).await.unwrap();
    assert_eq!(world.store.quarantined().await.unwrap(), []);
}
