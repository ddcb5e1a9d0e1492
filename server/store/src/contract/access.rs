//! Who sees what, since when, who opened it first, and what access depends on beside roles and referrals.

use shared::access::{Access, KeptWith};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};

use super::{Author, Backend, Human, World};
use crate::{Audience, FIRST_OPENED, NewGrant};

const EMPLOYEE: &[Role] = &[Role::Employee];
const COACH: &[Role] = &[Role::Employee, Role::InternalCoach];
const ADVISER: &[Role] = &[Role::Employee, Role::CareerAdviser];

async fn seen(world: &World, by: UserId, doc: DocId) -> Option<Audience> {
    world.store.audience(by, doc).await.unwrap()
}

/// By name, and to nobody else.
pub async fn readers_are_told_to_readers(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, bram, stranger) =
        (world.human(1, EMPLOYEE).await, world.human(2, EMPLOYEE).await, world.human(3, EMPLOYEE).await);
    let doc = world.document(1, DocKind::Practice, &[(&bram, Access::Read), (&anna, Access::Write)]).await;
    let told = async |user, doc| -> Vec<_> {
        let readers = seen(&world, user, doc).await.map(|it| it.readers).unwrap_or_default();
        readers.into_iter().map(|it| (it.subject.user, it.access)).collect()
    };
    let both = [(anna.user, Access::Write), (bram.user, Access::Read)];
    assert_eq!(told(anna.user, doc).await, both);
    assert_eq!(told(bram.user, doc).await, both);
    assert_eq!(told(stranger.user, doc).await, []);
    assert_eq!(told(anna.user, DocId([99; 16])).await, []);
    world.grant(doc, &[(&bram, Access::Read)]).await;
    assert_eq!(told(anna.user, doc).await, []);
    assert_eq!(told(bram.user, doc).await, [(bram.user, Access::Read)]);
    world.destroy(doc).await;
    assert_eq!(told(bram.user, doc).await, []);
}

async fn grant_at(world: &World, doc: DocId, access: &[(&Human, Access)], at: Option<u64>) {
    let grants: Vec<_> =
        access.iter().map(|(human, access)| NewGrant { user: human.user, access: *access }).collect();
    let mut tx = world.begin().await;
    if let Some(at) = at {
        tx.happens_at(at);
    }
    tx.set_grants(doc, &grants).await.unwrap();
    tx.commit().await.unwrap();
}

/// From when somebody can read, through every change of how much, to when she no longer can.
pub async fn access_has_a_beginning(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, bram) = (world.human(1, EMPLOYEE).await, world.human(2, EMPLOYEE).await);
    let doc = world.document(1, DocKind::Practice, &[]).await;
    let since = async || -> Vec<_> {
        let readers = seen(&world, anna.user, doc).await.unwrap().readers;
        readers.into_iter().map(|it| it.since).collect()
    };
    grant_at(&world, doc, &[(&anna, Access::Read)], Some(10)).await;
    assert_eq!(since().await, [Some(10)]);
    grant_at(&world, doc, &[(&anna, Access::Write), (&bram, Access::Read)], Some(20)).await;
    assert_eq!(since().await, [Some(10), Some(20)]);
    grant_at(&world, doc, &[(&anna, Access::Read)], Some(30)).await;
    grant_at(&world, doc, &[(&anna, Access::Read), (&bram, Access::Read)], Some(40)).await;
    assert_eq!(since().await, [Some(10), Some(40)]);
    // What was not said is not known.
    grant_at(&world, doc, &[(&anna, Access::Read)], None).await;
    grant_at(&world, doc, &[(&anna, Access::Read), (&bram, Access::Read)], None).await;
    assert_eq!(since().await, [Some(10), None]);
}

/// Once per person and document, and only what holds something, is somebody else's and is hers to read.
pub async fn a_first_opening_is_noted_once(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, adviser, stranger) =
        (world.human(1, EMPLOYEE).await, world.human(2, ADVISER).await, world.human(3, ADVISER).await);
    let grants = [(&anna, Access::Write), (&adviser, Access::Read)];
    let hers = world.document_in(1, DocKind::Reflection, Some(anna.user), None, &grants).await;
    let empty = world.document_in(2, DocKind::Reflection, Some(anna.user), None, &grants).await;
    let pool = world.document_in(3, DocKind::Practice, None, None, &grants).await;
    for (doc, kind) in [(hers, DocKind::Reflection), (pool, DocKind::Practice)] {
        world.store_all(&anna, doc, vec![Author::new(&anna, doc, kind, 1).write("iets")]).await;
    }
    let docs = [hers, empty, pool, DocId([99; 16])];
    let note = async |who: &Human, at| world.store.note_openings(who.carrier(), &docs, at).await.unwrap();
    assert_eq!(note(&anna, 5).await, 0);
    assert_eq!(note(&stranger, 6).await, 0);
    assert_eq!(note(&adviser, 7).await, 1);
    assert_eq!(note(&adviser, 8).await, 0);
    let openings = seen(&world, anna.user, hers).await.unwrap().openings;
    assert_eq!(openings.iter().map(|it| (it.user, it.at)).collect::<Vec<_>>(), [(adviser.user, 7)]);
    let rows = world.store.audit_tail(10).await.unwrap();
    let opened: Vec<_> = rows.into_iter().filter(|row| row.event.action == FIRST_OPENED).collect();
    assert_eq!(opened.len(), 1);
    assert_eq!((opened[0].event.user, &opened[0].event.object), (Some(adviser.user), &hers.to_string()));
    // It is still told when she can no longer read it.
    world.grant(hers, &[(&anna, Access::Write)]).await;
    assert_eq!(seen(&world, anna.user, hers).await.unwrap().openings.len(), 1);
}

/// As many as there are.
pub async fn many_openings_are_one_transaction(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, adviser) = (world.human(1, EMPLOYEE).await, world.human(2, ADVISER).await);
    let grants = [(&anna, Access::Write), (&adviser, Access::Read)];
    let mut docs = vec![];
    for number in 1..=200 {
        let doc = world.document_in(number, DocKind::Reflection, Some(anna.user), None, &grants).await;
        world.store_all(&anna, doc, vec![Author::new(&anna, doc, DocKind::Reflection, 1).write("x")]).await;
        docs.push(doc);
    }
    assert_eq!(world.store.note_openings(adviser.carrier(), &docs, 7).await.unwrap(), 200);
    assert_eq!(world.store.note_openings(adviser.carrier(), &docs, 8).await.unwrap(), 0);
}

/// A manager, whom an employee would rather not have, and with whom notes are kept.
pub async fn what_access_depends_on_reads_back(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, coach, successor) =
        (world.human(1, EMPLOYEE).await, world.human(2, COACH).await, world.human(3, COACH).await);
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Active).await;
    world.referral(1, trajectory, &coach, ReferralState::Ended).await;
    let notes = world.document_in(1, DocKind::SharedNotes, Some(anna.user), Some(trajectory), &[]).await;
    let mut tx = world.begin().await;
    assert_eq!(tx.manager(anna.user).await.unwrap(), None);
    tx.set_manager(anna.user, Some(successor.user)).await.unwrap();
    assert_eq!(tx.manager(anna.user).await.unwrap(), Some(successor.user));
    tx.set_avoided(trajectory, &[coach.user, successor.user, coach.user]).await.unwrap();
    assert_eq!(tx.avoided(trajectory).await.unwrap(), [coach.user, successor.user]);
    tx.set_avoided(trajectory, &[successor.user]).await.unwrap();
    assert_eq!(tx.avoided(trajectory).await.unwrap(), [successor.user]);
    assert_eq!(tx.kept_with(notes).await.unwrap(), None);
    tx.keep_with(notes, coach.user).await.unwrap();
    tx.hand_over(notes, successor.user, 5).await.unwrap();
    tx.hand_over(notes, successor.user, 6).await.unwrap();
    let kept = KeptWith { coach: coach.user, handed_to: vec![successor.user] };
    assert_eq!(tx.kept_with(notes).await.unwrap(), Some(kept.clone()));
    let facts = tx.document_facts(notes).await.unwrap().unwrap();
    assert_eq!(facts.kept_with, Some(kept));
    assert_eq!(facts.trajectory.unwrap().manager, Some(successor.user));
    // What is known of the account is not changed with its manager, nor the other way round.
    let user = tx.user(anna.user).await.unwrap().unwrap();
    tx.put_user(&user).await.unwrap();
    assert_eq!(tx.manager(anna.user).await.unwrap(), Some(successor.user));
    tx.destroy_document(notes, 9).await.unwrap();
    assert_eq!(tx.kept_with(notes).await.unwrap(), None);
    tx.commit().await.unwrap();
}

/// Whom an employee would rather not have is for her and those who advise her; an adviser does not see her own
/// trajectory as one, nor that of somebody whom she manages.
pub async fn a_directory_keeps_conflicts_of_interest_apart(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let (anna, coach, adviser, manager) = (
        world.human(1, EMPLOYEE).await,
        world.human(2, COACH).await,
        world.human(3, ADVISER).await,
        world.human(4, ADVISER).await,
    );
    let (hers, advisers) = (
        world.trajectory(1, &anna, TrajectoryState::ReferralOffered).await,
        world.trajectory(2, &adviser, TrajectoryState::Registered).await,
    );
    world.referral(1, hers, &coach, ReferralState::Offered).await;
    let mut tx = world.begin().await;
    tx.set_manager(anna.user, Some(manager.user)).await.unwrap();
    tx.set_avoided(hers, &[manager.user]).await.unwrap();
    tx.commit().await.unwrap();
    let told = async |who: &Human| -> Vec<_> {
        let directory = world.store.directory(who.user).await.unwrap().unwrap();
        directory.trajectories.into_iter().map(|it| (it.id, it.avoided)).collect()
    };
    assert_eq!(told(&anna).await, [(hers, vec![manager.user])]);
    assert_eq!(told(&coach).await, [(hers, vec![])]);
    assert_eq!(told(&adviser).await, [(hers, vec![manager.user]), (advisers, vec![])]);
    assert_eq!(told(&manager).await, [(advisers, vec![])]);
    let person = async |who: &Human| {
        let directory = world.store.directory(who.user).await.unwrap().unwrap();
        directory.people.into_iter().find(|it| it.id == anna.user).unwrap().manager
    };
    assert_eq!(person(&adviser).await, Some(manager.user));
    assert_eq!(person(&coach).await, None);
    // A question that was taken back is not the coach's to know of.
    world.referral(1, hers, &coach, ReferralState::Withdrawn).await;
    assert_eq!(told(&coach).await, []);
}
