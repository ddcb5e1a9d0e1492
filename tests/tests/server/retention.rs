//! Periods and what they do: what is set, what is told, what is destroyed, and what a restored backup cannot bring back.

use serde_json::{Value, json};
use server::restore::{Restoring, restore};
use server::retention;
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::retention::{DAY_MS, GRACE_MS};
use shared::domain::role::Role;
use shared::ids::{DocId, TrajectoryId};
use shared::sync::message::{ClientMessage, Place, ServerMessage};
use store::{Store as _, Trajectory};
use store_sqlite::SqliteStore;
use tests::{Person, Replica, TestApp};

const SECRET: &str = "ik twijfel of dit nog bij mij past";

/// An organisation with one trajectory, that was closed by its commands.
struct Closed {
    app: TestApp,
    admin: Person,
    coach: Person,
    employee: Person,
    trajectory: TrajectoryId,
    notes: DocId,
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(answer: &tests::Answer, name: &str) -> T {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()[name].as_str().unwrap().parse().unwrap()
}

async fn look(app: &TestApp) -> u64 {
    let (store, hub) = (app.store(), &app.state().hub);
    let done = retention::look(store, Some(hub), app.clock().now(), false).await.unwrap();
    assert!(done.scrubbed);
    done.destroyed
}

async fn closed() -> Closed {
    let app = TestApp::init().await;
    look(&app).await;
    // The clocks have run for long: what was overdue when they were started is not what this is about.
    app.clock().advance(GRACE_MS);
    let admin = app.person(Role::Administrator).await;
    let adviser = app.person(Role::CareerAdviser).await;
    let coach = app.person(Role::InternalCoach).await;
    let employee = app.employee().await;
    let trajectory: TrajectoryId = id(&employee.command(json!({ "type": "register" })).await, "trajectory");
    adviser.command(json!({ "type": "hold_intake", "trajectory": trajectory })).await;
    let refer = json!({ "type": "refer", "trajectory": trajectory, "coach": coach.user });
    let referral: String = id::<String>(&adviser.command(refer).await, "referral");
    assert_eq!(coach.command(json!({ "type": "accept", "referral": referral })).await.status, 200);
    let notes = document(&coach, "working_notes").await;
    let item = Replica::new(notes, DocKind::WorkingNotes, &coach.key).write(SECRET);
    assert!(matches!(coach.push(notes, vec![item]).await[..], [ServerMessage::Ack { .. }]));
    for finish in [false, true] {
        let close = json!({ "type": "close", "trajectory": trajectory, "finish": finish });
        assert_eq!(coach.command(close).await.status, 200);
    }
    Closed { app, admin, coach, employee, trajectory, notes }
}

fn documents(directory: &Value) -> Vec<Value> {
    directory["documents"].as_array().unwrap().clone()
}

async fn document(person: &Person, kind: &str) -> DocId {
    let found = documents(&person.directory().await).into_iter().find(|it| it["kind"] == kind).unwrap();
    found["id"].as_str().unwrap().parse().unwrap()
}

async fn due(person: &Person, doc: DocId) -> Option<u64> {
    let found = documents(&person.directory().await).into_iter().find(|it| it["id"] == json!(doc));
    found.and_then(|it| it["due"].as_u64())
}

impl Closed {
    async fn state(&self) -> TrajectoryState {
        let mut tx = self.app.store().begin().await.unwrap();
        let Trajectory { state, .. } = tx.trajectory(self.trajectory).await.unwrap().unwrap();
        state
    }

    /// Whether the words stand in some file of the data folder, as they are or as a change has them.
    fn readable(&self) -> bool {
        let mut files = std::fs::read_dir(&self.app.state().config.data).unwrap();
        files.any(|file| {
            let content = std::fs::read(file.unwrap().path()).unwrap();
            content.windows(SECRET.len()).any(|it| it == SECRET.as_bytes())
        })
    }

    async fn set(&self, kind: &str, count: u16, unit: &str) -> tests::Answer {
        let period = json!({ "count": count, "unit": unit });
        self.admin.command(json!({ "type": "set_retention", "kind": kind, "period": period })).await
    }
}

#[tokio::test]
async fn what_is_due_is_gone_from_the_server_its_files_and_devices_and_leaves_a_record() {
    let it = closed().await;
    let (closed_at, notes) = (it.app.clock().now(), it.notes);
    let due = due(&it.coach, notes).await.unwrap();
    assert!((closed_at + 89 * DAY_MS..=closed_at + 92 * DAY_MS).contains(&due));
    assert!(it.readable());
    it.app.clock().advance(due - closed_at - 1);
    assert_eq!(look(&it.app).await, 0);
    assert_eq!(it.state().await, TrajectoryState::Closed);
    // Signed in anew: a session does not last for three months. One device listens, the other one is offline.
    let listening = it.app.signed_in(it.coach.user).await;
    let mut socket = listening.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(notes)] }).await;
    while !matches!(socket.message().await, ServerMessage::Changes { .. }) {}
    it.app.clock().advance(1);
    assert_eq!(look(&it.app).await, 1);
    loop {
        match socket.message().await {
            ServerMessage::Gone { doc, .. } => break assert_eq!(doc, notes),
            ServerMessage::Directory { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(!it.readable());
    assert_eq!(it.state().await, TrajectoryState::Retained);
    // Who comes back with something that was written meanwhile.
    let back = it.app.signed_in(it.coach.user).await;
    assert!(matches!(back.open(notes).await[..], [ServerMessage::Gone { .. }]));
    let item = Replica::new(notes, DocKind::WorkingNotes, &back.key).write("onderweg");
    assert!(matches!(back.push(notes, vec![item]).await[..], [ServerMessage::Gone { .. }]));
    let stranger = it.app.employee().await;
    assert!(matches!(stranger.open(notes).await[..], [ServerMessage::Denied { .. }]));

    let admin = it.app.signed_in(it.admin.user).await;
    let overview = admin.get("/api/retention").await.json();
    let record = &overview["destroyed"][0];
    assert_eq!(record["doc"], json!(notes));
    assert_eq!((&record["kind"], &record["reason"]), (&json!("working_notes"), &json!("retention")));
    assert_eq!((&record["rule"], &record["at"]), (&json!("3_months"), &json!(due)));
    let log = it.app.store().audit_tail(9).await.unwrap();
    assert!(log.iter().any(|row| row.event.action == "destroyed" && row.event.object == notes.to_string()));

    // The rest goes after a year, and with it the trajectory.
    it.app.clock().advance(366 * DAY_MS);
    assert_eq!(look(&it.app).await, 3);
    assert_eq!(it.state().await, TrajectoryState::Destroyed);
    assert_eq!(look(&it.app).await, 0);
}

#[tokio::test]
async fn a_draft_that_nobody_writes_in_goes_and_a_new_one_takes_its_place() {
    let app = TestApp::init().await;
    look(&app).await;
    let anna = app.employee().await;
    let draft = document(&anna, "reflection_draft").await;
    let mut replica = Replica::new(draft, DocKind::ReflectionDraft, &anna.key);
    assert!(matches!(anna.push(draft, vec![replica.write(SECRET)]).await[..], [ServerMessage::Ack { .. }]));
    look(&app).await;
    app.clock().advance(89 * DAY_MS);
    // Written in a moment before: nobody has looked yet.
    let anna = app.signed_in(anna.user).await;
    let item = Replica::new(draft, DocKind::ReflectionDraft, &anna.key).write("nog een woord");
    assert!(matches!(anna.push(draft, vec![item]).await[..], [ServerMessage::Ack { .. }]));
    app.clock().advance(DAY_MS);
    assert_eq!(look(&app).await, 0);
    app.clock().advance(90 * DAY_MS);
    assert_eq!(look(&app).await, 1);
    let anna = app.signed_in(anna.user).await;
    let fresh = document(&anna, "reflection_draft").await;
    assert_ne!(fresh, draft);
    assert_eq!(documents(&anna.directory().await).len(), 1);
}

#[tokio::test]
async fn a_shorter_period_counts_after_the_days_of_warning_and_a_wrong_one_never() {
    let mut it = closed().await;
    let now = it.app.clock().now();
    let before = due(&it.coach, it.notes).await.unwrap();
    for (kind, count, unit) in [
        ("working_notes", 0, "months"),
        ("working_notes", 29, "days"),
        ("working_notes", 121, "months"),
        ("coach_profile", 3, "months"),
    ] {
        let answer = it.set(kind, count, unit).await;
        assert_eq!((answer.status, answer.code().as_str()), (409, "bad_period"), "{kind} {count} {unit}");
    }
    assert_eq!(due(&it.coach, it.notes).await, Some(before));
    it.app.clock().advance(20 * DAY_MS);
    // A session does not last for so long.
    it.admin = it.app.signed_in(it.admin.user).await;
    it.coach = it.app.signed_in(it.coach.user).await;
    let preview = it.admin.get("/api/retention/preview?kind=working_notes&count=1&unit=months").await.json();
    let from = now + 20 * DAY_MS + GRACE_MS;
    assert_eq!((&preview["at_once"], &preview["from"]), (&json!(1), &json!(from)));
    assert_eq!(due(&it.coach, it.notes).await, Some(before));
    let shorter = it.set("working_notes", 1, "months").await;
    assert_eq!(shorter.status, 200, "{}", shorter.text());
    assert_eq!(due(&it.coach, it.notes).await, Some(from));
    assert_eq!(look(&it.app).await, 0);
    let overview = it.admin.get("/api/retention").await.json();
    let notes = &overview["kinds"][0];
    assert_eq!(
        (&notes["period"], &notes["next"]["from"]),
        (&json!({ "count": 3, "unit": "months" }), &json!(from))
    );
    it.app.clock().advance(GRACE_MS);
    assert_eq!(look(&it.app).await, 1);
    let log = it.app.store().audit_tail(20).await.unwrap();
    assert!(log.iter().any(|row| row.event.object == "working_notes:1_months"));
}

#[tokio::test]
async fn what_is_counted_is_told_to_administrators_and_says_nothing_of_anybody() {
    let it = closed().await;
    let answer = it.admin.get("/api/retention").await;
    let text = answer.text();
    for who in [&it.employee, &it.coach] {
        assert!(!text.contains(&who.user.to_string()));
    }
    assert!(!text.contains("persoon") && !text.contains(&it.trajectory.to_string()));
    assert_eq!(answer.json()["kinds"][0]["months"].as_array().unwrap().len(), 1);
    for bad in ["", "?kind=intake", "?kind=intake&count=0&unit=days", "?kind=practice&count=2&unit=months"] {
        assert_eq!(it.admin.get(&format!("/api/retention/preview{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn what_was_destroyed_stays_so_whichever_backup_is_put_back_and_the_rest_comes_back_from_devices() {
    let it = closed().await;
    let data = it.app.state().config.data.clone();
    let backup = data.with_extension("backup");
    let _ = std::fs::remove_file(&backup);
    let store = SqliteStore::open(&server::serve::database(&data)).await.unwrap();
    store.copy_to(&backup).await.unwrap();
    store.close().await;
    // After it: a document of the backup goes, another one comes and goes, and something is written.
    let profile = document(&it.coach, "coach_profile").await;
    let mut replica = Replica::new(profile, DocKind::CoachProfile, &it.coach.key);
    let kept = replica.write("dinsdag en donderdag");
    assert!(matches!(it.coach.push(profile, vec![kept.clone()]).await[..], [ServerMessage::Ack { .. }]));
    let late = it.app.employee().await;
    let again: TrajectoryId = id(&it.employee.command(json!({ "type": "register" })).await, "trajectory");
    let shared: DocId = id(
        &it.employee.command(json!({ "type": "share_reflection", "trajectory": again })).await,
        "document",
    );
    it.employee.command(json!({ "type": "withdraw_reflection", "trajectory": again })).await;
    it.app.clock().advance(93 * DAY_MS);
    assert_eq!(look(&it.app).await, 1);

    let clock = it.app.clock();
    let restoring = Restoring {
        backup: &backup,
        data: &data,
        list: None,
        head: None,
        despite_audit: false,
        now: clock.now(),
    };
    let error = restore(&restoring).await.unwrap_err();
    assert!(error.to_string().contains("a server runs"), "{error}");
    let Closed { app, coach, employee, notes, .. } = it;
    let (app, done) = app.restarted_after(async || restore(&restoring).await.unwrap()).await;
    assert_eq!((done.destroyed, done.buried), (1, 1));
    assert!(done.sessions > 0);
    assert_eq!(coach.clone().at(&app).get("/api/session").await.status, 401);

    let coach = app.signed_in_again(&coach).await;
    assert!(matches!(coach.open(notes).await[..], [ServerMessage::Gone { .. }]));
    let employee = app.signed_in_again(&employee).await;
    assert!(matches!(employee.open(shared).await[..], [ServerMessage::Gone { .. }]));
    assert!(matches!(employee.open(notes).await[..], [ServerMessage::Denied { .. }]));
    // What a device still holds comes back.
    assert!(matches!(coach.push(profile, vec![kept]).await[..], [ServerMessage::Ack { .. }]));
    // Who came after the backup is not there.
    assert!(app.store().user(late.user).await.unwrap().is_none());
    let text = std::fs::read(server::serve::database(&data)).unwrap();
    assert!(!text.windows(SECRET.len()).any(|it| it == SECRET.as_bytes()));
    let log = app.store().audit_tail(50).await.unwrap();
    assert!(log.iter().any(|row| row.event.action == "restore"));
    let _ = std::fs::remove_file(&backup);
}

#[tokio::test]
async fn a_list_that_was_written_before_a_crash_is_carried_out_at_the_next_start() {
    let it = closed().await;
    let notes = it.notes;
    let list = store_sqlite::deletion_list_of(&server::serve::database(&it.app.state().config.data));
    // Written, and the commit never came: as in a database of before, put back by hand.
    let data = it.app.state().config.data.clone();
    let copy = data.with_extension("copy");
    let _ = std::fs::remove_file(&copy);
    let store = SqliteStore::open(&server::serve::database(&data)).await.unwrap();
    store.copy_to(&copy).await.unwrap();
    store.close().await;
    // Not due: it is the list alone that knows.
    it.app.change(async |tx| tx.destroy_document(notes, 1).await.unwrap()).await;
    assert!(list.is_file());
    let (app, ()) = it
        .app
        .restarted_after(async || {
            std::fs::rename(&copy, server::serve::database(&data)).unwrap();
        })
        .await;
    assert!(app.store().deletion_list().await.unwrap().iter().any(|it| it.doc == notes));
    while !app.store().begin().await.unwrap().document(notes).await.unwrap().unwrap().destroyed {
        tokio::task::yield_now().await;
    }
}
