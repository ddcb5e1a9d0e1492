//! `POST /api/sync`: the same messages where WebSockets are blocked, and the last flush of a closing page.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::sync::codec::{self, DecodeError};
use shared::sync::limits;
use shared::sync::message::{MEDIA_TYPE, ServerMessage};
use shared::sync::session::{Input, Output, Session, Transport};
use store::Carrier;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{WRITE_PATIENCE, asks};
use crate::http::extract::{expect_media_type, unread_body};
use crate::http::outgoing::{Outgoing, Peer};
use crate::http::problem::Problem;
use crate::http::security::comes_from_own_page;
use crate::hub::Connection;
use crate::identity::sessions::{self, Standing, Token};
use crate::state::AppState;

/// Exchanges messages.
#[utoipa::path(
    post, path = "/api/sync", tag = "sync",
    request_body(content = Vec<u8>, content_type = "application/cbor"),
    responses(
        (status = 200, description = "The answers, as one array", content_type = "application/cbor"),
        (status = 400, description = "Not one array of messages", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "From another site", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not CBOR", body = Problem),
    )
)]
pub async fn exchange(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
) -> Result<Response, Problem> {
    if comes_from_own_page(request.headers(), &state.config.origin) == Some(false) {
        return Err(Problem::foreign_origin());
    }
    let (session, token) = match super::standing(&state, request.headers()).await? {
        (Standing::SignedIn(session), Some(token)) => (session, token),
        (Standing::Revoked(_), _) => {
            return Ok(cbor(Body::from(codec::join(&[codec::server(&ServerMessage::Wipe)]))));
        }
        _ => return Err(Problem::not_signed_in()),
    };
    expect_media_type(request.headers(), MEDIA_TYPE)?;
    let body = read(&mut request).await.map_err(|it| unread_body(&it))?;
    let frames = codec::split(&body, limits::HTTP_MESSAGES).map_err(|error| match error {
        DecodeError::TooMany => Problem::too_large(),
        DecodeError::Malformed(what) => Problem::bad_request(format!("Not an array of messages: {what}.")),
    })?;

    let frames = frames.into_iter().map(<[u8]>::to_vec).collect();
    let connection = state.hub.register(session.user, session.device).map_err(|_| {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many connections")
            .detail("Close another connection first.")
            .retry_after(5)
    })?;
    let exchange = Exchange { state, connection, token, outgoing: peer.outgoing };
    let (tell, told) = oneshot::channel();
    // On a task of its own: a page that closes hangs up, and what it flushed is taken in to its end all the same.
    let answering = tokio::spawn(exchange.run(frames, tell));
    match told.await {
        Ok(answer) => answer,
        Err(_) => Err(answering.await.map_or_else(|_| Problem::internal(), |()| cut())),
    }
}

/// A revocation could not wait any longer for what was under way. Nothing is known to be refused.
fn cut() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Cut short")
        .detail("This took too long. Try again in a moment.")
        .retry_after(1)
}

/// One exchange under way.
struct Exchange {
    state: AppState,
    connection: Connection,
    token: Token,
    outgoing: Outgoing,
}

impl Exchange {
    /// Answers, and holds a revocation up until what was read has gone to the socket.
    async fn run(self, frames: Vec<Vec<u8>>, tell: oneshot::Sender<Result<Response, Problem>>) {
        let work = async {
            let messages = match self.answer(frames).await {
                Ok(messages) => messages,
                Err(problem) => return drop(tell.send(Err(problem))),
            };
            let frames: Vec<Vec<u8>> = messages.iter().map(codec::server).collect();
            let (body, handover) = self.outgoing.hand_over(codec::join(&frames).into());
            if tell.send(Ok(cbor(body))).is_ok() {
                // Who does not read is cut, as on a WebSocket.
                let _ = timeout(WRITE_PATIENCE, handover.ended()).await;
            }
        };
        let _ = self.connection.deliver(work).await;
    }

    async fn answer(&self, frames: Vec<Vec<u8>>) -> Result<Vec<ServerMessage>, Problem> {
        let Self { state, connection, token, .. } = self;
        // Again, now that a revocation waits: the session may have ended in between.
        match sessions::standing(&state.store, token, state.clock.now()).await? {
            Standing::SignedOut => Err(Problem::not_signed_in()),
            Standing::Revoked(_) => Ok(vec![ServerMessage::Wipe]),
            Standing::SignedIn(_) => {
                let carrier = Carrier { user: connection.user(), device: connection.device() };
                Ok(answer_all(state, carrier, frames).await)
            }
        }
    }
}

/// The limit of this address replaces that of the JSON ones.
async fn read(request: &mut Request) -> Result<Bytes, BytesRejection> {
    let mut request = std::mem::take(request);
    DefaultBodyLimit::max(limits::FRAME).apply(&mut request);
    Bytes::from_request(request, &()).await
}

async fn answer_all(state: &AppState, carrier: Carrier, frames: Vec<Vec<u8>>) -> Vec<ServerMessage> {
    let mut session = Session::new(carrier.user, carrier.device, Transport::Http, state.clock.now());
    let mut messages = Vec::new();
    let mut fresh = Vec::new();
    for frame in frames {
        let mut outputs = VecDeque::from(session.step(Input::Frame(frame), state.clock.now()));
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Send(message) => messages.push(message),
                Output::Ask(ask) => {
                    let answer = asks::answer(state, carrier, ask, &mut fresh).await;
                    outputs.extend(session.step(Input::Answer(answer), state.clock.now()));
                }
                Output::Close(_) => return messages,
                Output::Subscribe(_) | Output::Unsubscribe(_) | Output::Relay { .. } => {}
            }
        }
    }
    messages
}

fn cbor(body: Body) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], body).into_response()
}
