//! What somebody asks of the server about her password, with a session or without.

use serde::Deserialize;
use serde_json::json;

use super::call::{CallError, call, call_for};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Choosing the first password.
    Invitation,
    /// Choosing another one.
    Password,
}

impl LinkPurpose {
    fn code(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Password => "password",
        }
    }
}

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LinkInfo {
    /// Her name.
    pub name: String,
    /// The address she signs in with.
    pub email: String,
}

/// Whom this link is for.
///
/// # Errors
/// `link_over` where it does not work any more.
pub async fn look(purpose: LinkPurpose, token: &str) -> Result<LinkInfo, CallError> {
    let body = json!({ "purpose": purpose.code(), "token": token });
    call_for("POST", "/api/links/look", Some(body)).await
}

/// Chooses a password with a link.
///
/// # Errors
/// When nothing was changed.
pub async fn choose(purpose: LinkPurpose, token: &str, password: &str) -> Result<(), CallError> {
    let body = json!({ "purpose": purpose.code(), "token": token, "password": password });
    call("POST", "/api/links/use", Some(body)).await.map(drop)
}

/// Asks for a link to choose a new password; the answer does not say whether there is such an account.
///
/// # Errors
/// When it was not heard.
pub async fn forgotten(email: &str) -> Result<(), CallError> {
    call("POST", "/api/password/forgotten", Some(json!({ "email": email.trim() }))).await.map(drop)
}

/// Changes one's own password.
///
/// # Errors
/// When nothing was changed.
pub async fn change(before: &str, password: &str) -> Result<(), CallError> {
    call("PUT", "/api/password", Some(json!({ "before": before, "password": password }))).await.map(drop)
}
