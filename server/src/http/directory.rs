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
    // Who names a version is told by the one that is remembered: nothing is worked out anew where nothing has changed.
    if headers.contains_key(header::IF_NONE_MATCH) {
        let version = state.directories.of(&state.store, who.session.user).await?;
        let etag = etag(&version.ok_or_else(Problem::not_signed_in)?)?;
        if matches_etag(&headers, &etag) {
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
        }
    }
    let directory =
        directory::of(&state.store, who.session.user).await?.ok_or_else(Problem::not_signed_in)?;
    let etag = etag(&directory.version)?;
    Ok(([(header::ETAG, etag)], Json(directory)).into_response())
}

/// The ETag of a version. The device keeps the directory itself, sealed; a browser's cache would keep it open, so it is told
/// nothing else than of all answers: not to keep it.
fn etag(version: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(&format!("\"{version}\"")).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::domain::role::Role;
    use store::Session;
    use store::contract::World;
    use store_sqlite::SqliteStore;

    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::identity::sessions::Token;

    #[tokio::test]
    async fn who_has_the_version_that_is_remembered_is_told_so_without_the_directory_being_read() {
        let folder = tempfile::tempdir().unwrap();
        let config =
            Config::new("127.0.0.1:0".parse().unwrap(), folder.path().into(), None, None, false).unwrap();
        let store = SqliteStore::open(&folder.path().join("loopbaanmaat.sqlite")).await.unwrap();
        let state = AppState::new(config, Arc::new(store), Clock::standing());
        let anna = World::on(Arc::clone(&state.store)).human(1, &[Role::Employee]).await;
        let session = Session {
            user: anna.user,
            device: anna.device(),
            created_at: 0,
            last_used: 0,
            revoked: false,
            disabled: false,
        };
        let asked = async |version: &str| {
            let who = SignedIn { session: session.clone(), token: Token::fresh() };
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, version.parse().unwrap())]);
            show(State(state.clone()), who, headers).await.unwrap().status()
        };
        // The first time it is worked out; then it could only be this by being remembered.
        assert_eq!(asked("\"another\"").await, StatusCode::OK);
        state.directories.pretend(anna.user, "remembered");
        assert_eq!(asked("\"remembered\"").await, StatusCode::NOT_MODIFIED);
        assert_eq!(asked("\"another\"").await, StatusCode::OK);
    }
}
