//! Requests about what is kept of a person, and what is found about her.

use std::collections::BTreeMap;

use shared::access::Access;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::request::{self, Answer, Reason, RequestKind, RequestState, Scope};
use shared::domain::role::Role;
use shared::ids::RequestId;

use super::Backend;
use super::world::{Author, Human, World};
use crate::{Request, RequestStep};

/// Adds an access request, the one that is numbered so, with who is asked.
pub async fn access(world: &World, number: u8, person: &Human, steps: &[RequestStep]) -> Request {
    let request = made(number, RequestKind::Access, person, None);
    put(world, &request, steps).await;
    request
}

fn made(number: u8, kind: RequestKind, person: &Human, scope: Option<Scope>) -> Request {
    Request {
        id: RequestId([number; 16]),
        kind,
        person: person.user,
        scope,
        state: RequestState::Requested,
        made_at: u64::from(number),
        due_at: 100,
        reason: None,
        decided: None,
        done: None,
        erased: BTreeMap::new(),
    }
}

async fn put(world: &World, request: &Request, steps: &[RequestStep]) {
    let mut tx = world.begin().await;
    tx.put_request(request).await.unwrap();
    for step in steps {
        tx.put_request_step(request.id, step).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn asked(coach: &Human) -> RequestStep {
    RequestStep { role: Role::InternalCoach, user: Some(coach.user), answered: None }
}

const ADVISERS: RequestStep = RequestStep { role: Role::CareerAdviser, user: None, answered: None };

async fn told(world: &World, human: &Human) -> Vec<request::Request> {
    world.store.directory(human.user).await.unwrap().unwrap().requests
}

/// With who decided and settled it, and what was erased.
pub async fn a_request_reads_back_and_can_be_settled(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let adviser = world.human(2, &[Role::CareerAdviser]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Closed).await;
    let mut request = made(1, RequestKind::Erasure, &anna, Some(Scope::Trajectory { trajectory }));
    put(&world, &request, &[]).await;
    assert_eq!(world.store.request(request.id).await.unwrap().as_ref(), Some(&request));
    request.state = RequestState::Done;
    request.reason = Some(Reason::LegalDuty);
    request.decided = Some((adviser.user, 5));
    request.done = Some((adviser.user, 6));
    request.erased = BTreeMap::from([(DocKind::Intake, 1), (DocKind::WorkingNotes, 2)]);
    put(&world, &request, &[]).await;
    let access = access(&world, 2, &anna, &[]).await;
    assert_eq!(world.begin().await.request(request.id).await.unwrap().as_ref(), Some(&request));
    assert_eq!(world.begin().await.requests_of(anna.user).await.unwrap(), [request, access]);
    assert_eq!(world.begin().await.requests_of(adviser.user).await.unwrap(), []);
    assert_eq!(world.store.request(RequestId([9; 16])).await.unwrap(), None);
}

/// In the order in which they were asked.
pub async fn who_is_asked_can_answer_anew(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    let request = access(&world, 1, &anna, &[asked(&coach), ADVISERS]).await;
    assert_eq!(world.begin().await.request_steps(request.id).await.unwrap(), [asked(&coach), ADVISERS]);
    for answer in [Answer::No { reason: Reason::AboutOthers }, Answer::Yes {}] {
        let step = RequestStep { answered: Some((answer, coach.user, 7)), ..asked(&coach) };
        put(&world, &request, std::slice::from_ref(&step)).await;
        assert_eq!(world.begin().await.request_steps(request.id).await.unwrap(), [step, ADVISERS]);
    }
}

/// To nobody else; and who made it is told of roles, not of names.
pub async fn a_request_is_known_to_who_made_it_who_oversees_it_and_who_is_asked(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    let other = world.human(3, &[Role::InternalCoach]).await;
    let first = access(&world, 1, &anna, &[asked(&coach), ADVISERS]).await;
    for (number, role) in [(4, Role::CareerAdviser), (5, Role::Administrator)] {
        let overseer = world.human(number, &[role]).await;
        let requests = told(&world, &overseer).await;
        assert_eq!(requests.iter().map(|it| it.id).collect::<Vec<_>>(), [first.id], "{role:?}");
        assert_eq!(requests[0].steps.iter().map(|it| it.user).collect::<Vec<_>>(), [Some(coach.user), None]);
    }
    let own = told(&world, &anna).await;
    let roles: Vec<_> = own[0].steps.iter().map(|it| (it.role, it.user)).collect();
    assert_eq!(roles, [(Role::InternalCoach, None), (Role::CareerAdviser, None)]);
    let hers = told(&world, &coach).await;
    assert_eq!(hers[0].steps.iter().map(|it| it.user).collect::<Vec<_>>(), [Some(coach.user)]);
    let people = world.store.directory(coach.user).await.unwrap().unwrap().people;
    assert!(people.iter().any(|it| it.id == anna.user), "who asked is named to who is asked");
    for (number, role) in [(6, Role::Trainer), (7, Role::LineManager), (8, Role::Employee)] {
        assert_eq!(told(&world, &world.human(number, &[role]).await).await, [], "{role:?}");
    }
    assert_eq!(told(&world, &other).await, []);
    // The newest first.
    let second = access(&world, 9, &anna, &[]).await;
    assert_eq!(told(&world, &anna).await.iter().map(|it| it.id).collect::<Vec<_>>(), [second.id, first.id]);
}

/// It is not hers to know how it ended.
pub async fn what_is_settled_is_no_longer_told_to_who_was_only_asked(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    let mut request = access(&world, 1, &anna, &[asked(&coach)]).await;
    assert_eq!(told(&world, &coach).await.len(), 1);
    request.state = RequestState::Done;
    put(&world, &request, &[]).await;
    assert_eq!(told(&world, &coach).await, []);
    assert_eq!(told(&world, &anna).await[0].state, RequestState::Done);
}

/// Whoever destroyed it; what was settled before stays what it was.
pub async fn a_request_about_a_trajectory_that_is_gone_has_lapsed(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Closed).await;
    let scope = Some(Scope::Trajectory { trajectory });
    let open = made(1, RequestKind::Erasure, &anna, scope);
    let declined = Request { state: RequestState::Declined, ..made(2, RequestKind::Erasure, &anna, scope) };
    let account = made(3, RequestKind::Erasure, &anna, Some(Scope::Account {}));
    for request in [&open, &declined, &account] {
        put(&world, request, &[]).await;
    }
    let states = async || told(&world, &anna).await.iter().map(|it| it.state).collect::<Vec<_>>();
    use RequestState as S;
    assert_eq!(states().await, [S::Requested, S::Declined, S::Requested]);
    world.trajectory(1, &anna, TrajectoryState::Destroyed).await;
    assert_eq!(states().await, [S::Requested, S::Declined, S::Lapsed]);
}

/// Kinds, sizes, who wrote and who can see it.
pub async fn what_there_is_about_a_person_is_told_without_content(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Active).await;
    world.referral(1, trajectory, &coach, ReferralState::Accepted).await;
    let kinds = [
        (1, DocKind::ReflectionDraft, &anna, None, vec![(&anna, Access::Write)]),
        (2, DocKind::WorkingNotes, &coach, Some(trajectory), vec![(&coach, Access::Write)]),
        (
            3,
            DocKind::SharedNotes,
            &anna,
            Some(trajectory),
            vec![(&anna, Access::Write), (&coach, Access::Write)],
        ),
    ];
    for (number, kind, owner, of, grants) in &kinds {
        world.document_in(*number, *kind, Some(owner.user), *of, grants).await;
    }
    let shared = shared::ids::DocId([3; 16]);
    world.store_all(&anna, shared, Author::new(&anna, shared, DocKind::SharedNotes, 1).write_many(3)).await;
    world.store_all(&coach, shared, Author::new(&coach, shared, DocKind::SharedNotes, 1).write_many(2)).await;
    // A second tab of hers is the same author.
    world.store_all(&anna, shared, Author::new(&anna, shared, DocKind::SharedNotes, 2).write_many(1)).await;
    let found = world.store.documents_about(anna.user).await.unwrap();
    let of = |kind| found.iter().find(|it| it.kind == kind).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!((of(DocKind::SharedNotes).changes, of(DocKind::ReflectionDraft).changes), (6, 0));
    assert_eq!(of(DocKind::SharedNotes).authors, [anna.user, coach.user]);
    assert_eq!(of(DocKind::SharedNotes).readers, [(anna.user, Access::Write), (coach.user, Access::Write)]);
    assert_eq!(of(DocKind::WorkingNotes).owner, Some(coach.user));
    assert_eq!(of(DocKind::WorkingNotes).authors, []);
    assert_eq!(of(DocKind::WorkingNotes).trajectory, Some(trajectory));
    assert!(of(DocKind::ReflectionDraft).written == (None, None));
}

/// Nor the coach's notes about somebody else as if they were about her.
pub async fn what_is_destroyed_or_about_others_is_not_told(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let coach = world.human(2, &[Role::InternalCoach]).await;
    let trajectory = world.trajectory(1, &anna, TrajectoryState::Active).await;
    let grants = [(&coach, Access::Write)];
    world.document_in(1, DocKind::WorkingNotes, Some(coach.user), Some(trajectory), &grants).await;
    let profile = world.document_in(2, DocKind::CoachProfile, Some(coach.user), None, &grants).await;
    let kinds = async |human: &Human| {
        let found = world.store.documents_about(human.user).await.unwrap();
        found.iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&coach).await, [DocKind::CoachProfile]);
    assert_eq!(kinds(&anna).await, [DocKind::WorkingNotes]);
    world.destroy(profile).await;
    assert_eq!(kinds(&coach).await, []);
}

/// Revoked ones too, and nobody else's.
pub async fn a_persons_devices_are_found(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    world.human(2, &[Role::Employee]).await;
    world.revoke(&anna).await;
    let devices = world.begin().await.devices_of(anna.user).await.unwrap();
    assert_eq!(devices.iter().map(|it| (it.id, it.revoked)).collect::<Vec<_>>(), [(anna.device(), true)]);
}
