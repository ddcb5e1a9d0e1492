//! A device's WebSocket.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use shared::sync::codec;
use shared::sync::message::{ClientMessage, SUBPROTOCOL, ServerMessage, VERSION};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// What never comes is given up after this; nothing waits for it otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// A device's WebSocket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message(ServerMessage),
    /// The end, with its code.
    Closed(Option<u16>),
}

impl Socket {
    /// Connects as a page of the server does.
    ///
    /// # Errors
    /// What the server answered instead.
    pub async fn connect(url: &str, cookie: Option<&str>) -> Result<Self, Box<Error>> {
        Self::connect_with(url, cookie, &[("origin", url), ("sec-websocket-protocol", SUBPROTOCOL)]).await
    }

    /// Connects with these headers.
    ///
    /// # Errors
    /// What the server answered instead.
    pub async fn connect_with(
        url: &str,
        cookie: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Box<Error>> {
        let address = format!("{}/sync", url.replacen("http", "ws", 1));
        let mut request = address.into_client_request().map_err(Box::new)?;
        let cookie = cookie.map(|cookie| ("cookie", cookie));
        for (name, value) in headers.iter().copied().chain(cookie) {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let (stream, _) = connect_async(request).await.map_err(Box::new)?;
        Ok(Self { stream })
    }

    /// Says hello and hears the welcome.
    pub async fn greeted(mut self) -> Self {
        self.say(&ClientMessage::Hello { version: VERSION, client: "test".into() }).await;
        let heard = self.hear().await;
        assert!(matches!(heard, Heard::Message(ServerMessage::Welcome { .. })), "{heard:?}");
        self
    }

    /// Says a message.
    pub async fn say(&mut self, message: &ClientMessage) {
        self.say_bytes(codec::client(message)).await;
    }

    /// Says any bytes.
    pub async fn say_bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::Binary(bytes.into())).await.unwrap();
    }

    /// Says a text, which is never a message.
    pub async fn say_text(&mut self, text: &str) {
        self.stream.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next that comes.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match timeout(PATIENCE, self.stream.next()).await.expect("something comes") {
                Some(Ok(Message::Binary(bytes))) => {
                    return Heard::Message(codec::decode_server(&bytes).unwrap().unwrap());
                }
                Some(Ok(Message::Close(frame))) => return Heard::Closed(frame.map(|it| it.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> ServerMessage {
        match self.hear().await {
            Heard::Message(message) => message,
            Heard::Closed(code) => panic!("closed with {code:?} where a message was expected"),
        }
    }

    /// The next message apart from `directory`.
    pub async fn message_of_document(&mut self) -> ServerMessage {
        loop {
            match self.message().await {
                ServerMessage::Directory { .. } => {}
                message => return message,
            }
        }
    }

    /// Hears everything up to the end, and its code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Heard::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}
