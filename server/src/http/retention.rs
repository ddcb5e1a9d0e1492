//! `/api/retention`: how long things are kept and what goes when, for administrators. It is changed by a command.
// What the macro of a route with parameters writes is not for people.
#![allow(unused_qualifications)]

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::domain::kind::DocKind;
use shared::domain::retention::{Period, Unit};
use utoipa::IntoParams;

use super::extract::Administrator;
use super::problem::Problem;
use crate::retention;
use crate::state::AppState;

const FRESH: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// The periods, and how many documents go in which month: never whose.
#[utoipa::path(
    get, path = "/api/retention", tag = "retention",
    responses(
        (status = 200, description = "Periods, counts, and records of destroyed documents", body = Object),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not there, or not for you", body = Problem),
    )
)]
pub async fn show(State(state): State<AppState>, _: Administrator) -> Result<Response, Problem> {
    let overview = retention::overview(&state.store, state.clock.now()).await?;
    Ok((FRESH, Json(overview)).into_response())
}

/// Another period.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PreviewQuery {
    /// Of which kind
    #[param(value_type = String)]
    kind: DocKind,
    /// How many
    count: u16,
    /// `days` or `months`
    #[param(value_type = String)]
    unit: Unit,
}

/// What another period would do. Nothing is changed.
#[utoipa::path(
    get, path = "/api/retention/preview", tag = "retention", params(PreviewQuery),
    responses(
        (status = 200, description = "How many would go at once, and in which month", body = Object),
        (status = 400, description = "No such kind, or no period that may be", body = Problem),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not there, or not for you", body = Problem),
    )
)]
pub async fn preview(
    State(state): State<AppState>,
    _who: Administrator,
    query: Result<Query<PreviewQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let bad = || {
        Problem::bad_request("There is no such kind with a clock, or the period is too short or too long.")
    };
    let Query(PreviewQuery { kind, count, unit }) = query.map_err(|_| bad())?;
    let found = retention::preview(&state.store, kind, Period { count, unit }, state.clock.now()).await?;
    Ok((FRESH, Json(found.ok_or_else(bad)?)).into_response())
}
