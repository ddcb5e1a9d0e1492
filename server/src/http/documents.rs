//! `/api/documents/{doc}`: about a document, never what is in it; that goes by sync.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::access::Access;
use shared::ids::UserId;
use utoipa::ToSchema;

use super::extract::DocReader;
use super::problem::Problem;
use crate::state::AppState;

/// Somebody who can see a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reader {
    #[schema(value_type = String)]
    id: UserId,
    name: String,
    /// `read` or `write`
    #[schema(value_type = String)]
    access: Access,
}

/// Who can see this? By name, to whoever can see it herself.
#[utoipa::path(
    get, path = "/api/documents/{doc}/readers", tag = "documents", params(("doc" = String, Path)),
    responses(
        (status = 200, description = "Everybody who can read it", body = Vec<Reader>),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not yours or not there", body = Problem),
    )
)]
pub async fn readers(State(state): State<AppState>, doc: DocReader) -> Result<Json<Vec<Reader>>, Problem> {
    let readers = state.store.readers(doc.who.session.user, doc.id).await?;
    // Whoever can read it is one of them, unless that has just ended.
    if readers.is_empty() {
        return Err(Problem::not_found());
    }
    let reader = |it: store::Reader| Reader { id: it.user, name: it.name, access: it.access };
    Ok(Json(readers.into_iter().map(reader).collect()))
}
