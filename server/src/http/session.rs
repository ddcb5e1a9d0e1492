//! `/api/session`: signing in, who is signed in, signing out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::domain::role::Role;
use shared::ids::{DeviceId, PublicKey, Signature, UserId};
use store::{AuditEvent, StoreError};
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody, SignedIn};
use super::problem::Problem;
use crate::hub::NotifyBus as _;
use crate::identity::sessions::{Token, clear_cookie};
use crate::identity::sign_in::{Offered, SignInError};
use crate::identity::{challenges, passwords};
use crate::state::AppState;

/// Characters that a device's name may have.
const LONGEST_DEVICE_NAME: usize = 100;
/// Characters that an e-mail address may have, as RFC 5321 limits them.
const LONGEST_EMAIL: usize = 254;

/// 32 bytes to be signed by a device.
#[derive(Debug, Serialize, ToSchema)]
pub struct Challenge {
    /// base64url without padding
    challenge: String,
}

/// Gives out a challenge: single use, two minutes, for a sign-in from the same address.
#[utoipa::path(
    get, path = "/api/session/challenge", tag = "session",
    responses(
        (status = 200, description = "A challenge", body = Challenge),
        (status = 429, description = "Too many requests", body = Problem),
    )
)]
pub async fn challenge(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
) -> Result<Json<Challenge>, Problem> {
    let now = state.clock.now();
    state.rates.address(address, now)?;
    let challenge = challenges::give(&state.store, address, now).await?;
    Ok(Json(Challenge { challenge: URL_SAFE_NO_PAD.encode(challenge) }))
}

/// Who wants in, and with which device.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    email: String,
    password: String,
    /// The second factor, where the account has one.
    #[serde(default, rename = "code")]
    _code: Option<String>,
    device: DeviceOffer,
}

/// A device and the proof that it holds its key.
#[derive(Deserialize, ToSchema)]
pub struct DeviceOffer {
    name: String,
    /// An Ed25519 key: 32 bytes as base64url without padding
    #[schema(value_type = String)]
    public_key: PublicKey,
    /// Its signature over `"loopbaanmaat.session.v1"` and the challenge: 64 bytes as base64url without padding
    #[schema(value_type = String)]
    proof: Signature,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionInfo {
    #[schema(value_type = String)]
    user: UserId,
    #[schema(value_type = String)]
    device: DeviceId,
    name: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
}

/// Signs in and registers the device.
#[utoipa::path(
    post, path = "/api/session", tag = "session", request_body = SignIn,
    responses(
        (status = 200, description = "Signed in; the cookie is set", body = SessionInfo),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Something of it is not right", body = Problem),
        (status = 403, description = "The device was revoked", body = Problem),
        (status = 409, description = "The key is somebody else's", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn sign_in(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<impl IntoResponse, Problem> {
    let offered = check_lengths(body, address)?;
    let before = Token::of_request(&headers, &state.config.origin);
    // On a task of its own, like everything that is followed by something.
    let signing_in = tokio::spawn({
        let state = state.clone();
        async move {
            let opened = state.door().sign_in(offered, before, state.clock.now()).await?;
            // Others who may read what this device will write need its key.
            state.hub.wake_directory(&[opened.1.id]);
            Ok::<_, SignInError>(opened)
        }
    });
    let (token, user, device) = signing_in.await.map_err(|_| Problem::internal())??;
    let info = SessionInfo { user: user.id, device: device.id, name: user.name, roles: user.roles };
    Ok((AppendHeaders([(header::SET_COOKIE, token.set_cookie(&state.config.origin))]), Json(info)))
}

fn check_lengths(body: SignIn, address: std::net::IpAddr) -> Result<Offered, Problem> {
    let email = body.email.trim().to_owned();
    let is_refused =
        |text: &str, most: usize| text.chars().count() > most || text.chars().any(char::is_control);
    if is_refused(&email, LONGEST_EMAIL) {
        return Err(Problem::bad_request(format!("An address has at most {LONGEST_EMAIL} characters.")));
    }
    if body.password.chars().count() > passwords::LONGEST {
        return Err(Problem::bad_request(format!(
            "A password has at most {} characters.",
            passwords::LONGEST
        )));
    }
    if is_refused(&body.device.name, LONGEST_DEVICE_NAME) {
        return Err(Problem::bad_request(format!(
            "A device's name has at most {LONGEST_DEVICE_NAME} characters."
        )));
    }
    Ok(Offered {
        email,
        password: body.password,
        device_name: body.device.name.trim().to_owned(),
        public_key: body.device.public_key,
        proof: body.device.proof,
        address,
    })
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let detail = error.to_string();
        match error {
            SignInError::Throttled(throttled) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "Too many attempts")
                    .detail(detail)
                    .retry_after(throttled.seconds)
            }
            SignInError::BadProof => {
                Self::new(StatusCode::UNAUTHORIZED, "bad_proof", "Not proven").detail(detail)
            }
            SignInError::Refused => {
                Self::new(StatusCode::UNAUTHORIZED, "refused", "Not signed in").detail(detail)
            }
            SignInError::OthersDevice => {
                Self::new(StatusCode::CONFLICT, "others_device", "Not your device").detail(detail)
            }
            SignInError::RevokedDevice => {
                Self::new(StatusCode::FORBIDDEN, "device_revoked", "Device revoked").detail(detail)
            }
            SignInError::Store(error) => error.into(),
        }
    }
}

/// Says who is signed in.
#[utoipa::path(
    get, path = "/api/session", tag = "session",
    responses(
        (status = 200, description = "Signed in", body = SessionInfo),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn show(State(state): State<AppState>, who: SignedIn) -> Result<Json<SessionInfo>, Problem> {
    let user = state.store.user(who.session.user).await?.ok_or_else(Problem::not_signed_in)?;
    Ok(Json(SessionInfo { user: user.id, device: who.session.device, name: user.name, roles: user.roles }))
}

/// Signs out: the session ends, the device stays registered.
#[utoipa::path(
    delete, path = "/api/session", tag = "session",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn sign_out(State(state): State<AppState>, who: SignedIn) -> Result<impl IntoResponse, Problem> {
    let cleared = clear_cookie(&state.config.origin);
    // On a task of its own: who hangs up ends the request, not what must follow the commit.
    let ending = tokio::spawn(async move { end(&state, &who).await });
    ending.await.map_err(|_| Problem::internal())??;
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cleared)])))
}

async fn end(state: &AppState, who: &SignedIn) -> Result<(), StoreError> {
    let mut tx = state.store.begin().await?;
    tx.end_session(&who.token.hash()).await?;
    tx.audit(&AuditEvent {
        at: state.clock.now(),
        user: Some(who.session.user),
        device: Some(who.session.device),
        action: "sign_out".into(),
        object: who.session.device.to_string(),
    })
    .await?;
    tx.commit().await?;
    state.hub.end_session_on(who.session.device);
    state.hub.barrier(&[who.session.user]).await;
    Ok(())
}
