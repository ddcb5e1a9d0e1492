//! `/api/password`: one's own, changed or forgotten.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody, SignedIn};
use super::links::check_length;
use super::problem::Problem;
use super::session::{LONGEST_EMAIL, is_refused};
use crate::identity::choosing;
use crate::identity::forgotten::{self, NotAsked};
use crate::identity::throttle::Throttled;
use crate::state::AppState;

/// Who has forgotten her password.
#[derive(Deserialize, ToSchema)]
pub struct Forgotten {
    email: String,
}

/// Asks for a link to choose a new password. The answer is the same whoever asks, and comes before it is looked up.
#[utoipa::path(
    post, path = "/api/password/forgotten", tag = "password", request_body = Forgotten,
    responses(
        (status = 202, description = "Heard; if there is such an account, a link is on its way"),
        (status = 429, description = "Too often", body = Problem),
        (status = 503, description = "Too many ask at once", body = Problem),
    )
)]
pub async fn forgotten(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    JsonBody(body): JsonBody<Forgotten>,
) -> Result<StatusCode, Problem> {
    state.rates.address(address, state.clock.now())?;
    let email = body.email.trim().to_owned();
    if is_refused(&email, LONGEST_EMAIL) {
        return Err(Problem::bad_request(format!("An address has at most {LONGEST_EMAIL} characters.")));
    }
    forgotten::ask(&state, address, email)?;
    Ok(StatusCode::ACCEPTED)
}

/// The password of before and the new one.
#[derive(Deserialize, ToSchema)]
pub struct PasswordChange {
    before: String,
    password: String,
}

/// Gives whoever is signed in another password. Her other sessions end.
#[utoipa::path(
    put, path = "/api/password", tag = "password", request_body = PasswordChange,
    responses(
        (status = 204, description = "Changed"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 403, description = "The one of before is not right", body = Problem),
        (status = 422, description = "The new one will not do", body = Problem),
        (status = 429, description = "Too many attempts", body = Problem),
    )
)]
pub async fn change(
    State(state): State<AppState>,
    who: SignedIn,
    ClientAddress(address): ClientAddress,
    JsonBody(body): JsonBody<PasswordChange>,
) -> Result<StatusCode, Problem> {
    check_length(&body.before)?;
    // On a task of its own, like everything that is followed by something.
    let changing = tokio::spawn(async move {
        let PasswordChange { before, password } = body;
        choosing::change(&state, &who.session, &who.token, address, before, password).await
    });
    changing.await.map_err(|_| Problem::internal())??;
    Ok(StatusCode::NO_CONTENT)
}

impl From<NotAsked> for Problem {
    fn from(error: NotAsked) -> Self {
        match error {
            NotAsked::Throttled(throttled) => throttled.into(),
            NotAsked::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Too busy")
                .detail(error.to_string())
                .retry_after(5),
        }
    }
}

impl From<Throttled> for Problem {
    fn from(throttled: Throttled) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "Too many attempts")
            .detail(throttled.to_string())
            .retry_after(throttled.seconds)
    }
}
