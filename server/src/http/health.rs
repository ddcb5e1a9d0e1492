//! For whoever keeps the server running: is it there, and can it do its work?

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;

use super::extract::ClientAddress;
use super::problem::Problem;
use crate::state::AppState;

/// How long one look at the database answers everybody who asks, in ms.
const FRESH_MS: u64 = 1_000;

/// What the last look at the database has shown. Anybody can ask, so whoever asks while somebody else looks waits
/// for that answer.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<Looked>>);

#[derive(Debug, Clone, Copy)]
struct Looked {
    at: u64,
    is_ready: bool,
}

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
        (status = 429, description = "Too many requests", body = Problem),
        (status = 503, description = "The database is not available", body = Problem),
    )
)]
pub async fn ready(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
) -> Result<&'static str, Problem> {
    state.rates.address(address, state.clock.now())?;
    if is_ready(&state).await {
        return Ok("ready");
    }
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Storage is not available")
        .detail("The database cannot be read or written just now.")
        .retry_after(5))
}

async fn is_ready(state: &AppState) -> bool {
    let mut last = state.readiness.0.lock().await;
    let now = state.clock.now();
    // The difference counts both ways: a clock may be set back.
    if let Some(looked) = last.filter(|looked| now.abs_diff(looked.at) < FRESH_MS) {
        return looked.is_ready;
    }
    let outcome = state.store.ready().await;
    if let Err(error) = &outcome {
        tracing::error!(%error, "storage is not ready");
    }
    *last = Some(Looked { at: now, is_ready: outcome.is_ok() });
    outcome.is_ok()
}
