//! `/api/session`: signing in, who is signed in, signing out.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::domain::role::Role;
use shared::ids::{DeviceId, PublicKey, Signature, UserId};
use store::{AuditEvent, Device, ProviderSession, StoreError, User};
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody, SignedIn};
use super::factors::{given, host};
use super::oidc::own_address;
use super::problem::Problem;
use crate::hub::NotifyBus as _;
use crate::identity::oidc::{self, BrowserSecret};
use crate::identity::passkeys::Party;
use crate::identity::second_factor::Lacking;
use crate::identity::sessions::{Token, clear_cookie};
use crate::identity::sign_in::{Offered, OfferedDevice, SignInError};
use crate::identity::{challenges, passwords, shared_devices};
use crate::state::AppState;

/// Characters that a device's name may have.
const LONGEST_DEVICE_NAME: usize = 100;
/// Characters that an e-mail address may have, as RFC 5321 limits them.
pub(super) const LONGEST_EMAIL: usize = 254;

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
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    password: Option<String>,
    /// Instead of address and password: the provider has named her, in this browser
    #[serde(default)]
    provider: bool,
    /// The second factor, where the account has one.
    #[serde(default)]
    code: Option<String>,
    /// Or what her browser answered to the `passkey` of the problem `second_factor`: `AuthenticationResponseJSON`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    passkey: Option<Box<RawValue>>,
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
    /// It keeps nothing, as on a computer that several people use: it ends at sign-out, and else after a day
    #[serde(default)]
    shared: bool,
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
    /// When somebody else took her second factor away, as long as she has not said that she knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    factor_removed_at: Option<u64>,
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
        (status = 503, description = "Too many sign in at once, or nothing can be stored", body = Problem),
    )
)]
pub async fn sign_in(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    let before = Token::of_request(&headers, &state.config.origin);
    if body.provider {
        return sign_in_by_provider(state, address, &headers, body.device, before).await;
    }
    let offered = check_lengths(body, address, Party::of(&state.config.origin, host(&headers)))?;
    let shared = offered.shared;
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
    opened(&state, signing_in.await.map_err(|_| Problem::internal())??, shared).await
}

/// The same for somebody whom the provider has named in this browser.
async fn sign_in_by_provider(
    state: AppState,
    address: std::net::IpAddr,
    headers: &HeaderMap,
    device: DeviceOffer,
    before: Option<Token>,
) -> Result<Response, Problem> {
    state.rates.address(address, state.clock.now())?;
    check_name(&device.name)?;
    let browser = BrowserSecret::of_request(headers, &state.config.origin).ok_or(SignInError::NoTicket)?;
    let DeviceOffer { name, public_key, proof, shared } = device;
    let offered = OfferedDevice { name: name.trim().to_owned(), public_key, proof, shared, address };
    let signing_in = tokio::spawn({
        let state = state.clone();
        async move {
            let now = state.clock.now();
            let opened = state.door().sign_in_by_ticket(browser.hash(), offered, before, now).await?;
            state.hub.wake_directory(&[opened.1.id]);
            Ok::<_, SignInError>(opened)
        }
    });
    let opened = opened(&state, signing_in.await.map_err(|_| Problem::internal())??, shared).await?;
    Ok((AppendHeaders([(header::SET_COOKIE, oidc::clear_cookie(&state.config.origin))]), opened)
        .into_response())
}

async fn opened(
    state: &AppState,
    (token, user, device): (Token, User, Device),
    shared: bool,
) -> Result<Response, Problem> {
    let factor_removed_at = state.store.factors(user.id).await?.removed_at;
    let info = SessionInfo {
        user: user.id,
        device: device.id,
        name: user.name,
        roles: user.roles,
        factor_removed_at,
    };
    let origin = &state.config.origin;
    let cookie = if shared { token.set_fleeting_cookie(origin) } else { token.set_cookie(origin) };
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(info)).into_response())
}

fn check_lengths(body: SignIn, address: std::net::IpAddr, party: Option<Party>) -> Result<Offered, Problem> {
    let (Some(email), Some(password)) = (body.email, body.password) else {
        return Err(Problem::bad_request("An address and a password are expected."));
    };
    let email = email.trim().to_owned();
    if is_refused(&email, LONGEST_EMAIL) {
        return Err(Problem::bad_request(format!("An address has at most {LONGEST_EMAIL} characters.")));
    }
    if password.chars().count() > passwords::LONGEST {
        return Err(Problem::bad_request(format!(
            "A password has at most {} characters.",
            passwords::LONGEST
        )));
    }
    let factor = given(body.code, body.passkey.as_deref(), party)?;
    check_name(&body.device.name)?;
    Ok(Offered {
        email,
        password,
        factor,
        device_name: body.device.name.trim().to_owned(),
        public_key: body.device.public_key,
        proof: body.device.proof,
        shared: body.device.shared,
        address,
    })
}

/// Whether a text is longer than any, or holds what is no text.
pub(super) fn is_refused(text: &str, most: usize) -> bool {
    text.chars().count() > most || text.chars().any(char::is_control)
}

fn check_name(name: &str) -> Result<(), Problem> {
    if is_refused(name, LONGEST_DEVICE_NAME) {
        return Err(Problem::bad_request(format!(
            "A device's name has at most {LONGEST_DEVICE_NAME} characters."
        )));
    }
    Ok(())
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let detail = error.to_string();
        match error {
            SignInError::Throttled(throttled) => Self::throttled(throttled),
            SignInError::SecondFactor(lacking) => {
                let (code, title, asked) = match lacking {
                    Lacking::Missing(asked) => ("second_factor", "A second step is needed", asked),
                    Lacking::Wrong(asked) => ("wrong_code", "Not the code", asked),
                    Lacking::Copied(asked) => ("passkey_copied", "A copied passkey", asked),
                };
                Self::new(StatusCode::UNAUTHORIZED, code, title).detail(detail).asking(asked)
            }
            SignInError::Busy(busy) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many sign-ins at once")
                    .detail(detail)
                    .retry_after(busy.seconds)
            }
            SignInError::BadProof => {
                Self::new(StatusCode::UNAUTHORIZED, "bad_proof", "Not proven").detail(detail)
            }
            SignInError::Refused => {
                Self::new(StatusCode::UNAUTHORIZED, "refused", "Not signed in").detail(detail)
            }
            SignInError::NoTicket => {
                Self::new(StatusCode::UNAUTHORIZED, "no_ticket", "Not signed in").detail(detail)
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
    let factor_removed_at = state.store.factors(user.id).await?.removed_at;
    Ok(Json(SessionInfo {
        user: user.id,
        device: who.session.device,
        name: user.name,
        roles: user.roles,
        factor_removed_at,
    }))
}

/// Signed out, of a session that goes with one of the provider.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    /// Where the page goes to end that one too
    provider: String,
}

/// Which session is to end.
#[derive(Debug, Default, Deserialize)]
pub struct SigningOut {
    /// Only the one on this device.
    device: Option<DeviceId>,
}

/// Signs out: the session ends. The device stays registered; one that keeps nothing is revoked.
#[utoipa::path(
    delete, path = "/api/session", tag = "session", params(
        ("device" = Option<String>, Query, description = "End it only if it is on this device: another tab of the browser may have signed in since")
    ),
    responses(
        (status = 204, description = "Signed out, or the session is on another device than the one named"),
        (status = 200, description = "Signed out here; the page ends the session at the provider", body = SignedOut),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn sign_out(
    State(state): State<AppState>,
    who: SignedIn,
    headers: HeaderMap,
    asked: Result<Query<SigningOut>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|_| Problem::bad_request("The address names no device."))?;
    if asked.device.is_some_and(|device| device != who.session.device) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let cleared = clear_cookie(&state.config.origin);
    // On a task of its own: who hangs up ends the request, not what must follow the commit.
    let ending = tokio::spawn({
        let state = state.clone();
        async move { end(&state, &who).await }
    });
    let there = ending.await.map_err(|_| Problem::internal())??;
    let back = own_address(&headers, &state.config.origin).map(|own| format!("{own}/"));
    let cleared = AppendHeaders([(header::SET_COOKIE, cleared)]);
    // Afterwards: here it has ended whatever the provider says.
    if let (Some(session), Ok(back), Some(provider)) = (there, back, &state.provider)
        && let Some(provider) = oidc::end(provider, &state.sealing, &session, &back, state.clock.now()).await
    {
        return Ok((cleared, Json(SignedOut { provider })).into_response());
    }
    Ok((StatusCode::NO_CONTENT, cleared).into_response())
}

/// Which session of the provider it went with is told.
async fn end(state: &AppState, who: &SignedIn) -> Result<Option<ProviderSession>, StoreError> {
    let there = state.store.provider_session(&who.token.hash()).await?;
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
    let device = who.session.device;
    let revoked = shared_devices::end(&mut *tx, device, state.clock.now()).await?;
    tx.commit().await?;
    state.hub.end_session_on(device);
    state.hub.barrier(&[who.session.user]).await;
    if revoked {
        shared_devices::tell(state, device, who.session.user).await?;
    }
    Ok(there)
}
