//! `/api/links`: what somebody does with a link that she was given, before she has a session. The secret comes in
//! the body: addresses end up in logs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::LinkPurpose;
use utoipa::ToSchema;

use super::extract::{ClientAddress, JsonBody};
use super::problem::Problem;
use crate::identity::choosing::{self, ChoosingError};
use crate::identity::links::LinkToken;
use crate::identity::passwords::{self, WeakPassword};
use crate::state::AppState;

/// A link.
#[derive(Deserialize, ToSchema)]
pub struct Shown {
    /// `invitation` or `password`
    purpose: String,
    /// What stands behind the `#`
    token: String,
}

impl Shown {
    fn parse(&self) -> Result<(LinkPurpose, LinkToken), ChoosingError> {
        let purpose = LinkPurpose::from_code(&self.purpose).ok_or(ChoosingError::Over)?;
        Ok((purpose, self.token.parse().map_err(|_| ChoosingError::Over)?))
    }
}

/// Whom a link is for.
#[derive(Serialize, ToSchema)]
pub struct LinkInfo {
    name: String,
    email: String,
    /// In ms since 1970
    expires: u64,
}

/// Whom this link is for, as long as it can be used.
#[utoipa::path(
    post, path = "/api/links/look", tag = "links", request_body = Shown,
    responses(
        (status = 200, description = "It can be used", body = LinkInfo),
        (status = 404, description = "It was used, has expired, or never was", body = Problem),
        (status = 429, description = "Too many requests", body = Problem),
    )
)]
pub async fn look(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    JsonBody(body): JsonBody<Shown>,
) -> Result<Json<LinkInfo>, Problem> {
    state.rates.address(address, state.clock.now())?;
    let (purpose, token) = body.parse()?;
    let (link, user) = choosing::look(&state, purpose, &token).await?;
    Ok(Json(LinkInfo { name: user.name, email: user.email, expires: link.expires }))
}

/// A link and the password that is chosen with it.
#[derive(Deserialize, ToSchema)]
pub struct Choice {
    /// `invitation` or `password`
    purpose: String,
    /// What stands behind the `#`
    token: String,
    password: String,
}

/// Chooses a password, and uses the link up by it.
#[utoipa::path(
    post, path = "/api/links/use", tag = "links", request_body = Choice,
    responses(
        (status = 204, description = "Chosen; every session of before has ended"),
        (status = 404, description = "It was used, has expired, or never was", body = Problem),
        (status = 422, description = "The password will not do", body = Problem),
        (status = 429, description = "Too many requests", body = Problem),
    )
)]
pub async fn choose(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    JsonBody(body): JsonBody<Choice>,
) -> Result<StatusCode, Problem> {
    state.rates.address(address, state.clock.now())?;
    let Choice { purpose, token, password } = body;
    let (purpose, token) = Shown { purpose, token }.parse()?;
    // On a task of its own, like everything that is followed by something.
    let choosing = tokio::spawn(async move { choosing::by_link(&state, purpose, &token, password).await });
    choosing.await.map_err(|_| Problem::internal())??;
    Ok(StatusCode::NO_CONTENT)
}

impl From<ChoosingError> for Problem {
    fn from(error: ChoosingError) -> Self {
        let detail = error.to_string();
        match error {
            ChoosingError::Over => {
                Self::new(StatusCode::NOT_FOUND, "link_over", "No such link").detail(detail)
            }
            ChoosingError::Wrong => {
                Self::new(StatusCode::FORBIDDEN, "wrong_password", "Not the password").detail(detail)
            }
            ChoosingError::Weak(weak) => {
                let code = match weak {
                    WeakPassword::TooShort => "password_too_short",
                    WeakPassword::TooLong => "password_too_long",
                    WeakPassword::Guessable(_) => "password_guessable",
                };
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, "Not a password to choose").detail(detail)
            }
            ChoosingError::Throttled(throttled) => throttled.into(),
            ChoosingError::Hash => Self::internal(),
            ChoosingError::Store(error) => error.into(),
        }
    }
}

/// A problem where a password is longer than any that was ever taken: hashing it would be work for nothing.
///
/// # Errors
/// 400.
pub(super) fn check_length(password: &str) -> Result<(), Problem> {
    if password.chars().count() <= passwords::LONGEST {
        return Ok(());
    }
    Err(Problem::bad_request(format!("A password has at most {} characters.", passwords::LONGEST)))
}
