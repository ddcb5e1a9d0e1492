use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::domain::role::Role;
use shared::ids::UserId;
use shared::sync::message::{ClientMessage, VERSION};
use shared::sync::signature::DeviceKey;
use store::{Device, Session as SignIn, User};
use store_sqlite::SqliteStore;
use tempfile::{TempDir, tempdir};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::hub::NotifyBus as _;

/// The first byte of a frame with a message in it, and of one that closes.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// Often enough that the order of what is ready at once does not matter.
const TIMES: usize = 32;
/// Nothing waits for this but what never comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that takes it for granted that somebody was signed in when she asked for a socket.
struct Server {
    address: SocketAddr,
    state: AppState,
    _folder: TempDir,
}

const WHO: UserId = UserId([1; 16]);

fn key() -> DeviceKey {
    DeviceKey::from_secret(&[2; 32])
}

async fn server() -> Server {
    let folder = tempdir().unwrap();
    let config =
        Config::new("127.0.0.1:0".parse().unwrap(), folder.path().into(), None, None, false).unwrap();
    let store = SqliteStore::open(&folder.path().join("loopbaanmaat.sqlite")).await.unwrap();
    let state = AppState::new(config, Arc::new(store), Clock::standing());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = state.clone();
    let opened = async move |headers: HeaderMap, upgrade: WebSocketUpgrade| {
        let token = Token::of_request(&headers, &serving.config.origin);
        let standing = Standing::SignedIn(session(0));
        upgrade.on_upgrade(|socket| serve(serving, socket, standing, token))
    };
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(opened))).await });
    Server { address, state, _folder: folder }
}

fn session(last_used: u64) -> SignIn {
    let device = key().id();
    SignIn { user: WHO, device, created_at: last_used, last_used, revoked: false, disabled: false }
}

/// The cookie of a session, as `name=value`.
fn cookie(server: &Server, token: &Token) -> String {
    let set = token.set_cookie(&server.state.config.origin);
    set.to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// Opens a socket and says `hello` in the same breath: the first byte of each frame that comes back.
async fn heard(address: SocketAddr, cookie: String) -> Vec<u8> {
    let hello = codec::client(&ClientMessage::Hello { version: VERSION, client: "early".to_owned() });
    let length = u8::try_from(hello.len()).unwrap();
    assert!(length < 126);
    let request = format!(
        "GET / HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    // Masked with zeros, which leaves it as it is.
    let frame = [&[BINARY, 0x80 | length, 0, 0, 0, 0], &hello[..]].concat();
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    stream.write_all(&[request.as_bytes(), &frame].concat()).await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap() > 2 {
        line.clear();
    }
    let mut kinds = Vec::new();
    while let (Ok(kind), Ok(length)) = (stream.read_u8().await, stream.read_u8().await) {
        kinds.push(kind);
        let mut payload = vec![0; usize::from(length)];
        stream.read_exact(&mut payload).await.unwrap();
        if kind == CLOSE {
            break;
        }
    }
    kinds
}

#[tokio::test]
async fn who_signed_out_while_the_socket_was_opened_is_not_answered() {
    let server = server().await;
    for _ in 0..TIMES {
        let cookie = cookie(&server, &Token::fresh());
        assert_eq!(heard(server.address, cookie).await, [CLOSE]);
    }
}

/// The look at her session has found it still there, and it ends before anything comes of that.
#[tokio::test]
async fn who_signs_out_while_her_session_is_being_looked_at_is_not_answered() {
    let server = server().await;
    let store = &server.state.store;
    let now = server.state.clock.now();
    let device = Device {
        id: key().id(),
        user: WHO,
        public_key: key().public(),
        name: "Tablet".to_owned(),
        created_at: now,
        last_seen: now,
        revoked: false,
    };
    let user = User {
        id: WHO,
        email: "anna@test.example".to_owned(),
        name: "Anna".to_owned(),
        unit: String::new(),
        roles: vec![Role::Employee],
        password_hash: None,
        disabled: false,
    };
    let mut tx = store.begin().await.unwrap();
    tx.put_user(&user).await.unwrap();
    tx.put_device(&device).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..TIMES {
        let token = Token::fresh();
        let mut tx = store.begin().await.unwrap();
        // Not used for so long that it is noted when it is: the look ends once that can be written.
        tx.add_session(&token.hash(), &session(now - sessions::TOUCH_EVERY_MS)).await.unwrap();
        tx.commit().await.unwrap();
        let mut ending = store.begin().await.unwrap();
        let signing_out = async {
            while server.state.hub.connections() == 0 {
                tokio::task::yield_now().await;
            }
            // Behind the look, which has begun: it finds the same.
            assert!(store.session(&token.hash()).await.unwrap().is_some());
            ending.end_session(&token.hash()).await.unwrap();
            ending.commit().await.unwrap();
            server.state.hub.end_session_on(key().id());
        };
        let connected = timeout(PATIENCE, signing_out);
        let (heard, connected) = tokio::join!(heard(server.address, cookie(&server, &token)), connected);
        connected.expect("the hub knows of a connection before its session is looked at");
        assert_eq!(heard, [CLOSE]);
        server.state.hub.emptied().await;
    }
}
