//! Requests about what is kept of a person: erasure and access, step by step.

use serde_json::{Value, json};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::TrajectoryState;
use shared::domain::role::Role;
use shared::ids::{DocId, RequestId, TrajectoryId};
use shared::sync::message::ServerMessage;
use tests::{Answer, Person, Replica, TestApp};

/// An organisation with one trajectory under way, in which everybody has written something.
struct Org {
    app: TestApp,
    anna: Person,
    adviser: Person,
    coach: Person,
    administrator: Person,
    trajectory: Value,
}

impl Org {
    async fn new() -> Self {
        let app = TestApp::init().await;
        let anna = app.employee().await;
        let adviser = app.person(Role::CareerAdviser).await;
        let coach = app.person(Role::InternalCoach).await;
        let administrator = app.person(Role::Administrator).await;
        let trajectory = done(anna.command(json!({ "type": "register" })).await)["trajectory"].clone();
        done(adviser.command(json!({ "type": "hold_intake", "trajectory": trajectory })).await);
        let refer = json!({ "type": "refer", "trajectory": trajectory, "coach": coach.user });
        let referral = done(adviser.command(refer).await)["referral"].clone();
        done(coach.command(json!({ "type": "accept", "referral": referral })).await);
        done(anna.command(json!({ "type": "share_reflection", "trajectory": trajectory })).await);
        for (person, kind) in
            [(&adviser, DocKind::Intake), (&coach, DocKind::WorkingNotes), (&anna, DocKind::SharedNotes)]
        {
            let doc = document(person, kind).await.unwrap();
            let item = Replica::new(doc, kind, &person.key).write("woord");
            assert!(matches!(person.push(doc, vec![item]).await[0], ServerMessage::Ack { .. }));
        }
        Self { app, anna, adviser, coach, administrator, trajectory }
    }

    fn scope(&self) -> Value {
        json!({ "of": "trajectory", "trajectory": self.trajectory })
    }

    /// Anna asks to have her trajectory erased.
    async fn erasure(&self) -> RequestId {
        asked(self.anna.command(json!({ "type": "request_erasure", "scope": self.scope() })).await)
    }

    async fn agree(&self, request: RequestId, ends_running: bool) -> Answer {
        let decision = json!({ "is": "agree", "ends_running": ends_running });
        self.adviser
            .command(json!({ "type": "decide_erasure", "request": request, "decision": decision }))
            .await
    }

    async fn says(&self, person: &Person, request: RequestId, role: &str, answer: Value) -> Answer {
        person
            .command(json!({ "type": "answer_request", "request": request, "role": role, "answer": answer }))
            .await
    }

    async fn carry_out(&self, request: RequestId) -> Answer {
        self.administrator.command(json!({ "type": "carry_out_erasure", "request": request })).await
    }

    /// Puts the trajectory into a state that no command leads to from here.
    async fn put(&self, state: TrajectoryState) {
        let id: TrajectoryId = self.trajectory.as_str().unwrap().parse().unwrap();
        self.app
            .change(async |tx| {
                let mut trajectory = tx.trajectory(id).await.unwrap().unwrap();
                trajectory.state = state;
                tx.put_trajectory(&trajectory).await.unwrap();
            })
            .await;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an answer is looked at once")]
fn done(answer: Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn asked(answer: Answer) -> RequestId {
    done(answer)["request"].as_str().unwrap().parse().unwrap()
}

fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 409, "{}", answer.text());
    answer.code()
}

fn yes() -> Value {
    json!({ "is": "yes" })
}

fn no(reason: &str) -> Value {
    json!({ "is": "no", "reason": reason })
}

async fn document(person: &Person, kind: DocKind) -> Option<DocId> {
    let directory = person.directory().await;
    let found = directory["documents"].as_array().unwrap().iter().find(|it| it["kind"] == kind.code())?;
    Some(found["id"].as_str().unwrap().parse().unwrap())
}

/// The only request that a person knows of.
async fn told(person: &Person) -> Value {
    let requests = person.directory().await["requests"].clone();
    assert_eq!(requests.as_array().unwrap().len(), 1);
    requests[0].clone()
}

fn gone(doc: DocId) -> [ServerMessage; 1] {
    [ServerMessage::Gone { doc, id: None }]
}

#[tokio::test]
async fn what_is_hers_alone_goes_at_once_and_an_empty_one_takes_its_place() {
    let org = Org::new().await;
    let draft = document(&org.anna, DocKind::ReflectionDraft).await.unwrap();
    let other = org.app.signed_in(org.anna.user).await;
    let erase = json!({ "type": "request_erasure", "scope": { "of": "drafts" } });
    asked(org.anna.command(erase.clone()).await);
    for device in [&org.anna, &other] {
        assert_eq!(device.open(draft).await, gone(draft));
    }
    let renewed = document(&org.anna, DocKind::ReflectionDraft).await.unwrap();
    assert_ne!(renewed, draft);
    let record = told(&org.anna).await;
    assert_eq!((&record["state"], &record["erased"]), (&json!("done"), &json!({ "reflection_draft": 1 })));
    // Nobody has to settle it, and it can be done again.
    asked(org.anna.command(erase).await);
    assert_eq!(org.anna.open(renewed).await, gone(renewed));
    let to_tombstone = Replica::new(draft, DocKind::ReflectionDraft, &org.anna.key).write("terug");
    assert_eq!(
        org.anna.push(draft, vec![to_tombstone]).await,
        [ServerMessage::Gone { doc: draft, id: Some(1) }]
    );
}

#[tokio::test]
async fn a_trajectory_is_erased_once_everybody_has_taken_the_step_that_is_hers() {
    let org = Org::new().await;
    let mut documents = vec![];
    for (person, kind) in [
        (&org.anna, DocKind::Reflection),
        (&org.anna, DocKind::SharedNotes),
        (&org.anna, DocKind::Progress),
        (&org.adviser, DocKind::Intake),
        (&org.coach, DocKind::WorkingNotes),
    ] {
        documents.push((person, document(person, kind).await.unwrap()));
    }
    let request = org.erasure().await;
    assert_eq!(refused(&org.carry_out(request).await), "not_decided");
    assert_eq!(refused(&org.agree(request, false).await), "still_running");
    done(org.agree(request, true).await);
    // Who keeps notes of her own is asked now, and nothing happens before she has looked.
    assert_eq!(told(&org.coach).await["steps"].as_array().unwrap().len(), 1);
    assert_eq!(refused(&org.carry_out(request).await), "not_answered");
    done(org.says(&org.coach, request, "internal_coach", yes()).await);
    done(org.carry_out(request).await);
    for (person, doc) in documents {
        assert_eq!(person.open(doc).await, gone(doc));
    }
    let directory = org.anna.directory().await;
    assert_eq!(directory["trajectories"][0]["state"], "destroyed");
    let record = told(&org.anna).await;
    assert_eq!(record["state"], "done");
    assert_eq!(
        record["erased"],
        json!({ "reflection": 1, "intake": 1, "working_notes": 1, "shared_notes": 1, "progress": 1 })
    );
    // Her form that nobody has seen is not part of the trajectory.
    assert!(document(&org.anna, DocKind::ReflectionDraft).await.is_some());
    assert!(org.coach.directory().await.get("requests").is_none());
    assert_eq!(refused(&org.carry_out(request).await), "already_decided");
}

#[tokio::test]
async fn notes_that_a_coach_keeps_with_a_reason_stay_and_are_hers_to_read() {
    let org = Org::new().await;
    let notes = document(&org.coach, DocKind::WorkingNotes).await.unwrap();
    let shared = document(&org.coach, DocKind::SharedNotes).await.unwrap();
    let request = org.erasure().await;
    done(org.agree(request, true).await);
    let says = async |answer| org.says(&org.coach, request, "internal_coach", answer).await;
    assert_eq!(refused(&says(no("nothing_there")).await), "wrong_state");
    done(says(yes()).await);
    done(says(no("legal_claim")).await);
    done(org.carry_out(request).await);
    assert_eq!(org.coach.open(shared).await, gone(shared));
    assert!(matches!(org.coach.open(notes).await[0], ServerMessage::Opened { .. }));
    assert_eq!(document(&org.coach, DocKind::WorkingNotes).await, Some(notes));
    let trajectory = &org.anna.directory().await["trajectories"][0];
    assert_eq!(trajectory["state"], "retained");
    assert!(trajectory["closed_at"].is_u64());
    assert!(told(&org.anna).await["erased"].get("working_notes").is_none());
}

#[tokio::test]
async fn who_has_left_cannot_look_and_keeps_nobody_waiting() {
    let org = Org::new().await;
    let request = org.erasure().await;
    done(org.agree(request, true).await);
    let coach = org.coach.user;
    org.app
        .change(async |tx| {
            let mut user = tx.user(coach).await.unwrap().unwrap();
            user.disabled = true;
            tx.put_user(&user).await.unwrap();
        })
        .await;
    done(org.carry_out(request).await);
    assert_eq!(told(&org.anna).await["erased"]["working_notes"], 1);
}

#[tokio::test]
async fn the_same_is_asked_once_until_it_is_settled() {
    let org = Org::new().await;
    let again = async |command: Value| refused(&org.anna.command(command).await);
    let request = org.erasure().await;
    let erase = json!({ "type": "request_erasure", "scope": org.scope() });
    assert_eq!(again(erase.clone()).await, "already_requested");
    done(org.anna.command(json!({ "type": "withdraw_request", "request": request })).await);
    assert_eq!(again(json!({ "type": "withdraw_request", "request": request })).await, "already_decided");
    assert_eq!(refused(&org.agree(request, true).await), "already_decided");
    asked(org.anna.command(json!({ "type": "request_erasure", "scope": { "of": "account" } })).await);
    // Everything is asked for already.
    assert_eq!(again(erase).await, "already_requested");
    assert_eq!(
        again(json!({ "type": "request_erasure", "scope": { "of": "account" } })).await,
        "already_requested"
    );
    asked(org.anna.command(json!({ "type": "request_access" })).await);
    assert_eq!(again(json!({ "type": "request_access" })).await, "already_requested");
}

#[tokio::test]
async fn it_is_decided_once() {
    let org = Org::new().await;
    let request = org.erasure().await;
    let decline = |reason: &str| {
        let decision = json!({ "is": "decline", "reason": reason });
        json!({ "type": "decide_erasure", "request": request, "decision": decision })
    };
    let other = org.app.person(Role::CareerAdviser).await;
    assert_eq!(refused(&org.adviser.command(decline("nothing_there")).await), "wrong_state");
    let (one, two) =
        tokio::join!(org.adviser.command(decline("legal_duty")), other.command(decline("legal_claim")));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(refused(&org.agree(request, true).await), "already_decided");
    assert_eq!(refused(&org.carry_out(request).await), "already_decided");
    let declined = told(&org.anna).await;
    assert_eq!(declined["state"], "declined");
    assert_eq!(declined["reason"], if one.status == 200 { "legal_duty" } else { "legal_claim" });
    // Nothing has happened to what it was about.
    assert!(document(&org.anna, DocKind::SharedNotes).await.is_some());
}

#[tokio::test]
async fn a_request_about_what_is_destroyed_meanwhile_has_lapsed_at_every_step() {
    for agreed in [false, true] {
        let org = Org::new().await;
        let request = org.erasure().await;
        if agreed {
            done(org.agree(request, true).await);
        }
        org.put(TrajectoryState::Destroyed).await;
        assert_eq!(told(&org.anna).await["state"], "lapsed");
        // As they come in from devices that were offline when it happened.
        assert_eq!(refused(&org.agree(request, true).await), "already_decided");
        assert_eq!(refused(&org.carry_out(request).await), "already_decided");
        let withdraw = json!({ "type": "withdraw_request", "request": request });
        assert_eq!(refused(&org.anna.command(withdraw).await), "already_decided");
        if agreed {
            let late = org.says(&org.coach, request, "internal_coach", yes()).await;
            assert_eq!(refused(&late), "already_decided");
        }
        let erase = json!({ "type": "request_erasure", "scope": org.scope() });
        assert_eq!(org.anna.command(erase).await.status, 404);
    }
}

#[tokio::test]
async fn nobody_settles_her_own_request() {
    let org = Org::new().await;
    for person in [&org.adviser, &org.administrator] {
        let request = asked(person.command(json!({ "type": "request_access" })).await);
        let conclude = json!({ "type": "conclude_access", "request": request });
        assert_eq!(refused(&person.command(conclude.clone()).await), "own_request");
        let path = format!("/api/requests/{request}/documents");
        assert_eq!(person.get(&path).await.status, 404);
        let other = if person.user == org.adviser.user { &org.administrator } else { &org.adviser };
        assert_eq!(other.get(&path).await.status, 200);
        done(other.command(conclude).await);
    }
    let account = json!({ "type": "request_erasure", "scope": { "of": "account" } });
    let request = asked(org.adviser.command(account.clone()).await);
    assert_eq!(refused(&org.agree(request, true).await), "own_request");
    let request = asked(org.administrator.command(account).await);
    done(org.agree(request, true).await);
    assert_eq!(refused(&org.carry_out(request).await), "own_request");
}

#[tokio::test]
async fn an_account_that_is_erased_is_nobody_any_more_and_its_devices_are_emptied() {
    let org = Org::new().await;
    let draft = document(&org.anna, DocKind::ReflectionDraft).await.unwrap();
    let other = org.app.signed_in(org.anna.user).await;
    let mut socket = other.socket().await.greeted().await;
    let request =
        asked(org.anna.command(json!({ "type": "request_erasure", "scope": { "of": "account" } })).await);
    done(org.agree(request, true).await);
    done(org.says(&org.coach, request, "internal_coach", yes()).await);
    let was = org.app.store().user(org.anna.user).await.unwrap().unwrap();
    // Every way in that there is.
    let (link, code) = ([7; 32], [8; 32]);
    let anna = org.anna.user;
    let ways = async |tx: &mut dyn store::WriteTx| {
        let expires = u64::MAX >> 1;
        let purpose = store::LinkPurpose::Password;
        tx.put_link(&link, &store::Link { user: anna, purpose, expires }).await.unwrap();
        tx.put_password_wish(anna, 1).await.unwrap();
        let totp = store::Totp { sealed: vec![1], confirmed_at: Some(1), last_step: 1 };
        tx.put_totp(anna, &totp).await.unwrap();
        tx.put_recovery_codes(anna, &[code]).await.unwrap();
        let passkey = store::Passkey {
            credential: vec![1],
            name: "Telefoon".into(),
            transports: 0,
            fixed: vec![1],
            changing: [0; 7],
            made_at: 1,
            used_at: None,
        };
        assert!(tx.add_passkey(anna, &passkey).await.unwrap());
        tx.put_identity("https://login.example", "7", anna).await.unwrap();
        tx.set_manager(anna, Some(org.coach.user)).await.unwrap();
    };
    org.app.change(ways).await;
    done(org.carry_out(request).await);
    let store = org.app.store();
    assert_eq!(store.link(&link).await.unwrap(), None);
    assert_eq!(store.factors(anna).await.unwrap(), store::Factors::default());
    let left = store.accounts().await.unwrap().into_iter().find(|it| it.user.id == anna).unwrap();
    assert_eq!((left.wish, left.at_provider, left.manager), (None, false, None));
    let identity = org.app.change(async |tx| tx.identity("https://login.example", "7").await.unwrap()).await;
    assert_eq!(identity, None);

    loop {
        match socket.message().await {
            ServerMessage::Wipe => break,
            ServerMessage::Directory { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let answer = org.anna.get("/api/session").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "device_revoked"));
    let user = org.app.store().user(org.anna.user).await.unwrap().unwrap();
    assert!(user.disabled && user.password_hash.is_none());
    assert_eq!(org.app.store().user_by_email(&was.email).await.unwrap(), None);
    let left = format!("{user:?}");
    assert!(!left.contains(&was.name) && !left.contains(&was.email), "{left}");
    // What is told of it from now on.
    for person in [&org.adviser, &org.administrator, &org.coach] {
        let directory = person.directory().await.to_string();
        assert!(!directory.contains(&was.name), "{directory}");
    }
    let about = org.app.store().documents_about(org.anna.user).await.unwrap();
    assert_eq!(about, []);
    assert!(org.app.change(async |tx| tx.document(draft).await.unwrap().unwrap()).await.destroyed);
    assert_eq!(told(&org.administrator).await["erased"]["reflection_draft"], 1);
}

#[tokio::test]
async fn what_there_is_about_a_person_is_shown_to_who_settles_it_and_only_while_it_is_open() {
    let org = Org::new().await;
    let request = asked(org.anna.command(json!({ "type": "request_access" })).await);
    let path = format!("/api/requests/{request}/documents");
    let nowhere = format!("/api/requests/{}/documents", RequestId([9; 16]));
    for person in [&org.adviser, &org.administrator] {
        let found = person.get(&path).await;
        assert_eq!(found.status, 200);
        let found = found.json();
        let kinds: Vec<_> = found.as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds.len(), 6, "{kinds:?}");
        let notes = found.as_array().unwrap().iter().find(|it| it["kind"] == "working_notes").unwrap();
        assert_eq!(notes["changes"], 1);
        assert_eq!(notes["authors"], json!([org.coach.user]));
        assert_eq!(notes["readers"], json!([{ "id": org.coach.user, "access": "write" }]));
        assert!(!found.to_string().contains("woord"));
        // Nor where it is.
        assert!(notes.get("id").is_none());
    }
    let not_there = org.adviser.get(&nowhere).await;
    let strangers = [
        org.app.person(Role::Trainer).await,
        org.app.person(Role::LineManager).await,
        org.app.employee().await,
    ];
    for person in strangers.iter().chain([&org.anna, &org.coach]) {
        let answer = person.get(&path).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.appearance(), not_there.appearance());
    }
    done(org.says(&org.coach, request, "internal_coach", no("about_others")).await);
    done(org.says(&org.adviser, request, "career_adviser", yes()).await);
    done(org.adviser.command(json!({ "type": "conclude_access", "request": request })).await);
    assert_eq!(org.administrator.get(&path).await.appearance(), not_there.appearance());
}

#[tokio::test]
async fn an_access_request_is_settled_once_everybody_who_was_asked_has_answered() {
    let org = Org::new().await;
    let request = asked(org.anna.command(json!({ "type": "request_access" })).await);
    let steps = told(&org.anna).await["steps"].clone();
    assert_eq!(steps, json!([{ "role": "career_adviser" }, { "role": "internal_coach" }]));
    let made = told(&org.anna).await;
    let month = made["due_at"].as_u64().unwrap() - made["made_at"].as_u64().unwrap();
    assert!((28 * 86_400_000..=31 * 86_400_000).contains(&month));
    let conclude = json!({ "type": "conclude_access", "request": request });
    assert_eq!(refused(&org.administrator.command(conclude.clone()).await), "not_answered");
    assert_eq!(
        refused(&org.says(&org.coach, request, "internal_coach", no("still_running")).await),
        "wrong_state"
    );
    done(org.says(&org.coach, request, "internal_coach", yes()).await);
    // An answer for another role is not hers.
    assert_eq!(org.says(&org.coach, request, "career_adviser", yes()).await.status, 404);
    done(org.says(&org.adviser, request, "career_adviser", no("nothing_there")).await);
    done(org.administrator.command(conclude.clone()).await);
    assert_eq!(refused(&org.administrator.command(conclude).await), "already_decided");
    assert_eq!(refused(&org.says(&org.coach, request, "internal_coach", yes()).await), "already_decided");
    let own = told(&org.anna).await;
    assert_eq!(own["state"], "done");
    assert_eq!(own["steps"][0]["answer"], no("nothing_there"));
}

#[tokio::test]
async fn a_step_of_the_other_kind_of_request_is_not_there() {
    let org = Org::new().await;
    let access = asked(org.anna.command(json!({ "type": "request_access" })).await);
    let erasure = org.erasure().await;
    assert_eq!(org.agree(access, true).await.status, 404);
    assert_eq!(org.carry_out(access).await.status, 404);
    let conclude = json!({ "type": "conclude_access", "request": erasure });
    assert_eq!(org.adviser.command(conclude).await.status, 404);
}

#[tokio::test]
async fn a_copy_of_ones_own_is_noted() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    done(anna.command(json!({ "type": "note_export", "what": "my_data" })).await);
    let row = app.store().audit_tail(1).await.unwrap().remove(0).event;
    let told = (row.action.as_str(), row.object.as_str(), row.user);
    assert_eq!(told, ("note_export", "my_data", Some(anna.user)));
}
