//! Documents without their content, and grants.

use shared::access::{Access, DocumentFacts, TrajectoryFacts};
use shared::domain::genesis::genesis;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{DeviceId, DocId, TrajectoryId};
use shared::sync::chain;
use shared::sync::message::{Body, LogItem};
use shared::sync::session::ReadAnswer;

use super::{Backend, World};
use crate::{Document, Grant, StoreError};

/// Item 1, with the chain that goes with it.
pub async fn a_document_is_born_with_its_genesis(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    for (number, kind) in (1..).zip(DocKind::ALL) {
        let doc = world.document(number, kind, &[(&anna, Access::Read)]).await;
        let genesis = genesis(kind);
        let item = LogItem {
            seq: 1,
            hash: genesis.hash,
            by: DeviceId::GENESIS,
            sig: vec![],
            data: Body::Data(genesis.data.clone()),
        };
        let chain = chain::next(chain::start(doc), genesis.hash);
        let batch =
            ReadAnswer::Batch { kind, access: Access::Read, head: 1, items: vec![item], chain, void: vec![] };
        assert_eq!(world.read(&anna, doc).await, batch);
    }
}

/// A document is not replaced by another of its id.
pub async fn an_id_is_used_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let doc = world.document(1, DocKind::Practice, &[]).await;
    let mut tx = world.begin().await;
    let again =
        Document { id: doc, kind: DocKind::Programme, owner: None, trajectory: None, destroyed: false };
    assert!(matches!(tx.add_document(&again).await, Err(StoreError::Conflict(_))));
}

/// Taking access away leaves the memory that it was there.
pub async fn grants_remember_what_was_once_allowed(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let doc = world.document(1, DocKind::Practice, &[(&anna, Access::Write)]).await;
    assert_eq!(world.store.grant(bram.user, doc).await.unwrap(), Grant::NONE);
    assert_eq!(world.store.grant(anna.user, DocId([99; 16])).await.unwrap(), Grant::NONE);
    let grant = |access, ever_write| Grant { access, ever_read: true, ever_write };
    assert_eq!(world.store.grant(anna.user, doc).await.unwrap(), grant(Access::Write, true));
    world.grant(doc, &[(&anna, Access::Read), (&bram, Access::Read)]).await;
    assert_eq!(world.store.grant(anna.user, doc).await.unwrap(), grant(Access::Read, true));
    assert_eq!(world.store.grant(bram.user, doc).await.unwrap(), grant(Access::Read, false));
    world.grant(doc, &[]).await;
    assert_eq!(world.store.grant(anna.user, doc).await.unwrap(), grant(Access::None, true));
    assert_eq!(world.store.grant(bram.user, doc).await.unwrap(), grant(Access::None, false));
}

/// Who gained, who lost, and who has the same as before.
pub async fn a_change_of_grants_says_whom_it_concerns(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (same, gains, loses, less) = (
        world.human(1, &[Role::Employee]).await,
        world.human(2, &[Role::Employee]).await,
        world.human(3, &[Role::Employee]).await,
        world.human(4, &[Role::Employee]).await,
    );
    let doc = world.document(1, DocKind::Practice, &[]).await;
    world.grant(doc, &[(&same, Access::Write), (&loses, Access::Read), (&less, Access::Write)]).await;
    let mut change = world
        .grant(
            doc,
            &[(&same, Access::Write), (&gains, Access::Read), (&loses, Access::None), (&less, Access::Read)],
        )
        .await;
    change.changed.sort_unstable();
    assert_eq!(change.changed, [gains.user, loses.user, less.user]);
    assert_eq!(change.lost, [loses.user]);
    let mut change = world.destroy(doc).await;
    change.lost.sort_unstable();
    assert_eq!(change.lost, [same.user, gains.user, less.user]);
}

/// Told to who could read it; to others it never was.
pub async fn a_destroyed_document_is_gone_and_stays_gone(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let doc = world.document(1, DocKind::Reflection, &[(&anna, Access::Write)]).await;
    world.destroy(doc).await;
    world.destroy(doc).await;
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Gone);
    assert_eq!(world.read(&bram, doc).await, ReadAnswer::Denied);
    world.grant(doc, &[(&anna, Access::Write), (&bram, Access::Write)]).await;
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Gone);
    assert_eq!(world.store.directory(anna.user).await.unwrap().unwrap().documents, []);
    let mut tx = world.begin().await;
    assert!(tx.document(doc).await.unwrap().unwrap().destroyed);
    assert_eq!(tx.document_facts(doc).await.unwrap(), None);
    assert_eq!(tx.documents().await.unwrap(), []);
    let again =
        Document { id: doc, kind: DocKind::Reflection, owner: None, trajectory: None, destroyed: false };
    assert!(matches!(tx.add_document(&again).await, Err(StoreError::Conflict(_))));
}

/// What the table of access is asked with.
pub async fn facts_follow_trajectory_and_referrals(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::Employee, Role::InternalCoach]).await;
    let other = world.human(3, &[Role::Employee, Role::InternalCoach]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Active).await;
    world.referral(1, trajectory, &other, ReferralState::Declined).await;
    world.referral(2, trajectory, &coach, ReferralState::Accepted).await;
    let notes = world.document_in(1, DocKind::SharedNotes, Some(anna.user), Some(trajectory), &[]).await;
    let profile = world.document_in(2, DocKind::CoachProfile, Some(coach.user), None, &[]).await;
    let declined = world.document_in(3, DocKind::CoachProfile, Some(other.user), None, &[]).await;
    let mut tx = world.begin().await;
    assert_eq!(
        tx.document_facts(notes).await.unwrap(),
        Some(DocumentFacts {
            kind: DocKind::SharedNotes,
            owner: Some(anna.user),
            trajectory: Some(TrajectoryFacts {
                employee: anna.user,
                state: TrajectoryState::Active,
                manager: None,
                referrals: vec![(other.user, ReferralState::Declined), (coach.user, ReferralState::Accepted)],
            }),
            referred: vec![],
            kept_with: None,
        })
    );
    assert_eq!(tx.document_facts(profile).await.unwrap().unwrap().referred, [anna.user]);
    assert_eq!(tx.document_facts(declined).await.unwrap().unwrap().referred, []);
    assert_eq!(tx.document_facts(DocId([99; 16])).await.unwrap(), None);
}

/// Each list has what it says, without destroyed ones.
pub async fn documents_are_found_by_trajectory_and_owner(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Registered).await;
    let draft = world.document_in(1, DocKind::ReflectionDraft, Some(anna.user), None, &[]).await;
    let intake = world.document_in(2, DocKind::Intake, Some(anna.user), Some(trajectory), &[]).await;
    let destroyed = world.document_in(3, DocKind::Reflection, Some(anna.user), Some(trajectory), &[]).await;
    let practice = world.document(4, DocKind::Practice, &[]).await;
    world.destroy(destroyed).await;
    let mut tx = world.begin().await;
    let ids = |documents: Vec<Document>| documents.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(tx.documents_of_owner(Some(anna.user)).await.unwrap()), [draft]);
    assert_eq!(ids(tx.documents_of_owner(None).await.unwrap()), [practice]);
    assert_eq!(ids(tx.documents_of_trajectory(trajectory).await.unwrap()), [intake]);
    assert_eq!(ids(tx.documents_of_trajectory(TrajectoryId([9; 16])).await.unwrap()), []);
    assert_eq!(ids(tx.documents().await.unwrap()), [draft, intake, practice]);
    assert_eq!(tx.trajectories_of(anna.user).await.unwrap().len(), 1);
}
