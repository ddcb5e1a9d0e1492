//! The authorization matrix of content: everybody × every document × every state, against every route and every
//! message that reaches a document. What `shared::access` allows succeeds; all else looks like "not there".

use std::collections::BTreeSet;

use serde_json::Value;
use shared::access::{Access, DocumentFacts, Relation, Subject, TrajectoryFacts, access, relations};
use shared::domain::kind::DocKind;
use shared::domain::lifecycle::{ReferralState, TrajectoryState};
use shared::domain::role::Role;
use shared::ids::{DocId, ReferralId, TrajectoryId, UserId};
use shared::sync::message::{ClientMessage, Mode, Place, RejectCode, ServerMessage};
use store::{Document, Referral, Trajectory};
use tests::{Answer, Person, Replica, TestApp};

/// What a route asks of who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Nothing.
    Nothing,
    /// A session; what comes back is the person's own.
    Session,
    /// A session, told on the socket.
    SessionOnSocket,
    /// Reading the document in its path.
    Reading,
    /// What the messages in its body ask: see [`message_asks`].
    Messages,
    /// What the command in its body asks: see `command_rights`.
    Command,
}

/// A row for every route; a route without one fails the test.
const ROUTES: [(&str, &str, Asks); 12] = [
    ("get", "/.well-known/security.txt", Asks::Nothing),
    ("get", "/health/live", Asks::Nothing),
    ("get", "/health/ready", Asks::Nothing),
    ("get", "/api/session/challenge", Asks::Nothing),
    ("post", "/api/session", Asks::Nothing),
    ("get", "/api/session", Asks::Session),
    ("delete", "/api/session", Asks::Session),
    ("get", "/api/directory", Asks::Session),
    ("post", "/api/commands", Asks::Command),
    ("get", "/api/documents/{doc}/readers", Asks::Reading),
    ("post", "/api/sync", Asks::Messages),
    ("get", "/sync", Asks::SessionOnSocket),
];

/// What a message asks of its sender. Without a wildcard on purpose: a new message needs a row.
fn message_asks(message: &ClientMessage) -> Option<Access> {
    match message {
        ClientMessage::Hello { .. } | ClientMessage::Ping { .. } | ClientMessage::Close { .. } => None,
        ClientMessage::Open { .. } | ClientMessage::Presence { .. } => Some(Access::Read),
        ClientMessage::Push { .. } => Some(Access::Write),
    }
}

#[test]
fn every_route_has_a_row() {
    let document = serde_json::to_value(server::http::openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation.is_object() {
                routes.insert((method.clone(), path.clone()));
            }
        }
    }
    let rows: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(routes, rows);
}

#[tokio::test]
async fn without_a_session_every_route_that_asks_for_one_says_the_same() {
    let app = TestApp::init().await;
    let mut looks = vec![];
    for (method, path, asks) in ROUTES {
        if matches!(asks, Asks::Nothing | Asks::SessionOnSocket) {
            continue;
        }
        let method = method.to_uppercase().parse().unwrap();
        let url = app.url(&path.replace("{doc}", &DocId([1; 16]).to_string()));
        let answer = app.send(app.http().request(method, url)).await;
        assert_eq!(answer.status, 401, "{path}");
        looks.push(answer.appearance());
    }
    assert!(looks.len() > 4);
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{looks:#?}");
}

/// Everybody who can stand in some relation to a trajectory, and who cannot.
struct People {
    employee: Person,
    coach: Person,
    all: Vec<(Person, Subject)>,
    referrals: Vec<(UserId, ReferralState)>,
}

async fn people(app: &TestApp) -> People {
    let mut all = vec![];
    let mut referrals = vec![];
    let employee = app.employee().await;
    all.push((employee.clone(), Subject { user: employee.user, roles: vec![Role::Employee] }));
    for role in Role::ALL {
        let person = app.person(role).await;
        let mut roles = vec![Role::Employee, role];
        roles.dedup();
        all.push((person.clone(), Subject { user: person.user, roles }));
    }
    let mut accepted = None;
    for state in ReferralState::ALL {
        let person = app.person(Role::InternalCoach).await;
        referrals.push((person.user, state));
        if state == ReferralState::Accepted {
            accepted = Some(person.clone());
        }
        all.push((
            person.clone(),
            Subject { user: person.user, roles: vec![Role::Employee, Role::InternalCoach] },
        ));
    }
    People { employee, coach: accepted.unwrap(), all, referrals }
}

struct Case {
    id: DocId,
    facts: DocumentFacts,
}

/// A document of every kind for a trajectory in that state, made in the store: no command leads to all of them.
async fn documents(app: &TestApp, people: &People, state: TrajectoryState) -> Vec<Case> {
    let trajectory = TrajectoryId(server::random::fresh());
    let (employee, coach) = (people.employee.user, people.coach.user);
    let mut cases = vec![];
    for kind in DocKind::ALL {
        let (owner, has_trajectory) = match kind {
            DocKind::ReflectionDraft => (Some(employee), false),
            DocKind::Reflection | DocKind::Intake | DocKind::SharedNotes | DocKind::Progress => {
                (Some(employee), true)
            }
            DocKind::WorkingNotes => (Some(coach), true),
            DocKind::CoachProfile => (Some(coach), false),
            DocKind::Programme | DocKind::Practice => (None, false),
        };
        let facts = DocumentFacts {
            kind,
            owner,
            trajectory: has_trajectory.then(|| TrajectoryFacts {
                employee,
                state,
                referrals: people.referrals.clone(),
            }),
            referred: if kind == DocKind::CoachProfile { vec![employee] } else { vec![] },
        };
        cases.push(Case { id: DocId(server::random::fresh()), facts });
    }
    app.change(async |tx| {
        tx.put_trajectory(&Trajectory {
            id: trajectory,
            employee,
            state,
            registered_at: 1,
            intake_at: None,
            closed_at: None,
        })
        .await
        .unwrap();
        for &(coach, state) in &people.referrals {
            let id = ReferralId(server::random::fresh());
            let referral = Referral { id, trajectory, coach, state, offered_at: 1, answered_at: None };
            tx.put_referral(&referral).await.unwrap();
        }
        for case in &cases {
            let trajectory = case.facts.trajectory.as_ref().map(|_| trajectory);
            let (id, kind, owner) = (case.id, case.facts.kind, case.facts.owner);
            tx.add_document(&Document { id, kind, owner, trajectory, destroyed: false }).await.unwrap();
        }
        server::commands::accounts::regrant_all(tx).await.unwrap();
    })
    .await;
    cases
}

#[tokio::test]
async fn everybody_reaches_what_the_table_allows_and_nothing_else_seems_to_exist() {
    let app = TestApp::init().await;
    let people = people(&app).await;
    let mut met = BTreeSet::new();
    for state in TrajectoryState::ALL {
        let cases = documents(&app, &people, state).await;
        for (person, subject) in &people.all {
            let listed = listed(&person.directory().await);
            let nothing = DocId(server::random::fresh());
            let not_there = NotThere::of(person, nothing).await;
            for case in &cases {
                let allowed = access(subject, &case.facts);
                for relation in relations(subject, &case.facts) {
                    met.insert((case.facts.kind, relation));
                }
                let what =
                    format!("{:?} of {:?} in {state:?}", relations(subject, &case.facts), case.facts.kind);
                let expected = (allowed != Access::None).then(|| (case.id.to_string(), text(allowed)));
                assert_eq!(
                    listed.iter().find(|it| it.0 == case.id.to_string()),
                    expected.as_ref(),
                    "directory: {what}"
                );
                reading(person, case, allowed, &not_there, &what).await;
                writing(person, case, allowed, &not_there, &what).await;
            }
        }
    }
    // Every relation of the table was somebody's.
    for relation in Relation::ALL {
        assert!(met.iter().any(|(_, it)| *it == relation), "nobody was {relation:?}");
    }
}

/// How a document that does not exist looks to somebody.
struct NotThere {
    readers: Answer,
    opened: Vec<ServerMessage>,
    pushed: Vec<ServerMessage>,
    doc: DocId,
}

impl NotThere {
    async fn of(person: &Person, doc: DocId) -> Self {
        let item = Replica::new(doc, DocKind::Progress, &person.key).write("woord");
        Self {
            readers: person.get(&format!("/api/documents/{doc}/readers")).await,
            opened: person.open(doc).await,
            pushed: person.push(doc, vec![item]).await,
            doc,
        }
    }

    /// The same messages about another document.
    fn about(&self, messages: &[ServerMessage], doc: DocId) -> Vec<ServerMessage> {
        let renamed = messages.iter().map(|message| match message {
            ServerMessage::Denied { doc: it, id } if *it == self.doc => {
                ServerMessage::Denied { doc, id: *id }
            }
            other => panic!("what is not there is denied, not {other:?}"),
        });
        renamed.collect()
    }
}

async fn reading(person: &Person, case: &Case, allowed: Access, not_there: &NotThere, what: &str) {
    let message = ClientMessage::Open { docs: vec![Place::start(case.id)] };
    let opened = person.exchange(std::slice::from_ref(&message)).await;
    let answer = person.get(&format!("/api/documents/{}/readers", case.id)).await;
    if Some(allowed) < message_asks(&message) {
        assert_eq!(opened, not_there.about(&not_there.opened, case.id), "open: {what}");
        assert_eq!(answer.appearance(), not_there.readers.appearance(), "readers: {what}");
        return;
    }
    let mode = Mode::of(allowed).unwrap();
    let is_opened =
        |it: &ServerMessage| matches!(it, ServerMessage::Opened { access, .. } if *access == mode);
    assert!(opened.iter().any(is_opened), "open: {what}: {opened:?}");
    assert!(opened.iter().any(|it| matches!(it, ServerMessage::Changes { .. })), "open: {what}");
    assert_eq!(answer.status, 200, "readers: {what}");
}

async fn writing(person: &Person, case: &Case, allowed: Access, not_there: &NotThere, what: &str) {
    let item = Replica::new(case.id, case.facts.kind, &person.key).write("woord");
    let message = ClientMessage::Push { id: 1, doc: case.id, items: vec![item] };
    let pushed = person.exchange(std::slice::from_ref(&message)).await;
    match allowed {
        Access::None => assert_eq!(pushed, not_there.about(&not_there.pushed, case.id), "push: {what}"),
        Access::Read => {
            let [ServerMessage::Reject { items, .. }] = pushed.as_slice() else {
                panic!("push: {what}: {pushed:?}")
            };
            assert_eq!(items[0].code, RejectCode::ReadOnly, "push: {what}");
        }
        Access::Write => {
            assert!(matches!(pushed.as_slice(), [ServerMessage::Ack { .. }]), "push: {what}: {pushed:?}");
        }
    }
}

fn listed(directory: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    directory["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (text(&it["id"]), text(&it["access"])))
        .collect()
}

fn text(access: Access) -> String {
    serde_json::to_value(access).unwrap().as_str().unwrap().to_owned()
}
