//! `/api/factors`: what somebody shows besides her password. Hers alone: nobody sees another's, and an administrator
//! can only take it away.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::ids::UserId;
use store::{Passkey, StoreError, User, WriteTx};
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody, SignedIn};
use super::problem::Problem;
use crate::identity::passkeys::{LONGEST_ANSWER, Party};
use crate::identity::passwords;
use crate::identity::second_factor::{self, BeginError, Given};
use crate::identity::sign_in::Proof;
use crate::identity::totp;
use crate::state::AppState;

/// What an app shows the account under.
const ISSUER: &str = "Loopbaanmaat";
/// Characters that a code may have, however it is written.
const LONGEST_CODE: usize = 64;

/// A person's second factors.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorList {
    /// Whether she signs in with a password here; somebody who signs in elsewhere has no factors here.
    password: bool,
    /// Since when an app is asked for, in ms since 1970.
    totp: Option<u64>,
    /// Her passkeys, oldest first.
    passkeys: Vec<KeptPasskey>,
    /// Whether passkeys can be made for the address that she came by; for one of numbers they cannot.
    passkeys_here: bool,
    /// Recovery codes that have not been used.
    recovery_left: u32,
    /// When an administrator took her factors away, as long as she has not said that she knows.
    removed_at: Option<u64>,
}

/// A passkey, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptPasskey {
    /// Base64url without padding.
    id: String,
    name: String,
    /// In ms since 1970.
    made_at: u64,
    /// In ms since 1970.
    used_at: Option<u64>,
}

/// Who asks for a change shows once more who she is.
#[derive(Deserialize, ToSchema)]
pub struct Proven {
    pub(super) password: String,
    /// A code, where one is asked for at sign-in.
    #[serde(default)]
    pub(super) code: Option<String>,
    /// Or what her browser answered to the `passkey` of the problem `second_factor`: `AuthenticationResponseJSON`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(super) passkey: Option<Box<RawValue>>,
}

/// A code from an app.
#[derive(Deserialize, ToSchema)]
pub struct Code {
    code: String,
}

/// A secret for an app; it counts once a code has shown that the app has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTotp {
    /// In base32, to be typed.
    secret: String,
    /// The `otpauth` link with it.
    link: String,
    picture: Option<Picture>,
}

/// The link as a QR code.
#[derive(Debug, Serialize, ToSchema)]
pub struct Picture {
    /// Width and height in modules.
    size: usize,
    /// The dark modules, as the `d` of an SVG path.
    path: String,
}

/// Recovery codes, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Lists them.
#[utoipa::path(
    get, path = "/api/factors", tag = "factors",
    responses(
        (status = 200, description = "Her second factors", body = FactorList),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn list(
    State(state): State<AppState>,
    who: SignedIn,
    headers: HeaderMap,
) -> Result<Json<FactorList>, Problem> {
    let user = state.store.user(who.session.user).await?.ok_or_else(Problem::not_signed_in)?;
    let factors = state.store.factors(user.id).await?;
    let passkeys = state.store.passkeys(user.id).await?;
    Ok(Json(FactorList {
        password: user.password_hash.is_some(),
        totp: factors.totp.and_then(|it| it.confirmed_at),
        passkeys: passkeys.into_iter().map(KeptPasskey::from).collect(),
        passkeys_here: Party::of(&state.config.origin, host(&headers)).is_some(),
        recovery_left: factors.recovery_left,
        removed_at: factors.removed_at,
    }))
}

/// Starts setting an app up.
#[utoipa::path(
    post, path = "/api/factors/totp", tag = "factors", request_body = Proven,
    responses(
        (status = 200, description = "The secret for the app", body = NewTotp),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in, or not her password", body = Problem),
        (status = 409, description = "There is one already", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn begin_totp(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Proven>,
) -> Result<Json<NewTotp>, Problem> {
    let (mut tx, user) = proven(&state, who.session.user, address, &headers, body).await?;
    if tx.factors(user.id).await?.has_app() {
        return Err(Problem::new(StatusCode::CONFLICT, "factor_exists", "There is one already")
            .detail("An app is set up for this account. Switch it off before setting up another."));
    }
    let secret = second_factor::begin(&mut *tx, &state.sealing, user.id).await?;
    tx.commit().await?;
    let link = secret.link(ISSUER, &user.email);
    let picture = totp::picture(&link).map(|totp::Picture { size, path }| Picture { size, path });
    Ok(Json(NewTotp { secret: secret.text(), link, picture }))
}

/// Has the app count, shown by a code of it; gives out recovery codes.
#[utoipa::path(
    post, path = "/api/factors/totp/confirm", tag = "factors", request_body = Code,
    responses(
        (status = 200, description = "It counts from now on", body = RecoveryCodes),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 409, description = "Nothing is being set up, or the code is not right", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn confirm_totp(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    JsonBody(body): JsonBody<Code>,
) -> Result<Json<RecoveryCodes>, Problem> {
    check_code(Some(&body.code))?;
    let user = state.store.user(who.session.user).await?.ok_or_else(Problem::not_signed_in)?;
    let now = state.clock.now();
    state.throttle.attempt(address, &user.email, now).map_err(Problem::throttled)?;
    let mut tx = state.store.begin().await?;
    let factors = tx.factors(user.id).await?;
    let pending = factors.totp.filter(|it| it.confirmed_at.is_none());
    let pending = pending.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "nothing_to_confirm", "Nothing to confirm")
            .detail("No app is being set up. Begin again.")
    })?;
    let codes = second_factor::confirm(&mut *tx, &state.sealing, user.id, &pending, &body.code, now).await?;
    let recovery_codes = codes.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "wrong_code", "Not the code")
            .detail("This is not the code that the app shows now.")
    })?;
    tx.commit().await?;
    state.throttle.succeeded(address, &user.email);
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Switches the second factor off.
#[utoipa::path(
    post, path = "/api/factors/remove", tag = "factors", request_body = Proven,
    responses(
        (status = 204, description = "Only the password is asked for from now on"),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in, or not her password and code", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn remove(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Proven>,
) -> Result<StatusCode, Problem> {
    let (mut tx, user) = proven(&state, who.session.user, address, &headers, body).await?;
    second_factor::remove(&mut *tx, user.id, state.clock.now()).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives out new recovery codes in place of those before.
#[utoipa::path(
    post, path = "/api/factors/recovery-codes", tag = "factors", request_body = Proven,
    responses(
        (status = 200, description = "New codes", body = RecoveryCodes),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in, or not her password and code", body = Problem),
        (status = 409, description = "She has no second factor", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn recovery_codes(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Proven>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let (mut tx, user) = proven(&state, who.session.user, address, &headers, body).await?;
    if !tx.factors(user.id).await?.are_asked_for() {
        return Err(Problem::new(StatusCode::CONFLICT, "no_factor", "No second factor")
            .detail("Recovery codes come with a second factor. Set one up first."));
    }
    let recovery_codes = second_factor::new_recovery_codes(&mut *tx, user.id, state.clock.now()).await?;
    tx.commit().await?;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// She knows that an administrator took her second factor away.
#[utoipa::path(
    delete, path = "/api/factors/removal", tag = "factors",
    responses(
        (status = 204, description = "It is not told again"),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn removal_is_known(State(state): State<AppState>, who: SignedIn) -> Result<StatusCode, Problem> {
    let mut tx = state.store.begin().await?;
    tx.note_factor_removal(who.session.user, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A transaction in which it has been shown that it is she.
pub(super) async fn proven(
    state: &AppState,
    user: UserId,
    address: std::net::IpAddr,
    headers: &HeaderMap,
    body: Proven,
) -> Result<(Box<dyn WriteTx>, User), Problem> {
    let factor = given(body.code, body.passkey.as_deref(), Party::of(&state.config.origin, host(headers)))?;
    if body.password.chars().count() > passwords::LONGEST {
        return Err(Problem::bad_request(format!(
            "A password has at most {} characters.",
            passwords::LONGEST
        )));
    }
    let proof = Proof { password: body.password, factor, address };
    Ok(state.door().prove(user, proof, state.clock.now()).await?)
}

/// What was given besides a password, or a problem where it is longer than any.
pub(super) fn given(
    code: Option<String>,
    passkey: Option<&RawValue>,
    party: Option<Party>,
) -> Result<Given, Problem> {
    check_code(code.as_deref())?;
    let passkey = passkey.map(check_answer).transpose()?;
    Ok(Given { code, passkey, party })
}

/// A browser's answer, or a problem where it is longer than any.
pub(super) fn check_answer(answer: &RawValue) -> Result<String, Problem> {
    if answer.get().len() > LONGEST_ANSWER {
        return Err(Problem::bad_request(format!(
            "What a browser says of a passkey has at most {LONGEST_ANSWER} bytes."
        )));
    }
    Ok(answer.get().to_owned())
}

/// The host that a browser asked for.
pub(super) fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// A problem where a code is longer than any.
fn check_code(code: Option<&str>) -> Result<(), Problem> {
    match code {
        Some(code) if code.chars().count() > LONGEST_CODE => {
            Err(Problem::bad_request(format!("A code has at most {LONGEST_CODE} characters.")))
        }
        _ => Ok(()),
    }
}

impl From<Passkey> for KeptPasskey {
    fn from(passkey: Passkey) -> Self {
        let Passkey { credential, name, made_at, used_at, .. } = passkey;
        Self { id: URL_SAFE_NO_PAD.encode(credential), name, made_at, used_at }
    }
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Store(error) => error.into(),
            BeginError::Sealing(error) => StoreError::Unavailable(error.to_string()).into(),
        }
    }
}
