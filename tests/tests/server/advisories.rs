//! What has gone wrong in other products, tried here: each test is named after what must not work.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::json;
use server::commands::accounts;
use server::identity::passwords::Passwords;
use server::identity::sessions::{LOOPBACK_COOKIE, Token};
use server::sync::strangers;
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{CommandId, DeviceId, DocId, ReferralId, TrajectoryId};
use shared::sync::message::{ClientMessage, Place, RejectCode, SUBPROTOCOL, ServerMessage};
use shared::sync::signature::DeviceKey;
use tests::{PASSWORD, Person, Replica, Socket, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::way::{Way, answer, refused, told};

async fn staff(app: &TestApp) -> (Person, Person) {
    (app.person(Role::CareerAdviser).await, app.person(Role::InternalCoach).await)
}

#[tokio::test]
async fn a_guessed_id_tells_nothing_however_near_it_is() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let anna = app.employee().await;
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let stranger = app.employee().await;
    let real = way.document(&coach, "shared_notes").await;
    let nothing = stranger.get(&format!("/api/documents/{}/readers", DocId([9; 16]))).await;
    let mut guesses = vec![real];
    for bit in 0..128 {
        let mut near = real.0;
        near[bit / 8] ^= 1 << (bit % 8);
        guesses.push(DocId(near));
    }
    for guess in &guesses {
        let found = stranger.get(&format!("/api/documents/{guess}/readers")).await;
        assert_eq!(found.appearance(), nothing.appearance());
    }
    let docs = guesses.iter().map(|doc| Place::start(*doc)).collect();
    let heard = stranger.exchange(&[ClientMessage::Open { docs }]).await;
    let expected: Vec<_> = guesses.iter().map(|doc| ServerMessage::Denied { doc: *doc, id: None }).collect();
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn an_id_of_another_trajectory_in_a_body_reaches_nothing_of_it() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let (anna, bram, other) =
        (app.employee().await, app.employee().await, app.person(Role::InternalCoach).await);
    let hers = Way::to_coach(&anna, &adviser, &coach).await;
    let (his, referral) = Way::to_referral(&bram, &adviser, &other).await;
    // What each may do with her own, tried with the other's id.
    for (who, kind, more) in [
        (&anna, "share_reflection", json!({})),
        (&anna, "withdraw_reflection", json!({})),
        (&anna, "avoid_coaches", json!({ "coaches": [] })),
        (&anna, "hand_over_notes", json!({})),
        (&coach, "close", json!({ "finish": false })),
    ] {
        let there = his.about(who, kind, &more).await;
        let mut nowhere = more.clone();
        nowhere["type"] = json!(kind);
        nowhere["trajectory"] = json!(TrajectoryId([9; 16]));
        assert_eq!(there.status, 404, "{kind}");
        assert_eq!(there.appearance(), who.command(nowhere).await.appearance(), "{kind}");
    }
    let nobodys = answer(&coach, "accept", &json!(ReferralId([9; 16]))).await;
    assert_eq!(answer(&coach, "accept", &referral).await.appearance(), nobodys.appearance());
    let device = json!({ "type": "revoke_device", "device": bram.key.id() });
    let nothing = json!({ "type": "revoke_device", "device": DeviceId([9; 16]) });
    assert_eq!(anna.command(device).await.appearance(), anna.command(nothing).await.appearance());

    // An item that was signed for a document of hers is not stored in one of his, nor the other way round.
    assert_eq!(answer(&other, "accept", &referral).await.status, 200);
    let (mine, theirs) =
        (hers.document(&coach, "shared_notes").await, his.document(&other, "shared_notes").await);
    let item = Replica::new(mine, DocKind::SharedNotes, &anna.key).write("van Anna");
    assert_eq!(
        anna.push(theirs, vec![item.clone()]).await,
        [ServerMessage::Denied { doc: theirs, id: Some(1) }]
    );
    let [ServerMessage::Reject { items, .. }] = &bram.push(theirs, vec![item]).await[..] else {
        panic!("it is not hers to write there")
    };
    assert_eq!(items.len(), 1);
}

#[tokio::test]
async fn a_coach_who_has_not_accepted_does_nothing_as_one() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let anna = app.employee().await;
    let (way, _) = Way::to_referral(&anna, &adviser, &coach).await;
    let shared = anna.command(json!({ "type": "share_reflection", "trajectory": way.trajectory })).await;
    let doc: DocId = shared.json()["document"].as_str().unwrap().parse().unwrap();
    assert_eq!(coach.open(doc).await, [ServerMessage::Denied { doc, id: None }]);
    for (kind, more) in [("close", json!({ "finish": false })), ("hand_over_notes", json!({}))] {
        assert_eq!(way.about(&coach, kind, &more).await.status, 404, "{kind}");
    }
    // Of the trajectory she knows her own referral, and none of its documents.
    let directory = coach.directory().await;
    let documents = directory["documents"].as_array().unwrap();
    assert!(documents.iter().all(|it| it.get("trajectory").is_none()));
}

#[tokio::test]
async fn a_coach_who_declined_or_whose_trajectory_is_closed_writes_nothing_more() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let (anna, declined) = (app.employee().await, app.person(Role::InternalCoach).await);
    let (way, referral) = Way::to_referral(&anna, &adviser, &declined).await;
    assert_eq!(answer(&declined, "decline", &referral).await.status, 200);
    assert_eq!(told(&answer(&declined, "accept", &referral).await), refused("already_answered"));
    let asked = way.ask("refer", &coach).await;
    assert_eq!(answer(&coach, "accept", &asked.json()["referral"]).await.status, 200);
    let shared = way.document(&coach, "shared_notes").await;
    assert_eq!(declined.open(shared).await, [ServerMessage::Denied { doc: shared, id: None }]);
    assert_eq!(way.about(&declined, "close", &json!({ "finish": false })).await.status, 404);

    for finish in [false, true] {
        assert_eq!(way.about(&coach, "close", &json!({ "finish": finish })).await.status, 200);
    }
    // What a writer wrote before it was closed still arrives; nobody else's does.
    let item = Replica::new(shared, DocKind::SharedNotes, &declined.key).write("toch");
    assert_eq!(
        declined.push(shared, vec![item.clone()]).await,
        [ServerMessage::Denied { doc: shared, id: Some(1) }]
    );
    let [ServerMessage::Reject { items, .. }] = &coach.push(shared, vec![item]).await[..] else {
        panic!("she was never one who writes here")
    };
    assert_eq!(items[0].code, RejectCode::ReadOnly);
    assert_eq!(told(&way.about(&coach, "close", &json!({ "finish": true })).await), refused("wrong_state"));
    assert_eq!(way.documents(&coach, "shared_notes").await[0].1, "read");
}

#[tokio::test]
async fn a_token_from_before_a_password_change_is_worth_nothing() {
    let app = TestApp::init().await;
    let user = app.account("anna@test.example", Role::Employee).await;
    let (tablet, phone) = (app.signed_in(user).await, app.signed_in(user).await);
    let mut open = tablet.socket().await.greeted().await;
    let hash = Passwords::new().hash("heel andere woorden dan eerst".into()).await.unwrap();
    app.change(async |tx| {
        accounts::reset_password(tx, "anna@test.example", hash, 5).await.unwrap();
    })
    .await;
    assert_eq!(open.closed().await, Some(4401));
    for device in [&tablet, &phone] {
        assert_eq!(device.get("/api/session").await.status, 401);
        assert_eq!(device.get("/api/directory").await.status, 401);
        assert_eq!(device.command(json!({ "type": "register" })).await.status, 401);
        assert_eq!(device.exchange_bytes(vec![0x80]).await.status, 401);
        assert_eq!(device.socket().await.closed().await, Some(4401));
    }
    let key = DeviceKey::from_secret(&[1; 32]);
    let offer = Person::offer(&app, "anna@test.example", PASSWORD, &key).await;
    assert_eq!(app.send(app.http().post(app.url("/api/session")).json(&offer)).await.status, 401);
}

#[tokio::test]
async fn a_role_that_is_taken_away_ends_what_it_allowed_on_an_open_socket() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let anna = app.employee().await;
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let (shared, progress) =
        (way.document(&coach, "shared_notes").await, way.document(&coach, "progress").await);
    let mut sockets = vec![];
    for (person, doc) in [(&coach, shared), (&adviser, progress)] {
        let mut socket = person.socket().await.greeted().await;
        socket.say(&ClientMessage::Open { docs: vec![Place::start(doc)] }).await;
        assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
        assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
        sockets.push((socket, doc));
    }
    for (person, (socket, doc)) in [&coach, &adviser].into_iter().zip(&mut sockets) {
        let changed =
            app.change(async |tx| accounts::set_roles(tx, person.user, vec![], 5).await.unwrap()).await;
        changed.tell(&app.state().hub).await;
        assert_eq!(socket.message_of_document().await, ServerMessage::Gone { doc: *doc, id: None });
        assert_eq!(person.open(*doc).await, [ServerMessage::Gone { doc: *doc, id: None }]);
        assert_eq!(way.seen_by(person).await, None);
    }
    // Nor do they decide anything any more.
    for person in [&coach, &adviser] {
        assert_eq!(way.about(person, "close", &json!({ "finish": false })).await.status, 404);
    }
    // With the role back, so is what belongs to it.
    app.change(async |tx| {
        accounts::set_roles(tx, coach.user, vec![Role::InternalCoach], 6).await.map(drop).unwrap();
    })
    .await;
    assert_eq!(way.document(&coach, "shared_notes").await, shared);
}

#[tokio::test]
async fn a_role_that_the_operator_takes_away_in_another_process_ends_it_too() {
    let app = TestApp::init().await;
    let (adviser, coach) = staff(&app).await;
    let anna = app.employee().await;
    let way = Way::to_coach(&anna, &adviser, &coach).await;
    let shared = way.document(&coach, "shared_notes").await;
    let mut socket = coach.socket().await.greeted().await;
    socket.say(&ClientMessage::Open { docs: vec![Place::start(shared)] }).await;
    assert!(matches!(socket.message_of_document().await, ServerMessage::Opened { .. }));
    assert!(matches!(socket.message_of_document().await, ServerMessage::Changes { .. }));
    // Nobody here is told: the audit log is what the server learns it from.
    app.change(async |tx| accounts::set_roles(tx, coach.user, vec![], 5).await.map(drop).unwrap()).await;
    assert_eq!(socket.message_of_document().await, ServerMessage::Gone { doc: shared, id: None });
}

/// A handshake of nobody, without an answer to its close, so that it stays as long as it can.
async fn nobody(app: &TestApp) -> Result<Socket, u16> {
    Socket::connect(&app.url(""), None).await.map_err(|error| match *error {
        tokio_tungstenite::tungstenite::Error::Http(response) => response.status().as_u16(),
        other => panic!("{other}"),
    })
}

#[tokio::test]
async fn a_flood_of_handshakes_of_nobody_is_bounded_and_who_is_signed_in_gets_in() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let mut open = vec![];
    let mut turned_away = 0;
    for _ in 0..3 * strangers::PER_ADDRESS {
        match nobody(&app).await {
            Ok(socket) => open.push(socket),
            Err(status) => {
                assert_eq!(status, 429);
                turned_away += 1;
            }
        }
        assert!(app.state().strangers.now() <= strangers::PER_ADDRESS);
    }
    assert!(turned_away > 0, "{} got in", open.len());
    let mut hers = anna.socket().await.greeted().await;
    hers.say(&ClientMessage::Ping { n: 3 }).await;
    assert!(matches!(hers.message_of_document().await, ServerMessage::Pong { n: 3, .. }));
    // A revoked device is told to empty itself, also then.
    let lost = app.signed_in(anna.user).await;
    assert_eq!(anna.command(json!({ "type": "revoke_device", "device": lost.key.id() })).await.status, 200);
    assert_eq!(lost.socket().await.message().await, ServerMessage::Wipe);
    // They are told why, and leave nothing behind.
    for mut socket in open {
        assert!(matches!(socket.closed().await, Some(4401) | None));
        drop(socket);
    }
    while app.state().strangers.now() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(nobody(&app).await.is_ok());
    // Sockets of nobody are no connections of anybody.
    assert_eq!(app.state().hub.connections(), 1);
}

#[tokio::test]
async fn a_page_of_another_site_opens_no_socket_with_somebodys_cookie() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let own = app.url("");
    let port = own.rsplit(':').next().unwrap();
    let foreign = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("http://evil.example:{port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("{own}.evil.example"),
        format!("{own}@evil.example"),
        own.replacen("http:", "https:", 1),
        own.replace(port, "1"),
    ];
    for origin in &foreign {
        let headers = [("origin", origin.as_str()), ("sec-websocket-protocol", SUBPROTOCOL)];
        let refused = Socket::connect_with(&own, Some(&anna.cookie), &headers).await.err().unwrap();
        let tokio_tungstenite::tungstenite::Error::Http(response) = *refused else { panic!("{origin}") };
        assert_eq!(response.status(), 403, "{origin}");
    }
    let headers = [("sec-websocket-protocol", SUBPROTOCOL)];
    assert!(Socket::connect_with(&own, Some(&anna.cookie), &headers).await.is_err());
    assert_eq!(app.state().hub.connections(), 0);
}

#[tokio::test]
async fn a_cookie_that_was_fixed_before_sign_in_is_not_signed_in_by_it() {
    let app = TestApp::init().await;
    app.account("anna@test.example", Role::Employee).await;
    let planted = format!("{LOOPBACK_COOKIE}={}", URL_SAFE_NO_PAD.encode([7; 32]));
    let key = DeviceKey::from_secret(&[1; 32]);
    let sign_in = async |cookie: &str, key: &DeviceKey| {
        let offer = Person::offer(&app, "anna@test.example", PASSWORD, key).await;
        app.send(app.http().post(app.url("/api/session")).header("cookie", cookie).json(&offer)).await
    };
    let with = async |cookie: &str| {
        app.send(app.http().get(app.url("/api/session")).header("cookie", cookie)).await.status
    };
    let answer = sign_in(&planted, &key).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let own = Person::from_answer(&app, key, &answer).cookie;
    assert_ne!(own, planted);
    assert_eq!((with(&planted).await, with(&own).await), (401, 200));

    // Nor does the session of whoever planted it go on in her name: signing in again ends what was there.
    let again = DeviceKey::from_secret(&[2; 32]);
    let answer = sign_in(&own, &again).await;
    let newer = Person::from_answer(&app, again, &answer).cookie;
    assert_eq!((with(&own).await, with(&newer).await), (401, 200));
    // Of two cookies nobody can say which is hers.
    assert_eq!(with(&format!("{newer}; {planted}")).await, 401);
    assert_eq!(with(&format!("{planted}; {newer}")).await, 401);
    let token = Token::fresh();
    assert_eq!(with(token.set_cookie(&app.state().config.origin).to_str().unwrap()).await, 401);
}

#[tokio::test]
async fn a_header_that_names_another_address_or_method_reaches_nothing_else() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for name in ["x-original-url", "x-rewrite-url", "x-forwarded-path", "x-forwarded-uri", "x-override-url"] {
        // What is open to all stays what it is.
        let open = app.send(app.http().get(app.url("/health/live")).header(name, "/api/directory")).await;
        assert_eq!(open.appearance(), app.get("/health/live").await.appearance(), "{name}");
        // And what asks for a session asks for it.
        let closed = app.send(app.http().get(app.url("/api/directory")).header(name, "/health/live")).await;
        assert_eq!(closed.status, 401, "{name}");
    }
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let answer = anna.send(anna.request(Method::POST, "/api/session").header(name, "DELETE")).await;
        assert_ne!(answer.status, 204, "{name}");
        let answer = anna.send(anna.request(Method::GET, "/api/session").header(name, "DELETE")).await;
        assert_eq!(answer.status, 200, "{name}");
    }
    let answer = anna.send(anna.request(Method::GET, "/api/session?_method=DELETE")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(anna.get("/api/session").await.status, 200);
    for name in
        ["x-forwarded-user", "x-remote-user", "remote-user", "x-forwarded-email", "x-auth-request-user"]
    {
        let answer =
            app.send(app.http().get(app.url("/api/session")).header(name, "anna@test.example")).await;
        assert_eq!(answer.status, 401, "{name}");
    }
}

#[tokio::test]
async fn who_is_no_trusted_proxy_comes_from_no_forwarded_address() {
    let app = TestApp::init().await;
    app.account("anna@test.example", Role::Employee).await;
    let key = DeviceKey::from_secret(&[1; 32]);
    // What is given out to an address is worth something to that address alone.
    let offer = Person::offer(&app, "anna@test.example", PASSWORD, &key).await;
    let request = app.http().post(app.url("/api/session"));
    let request = ["x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "true-client-ip"]
        .into_iter()
        .fold(request, |request, name| request.header(name, "203.0.113.7"));
    let answer = app.send(request.json(&offer)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Says exactly these bytes and hears the status lines of all that is answered until the server ends it, or waits.
async fn said(app: &TestApp, request: &str) -> Vec<u16> {
    let address = app.url("").replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // Nothing more comes, so that the server ends what it has answered.
    stream.shutdown().await.unwrap();
    let mut heard = vec![];
    let _ = stream.read_to_end(&mut heard).await;
    let heard = String::from_utf8_lossy(&heard).into_owned();
    let lines = heard.match_indices("HTTP/1.1 ").map(|(at, _)| heard[at + 9..at + 12].parse().unwrap());
    lines.collect()
}

#[tokio::test]
async fn a_path_that_is_written_another_way_is_another_path() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    for path in [
        "//api/directory",
        "/api//directory",
        "/api/./directory",
        "/api/x/../directory",
        "/api/..;/api/directory",
        "/;/api/directory",
        "/api;/directory",
        "/api/directory;.css",
        "/api/directory/",
        "/api%2Fdirectory",
        "/api/%64irectory/x",
        "/api/directory%00",
        "/api/directory%2F",
        "/api/directory%3F",
        "/%2e%2e/api/directory",
        "/API/directory",
        "/api\\directory",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            anna.cookie
        );
        let address = app.url("").replace("http://", "");
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = vec![];
        stream.read_to_end(&mut heard).await.unwrap();
        let heard = String::from_utf8_lossy(&heard);
        // Something of hers would name her; there is a page, or nothing.
        assert!(!heard.contains(&anna.user.to_string()), "{path}: {heard}");
    }
    // A path whose letters are written as numbers is the same path, and asks for the same session.
    let encoded = "GET /api/%64irectory HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(matches!(said(&app, encoded).await[..], [401 | 404]));
}

#[tokio::test]
async fn a_request_that_two_readers_could_understand_differently_is_refused_or_is_one() {
    let app = TestApp::init().await;
    let anna = app.employee().await;
    let smuggled =
        format!("DELETE /api/session HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n", anna.cookie);
    let length = smuggled.len();
    for (headers, body) in [
        // Two lengths, two ways to say how long, and ways to say it that others overlook.
        (format!("Content-Length: 0\r\nContent-Length: {length}"), smuggled.clone()),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked".to_owned(), format!("0\r\n\r\n{smuggled}")),
        ("Transfer-Encoding: xchunked".to_owned(), format!("0\r\n\r\n{smuggled}")),
        ("Transfer-Encoding : chunked".to_owned(), format!("0\r\n\r\n{smuggled}")),
        ("Transfer-Encoding: chunked, identity".to_owned(), format!("0\r\n\r\n{smuggled}")),
        ("Content-Length: +0".to_owned(), smuggled.clone()),
        ("Content-Length: -1".to_owned(), smuggled.clone()),
    ] {
        let request = format!(
            "POST /api/commands HTTP/1.1\r\nHost: localhost\r\n{headers}\r\nContent-Type: application/json\r\n\r\n{body}"
        );
        let statuses = said(&app, &request).await;
        // The first is answered, and what may be another is not carried out.
        assert!(matches!(statuses[..], [400 | 401] | [401, 400]), "{headers}: {statuses:?}");
        assert_eq!(anna.get("/api/session").await.status, 200, "{headers}");
    }
    // A name that two hosts could answer to, with a command that would be carried out.
    let id = CommandId(server::random::fresh());
    let body = json!({ "id": id, "command": { "type": "register" } }).to_string();
    let length = body.len();
    for hosts in ["Host: localhost\r\nHost: evil.example", "Host: evil.example\r\nHost: localhost"] {
        let request = format!(
            "POST /api/commands HTTP/1.1\r\n{hosts}\r\nOrigin: http://evil.example\r\nCookie: {}\r\nContent-Type: \
             application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            anna.cookie
        );
        assert!(matches!(said(&app, &request).await[..], [400 | 403]), "{hosts}");
    }
    assert_eq!(anna.directory().await["trajectories"], json!([]));
}
