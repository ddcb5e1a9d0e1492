//! Calls to the server that are answered now or not at all: nothing of them is queued.

use serde_json::Value;

use crate::device::http::{self, Answer, Request};

/// Why a call did not do what was asked. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The server is out of reach.
    #[error("the server is out of reach")]
    Offline,
    /// The session has ended.
    #[error("the session has ended")]
    SignedOut,
    /// It said no, for that reason.
    #[error("refused: {0}")]
    Refused(String),
    /// Too many tries.
    #[error("too many tries")]
    Throttled {
        /// When to try again, in seconds.
        seconds: u64,
    },
    /// The server is there and cannot take anything just now.
    #[error("the server cannot take anything just now")]
    Unavailable,
    /// The server could not answer.
    #[error("the server could not answer")]
    Failed,
}

impl CallError {
    /// Whether the server said no with that code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(it) if it == code)
    }
}

/// Calls, with `body` as JSON.
pub(super) async fn call(method: &str, path: &str, body: Option<Value>) -> Result<Answer, CallError> {
    let body = body.map(|it| it.to_string());
    let body = body.as_ref().map(|it| ("application/json", it.as_bytes()));
    let request = Request { method, path, body, ..Request::default() };
    let answer = http::fetch(request).await.map_err(|_| CallError::Offline)?;
    match (answer.status, answer.problem_code()) {
        (200..=299, _) => Ok(answer),
        (401, _) => Err(CallError::SignedOut),
        (429, _) => Err(CallError::Throttled { seconds: answer.retry_after.unwrap_or(60) }),
        (503, Some(_)) => Err(CallError::Unavailable),
        // A proxy that does not reach the server has no code of ours.
        (502..=504, _) => Err(CallError::Offline),
        (400..=499, Some(code)) => Err(CallError::Refused(code)),
        _ => Err(CallError::Failed),
    }
}

/// The same, for what is in the answer.
pub(super) async fn call_for<T: serde::de::DeserializeOwned>(
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Result<T, CallError> {
    call(method, path, body).await?.json().ok_or(CallError::Failed)
}
