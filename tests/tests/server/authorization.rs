//! The authorization matrix of content: everybody × every document × every state, against every route and every
//! message that reaches a document. What `shared::access` allows succeeds; all else looks like "not there".

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::access::{
    Access, DocumentFacts, KeptWith, Relation, Subject, TrajectoryFacts, access, reasons, relations,
};
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
    /// A session of an administrator.
    Administrator,
    /// A session, told on the socket.
    SessionOnSocket,
    /// Reading the document in its path.
    Reading,
    /// Settling the request in its path: see `requests`.
    Settling,
    /// What the messages in its body ask: see [`message_asks`].
    Messages,
    /// What the command in its body asks: see `command_rights`.
    Command,
}

/// A row for every route; a route without one fails the test.
const ROUTES: [(&str, &str, Asks); 40] = [
    ("get", "/.well-known/security.txt", Asks::Nothing),
    ("get", "/health/live", Asks::Nothing),
    ("get", "/health/ready", Asks::Nothing),
    ("get", "/api/session/challenge", Asks::Nothing),
    ("post", "/api/session", Asks::Nothing),
    ("get", "/api/oidc", Asks::Nothing),
    ("get", "/api/oidc/start", Asks::Nothing),
    ("get", "/api/oidc/callback", Asks::Nothing),
    ("post", "/api/oidc/logout", Asks::Nothing),
    ("get", "/api/session", Asks::Session),
    ("delete", "/api/session", Asks::Session),
    ("post", "/api/links/look", Asks::Nothing),
    ("post", "/api/links/use", Asks::Nothing),
    ("post", "/api/password/forgotten", Asks::Nothing),
    ("put", "/api/password", Asks::Session),
    ("get", "/api/accounts", Asks::Administrator),
    ("post", "/api/accounts", Asks::Administrator),
    ("patch", "/api/accounts/{user}", Asks::Administrator),
    ("post", "/api/accounts/{user}/link", Asks::Administrator),
    ("post", "/api/accounts/{user}/disable", Asks::Administrator),
    ("post", "/api/accounts/{user}/enable", Asks::Administrator),
    ("get", "/api/factors", Asks::Session),
    ("post", "/api/factors/totp", Asks::Session),
    ("post", "/api/factors/totp/confirm", Asks::Session),
    ("post", "/api/factors/remove", Asks::Session),
    ("post", "/api/factors/recovery-codes", Asks::Session),
    ("delete", "/api/factors/removal", Asks::Session),
    ("post", "/api/factors/passkeys", Asks::Session),
    ("post", "/api/factors/passkeys/confirm", Asks::Session),
    ("post", "/api/factors/passkeys/remove", Asks::Session),
    ("get", "/api/directory", Asks::Session),
    ("post", "/api/commands", Asks::Command),
    ("get", "/api/audit", Asks::Administrator),
    ("get", "/api/audit/export", Asks::Administrator),
    ("get", "/api/retention", Asks::Administrator),
    ("get", "/api/retention/preview", Asks::Administrator),
    ("get", "/api/documents/{doc}/readers", Asks::Reading),
    ("get", "/api/requests/{request}/documents", Asks::Settling),
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
        let url = app.url(&path.replace("{doc}", &DocId([1; 16]).to_string()).replace("{request}", "none"));
        let answer = app.send(app.http().request(method, url)).await;
        assert_eq!(answer.status, 401, "{path}");
        looks.push(answer.appearance());
    }
    assert!(looks.len() > 4);
    assert!(looks.windows(2).all(|pair| pair[0] == pair[1]), "{looks:#?}");
}

#[tokio::test]
async fn what_is_for_administrators_is_not_there_for_anybody_else() {
    let app = TestApp::init().await;
    let somebody = app.employee().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Administrator) {
        let person = app.person(role).await;
        let not_there = person.get("/api/nothing").await;
        assert_eq!(not_there.status, 404);
        for (method, path, _) in ROUTES.iter().filter(|(_, _, asks)| *asks == Asks::Administrator) {
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            for user in [somebody.user, person.user, UserId([9; 16])] {
                let path = path.replace("{user}", &user.to_string());
                let body =
                    serde_json::json!({ "email": "x@test.example", "name": "X", "roles": ["administrator"] });
                let answer = person.send_json(method.clone(), &path, &body).await;
                assert_eq!(answer.appearance(), not_there.appearance(), "{role:?} {method} {path}");
            }
        }
    }
}

/// Everybody who can stand in some relation to a trajectory, and who cannot.
struct People {
    all: Vec<(Person, Subject)>,
    employee: UserId,
    /// An employee who is an adviser too.
    colleague: UserId,
    manager: UserId,
    referrals: Vec<(UserId, ReferralState)>,
}

impl People {
    fn coach(&self, state: ReferralState) -> UserId {
        self.referrals.iter().find(|it| it.1 == state).unwrap().0
    }
}

async fn people(app: &TestApp) -> People {
    let mut all = vec![];
    let mut add = async |roles: &[Role]| {
        let person = app.person_with(roles).await;
        let mut roles = [&[Role::Employee], roles].concat();
        roles.sort_unstable();
        roles.dedup();
        let user = person.user;
        all.push((person, Subject { user, roles }));
        user
    };
    let employee = add(&[]).await;
    let colleague = add(&[Role::CareerAdviser]).await;
    let manager = add(&[Role::CareerAdviser, Role::LineManager]).await;
    for role in Role::ALL {
        add(&[role]).await;
    }
    add(&Role::ALL).await;
    let mut referrals = vec![];
    for state in ReferralState::ALL {
        referrals.push((add(&[Role::InternalCoach]).await, state));
    }
    app.change(async |tx| tx.set_manager(employee, Some(manager)).await.unwrap()).await;
    People { all, employee, colleague, manager, referrals }
}

struct Case {
    id: DocId,
    facts: DocumentFacts,
    trajectory: Option<TrajectoryId>,
}

/// Documents of every kind in a trajectory in that state, made in the store: no command leads to all of them. Working
/// notes are the coach's and those of who was coach before; shared notes are kept with the coach, with who was coach
/// before, and handed over by her. And what advisers and coaches write about somebody who is an adviser herself.
async fn documents(app: &TestApp, people: &People, state: TrajectoryState) -> Vec<Case> {
    let coach = people.coach(ReferralState::Accepted);
    let former = people.coach(ReferralState::Ended);
    let hers =
        |employee, manager| TrajectoryFacts { employee, state, manager, referrals: people.referrals.clone() };
    let mut cases = vec![];
    let mut add = |kind, owner, trajectory: Option<(TrajectoryId, TrajectoryFacts)>, kept_with| {
        let referred =
            if kind == DocKind::CoachProfile { vec![people.employee, people.colleague] } else { vec![] };
        let (trajectory, facts) = trajectory.unzip();
        let facts = DocumentFacts { kind, owner, trajectory: facts, referred, kept_with };
        cases.push(Case { id: DocId(server::random::fresh()), facts, trajectory });
    };
    let kept = |coach, handed_to| Some(KeptWith { coach, handed_to });
    let trajectories = [(people.employee, Some(people.manager)), (people.colleague, None)]
        .map(|(employee, manager)| (TrajectoryId(server::random::fresh()), hers(employee, manager)));
    for trajectory in &trajectories {
        let employee = Some(trajectory.1.employee);
        let within = || Some(trajectory.clone());
        add(DocKind::ReflectionDraft, employee, None, None);
        for kind in [DocKind::Reflection, DocKind::Intake, DocKind::SharedNotes, DocKind::Progress] {
            add(kind, employee, within(), None);
        }
        for owner in [coach, former] {
            add(DocKind::WorkingNotes, Some(owner), within(), None);
        }
        for kept in [kept(coach, vec![]), kept(former, vec![]), kept(former, vec![coach])] {
            add(DocKind::SharedNotes, employee, within(), kept);
        }
    }
    add(DocKind::CoachProfile, Some(coach), None, None);
    add(DocKind::Programme, None, None, None);
    add(DocKind::Practice, None, None, None);
    app.change(async |tx| {
        for (id, facts) in &trajectories {
            let (id, employee) = (*id, facts.employee);
            let trajectory =
                Trajectory { id, employee, state, registered_at: 1, intake_at: None, closed_at: None };
            tx.put_trajectory(&trajectory).await.unwrap();
            for &(coach, state) in &people.referrals {
                let referral = ReferralId(server::random::fresh());
                let referral =
                    Referral { id: referral, trajectory: id, coach, state, offered_at: 1, answered_at: None };
                tx.put_referral(&referral).await.unwrap();
            }
        }
        let users = tx.users().await.unwrap();
        for case in &cases {
            let (id, kind, owner) = (case.id, case.facts.kind, case.facts.owner);
            let document = Document { id, kind, owner, trajectory: case.trajectory, destroyed: false };
            tx.add_document(&document).await.unwrap();
            if let Some(kept) = &case.facts.kept_with {
                tx.keep_with(id, kept.coach).await.unwrap();
                for &to in &kept.handed_to {
                    tx.hand_over(id, to, 1).await.unwrap();
                }
            }
            server::commands::grants::regrant(tx, &users, id).await.unwrap();
            // What was worked out in the store is what the table says of these facts.
            assert_eq!(
                tx.document_facts(id).await.unwrap().map(|it| it.kept_with),
                Some(case.facts.kept_with.clone())
            );
        }
    })
    .await;
    cases
}

/// Fewer than this, and something of the matrix has fallen out.
const CASES: usize = 15_000;

#[tokio::test]
async fn everybody_reaches_what_the_table_allows_and_nothing_else_seems_to_exist() {
    let app = TestApp::init().await;
    let people = people(&app).await;
    let mut met = BTreeSet::new();
    let mut count = 0;
    for state in TrajectoryState::ALL {
        let cases = documents(&app, &people, state).await;
        for (person, subject) in &people.all {
            let not_there = NotThere::of(person, DocId(server::random::fresh())).await;
            let answers = Answers::of(person, &cases).await;
            for case in &cases {
                let allowed = access(subject, &case.facts);
                let relations = relations(subject, &case.facts);
                let what = format!("{relations:?} of {:?} in {state:?}", case.facts.kind);
                met.extend(relations.into_iter().map(|relation| (case.facts.kind, relation)));
                count += answers.check(case, allowed, &not_there, &what);
                count += reading(person, subject, case, allowed, &not_there, &what).await;
            }
        }
    }
    assert!(count >= CASES, "{count} cases");
    // Every relation of the table was somebody's, but for who is outside.
    for relation in Relation::ALL.into_iter().filter(|it| *it != Relation::ExternalParty) {
        assert!(met.iter().any(|(_, it)| *it == relation), "nobody was {relation:?}");
    }
}

/// How a document that does not exist looks to somebody.
struct NotThere {
    readers: Answer,
    opened: Vec<ServerMessage>,
    pushed: Vec<ServerMessage>,
    presence: Vec<ServerMessage>,
    doc: DocId,
}

impl NotThere {
    async fn of(person: &Person, doc: DocId) -> Self {
        let item = Replica::new(doc, DocKind::Progress, &person.key).write("woord");
        Self {
            readers: person.get(&format!("/api/documents/{doc}/readers")).await,
            opened: person.open(doc).await,
            pushed: person.push(doc, vec![item]).await,
            presence: person.exchange(&[presence(doc)]).await,
            doc,
        }
    }

    /// The same messages about another document, and under another number.
    fn about(&self, messages: &[ServerMessage], doc: DocId, id: Option<u64>) -> Vec<ServerMessage> {
        let renamed = messages.iter().map(|message| match message {
            ServerMessage::Denied { doc: it, .. } if *it == self.doc => ServerMessage::Denied { doc, id },
            other => panic!("what is not there is denied, not {other:?}"),
        });
        renamed.collect()
    }
}

fn presence(doc: DocId) -> ClientMessage {
    ClientMessage::Presence { doc, data: vec![1] }
}

/// What somebody was told of all documents of a state, by every way there is.
struct Answers {
    listed: Vec<(String, String)>,
    opened: Vec<ServerMessage>,
    on_socket: Vec<ServerMessage>,
    pushed: Vec<ServerMessage>,
    presence: Vec<ServerMessage>,
}

impl Answers {
    async fn of(person: &Person, cases: &[Case]) -> Self {
        let docs: Vec<_> = cases.iter().map(|case| Place::start(case.id)).collect();
        let open = ClientMessage::Open { docs };
        let pushes = (0..).zip(cases).map(|(id, case)| {
            let item = Replica::new(case.id, case.facts.kind, &person.key).write("woord");
            ClientMessage::Push { id, doc: case.id, items: vec![item] }
        });
        let pushes: Vec<_> = pushes.collect();
        // Of what is not open nothing is relayed, and nothing is said about it.
        let presences: Vec<_> = cases.iter().map(|case| presence(case.id)).collect();
        let mut socket = person.socket().await.greeted().await;
        socket.say(&open).await;
        socket.say(&ClientMessage::Ping { n: 7 }).await;
        let mut on_socket = vec![];
        loop {
            match socket.message_of_document().await {
                ServerMessage::Pong { .. } => break,
                message => on_socket.push(message),
            }
        }
        Self {
            listed: listed(&person.directory().await),
            opened: person.exchange(std::slice::from_ref(&open)).await,
            on_socket,
            pushed: person.exchange(&pushes).await,
            presence: person.exchange(&presences).await,
        }
    }

    /// Says how many cases that was.
    fn check(&self, case: &Case, allowed: Access, not_there: &NotThere, what: &str) -> usize {
        let expected = (allowed != Access::None).then(|| (case.id.to_string(), text(allowed)));
        let found = self.listed.iter().find(|it| it.0 == case.id.to_string());
        assert_eq!(found, expected.as_ref(), "directory: {what}");
        let open = ClientMessage::Open { docs: vec![] };
        for (way, said) in [("open", &self.opened), ("open on a socket", &self.on_socket)] {
            let said = about(said, case.id);
            if Some(allowed) < message_asks(&open) {
                assert_eq!(said, not_there.about(&not_there.opened, case.id, None), "{way}: {what}");
                continue;
            }
            let mode = Mode::of(allowed).unwrap();
            let is_opened =
                |it: &ServerMessage| matches!(it, ServerMessage::Opened { access, .. } if *access == mode);
            assert!(said.iter().any(is_opened), "{way}: {what}: {said:?}");
            assert!(said.iter().any(|it| matches!(it, ServerMessage::Changes { .. })), "{way}: {what}");
        }
        let pushed = about(&self.pushed, case.id);
        let id = Some(0);
        let numbered = |messages: Vec<ServerMessage>| -> Vec<ServerMessage> {
            let same = messages.into_iter().map(|message| match message {
                ServerMessage::Denied { doc, id: Some(_) } => ServerMessage::Denied { doc, id },
                other => other,
            });
            same.collect()
        };
        match allowed {
            Access::None => {
                let expected = not_there.about(&not_there.pushed, case.id, id);
                assert_eq!(numbered(pushed), expected, "push: {what}");
            }
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
        assert_eq!(about(&self.presence, case.id), not_there.presence, "presence: {what}");
        5
    }
}

/// What was said of one document, in order.
fn about(messages: &[ServerMessage], of: DocId) -> Vec<ServerMessage> {
    let is_about = |it: &&ServerMessage| match it {
        ServerMessage::Opened { doc, .. }
        | ServerMessage::Changes { doc, .. }
        | ServerMessage::Ack { doc, .. }
        | ServerMessage::Reject { doc, .. }
        | ServerMessage::Denied { doc, .. }
        | ServerMessage::Gone { doc, .. }
        | ServerMessage::Reset { doc, .. } => *doc == of,
        ServerMessage::Directory { .. } => false,
        other => panic!("{other:?} was not to be said"),
    };
    messages.iter().filter(is_about).cloned().collect()
}

async fn reading(
    person: &Person,
    subject: &Subject,
    case: &Case,
    allowed: Access,
    not_there: &NotThere,
    what: &str,
) -> usize {
    let answer = person.get(&format!("/api/documents/{}/readers", case.id)).await;
    if allowed == Access::None {
        assert_eq!(answer.appearance(), not_there.readers.appearance(), "readers: {what}");
        return 1;
    }
    assert_eq!(answer.status, 200, "readers: {what}");
    // She herself is among them, with what the table says and why.
    let readers = answer.json()["readers"].as_array().unwrap().clone();
    let me = readers.into_iter().find(|it| it["id"] == json!(person.user)).unwrap();
    let why = reasons(subject, &case.facts);
    assert_eq!((&me["access"], &me["why"]), (&json!(allowed), &json!(why)), "readers: {what}");
    1
}

/// What is named in a path and is no document of hers: of another kind, destroyed, or nothing that was ever given out.
#[tokio::test]
async fn whatever_is_named_that_is_not_a_document_of_ones_own_is_not_there() {
    let app = TestApp::init().await;
    let people = people(&app).await;
    let cases = documents(&app, &people, TrajectoryState::Active).await;
    let destroyed = cases[1].id;
    app.change(async |tx| tx.destroy_document(destroyed, 5).await.map(drop).unwrap()).await;
    let trajectory = cases.iter().find_map(|case| case.trajectory).unwrap();
    let mut referrals = app.change(async |tx| tx.referrals(trajectory).await.unwrap()).await;
    let referral = referrals.remove(0).id;
    let mut count = 0;
    for (person, _) in &people.all {
        let not_there = person.get(&format!("/api/documents/{}/readers", DocId([9; 16]))).await;
        assert_eq!(not_there.status, 404);
        let ids = [
            destroyed.to_string(),
            trajectory.to_string(),
            referral.to_string(),
            person.user.to_string(),
            person.key.id().to_string(),
            DocId([0; 16]).to_string(),
            DocId([255; 16]).to_string(),
        ];
        let malformed = [
            "A",
            "AAAA",
            "niets",
            "%00",
            "%2F",
            "a%2Fb",
            "1%20OR%201=1",
            "%27",
            "null",
            "-1",
            "%F0%9F%98%80",
        ];
        for id in ids.iter().map(String::as_str).chain(malformed) {
            let answer = person.get(&format!("/api/documents/{id}/readers")).await;
            assert_eq!(answer.appearance(), not_there.appearance(), "{id}");
            count += 1;
        }
    }
    assert!(count >= 250, "{count} cases");
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
