//! `/.well-known/security.txt`: where to report a weakness (RFC 9116).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::IntoResponse;

use crate::clock::civil;
use crate::config::Origin;
use crate::state::AppState;

/// How long the file is to be believed, in ms.
const VALID_MS: u64 = 180 * 24 * 60 * 60 * 1_000;

/// Where to report a weakness.
#[utoipa::path(
    get, path = "/.well-known/security.txt", tag = "health",
    responses((status = 200, description = "As RFC 9116 says", body = str))
)]
pub async fn security_txt(State(state): State<AppState>, headers: HeaderMap) -> impl IntoResponse {
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok()).unwrap_or("localhost");
    let origin = match &state.config.origin {
        Origin::Public { origin, .. } => origin.clone(),
        Origin::Loopback => format!("http://{host}"),
    };
    let name = origin.split("://").nth(1).unwrap_or("localhost").split(':').next().unwrap_or("localhost");
    // RFC 2142 has every organisation read this mailbox.
    let contact = format!("mailto:security@{name}");
    let expires = date(state.clock.now() + VALID_MS);
    let text = format!(
        "Contact: {contact}\nExpires: {expires}\nPreferred-Languages: nl, en\nCanonical: {origin}/.well-known/security.txt\n"
    );
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text)
}

/// Midnight of that moment's day, as RFC 3339 writes it.
fn date(ms: u64) -> String {
    let (year, month, day) = civil(ms / 86_400_000);
    format!("{year:04}-{month:02}-{day:02}T00:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01T00:00:00Z");
        assert_eq!(date(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(date(1_798_675_200_000 + 5), "2026-12-31T00:00:00Z");
    }
}
