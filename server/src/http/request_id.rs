//! Each request has a number of ours: in the log, in the answer's headers and in every problem.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tracing::Instrument as _;

use crate::random;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The number of the request that is being answered.
#[must_use]
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Numbers a request. What a client claims to be its number is not taken over: it would end up in the log.
pub async fn number(request: Request, next: Next) -> Response {
    let id = URL_SAFE_NO_PAD.encode(random::fresh::<16>());
    // Which route, not what somebody wrote in its place: a path can hold the secret of a link, or anything at all.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let started = std::time::Instant::now();
    let mut response = CURRENT
        .scope(id.clone(), async {
            let response = next.run(request).await;
            tracing::debug!(status = response.status().as_u16(), took = ?started.elapsed(), "answered");
            response
        })
        .instrument(span)
        .await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
