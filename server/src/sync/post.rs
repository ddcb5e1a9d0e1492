//! `POST /api/sync`: the same messages where WebSockets are blocked, and the last flush of a closing page.

use std::collections::VecDeque;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::sync::codec::{self, DecodeError};
use shared::sync::limits;
use shared::sync::message::{MEDIA_TYPE, ServerMessage};
use shared::sync::session::{Input, Output, Session, Transport};
use store::Carrier;

use super::asks;
use crate::http::extract::{expect_media_type, unread_body};
use crate::http::problem::Problem;
use crate::http::security::comes_from_own_page;
use crate::identity::sessions::Standing;
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
pub async fn exchange(State(state): State<AppState>, mut request: Request) -> Result<Response, Problem> {
    if comes_from_own_page(request.headers(), &state.config.origin) == Some(false) {
        return Err(Problem::foreign_origin());
    }
    let session = match super::standing(&state, request.headers()).await?.0 {
        Standing::SignedOut => return Err(Problem::not_signed_in()),
        Standing::Revoked(_) => return Ok(cbor(&[ServerMessage::Wipe])),
        Standing::SignedIn(session) => session,
    };
    expect_media_type(request.headers(), MEDIA_TYPE)?;
    let body = read(&mut request).await.map_err(|it| unread_body(&it))?;
    let frames = codec::split(&body, limits::HTTP_MESSAGES).map_err(|error| match error {
        DecodeError::TooMany => Problem::too_large(),
        DecodeError::Malformed(what) => Problem::bad_request(format!("Not an array of messages: {what}.")),
    })?;

    let carrier = Carrier { user: session.user, device: session.device };
    let connection = state.hub.register(carrier.user, carrier.device).map_err(|_| {
        Problem::new(axum::http::StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many connections")
            .detail("Close another connection first.")
            .retry_after(5)
    })?;
    let work = answer_all(&state, carrier, &frames);
    // A revocation waits until what was read here has been handed over.
    match connection.deliver(work).await {
        Some(messages) => Ok(cbor(&messages)),
        None => Err(Problem::not_signed_in()),
    }
}

/// The limit of this address replaces that of the JSON ones.
async fn read(request: &mut Request) -> Result<Bytes, BytesRejection> {
    let mut request = std::mem::take(request);
    DefaultBodyLimit::max(limits::FRAME).apply(&mut request);
    Bytes::from_request(request, &()).await
}

async fn answer_all(state: &AppState, carrier: Carrier, frames: &[&[u8]]) -> Vec<ServerMessage> {
    let mut session = Session::new(carrier.user, carrier.device, Transport::Http, state.clock.now());
    let mut messages = Vec::new();
    for frame in frames {
        let mut outputs = VecDeque::from(session.step(Input::Frame(frame.to_vec()), state.clock.now()));
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Send(message) => messages.push(message),
                Output::Ask(ask) => {
                    let answer = asks::answer(state, carrier, ask).await;
                    outputs.extend(session.step(Input::Answer(answer), state.clock.now()));
                }
                Output::Close(_) => return messages,
                Output::Subscribe(_) | Output::Unsubscribe(_) | Output::Relay { .. } => {}
            }
        }
    }
    messages
}

fn cbor(messages: &[ServerMessage]) -> Response {
    let frames: Vec<Vec<u8>> = messages.iter().map(codec::server).collect();
    ([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], codec::join(&frames)).into_response()
}
