//! What every answer carries to keep a browser from being turned against its user, and where requests may
//! come from.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_http::csrf::{CsrfLayer, ProtectionError, ResponseForProtectionError};

use super::problem::Problem;
use crate::config::Origin;
use crate::state::AppState;

/// For answers that are no pages: nothing may be loaded or framed from them.
const DATA_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Two years, as the preload lists ask for at least one.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000; includeSubDomains");
/// Nothing that a page of ours could be made to use.
const PERMISSIONS: HeaderValue = HeaderValue::from_static(
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
     magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
);

/// The policy of the client's pages and workers; `inline` are the hashes of the loader's scripts.
#[must_use]
pub fn page_policy(inline: &[String]) -> HeaderValue {
    let scripts = [&["'self'".to_owned(), "'wasm-unsafe-eval'".to_owned()], inline].concat().join(" ");
    HeaderValue::from_str(&format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    ))
    .expect("base64 and the words around it are visible ASCII")
}

/// Adds the headers that an answer does not have yet.
pub async fn headers(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    add(header::CONTENT_SECURITY_POLICY, DATA_POLICY);
    add(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // `no-referrer` would turn the Origin of some same-site requests into `null`.
    add(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    add(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    add(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    add(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    add(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if state.config.origin.is_secure() {
        add(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

/// Refuses a request that names more than one host: whoever stands in front may have gone by another than we do.
pub async fn one_host(request: Request, next: Next) -> Response {
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return Problem::bad_request("A request is for one host.").into_response();
    }
    next.run(request).await
}

/// Refuses what changes state and comes from a page of another site.
///
/// # Panics
/// Never: the origin was checked when the configuration was read.
pub fn csrf(origin: &Origin) -> CsrfLayer<ForeignRequest> {
    let layer = CsrfLayer::new();
    let layer = match origin {
        Origin::Public { origin, .. } => layer
            .add_trusted_origin(origin)
            .expect("it was parsed from an address and written as browsers do"),
        Origin::Loopback => layer,
    };
    layer.with_rejection_response(ForeignRequest)
}

/// The answer to a request from another site.
#[derive(Debug, Clone, Copy)]
pub struct ForeignRequest;

impl ResponseForProtectionError<axum::body::Body> for ForeignRequest {
    fn response_for_protection_error(&mut self, _error: ProtectionError) -> Response {
        Problem::foreign_origin().into_response()
    }
}

/// Whether a request says that it comes from a page of ours. `None`: it does not say.
#[must_use]
pub fn comes_from_own_page(headers: &HeaderMap, origin: &Origin) -> Option<bool> {
    let from = headers.get(header::ORIGIN)?;
    let host = headers.get(header::HOST).and_then(|it| it.to_str().ok());
    Some(from.to_str().is_ok_and(|from| origin.is_own(from, host)))
}

/// Whether a request already has what `etag` stands for.
#[must_use]
pub fn matches_etag(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    let opaque = |it: &str| it.trim().trim_start_matches("W/").to_owned();
    let etag = opaque(etag);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|it| it.trim() == "*" || opaque(it) == etag)
}
