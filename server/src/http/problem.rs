//! What goes wrong, told as RFC 9457 says: `application/problem+json`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::StoreError;
use utoipa::ToSchema;

use super::request_id;
use crate::identity::second_factor::Asked;
use crate::identity::throttle::Throttled;

/// A problem, as answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:loopbaanmaat:problem:` and the code.
    #[serde(rename = "type")]
    kind: Box<str>,
    /// The code in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Box<str>>,
    /// What programs tell problems apart by.
    code: Box<str>,
    /// What would do, where a second factor is asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    would_do: Option<Box<WouldDo>>,
    /// To find the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<Box<str>>,
    /// When trying again makes sense.
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

/// The second factors that would do.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct WouldDo {
    methods: Vec<&'static str>,
    /// What to ask a browser for, where a passkey would do: `PublicKeyCredentialRequestOptionsJSON`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    passkey: Option<serde_json::Value>,
}

impl Problem {
    /// A problem with that code and a short title.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, title: &'static str) -> Self {
        Self {
            kind: format!("urn:loopbaanmaat:problem:{code}").into(),
            title,
            status: status.as_u16(),
            detail: None,
            code: code.into(),
            would_do: None,
            request_id: None,
            retry_after_s: None,
        }
    }

    /// The same with a sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into());
        self
    }

    /// The same with a time to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same with the second factors that would do.
    #[must_use]
    pub fn asking(mut self, asked: Asked) -> Self {
        let Asked { methods, passkey } = asked;
        self.would_do = Some(Box::new(WouldDo { methods, passkey }));
        self
    }

    /// Not there, or not for you to know of: one answer for both.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found")
            .detail("There is nothing here, or nothing that you may see.")
    }

    /// Something is not as the API asks for.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", "Bad request").detail(detail)
    }

    /// No session, or not any more.
    #[must_use]
    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "Not signed in").detail("Sign in and try again.")
    }

    /// Too many attempts to show who one is.
    #[must_use]
    pub fn throttled(throttled: Throttled) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "throttled", "Too many attempts")
            .detail(throttled.to_string())
            .retry_after(throttled.seconds)
    }

    /// A request from a page that is not ours.
    #[must_use]
    pub fn foreign_origin() -> Self {
        Self::new(StatusCode::FORBIDDEN, "foreign_origin", "Request from another site")
            .detail("The request did not come from a page of this server.")
    }

    /// More bytes than are taken.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large")
            .detail("The body is larger than this address takes.")
    }

    /// Our own fault; what exactly is in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error")
            .detail("This is a fault of the server; nothing was changed. The request id helps to find it.")
    }

    /// The status, for who needs to keep it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "storage");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Storage is not available")
                    .detail("Nothing was changed. Try again in a moment.")
                    .retry_after(5)
            }
            error => {
                tracing::error!(%error, "storage");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.request_id = request_id::current().map(Into::into);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
