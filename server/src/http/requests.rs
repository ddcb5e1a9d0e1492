//! `/api/requests/{request}`: what there is about the person who asked, without a word of it.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use shared::access::{self, Access};
use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{RequestId, TrajectoryId, UserId};
use store::FoundDocument;
use utoipa::ToSchema;

use super::extract::SignedIn;
use super::problem::Problem;
use crate::state::AppState;

/// Somebody who can see a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reading {
    #[schema(value_type = String)]
    id: UserId,
    /// `read` or `write`
    #[schema(value_type = String)]
    access: Access,
}

/// A document about a person: that it is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct About {
    #[schema(value_type = String)]
    kind: DocKind,
    #[schema(value_type = Option<String>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<String>)]
    trajectory: Option<TrajectoryId>,
    /// How many changes it holds
    changes: u64,
    /// Who wrote in it
    #[schema(value_type = Vec<String>)]
    authors: Vec<UserId>,
    /// Who can see it
    readers: Vec<Reading>,
    /// When the first change was made, in ms since 1970
    first_at: Option<u64>,
    /// When the newest change was made, in ms since 1970
    last_at: Option<u64>,
}

/// What there is about the person who asked, for who settles her request, while it is open.
#[utoipa::path(
    get, path = "/api/requests/{request}/documents", tag = "requests", params(("request" = String, Path)),
    responses(
        (status = 200, description = "Every document about her, without content", body = Vec<About>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not there, not open, or not yours to settle", body = Problem),
    )
)]
pub async fn documents(
    State(state): State<AppState>,
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Json<Vec<About>>, Problem> {
    let id: RequestId = text.parse().map_err(|_| Problem::not_found())?;
    let user = state.store.user(who.session.user).await?;
    let request = state.store.request(id).await?;
    let has = |role| user.as_ref().is_some_and(|it| !it.disabled && it.roles.contains(&role));
    let Some(request) = request.filter(|it| it.state.is_open()) else { return Err(Problem::not_found()) };
    let manager = state.store.manager_of(request.person).await?;
    let advises = has(Role::CareerAdviser) && access::advises(who.session.user, request.person, manager);
    // Nobody settles her own.
    match Some(request).filter(|it| it.person != who.session.user && (advises || has(Role::Administrator))) {
        Some(request) => {
            let found = state.store.documents_about(request.person).await?;
            Ok(Json(found.into_iter().map(about).collect()))
        }
        None => Err(Problem::not_found()),
    }
}

fn about(it: FoundDocument) -> About {
    let (first_at, last_at) = it.written;
    let reading = |(id, access)| Reading { id, access };
    About {
        kind: it.kind,
        owner: it.owner,
        trajectory: it.trajectory,
        changes: it.changes,
        authors: it.authors,
        readers: it.readers.into_iter().map(reading).collect(),
        first_at,
        last_at,
    }
}
