//! Clocks, destruction, and what must stay destroyed.

use shared::access::Access;
use shared::domain::audit::{Destruction, DestructionReason};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState as State;
use shared::domain::retention::{Clock, Period, Retained, Settings};
use shared::domain::role::Role;
use shared::ids::{DocId, TrajectoryId};
use shared::sync::session::ReadAnswer;

use super::{Author, Backend, Human, World};
use crate::{Clocked, Deletion, Grant, RETENTION_SETTING, Session, Trajectory};

async fn closed(world: &World, number: u8, employee: &Human, state: State, at: Option<u64>) -> TrajectoryId {
    let id = world.trajectory(number, employee, state).await;
    let trajectory =
        Trajectory { id, employee: employee.user, state, registered_at: 1, intake_at: None, closed_at: at };
    let mut tx = world.begin().await;
    tx.put_trajectory(&trajectory).await.unwrap();
    tx.commit().await.unwrap();
    id
}

async fn clock(world: &World, doc: DocId) -> Option<Clock> {
    let all = world.store.clocked().await.unwrap();
    let found = all.into_iter().find(|it| it.doc == doc);
    assert_eq!(found, world.begin().await.clocked_document(doc).await.unwrap());
    found.map(|it| it.retained.clock)
}

/// And stands still before; what is in use has none.
pub async fn a_clock_counts_from_the_closing(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    for (number, state, at, expected) in [
        (1, State::Active, None, Clock::Stopped),
        // Closed once, and open again since.
        (2, State::Active, Some(70), Clock::Stopped),
        (3, State::Closed, Some(70), Clock::Closure(70)),
        (4, State::Retained, Some(80), Clock::Closure(80)),
        (5, State::Closed, None, Clock::Stopped),
    ] {
        let trajectory = closed(&world, number, &anna, state, at).await;
        let kind = DocKind::WorkingNotes;
        let doc = world.document_in(number, kind, Some(anna.user), Some(trajectory), &[]).await;
        assert_eq!(clock(&world, doc).await, Some(expected), "{number}");
    }
    let in_use = world.document(9, DocKind::Practice, &[]).await;
    assert_eq!(clock(&world, in_use).await, None);
    world.destroy(DocId([3; 16])).await;
    assert_eq!(clock(&world, DocId([3; 16])).await, None);
    let mut tx = world.begin().await;
    let still: Vec<_> = tx.closed_trajectories().await.unwrap().into_iter().map(|it| it.id.0[0]).collect();
    assert_eq!(still, [3, 4, 5]);
}

/// Not from what devices say of time. While a trajectory is open it stands still.
pub async fn a_draft_counts_from_when_it_was_last_seen_to_have_grown(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let kind = DocKind::ReflectionDraft;
    let doc = world.document_in(1, kind, Some(anna.user), None, &[(&anna, Access::Write)]).await;
    let note = async |now| {
        let mut tx = world.begin().await;
        let noted = tx.note_edits(now).await.unwrap();
        tx.commit().await.unwrap();
        noted
    };
    assert_eq!(note(50).await, 0);
    assert_eq!(clock(&world, doc).await, Some(Clock::Stopped));
    let mut author = Author::new(&anna, doc, kind, 1);
    world.store_all(&anna, doc, author.write_many(2)).await;
    let before = world.store.directory_changes().await.unwrap();
    assert_eq!((note(60).await, note(70).await), (1, 0));
    assert_ne!(world.store.directory_changes().await.unwrap(), before);
    let draft = |edited, closed, shared| Some(Clock::Draft { edited, closed, shared });
    assert_eq!(clock(&world, doc).await, draft(60, None, false));
    world.store_all(&anna, doc, author.write_many(1)).await;
    assert_eq!(note(80).await, 1);
    assert_eq!(clock(&world, doc).await, draft(80, None, false));
    closed(&world, 1, &anna, State::Registered, None).await;
    assert_eq!(clock(&world, doc).await, Some(Clock::Stopped));
    let trajectory = closed(&world, 1, &anna, State::Closed, Some(90)).await;
    assert_eq!(clock(&world, doc).await, draft(80, Some(90), false));
    let shared = world.document_in(2, DocKind::Reflection, Some(anna.user), Some(trajectory), &[]).await;
    assert_eq!(clock(&world, doc).await, draft(80, Some(90), true));
    world.destroy(shared).await;
    assert_eq!(clock(&world, doc).await, draft(80, Some(90), false));
}

/// And counts as changed when a period or a moment of writing does.
pub async fn a_directory_tells_when_a_document_is_due(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let trajectory = closed(&world, 1, &anna, State::Closed, Some(70)).await;
    let notes = DocKind::SharedNotes;
    world.document_in(1, notes, Some(anna.user), Some(trajectory), &[(&anna, Access::Read)]).await;
    world.document(2, DocKind::Practice, &[(&anna, Access::Read)]).await;
    let due = async || {
        let directory = world.store.directory(anna.user).await.unwrap().unwrap();
        directory.documents.iter().map(|it| it.due).collect::<Vec<_>>()
    };
    assert_eq!(due().await, [None, None]);
    let mut settings = Settings::started(5);
    settings.set(notes, Period::months(60), 5).unwrap();
    let before = world.store.directory_changes().await.unwrap();
    let mut tx = world.begin().await;
    tx.put_setting(RETENTION_SETTING, &serde_json::to_string(&settings).unwrap()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.retention_settings().await.unwrap(), Some(settings.clone()));
    let retained = Retained { kind: notes, clock: Clock::Closure(70) };
    assert_eq!(due().await, [settings.due(&retained), None]);
    assert_ne!(world.store.directory_changes().await.unwrap(), before);
}

/// Of nobody: kind, moment, reason and rule.
pub async fn what_is_destroyed_leaves_a_record_and_is_on_the_list(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let kind = DocKind::WorkingNotes;
    let one = world.document(1, kind, &[(&anna, Access::Write), (&bram, Access::Read)]).await;
    world.grant(one, &[(&anna, Access::Read)]).await;
    let other = world.document(2, kind, &[]).await;
    world.destroy(other).await;
    let mut tx = world.begin().await;
    let change = tx.destroy_for(one, DestructionReason::Retention, "3_months", 11).await.unwrap();
    assert_eq!(change.lost, [anna.user]);
    // Once more changes nothing.
    tx.destroy_document(one, 12).await.unwrap();
    tx.commit().await.unwrap();
    let record = |doc, at, reason, rule: &str| Destruction { doc, kind, at, reason, rule: rule.to_owned() };
    let newest = record(one, 11, DestructionReason::Retention, "3_months");
    assert_eq!(
        world.store.destructions(9).await.unwrap(),
        [newest.clone(), record(other, 9, DestructionReason::Decision, "")]
    );
    assert_eq!(world.store.destructions(1).await.unwrap(), [newest]);
    let line = |doc, at, readers| Deletion { doc, kind, at, readers };
    assert_eq!(
        world.store.deletion_list().await.unwrap(),
        [line(other, 9, vec![]), line(one, 11, vec![anna.user, bram.user])]
    );
    assert_eq!(world.store.complete_deletion_list().await.unwrap(), 0);
    assert!(world.store.scrub().await.unwrap());
}

/// A transaction that is given up leaves no trace there either.
pub async fn what_is_rolled_back_is_not_on_the_list(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let doc = world.document(1, DocKind::WorkingNotes, &[]).await;
    let mut tx = world.begin().await;
    tx.destroy_document(doc, 11).await.unwrap();
    drop(tx);
    assert_eq!(world.store.deletion_list().await.unwrap(), []);
    let mut tx = world.begin().await;
    assert!(!tx.document(doc).await.unwrap().unwrap().destroyed);
}

/// With those who ever could read it.
pub async fn what_was_destroyed_before_there_was_a_list_is_put_on_it(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let buried = Deletion { doc: DocId([7; 16]), kind: DocKind::Intake, at: 5, readers: vec![anna.user] };
    let mut tx = world.begin().await;
    // Says nothing to the list, as destruction did before there was one.
    tx.bury(&buried, 6).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.store.complete_deletion_list().await.unwrap(), 1);
    assert_eq!(world.store.complete_deletion_list().await.unwrap(), 0);
    assert_eq!(world.store.deletion_list().await.unwrap(), [buried]);
}

/// Although this database never had it.
pub async fn what_is_buried_is_gone_for_those_who_could_read_it(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let anna = world.human(1, &[Role::Employee]).await;
    let bram = world.human(2, &[Role::Employee]).await;
    let departed = Human::numbered(3);
    let doc = DocId([7; 16]);
    let readers = vec![anna.user, departed.user];
    let mut tx = world.begin().await;
    tx.bury(&Deletion { doc, kind: DocKind::Intake, at: 5, readers }, 6).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(world.read(&anna, doc).await, ReadAnswer::Gone);
    assert_eq!(world.read(&bram, doc).await, ReadAnswer::Denied);
    assert_eq!(world.store.grant(bram.user, doc).await.unwrap(), Grant::NONE);
    let records = world.store.destructions(9).await.unwrap();
    assert_eq!(records[0].reason, DestructionReason::Restored);
    let all: Vec<Clocked> = world.store.clocked().await.unwrap();
    assert_eq!(all, []);
}

/// By those they are told to wipe.
pub async fn only_sessions_of_revoked_devices_outlive_the_end_of_all(backend: &impl Backend) {
    let world = World::on(backend.open().await);
    let mut tx = world.begin().await;
    drop(tx);
    for number in 1..=2 {
        let human = world.human(number, &[Role::Employee]).await;
        let session = Session {
            user: human.user,
            device: human.device(),
            created_at: 1,
            last_used: 1,
            revoked: false,
            disabled: false,
        };
        tx = world.begin().await;
        tx.add_session(&[number; 32], &session).await.unwrap();
        tx.commit().await.unwrap();
    }
    world.revoke(&Human::numbered(2)).await;
    let mut tx = world.begin().await;
    assert_eq!(tx.end_all_sessions().await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(world.store.session(&[1; 32]).await.unwrap().is_none());
    assert!(world.store.session(&[2; 32]).await.unwrap().is_some_and(|it| it.revoked));
}
