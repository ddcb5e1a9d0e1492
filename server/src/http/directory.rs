//! `GET /api/directory`: everything about who and what that a person may know.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::extract::SignedIn;
use super::problem::Problem;
use super::security::matches_etag;
use crate::directory;
use crate::state::AppState;

/// The directory of whoever is signed in.
#[utoipa::path(
    get, path = "/api/directory", tag = "directory",
    responses(
        (status = 200, description = "The directory; its version is the ETag", body = Object),
        (status = 304, description = "Still the version named in If-None-Match"),
        (status = 401, description = "Not signed in", body = Problem),
    )
)]
pub async fn show(
    State(state): State<AppState>,
    who: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let directory =
        directory::of(&state.store, who.session.user).await?.ok_or_else(Problem::not_signed_in)?;
    let etag =
        HeaderValue::from_str(&format!("\"{}\"", directory.version)).map_err(|_| Problem::internal())?;
    let fresh = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    if matches_etag(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    Ok((fresh, Json(directory)).into_response())
}
