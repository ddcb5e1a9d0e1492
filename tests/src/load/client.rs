//! The connection of a device, as cheap as it can be, so that one thread has thousands of them.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use shared::ids::DocId;
use shared::sync::codec;
use shared::sync::message::{ClientMessage, Place, PushItem, SUBPROTOCOL, ServerMessage, VERSION};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Device;

/// Bytes kept for reading.
const READ_BUFFER: usize = 4 * 1024;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message(ServerMessage),
    /// The end, with its code where the server gave one.
    Closed(Option<u16>),
}

/// A connection. Nothing in here panics where a server dies.
pub struct Client {
    stream: WebSocketStream<TcpStream>,
    pushes: u64,
    /// Bytes of frames sent, their headers included.
    pub sent: u64,
    /// Bytes of frames received, their headers included.
    pub received: u64,
}

impl Client {
    /// Connects and says hello, without waiting for the answer.
    ///
    /// # Errors
    /// What came instead of a connection.
    pub async fn connect(server: SocketAddr, device: &Device) -> Result<Self, Box<Error>> {
        let mut request = format!("ws://{server}/sync").into_client_request().map_err(Box::new)?;
        let origin = format!("http://{server}");
        for (name, value) in
            [("origin", &*origin), ("sec-websocket-protocol", SUBPROTOCOL), ("cookie", &*device.cookie)]
        {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let socket = TcpStream::connect(server).await.map_err(|error| Box::new(error.into()))?;
        socket.set_nodelay(true).map_err(|error| Box::new(error.into()))?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
        let (stream, _) = client_async_with_config(request, socket, Some(config)).await.map_err(Box::new)?;
        let mut client = Self { stream, pushes: 0, sent: 0, received: 0 };
        client.say(&ClientMessage::Hello { version: VERSION, client: "load".into() }).await;
        Ok(client)
    }

    /// Opens documents.
    pub async fn open(&mut self, docs: Vec<Place>) -> bool {
        self.say(&ClientMessage::Open { docs }).await
    }

    /// Pushes items and gives the number of the push.
    pub async fn push(&mut self, doc: DocId, items: Vec<PushItem>) -> u64 {
        self.pushes += 1;
        self.say(&ClientMessage::Push { id: self.pushes, doc, items }).await;
        self.pushes
    }

    /// Says a message; false where the connection has ended, which [`next`](Self::next) then tells.
    pub async fn say(&mut self, message: &ClientMessage) -> bool {
        let frame = codec::client(message);
        self.sent += framed(frame.len()) + 4;
        self.stream.send(Message::Binary(frame.into())).await.is_ok()
    }

    /// Says a message that is in bytes already; false as with [`say`](Self::say).
    pub async fn say_bytes(&mut self, frame: Vec<u8>) -> bool {
        self.sent += framed(frame.len()) + 4;
        self.stream.send(Message::Binary(frame.into())).await.is_ok()
    }

    /// The next that comes; dropped while it waits, it loses nothing.
    pub async fn next(&mut self) -> Event {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    self.received += framed(frame.len());
                    if let Some(message) = codec::decode_server(&frame).unwrap() {
                        return Event::Message(message);
                    }
                }
                Some(Ok(Message::Close(frame))) => return Event::Closed(frame.map(|it| it.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Event::Closed(None),
            }
        }
    }

    /// Waits for the first message that `wanted` takes; other messages are passed over. `None`: the connection
    /// ended first.
    pub async fn wait_for<T>(&mut self, mut wanted: impl FnMut(ServerMessage) -> Option<T>) -> Option<T> {
        loop {
            match self.next().await {
                Event::Message(message) => {
                    if let Some(found) = wanted(message) {
                        return Some(found);
                    }
                }
                Event::Closed(_) => return None,
            }
        }
    }
}

/// Bytes of an unmasked frame with that much in it.
fn framed(payload: usize) -> u64 {
    let header = match payload {
        0..126 => 2,
        126..65_536 => 4,
        _ => 10,
    };
    payload as u64 + header
}
