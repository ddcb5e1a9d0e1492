//! What a handler asks for in its arguments, checked before it runs. A document is reached through
//! [`DocReader`] and [`DocWriter`] alone.

use std::marker::PhantomData;
use std::net::IpAddr;

use axum::RequestPartsExt as _;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use shared::access::Access;
use shared::ids::DocId;
use store::Session;

use super::outgoing::Peer;
use super::problem::Problem;
use crate::config::Origin;
use crate::identity::sessions::{self, Standing, Token};
use crate::state::AppState;

/// A person with a session in use.
pub struct SignedIn {
    /// Whose, and on which device.
    pub session: Session,
    /// Its secret, to end it with.
    pub token: Token,
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token =
            Token::of_request(&parts.headers, &state.config.origin).ok_or_else(Problem::not_signed_in)?;
        let now = state.clock.now();
        match sessions::standing(&state.store, &token, now).await? {
            Standing::SignedIn(session) => {
                state.rates.person(session.user, now)?;
                Ok(Self { session, token })
            }
            Standing::SignedOut => Err(Problem::not_signed_in()),
            Standing::Revoked(_) => {
                Err(Problem::new(StatusCode::UNAUTHORIZED, "device_revoked", "Device revoked")
                    .detail("This device was revoked. Everything on it is to be deleted."))
            }
        }
    }
}

/// How much access a route needs.
pub trait Need: Send + Sync {
    /// At least this.
    const ACCESS: Access;
}

/// To read.
pub struct ToRead;
/// To write.
pub struct ToWrite;

impl Need for ToRead {
    const ACCESS: Access = Access::Read;
}

impl Need for ToWrite {
    const ACCESS: Access = Access::Write;
}

/// A document named in the path, and somebody who may do with it what the route needs. Not hers and not there
/// are one answer, from one way through the code.
pub struct Doc<N> {
    /// Which document.
    pub id: DocId,
    /// Who asks.
    pub who: SignedIn,
    need: PhantomData<N>,
}

/// A document that the person may read.
pub type DocReader = Doc<ToRead>;
/// A document that the person may write.
pub type DocWriter = Doc<ToWrite>;

impl<N: Need> FromRequestParts<AppState> for Doc<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let who = SignedIn::from_request_parts(parts, state).await?;
        let Path(text) = parts.extract::<Path<String>>().await.map_err(|_| Problem::not_found())?;
        let id: DocId = text.parse().map_err(|_| Problem::not_found())?;
        let grant = state.store.grant(who.session.user, id).await?;
        if grant.access < N::ACCESS {
            return Err(Problem::not_found());
        }
        Ok(Self { id, who, need: PhantomData })
    }
}

/// A JSON body.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        expect_media_type(request.headers(), "application/json")?;
        let bytes = Bytes::from_request(request, state).await.map_err(|it| unread_body(&it))?;
        // The place, not the message: that could quote a password.
        let misplaced = |it: serde_json::Error| {
            Problem::bad_request(format!(
                "The body is not as expected, at line {}, column {}.",
                it.line(),
                it.column()
            ))
        };
        serde_json::from_slice(&bytes).map(Self).map_err(misplaced)
    }
}

/// A problem unless the body is of that media type; its parameters do not matter.
///
/// # Errors
/// 415.
pub fn expect_media_type(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if given.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(expected)) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type")
        .detail(format!("Send the body as {expected}.")))
}

/// Why a body could not be read.
#[must_use]
pub fn unread_body(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        Problem::bad_request("The body could not be read to its end.")
    }
}

/// Where a request comes from.
pub struct ClientAddress(pub IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let ConnectInfo(peer) =
            parts.extract::<ConnectInfo<Peer>>().await.map_err(|_| Problem::internal())?;
        Ok(Self(client_address(peer.address.ip(), &parts.headers, &state.config.origin)))
    }
}

/// Behind a proxy on this machine the last address of `X-Forwarded-For` is the one that the proxy saw; what
/// comes before it anybody can write.
fn client_address(peer: IpAddr, headers: &HeaderMap, origin: &Origin) -> IpAddr {
    if *origin == Origin::Loopback || !peer.is_loopback() {
        return peer.to_canonical();
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok())
        .map_or(peer, |address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_says_for_whom_it_asks() {
        let public = Origin::Public { origin: "https://loopbaan.example".into(), secure: true };
        let headers = HeaderMap::from_iter([(
            header::HeaderName::from_static("x-forwarded-for"),
            "198.51.100.9, 203.0.113.7".parse().unwrap(),
        )]);
        let local: IpAddr = "127.0.0.1".parse().unwrap();
        let remote: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(client_address(local, &headers, &public).to_string(), "203.0.113.7");
        assert_eq!(client_address(remote, &headers, &public), remote);
        assert_eq!(client_address(local, &headers, &Origin::Loopback), local);
        assert_eq!(client_address(local, &HeaderMap::new(), &public), local);
    }
}
