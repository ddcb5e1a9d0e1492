//! The calls about the second step. They need a connection: a secret is not put in a queue.

use serde::Deserialize;
use serde_json::json;

use crate::device::http::{self, Answer, OutOfReach, Request};

/// What a person's account asks for besides her password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Factors {
    /// She signs in with a password here.
    pub password: bool,
    /// Since when an app is asked for, in ms since 1970.
    pub totp: Option<u64>,
    /// Recovery codes that have not been used.
    pub recovery_left: u32,
}

/// What an app is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NewTotp {
    /// To be typed.
    pub secret: String,
    /// To be opened on the phone itself.
    pub link: String,
    /// To be scanned.
    pub picture: Option<Picture>,
}

/// A QR code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Picture {
    /// Width and height.
    pub size: usize,
    /// The dark squares, as the `d` of a path.
    pub path: String,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Not her password.
    #[error("the password is wrong")]
    WrongPassword,
    /// Not the code, or one that was used.
    #[error("the code is wrong")]
    WrongCode,
    /// Too many tries.
    #[error("too many tries")]
    Throttled {
        /// When to try again, in seconds.
        seconds: u64,
    },
    /// It is no longer as the page shows it.
    #[error("it has changed meanwhile")]
    Changed,
    /// The session has ended.
    #[error("the session has ended")]
    SignedOut,
    /// The server is out of reach.
    #[error("the server is out of reach")]
    Offline,
    /// The server could not do it.
    #[error("the server could not do it")]
    Failed,
}

impl From<OutOfReach> for FactorError {
    fn from(_: OutOfReach) -> Self {
        Self::Offline
    }
}

#[derive(Deserialize)]
struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// How it is now.
pub async fn list() -> Result<Factors, FactorError> {
    let get = Request { method: "GET", path: "/api/factors", ..Request::default() };
    read(&http::fetch(get).await?)
}

/// Begins with an app.
pub async fn begin_totp(password: &str) -> Result<NewTotp, FactorError> {
    read(&post("/api/factors/totp", &json!({ "password": password })).await?)
}

/// Shows that the app works; the recovery codes come with it.
pub async fn confirm_totp(code: &str) -> Result<Vec<String>, FactorError> {
    let answer = post("/api/factors/totp/confirm", &json!({ "code": code })).await?;
    read(&answer).map(|RecoveryCodes { recovery_codes }| recovery_codes)
}

/// New recovery codes in place of those before.
pub async fn new_recovery_codes(password: &str, code: &str) -> Result<Vec<String>, FactorError> {
    let answer = post("/api/factors/recovery-codes", &json!({ "password": password, "code": code })).await?;
    read(&answer).map(|RecoveryCodes { recovery_codes }| recovery_codes)
}

/// Switches the second step off.
pub async fn remove(password: &str, code: &str) -> Result<(), FactorError> {
    check(&post("/api/factors/remove", &json!({ "password": password, "code": code })).await?)
}

/// She has read that somebody else switched it off. Told again at the next sign-in if this does not arrive.
pub async fn removal_is_known() {
    let delete = Request { method: "DELETE", path: "/api/factors/removal", ..Request::default() };
    let _ = http::fetch(delete).await;
}

async fn post(path: &str, body: &serde_json::Value) -> Result<Answer, OutOfReach> {
    let body = body.to_string();
    let body = Some(("application/json", body.as_bytes()));
    http::fetch(Request { method: "POST", path, body, ..Request::default() }).await
}

fn read<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, FactorError> {
    check(answer)?;
    answer.json().ok_or(FactorError::Failed)
}

fn check(answer: &Answer) -> Result<(), FactorError> {
    let code = answer.problem_code();
    match (answer.status, code.as_deref()) {
        (200..=299, _) => Ok(()),
        (401, Some("refused")) => Err(FactorError::WrongPassword),
        (400, _) | (401, Some("second_factor")) | (401 | 409, Some("wrong_code")) => {
            Err(FactorError::WrongCode)
        }
        (401, _) => Err(FactorError::SignedOut),
        (409, _) => Err(FactorError::Changed),
        (429, _) => Err(FactorError::Throttled { seconds: answer.retry_after.unwrap_or(60) }),
        // A proxy that does not reach the server has no code of ours.
        (502..=504, None) => Err(FactorError::Offline),
        _ => Err(FactorError::Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, code: &str) -> Result<(), FactorError> {
        let body = json!({ "code": code }).to_string().into_bytes();
        check(&Answer { status, body, retry_after: Some(7) })
    }

    #[test]
    fn what_the_server_says_is_told_apart() {
        assert_eq!(outcome(204, ""), Ok(()));
        assert_eq!(outcome(401, "refused"), Err(FactorError::WrongPassword));
        assert_eq!(outcome(401, "wrong_code"), Err(FactorError::WrongCode));
        assert_eq!(outcome(409, "wrong_code"), Err(FactorError::WrongCode));
        assert_eq!(outcome(401, "second_factor"), Err(FactorError::WrongCode));
        assert_eq!(outcome(401, "not_signed_in"), Err(FactorError::SignedOut));
        assert_eq!(outcome(409, "factor_exists"), Err(FactorError::Changed));
        assert_eq!(outcome(429, "throttled"), Err(FactorError::Throttled { seconds: 7 }));
        assert_eq!(outcome(503, "unavailable"), Err(FactorError::Failed));
        assert_eq!(check(&Answer { status: 502, ..Answer::default() }), Err(FactorError::Offline));
    }
}
