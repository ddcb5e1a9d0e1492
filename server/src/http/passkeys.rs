//! `/api/factors/passkeys`: passkeys made and taken away by their owner.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody, SignedIn};
use super::factors::{Proven, check_answer, host, proven};
use super::problem::Problem;
use super::session::is_refused;
use crate::identity::passkeys::{LONGEST_NAME, MOST, Party};
use crate::identity::second_factor;
use crate::state::AppState;

/// What a browser is to be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Making {
    /// `PublicKeyCredentialCreationOptionsJSON`
    #[schema(value_type = Object)]
    options: Value,
}

/// What a browser made of it.
#[derive(Deserialize, ToSchema)]
pub struct Made {
    /// What she calls it, 1 to 100 characters.
    name: String,
    /// `RegistrationResponseJSON`
    #[schema(value_type = Object)]
    passkey: Box<RawValue>,
}

/// The passkey counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Added {
    /// With a first second factor: recovery codes, shown this once.
    recovery_codes: Vec<String>,
}

/// Which one is to go, by whom.
#[derive(Deserialize, ToSchema)]
pub struct Unwanted {
    /// As `GET /api/factors` lists it
    id: String,
    password: String,
    /// A code, where one is asked for at sign-in.
    #[serde(default)]
    code: Option<String>,
    /// Or what her browser answered to the `passkey` of the problem `second_factor`: `AuthenticationResponseJSON`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    passkey: Option<Box<RawValue>>,
}

/// Begins to make a passkey.
#[utoipa::path(
    post, path = "/api/factors/passkeys", tag = "factors", request_body = Proven,
    responses(
        (status = 200, description = "What to ask the browser for", body = Making),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in, or not her password and second factor", body = Problem),
        (status = 409, description = "Not at this address, or she has as many as there may be", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn begin(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Proven>,
) -> Result<Json<Making>, Problem> {
    let party = party(&state, &headers)?;
    let (mut tx, user) = proven(&state, who.session.user, address, &headers, body).await?;
    let kept = tx.passkeys(user.id).await?;
    if kept.len() >= MOST {
        return Err(too_many());
    }
    // A passkey may have been shown to come this far.
    tx.commit().await?;
    let options = state.ceremonies.begin_to_make(&party, &user, &kept, state.clock.now());
    Ok(Json(Making { options: options.ok_or_else(Problem::internal)? }))
}

/// Keeps the passkey that a browser made.
#[utoipa::path(
    post, path = "/api/factors/passkeys/confirm", tag = "factors", request_body = Made,
    responses(
        (status = 200, description = "It counts from now on", body = Added),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 409, description = "Not what was asked for, too late, or somebody's already", body = Problem),
    )
)]
pub async fn confirm(
    State(state): State<AppState>,
    who: SignedIn,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Made>,
) -> Result<Json<Added>, Problem> {
    let name = body.name.trim();
    if name.is_empty() || is_refused(name, LONGEST_NAME) {
        return Err(Problem::bad_request(format!("A passkey's name has 1 to {LONGEST_NAME} characters.")));
    }
    let answer = check_answer(&body.passkey)?;
    let party = party(&state, &headers)?;
    let (me, now) = (who.session.user, state.clock.now());
    let passkey = state.ceremonies.made(&party, me, name.to_owned(), &answer, now).map_err(|error| {
        Problem::new(StatusCode::CONFLICT, "passkey_refused", "Not taken").detail(error.to_string())
    })?;
    let mut tx = state.store.begin().await?;
    if tx.passkeys(me).await?.len() >= MOST {
        return Err(too_many());
    }
    let recovery_codes = second_factor::add_passkey(&mut *tx, me, &passkey, now).await?;
    let recovery_codes = recovery_codes.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "passkey_refused", "Not taken")
            .detail("This passkey is known here already.")
    })?;
    tx.commit().await?;
    Ok(Json(Added { recovery_codes }))
}

/// Takes a passkey away.
#[utoipa::path(
    post, path = "/api/factors/passkeys/remove", tag = "factors", request_body = Unwanted,
    responses(
        (status = 204, description = "It is not taken any more"),
        (status = 400, description = "Not as expected", body = Problem),
        (status = 401, description = "Not signed in, or not her password and second factor", body = Problem),
        (status = 404, description = "She has none of that id", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn remove(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Unwanted>,
) -> Result<StatusCode, Problem> {
    let id =
        URL_SAFE_NO_PAD.decode(&body.id).map_err(|_| Problem::bad_request("That is no passkey's id."))?;
    let Unwanted { password, code, passkey, .. } = body;
    let proof = Proven { password, code, passkey };
    let (mut tx, user) = proven(&state, who.session.user, address, &headers, proof).await?;
    if !second_factor::remove_passkey(&mut *tx, user.id, &id, state.clock.now()).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn party(state: &AppState, headers: &HeaderMap) -> Result<Party, Problem> {
    Party::of(&state.config.origin, host(headers)).ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "no_passkeys_here", "Not at this address")
            .detail("Browsers make passkeys for a site with a name, and this one was reached by a number.")
    })
}

fn too_many() -> Problem {
    Problem::new(StatusCode::CONFLICT, "too_many_passkeys", "As many as there may be")
        .detail(format!("Somebody has at most {MOST} passkeys. Take one away first."))
}
