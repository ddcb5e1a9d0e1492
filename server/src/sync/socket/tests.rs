use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use shared::ids::{DeviceId, UserId};
use shared::sync::message::{ClientMessage, VERSION};
use store::Session as SignIn;
use store_sqlite::SqliteStore;
use tempfile::{TempDir, tempdir};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Clock;
use crate::config::Config;

/// The first byte of a frame with a message in it, and of one that closes.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
/// Often enough that the order of what is ready at once does not matter.
const TIMES: usize = 32;

/// A server with a session that has ended by the time that the socket is opened.
struct TooLate {
    address: SocketAddr,
    _folder: TempDir,
}

const WHO: (UserId, DeviceId) = (UserId([1; 16]), DeviceId([2; 16]));

async fn too_late() -> TooLate {
    let folder = tempdir().unwrap();
    let config =
        Config::new("127.0.0.1:0".parse().unwrap(), folder.path().into(), None, None, false).unwrap();
    let store = SqliteStore::open(&folder.path().join("loopbaanmaat.sqlite")).await.unwrap();
    let state = AppState::new(config, Arc::new(store), Clock::standing());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let opened = async |upgrade: WebSocketUpgrade| {
        let (user, device) = WHO;
        let session = SignIn { user, device, created_at: 0, last_used: 0, revoked: false, disabled: false };
        upgrade.on_upgrade(|socket| serve(state, socket, Standing::SignedIn(session), Some(Token::fresh())))
    };
    tokio::spawn(async { axum::serve(listener, Router::new().route("/", get(opened))).await });
    TooLate { address, _folder: folder }
}

/// Opens a socket and says `hello` in the same breath: the first byte of each frame that comes back.
async fn heard(address: SocketAddr) -> Vec<u8> {
    let hello = codec::client(&ClientMessage::Hello { version: VERSION, client: "early".to_owned() });
    let length = u8::try_from(hello.len()).unwrap();
    assert!(length < 126);
    let request = format!(
        "GET / HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
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
    let server = too_late().await;
    for _ in 0..TIMES {
        assert_eq!(heard(server.address).await, [CLOSE]);
    }
}
