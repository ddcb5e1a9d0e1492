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
use shared::domain::role::Role;
use shared::ids::DocId;
use store::Session;

use super::outgoing::Peer;
use super::problem::Problem;
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

/// An administrator with a session in use. To everybody else there is nothing here.
pub struct Administrator {
    /// Whose, and on which device.
    pub session: Session,
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let SignedIn { session, .. } = SignedIn::from_request_parts(parts, state).await?;
        let user = state.store.user(session.user).await?;
        match user.filter(|it| !it.disabled && it.roles.contains(&Role::Administrator)) {
            Some(_) => Ok(Self { session }),
            None => Err(Problem::not_found()),
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
        Ok(Self(client_address(peer.address.ip(), &parts.headers, &state.config.trusted_proxies)))
    }
}

/// Behind trusted proxies the last address of `X-Forwarded-For` that is none of theirs is the one that they saw; what
/// comes before it anybody can write.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    if !proxies.contains(&peer) {
        return peer;
    }
    let mut seen = peer;
    let said = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let said: Vec<&str> = said.flat_map(|value| value.split(',')).collect();
    for address in said.into_iter().rev() {
        // Nothing that comes before what cannot be read is believed.
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        seen = address.to_canonical();
        if !proxies.contains(&seen) {
            break;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks() {
        let address = |text: &str| -> IpAddr { text.parse().unwrap() };
        let name = header::HeaderName::from_static("x-forwarded-for");
        let headers = |value: &str| HeaderMap::from_iter([(name.clone(), value.parse().unwrap())]);
        let (local, remote) = (address("127.0.0.1"), address("192.0.2.1"));
        let said = headers("198.51.100.9, 203.0.113.7");
        assert_eq!(client_address(local, &said, &[local]), address("203.0.113.7"));
        assert_eq!(client_address(remote, &said, &[local]), remote);
        assert_eq!(client_address(remote, &said, &[local, remote]), address("203.0.113.7"));
        assert_eq!(client_address(local, &said, &[]), local);
        assert_eq!(client_address(local, &HeaderMap::new(), &[local]), local);
        // One proxy behind the other.
        let chain = headers("198.51.100.9, 203.0.113.7, 192.0.2.1");
        assert_eq!(client_address(local, &chain, &[local, remote]), address("203.0.113.7"));
        // What a proxy could not have written is believed no further.
        let nonsense = headers("203.0.113.7, unknown");
        assert_eq!(client_address(local, &nonsense, &[local]), local);
        let mapped = address("::ffff:127.0.0.1");
        assert_eq!(client_address(mapped, &said, &[local]), address("203.0.113.7"));
        let mut twice = headers("203.0.113.7");
        twice.append(name.clone(), "198.51.100.9".parse().unwrap());
        assert_eq!(client_address(local, &twice, &[local]), address("198.51.100.9"));
    }
}
