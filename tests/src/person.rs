//! Somebody with a device and a session.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use server::identity::sessions::{LOOPBACK_COOKIE, Token};
use shared::ids::{CommandId, DocId, UserId};
use shared::sync::codec;
use shared::sync::message::{ClientMessage, MEDIA_TYPE, Place, PushItem, ServerMessage, VERSION};
use shared::sync::signature::DeviceKey;
use store::{Device, Session};

use crate::app::Reach;
use crate::{Answer, Socket, TestApp};

/// Somebody with a device and a session.
#[derive(Clone)]
pub struct Person {
    reach: Arc<Reach>,
    /// Who.
    pub user: UserId,
    /// Her device's key.
    pub key: DeviceKey,
    /// Her session, as `name=value`.
    pub cookie: String,
}

impl Person {
    pub(crate) async fn with_session(app: &TestApp, user: UserId) -> Self {
        Self::with_key(app, user, DeviceKey::from_secret(&server::random::fresh())).await
    }

    pub(crate) async fn with_key(app: &TestApp, user: UserId, key: DeviceKey) -> Self {
        let token = Token::fresh();
        let now = app.clock().now();
        let device = Device {
            id: key.id(),
            user,
            public_key: key.public(),
            name: "Testapparaat".into(),
            created_at: now,
            last_seen: now,
            revoked: false,
        };
        let session = Session {
            user,
            device: key.id(),
            created_at: now,
            last_used: now,
            revoked: false,
            disabled: false,
        };
        app.change(async |tx| {
            tx.put_device(&device).await.unwrap();
            tx.add_session(&token.hash(), &session).await.unwrap();
        })
        .await;
        let set = token.set_cookie(&app.state().config.origin);
        Self { reach: Arc::clone(&app.shared), user, key, cookie: pair(set.to_str().unwrap()) }
    }

    /// The same person with the same session, at a server that has been started again.
    #[must_use]
    pub fn at(self, app: &TestApp) -> Self {
        Self { reach: Arc::clone(&app.shared), ..self }
    }

    /// Somebody who signed in by the front door.
    #[must_use]
    pub fn from_answer(app: &TestApp, key: DeviceKey, answer: &Answer) -> Self {
        let user = answer.json()["user"].as_str().unwrap().parse().unwrap();
        Self { reach: Arc::clone(&app.shared), user, key, cookie: pair(answer.header("set-cookie")) }
    }

    /// What is sent to sign in from a new device.
    pub async fn offer(app: &TestApp, email: &str, password: &str, key: &DeviceKey) -> Value {
        let challenge =
            app.get("/api/session/challenge").await.json()["challenge"].as_str().unwrap().to_owned();
        let proof = key.sign_session(&URL_SAFE_NO_PAD.decode(challenge).unwrap());
        json!({
            "email": email,
            "password": password,
            "device": { "name": "Tablet", "public_key": key.public(), "proof": proof },
        })
    }

    /// A request with her cookie.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.reach.url);
        self.reach.http.request(method, url).header(header::COOKIE, &self.cookie)
    }

    /// Sends a request.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// Gets something.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Deletes, patches or puts JSON.
    pub async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).json(body)).await
    }

    /// Gives a command, under a new id.
    pub async fn command(&self, command: Value) -> Answer {
        self.post("/api/commands", &json!({ "id": CommandId(server::random::fresh()), "command": command }))
            .await
    }

    /// Her directory.
    pub async fn directory(&self) -> Value {
        self.get("/api/directory").await.json()
    }

    /// Exchanges messages by `POST /api/sync`, `hello` in front and `welcome` left out.
    pub async fn exchange(&self, messages: &[ClientMessage]) -> Vec<ServerMessage> {
        let hello = ClientMessage::Hello { version: VERSION, client: "test".into() };
        let frames: Vec<Vec<u8>> = [hello].iter().chain(messages).map(codec::client).collect();
        let answer = self.exchange_bytes(codec::join(&frames)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut heard = heard(&answer.body);
        assert!(matches!(heard.remove(0), ServerMessage::Welcome { .. }));
        heard
    }

    /// Posts any bytes as CBOR.
    pub async fn exchange_bytes(&self, body: Vec<u8>) -> Answer {
        self.send(self.request(Method::POST, "/api/sync").header(header::CONTENT_TYPE, MEDIA_TYPE).body(body))
            .await
    }

    /// Opens a document from its start.
    pub async fn open(&self, doc: DocId) -> Vec<ServerMessage> {
        self.exchange(&[ClientMessage::Open { docs: vec![Place::start(doc)] }]).await
    }

    /// Pushes items.
    pub async fn push(&self, doc: DocId, items: Vec<PushItem>) -> Vec<ServerMessage> {
        self.exchange(&[ClientMessage::Push { id: 1, doc, items }]).await
    }

    /// Connects by WebSocket.
    pub async fn socket(&self) -> Socket {
        Socket::connect(&self.reach.url, Some(&self.cookie)).await.unwrap()
    }
}

fn heard(body: &[u8]) -> Vec<ServerMessage> {
    let frames = codec::split(body, usize::MAX).unwrap();
    frames.into_iter().map(|frame| codec::decode_server(frame).unwrap().unwrap()).collect()
}

fn pair(set_cookie: &str) -> String {
    let pair = set_cookie.split(';').next().unwrap();
    assert!(pair.starts_with(LOOPBACK_COOKIE), "{set_cookie}");
    pair.to_owned()
}
