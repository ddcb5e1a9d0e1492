//! `/api/audit`: the audit log, for administrators.
// What the macro of a route with parameters writes is not for people.
#![allow(unused_qualifications)]

use std::collections::HashMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::domain::audit::{AuditEntry, AuditPage};
use shared::ids::UserId;
use store::{AuditFilter, AuditRow};
use utoipa::IntoParams;

use super::extract::Administrator;
use super::problem::Problem;
use crate::audit;
use crate::audit_csv;
use crate::state::AppState;

/// Rows of a page.
const PAGE: u32 = 50;

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Those below this number
    before: Option<u64>,
    /// Those of this person
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Those of this action
    action: Option<String>,
    /// Those from this moment on, in ms since 1970
    from: Option<u64>,
    /// Those up to this moment, in ms since 1970
    until: Option<u64>,
}

impl From<AuditQuery> for AuditFilter {
    fn from(query: AuditQuery) -> Self {
        let AuditQuery { before, user, action, from, until } = query;
        Self { before, user, action: action.filter(|it| !it.is_empty()), from, until }
    }
}

/// A page of the audit log, the newest first.
#[utoipa::path(
    get, path = "/api/audit", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, description = "Rows, and the head of the log", body = Object),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not there, or not for you", body = Problem),
    )
)]
pub async fn page(
    State(state): State<AppState>,
    who: Administrator,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("The question is not as expected."))?;
    audit::note_look(&state, &who.session).await?;
    let mut rows = state.store.audit_page(&query.into(), PAGE + 1).await?;
    let more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let head = store::audit_head(&*state.store).await?;
    let page = AuditPage { rows: rows.into_iter().map(entry).collect(), more, head };
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(page)).into_response())
}

fn entry(row: AuditRow) -> AuditEntry {
    let AuditRow { seq, event, .. } = row;
    AuditEntry {
        seq,
        at: event.at,
        user: event.user,
        device: event.device,
        action: event.action,
        object: event.object,
    }
}

/// The rows as a table for a spreadsheet, with the names of today.
#[utoipa::path(
    get, path = "/api/audit/export", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, description = "CSV, the newest first", content_type = "text/csv"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not there, or not for you", body = Problem),
    )
)]
pub async fn export(
    State(state): State<AppState>,
    who: Administrator,
    query: Result<Query<AuditQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::bad_request("The question is not as expected."))?;
    audit::note(&state, &who.session, audit::EXPORTED).await?;
    let names: HashMap<UserId, String> =
        state.store.users().await?.into_iter().map(|it| (it.id, it.name)).collect();
    let lines = audit_csv::lines(state.store.clone(), query.into(), names);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"logboek.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}
