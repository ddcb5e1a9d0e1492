//! `/api/documents/{doc}`: about a document, never what is in it; that goes by sync.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::access::{Access, Relation, reasons};
use shared::ids::UserId;
use store::Audience;
use utoipa::ToSchema;

use super::extract::DocReader;
use super::problem::Problem;
use crate::state::AppState;

/// Who can see a document, and who has opened it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Seen {
    /// Everybody who can see it, by name
    readers: Vec<Reader>,
    /// Everybody who was ever sent what is in it, the first one first: not its owner, and nobody of what is the whole
    /// pool's
    openings: Vec<Opening>,
}

/// Somebody who can see a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reader {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    /// `read` or `write`
    #[schema(value_type = String)]
    access: Access,
    /// Since when she can see it, in ms since 1970; left out where that was not noted
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<u64>,
    /// Why: how she stands to it
    #[schema(value_type = Vec<String>)]
    why: Vec<Relation>,
}

/// The first time that somebody opened a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opening {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    /// When the server first sent her what is in it, in ms since 1970
    at: u64,
}

/// Who can see this, since when and why; and who opened it? By name, to whoever can see it herself.
#[utoipa::path(
    get, path = "/api/documents/{doc}/readers", tag = "documents", params(("doc" = String, Path)),
    responses(
        (status = 200, description = "Everybody who can read it, and who has", body = Seen),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not yours or not there", body = Problem),
    )
)]
pub async fn readers(State(state): State<AppState>, doc: DocReader) -> Result<Json<Seen>, Problem> {
    // Whoever can read it is one of them, unless that has just ended.
    let audience =
        state.store.audience(doc.who.session.user, doc.id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(told(audience)))
}

fn told(audience: Audience) -> Seen {
    let Audience { facts, readers, openings } = audience;
    let reader = |it: store::Reader| Reader {
        why: reasons(&it.subject, &facts),
        id: it.subject.user,
        name: it.name,
        access: it.access,
        since: it.since,
    };
    let opening = |it: store::Opening| Opening { id: it.user, name: it.name, at: it.at };
    Seen {
        readers: readers.into_iter().map(reader).collect(),
        openings: openings.into_iter().map(opening).collect(),
    }
}
