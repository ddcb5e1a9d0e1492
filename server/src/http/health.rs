//! For whoever keeps the server running: is it there, and can it do its work?

use axum::extract::State;

use super::problem::Problem;
use crate::state::AppState;

/// The process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "It runs", body = str)))]
pub async fn live() -> &'static str {
    "live"
}

/// The database can be read and written.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "Requests can be answered", body = str),
        (status = 503, description = "The database is not available", body = Problem),
    )
)]
pub async fn ready(State(state): State<AppState>) -> Result<&'static str, Problem> {
    state.store.ready().await?;
    Ok("ready")
}
