//! `GET /sync`: the WebSocket.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures_util::SinkExt as _;
use shared::sync::codec;
use shared::sync::limits;
use shared::sync::message::{ErrorCode, SUBPROTOCOL, ServerMessage, close};
use shared::sync::session::{Answer, Ask, Input, Output, ReadAnswer, Session, Transport};
use store::Carrier;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{WRITE_PATIENCE, asks};
use crate::http::extract::ClientAddress;
use crate::http::problem::Problem;
use crate::http::security::comes_from_own_page;
use crate::hub::{Connection, Fresh, Signal};
use crate::identity::sessions::{self, Standing, Token};
use crate::state::AppState;

/// Bytes that an idle connection keeps for reading, and reads at once; the library's own choice costs more than all the
/// rest.
const READ_BUFFER: usize = 1_536;
/// Bytes gathered before they are written.
const WRITE_BUFFER: usize = 16 * 1024;
/// Bytes that wait for a slow reader at most: a message and what was gathered.
const MOST_UNWRITTEN: usize = limits::FRAME + 4 * WRITE_BUFFER;
/// Bytes of a message that are still taken in, to be answered with a close that arrives: a connection dropped with
/// unread input is reset. What is larger gets the close if it can.
const MOST_READ: usize = 2 * limits::READABLE_FRAME;
/// How often the machine is told that time passes.
const TICK: Duration = Duration::from_secs(5);
/// Ticks between looks at whether the session still is one.
const TICKS_PER_CHECK: u32 = 12;
/// How long a client gets to answer a close before the connection is dropped.
const CLOSE_PATIENCE: Duration = Duration::from_secs(2);

/// Opens the connection that a device keeps.
#[utoipa::path(
    get, path = "/sync", tag = "sync",
    responses(
        (status = 101, description = "A WebSocket with the subprotocol loopbaanmaat.sync.v1"),
        (status = 400, description = "No WebSocket, or without the subprotocol", body = Problem),
        (status = 403, description = "From another site", body = Problem),
        (status = 429, description = "Too many that are not signed in", body = Problem),
    )
)]
pub async fn connect(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    if comes_from_own_page(&headers, &state.config.origin) != Some(true) {
        return Err(Problem::foreign_origin());
    }
    let upgrade = upgrade
        .map_err(|_| Problem::bad_request("This address is for WebSockets."))?
        .protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "subprotocol_missing", "Subprotocol missing")
            .detail(format!("Offer the subprotocol {SUBPROTOCOL}.")));
    }
    // Browsers cannot see a 401 here, so that too is told on the socket.
    let (standing, token) = super::standing(&state, &headers).await?;
    let stranger = match standing {
        Standing::SignedOut => {
            state.rates.address(address, state.clock.now())?;
            Some(state.strangers.admit(address)?)
        }
        // A revoked device is known, and is to hear that it must be emptied.
        Standing::SignedIn(_) | Standing::Revoked(_) => None,
    };
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MOST_UNWRITTEN)
        .max_message_size(MOST_READ)
        .max_frame_size(MOST_READ)
        .on_upgrade(async move |socket| {
            serve(state, socket, standing, token).await;
            drop(stranger);
        }))
}

async fn serve(state: AppState, mut socket: WebSocket, standing: Standing, token: Option<Token>) {
    let session = match (standing, token) {
        (Standing::SignedIn(session), Some(token)) => (session, token),
        (Standing::Revoked(_), _) => {
            let _ = write(&mut socket, &ServerMessage::Wipe).await;
            return end(socket, close::SIGNED_OUT).await;
        }
        _ => return end(socket, close::SIGNED_OUT).await,
    };
    let (session, token) = session;
    let Ok(connection) = state.hub.register(session.user, session.device) else {
        let error = ServerMessage::Error {
            code: ErrorCode::RateLimited,
            message: "too many connections of one person; close another one first".into(),
            doc: None,
            id: None,
            retry_after_ms: Some(10_000),
        };
        let _ = write(&mut socket, &error).await;
        return end(socket, close::POLICY).await;
    };
    let carrier = Carrier { user: session.user, device: session.device };
    let machine = Session::new(carrier.user, carrier.device, Transport::WebSocket, state.clock.now());
    let mut driver = Driver { state, connection, carrier, token, machine, socket };
    let ended = driver.run().await;
    let Driver { socket, connection, .. } = driver;
    if let Ended::Close(code) = ended {
        end(socket, code).await;
    }
    // Until here it counts, so that a stop waits for what is still being said.
    drop(connection);
}

/// How a connection came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// To be closed with that code.
    Close(u16),
    /// To be dropped: the client is gone, or must not get another byte.
    Drop,
}

/// Whether to go on.
type Flow = Result<(), Ended>;

struct Driver {
    state: AppState,
    connection: Connection,
    carrier: Carrier,
    token: Token,
    machine: Session,
    socket: WebSocket,
}

impl Driver {
    async fn run(&mut self) -> Ended {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ticks_to_check = TICKS_PER_CHECK;
        // Before anything is answered: the session may have ended before a hint about that could arrive.
        if let Err(ended) = self.check_session().await {
            return ended;
        }
        ticks.reset();
        loop {
            let flow = tokio::select! {
                signal = self.connection.signal() => self.signalled(signal).await,
                received = self.socket.recv() => match received {
                    Some(Ok(message)) => self.received(message).await,
                    Some(Err(error)) => Err(unreadable(&error)),
                    None => Err(Ended::Drop),
                },
                _ = ticks.tick() => {
                    ticks_to_check -= 1;
                    if ticks_to_check == 0 {
                        ticks_to_check = TICKS_PER_CHECK;
                        self.check_session().await
                    } else {
                        self.feed(Input::Tick).await
                    }
                }
            };
            if let Err(ended) = flow {
                return ended;
            }
        }
    }

    async fn received(&mut self, message: Message) -> Flow {
        match message {
            Message::Binary(bytes) if bytes.len() > limits::READABLE_FRAME => Err(Ended::Close(close::SIZE)),
            Message::Binary(bytes) => self.feed(Input::Frame(bytes.into())).await,
            Message::Text(_) => self.feed(Input::Text).await,
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            // The library has answered it; nothing more is to be said.
            Message::Close(_) => Err(Ended::Drop),
        }
    }

    async fn signalled(&mut self, signal: Signal) -> Flow {
        match signal {
            Signal::Cut => Err(Ended::Drop),
            Signal::Wipe => self.feed(Input::Wipe).await,
            Signal::SignedOut => self.check_session().await,
            Signal::Stopping => self.feed(Input::Stopping).await,
            Signal::DirectoryWoken => self.feed(Input::DirectoryWoken).await,
            Signal::Woken { doc, head, fresh } => self.feed_with(Input::Woken { doc, head }, fresh).await,
            Signal::PresenceWaits => self.relay_presence().await,
        }
    }

    /// Whether the session still is one: it may have been ended, or have lived its time.
    async fn check_session(&mut self) -> Flow {
        let ended = Box::pin(end_of_session(&self.state, &self.token)).await;
        self.feed(ended.unwrap_or(Input::Tick)).await
    }

    /// Gives the machine an input and does what it says, as one section that a revocation waits for.
    async fn feed(&mut self, input: Input) -> Flow {
        self.feed_with(input, Vec::new()).await
    }

    /// The same with what is at hand of the logs.
    async fn feed_with(&mut self, input: Input, fresh: Vec<Arc<Fresh>>) -> Flow {
        let Self { state, connection, carrier, token, machine, socket } = self;
        let work = async {
            // A hint that came while this waited for its turn: who has been told that she is signed out gets no
            // more answers.
            let ended = if connection.may_be_over() { end_of_session(state, token).await } else { None };
            obey(state, connection, *carrier, machine, socket, ended.unwrap_or(input), fresh).await?;
            flush(socket).await
        };
        // On the heap while it lasts: thousands of connections wait for something to do.
        Box::pin(connection.deliver(work)).await.unwrap_or(Err(Ended::Drop))
    }

    async fn relay_presence(&mut self) -> Flow {
        let Self { state, connection, carrier, machine, socket, .. } = self;
        let work = async {
            while let Some(it) = connection.take_presence() {
                let input = Input::Presence { doc: it.doc, user: it.user, device: it.device, data: it.data };
                obey(state, connection, *carrier, machine, socket, input, Vec::new()).await?;
            }
            flush(socket).await
        };
        Box::pin(connection.deliver(work)).await.unwrap_or(Err(Ended::Drop))
    }
}

/// How the session has ended, if it has.
async fn end_of_session(state: &AppState, token: &Token) -> Option<Input> {
    match sessions::standing(&state.store, token, state.clock.now()).await {
        Ok(Standing::SignedOut) => Some(Input::SignedOut),
        Ok(Standing::Revoked(_)) => Some(Input::Wipe),
        // A store that does not answer is no reason to sign anybody out.
        Ok(Standing::SignedIn(_)) | Err(_) => None,
    }
}

async fn obey(
    state: &AppState,
    connection: &Connection,
    carrier: Carrier,
    machine: &mut Session,
    socket: &mut WebSocket,
    input: Input,
    mut fresh: Vec<Arc<Fresh>>,
) -> Flow {
    let mut outputs = VecDeque::from(machine.step(input, state.clock.now()));
    while let Some(output) = outputs.pop_front() {
        match output {
            Output::Send(message) => write(socket, &message).await?,
            Output::Close(code) => return Err(Ended::Close(code)),
            Output::Subscribe(doc) => connection.subscribe(doc),
            Output::Unsubscribe(doc) => connection.unsubscribe(doc),
            Output::Relay { doc, data } => connection.relay(doc, &data),
            Output::Ask(ask) => {
                if !asks::is_at_hand(state, carrier, &ask, &fresh) {
                    // What was said so far does not wait for the store.
                    flush(socket).await?;
                }
                let asked: Vec<_> = match &ask {
                    Ask::Read { places, .. } => places.iter().map(|it| it.doc).collect(),
                    Ask::Push { .. } | Ask::DirectoryVersion => vec![],
                };
                let answer = asks::answer(state, carrier, ask, &mut fresh).await;
                if let Answer::Read(answers) = &answer {
                    // What could be read may have its presence (again).
                    for (doc, answer) in asked.into_iter().zip(answers) {
                        if matches!(answer, ReadAnswer::Batch { .. }) {
                            connection.subscribe(doc);
                        }
                    }
                }
                outputs.extend(machine.step(Input::Answer(answer), state.clock.now()));
            }
        }
    }
    Ok(())
}

async fn write(socket: &mut WebSocket, message: &ServerMessage) -> Flow {
    let frame = Message::Binary(Bytes::from(codec::server(message)));
    patiently(socket.feed(frame)).await
}

async fn flush(socket: &mut WebSocket) -> Flow {
    patiently(socket.flush()).await
}

async fn patiently(written: impl Future<Output = Result<(), axum::Error>>) -> Flow {
    match timeout(WRITE_PATIENCE, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended::Drop),
        Err(_) => Err(Ended::Close(close::TRY_LATER)),
    }
}

fn unreadable(error: &axum::Error) -> Ended {
    // axum hides the library's type; its words for a message over the limit are stable.
    if error.to_string().contains("too long") {
        Ended::Close(close::SIZE)
    } else {
        Ended::Close(close::PROTOCOL)
    }
}

/// Closes, and waits a moment for the client's answer: a connection dropped with unread input is reset, and the
/// code would be lost on its way.
async fn end(mut socket: WebSocket, code: u16) {
    let frame = Message::Close(Some(CloseFrame { code, reason: "".into() }));
    let closing = async {
        if socket.send(frame).await.is_err() {
            return;
        }
        loop {
            match socket.recv().await {
                Some(Ok(_)) => {}
                None | Some(Err(_)) if code == close::SIZE => std::future::pending().await,
                None | Some(Err(_)) => return,
            }
        }
    };
    let _ = timeout(CLOSE_PATIENCE, closing).await;
}

#[cfg(test)]
mod tests;
