//! The calls about the second step. They need a connection: a secret is not put in a queue.

use serde::Deserialize;
use serde_json::{Value, json};

use super::passkeys::{self, PasskeyError};

use crate::device::http::{self, Answer, OutOfReach, Request};

/// What a person's account asks for besides her password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Factors {
    /// She signs in with a password here.
    pub password: bool,
    /// Since when an app is asked for, in ms since 1970.
    pub totp: Option<u64>,
    /// Her passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Whether the address of this page is one that passkeys can be made for.
    pub passkeys_here: bool,
    /// Recovery codes that have not been used.
    pub recovery_left: u32,
}

impl Factors {
    /// Whether a password is not enough.
    #[must_use]
    pub fn are_asked_for(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// How she can show that it is she, besides her password.
    #[must_use]
    pub fn ways(&self) -> Ways {
        Ways {
            code: self.totp.is_some() || self.recovery_left > 0,
            passkey: !self.passkeys.is_empty() && self.passkeys_here && passkeys::are_possible(),
        }
    }
}

/// What there is besides a password.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ways {
    /// A code.
    pub code: bool,
    /// A passkey.
    pub passkey: bool,
}

/// A passkey that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Passkey {
    /// Its id.
    pub id: String,
    /// What she calls it.
    pub name: String,
    /// When it was made, in ms since 1970.
    pub made_at: u64,
    /// When it was last used, in ms since 1970.
    pub used_at: Option<u64>,
}

/// What shows that it is she.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Her password.
    pub password: String,
    /// What else.
    pub second: Second,
}

/// What is shown besides a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Second {
    /// Nothing, where nothing is asked for.
    None,
    /// A code of an app, or a recovery code.
    Code(String),
    /// A passkey, which the browser is asked for.
    Passkey,
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
    /// The passkey that was shown has been copied.
    #[error("the passkey has been copied")]
    CopiedPasskey,
    /// The server does not take what the browser made.
    #[error("the passkey is not taken")]
    NotTaken,
    /// She has as many passkeys as there may be.
    #[error("she has as many passkeys as there may be")]
    TooMany,
    /// The browser has no passkey to show.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
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
pub async fn begin_totp(proof: &Proof) -> Result<NewTotp, FactorError> {
    read(&proved("/api/factors/totp", json!({}), proof).await?)
}

/// Shows that the app works; the recovery codes come with it.
pub async fn confirm_totp(code: &str) -> Result<Vec<String>, FactorError> {
    let answer = post("/api/factors/totp/confirm", &json!({ "code": code })).await?;
    read(&answer).map(|RecoveryCodes { recovery_codes }| recovery_codes)
}

/// New recovery codes in place of those before.
pub async fn new_recovery_codes(proof: &Proof) -> Result<Vec<String>, FactorError> {
    let answer = proved("/api/factors/recovery-codes", json!({}), proof).await?;
    read(&answer).map(|RecoveryCodes { recovery_codes }| recovery_codes)
}

/// Switches the second step off.
pub async fn remove(proof: &Proof) -> Result<(), FactorError> {
    check(&proved("/api/factors/remove", json!({}), proof).await?)
}

/// Has the browser make a passkey and the server keep it; recovery codes come with the first second factor.
pub async fn add_passkey(name: &str, proof: &Proof) -> Result<Vec<String>, FactorError> {
    #[derive(Deserialize)]
    struct Making {
        options: Value,
    }
    let Making { options } = read(&proved("/api/factors/passkeys", json!({}), proof).await?)?;
    let made = passkeys::make(&options).await?;
    let body = json!({ "name": name, "passkey": made });
    let answer = post("/api/factors/passkeys/confirm", &body).await?;
    read(&answer).map(|RecoveryCodes { recovery_codes }| recovery_codes)
}

/// Takes a passkey away.
pub async fn remove_passkey(id: &str, proof: &Proof) -> Result<(), FactorError> {
    check(&proved("/api/factors/passkeys/remove", json!({ "id": id }), proof).await?)
}

/// She has read that somebody else switched it off. Told again at the next sign-in if this does not arrive.
pub async fn removal_is_known() {
    let delete = Request { method: "DELETE", path: "/api/factors/removal", ..Request::default() };
    let _ = http::fetch(delete).await;
}

/// Sends it with the proof; what a passkey is asked for is in the server's first answer.
async fn proved(path: &str, mut body: Value, proof: &Proof) -> Result<Answer, FactorError> {
    #[derive(Deserialize)]
    struct Asked {
        passkey: Value,
    }
    body["password"] = proof.password.as_str().into();
    if let Second::Code(code) = &proof.second {
        body["code"] = code.as_str().into();
    }
    let answer = post(path, &body).await?;
    if proof.second != Second::Passkey || answer.problem_code().as_deref() != Some("second_factor") {
        return Ok(answer);
    }
    let Asked { passkey } = answer.json().ok_or(PasskeyError::Unable)?;
    body["passkey"] = passkeys::show(&passkey).await?;
    Ok(post(path, &body).await?)
}

async fn post(path: &str, body: &Value) -> Result<Answer, OutOfReach> {
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
        (401, Some("passkey_copied")) => Err(FactorError::CopiedPasskey),
        (409, Some("passkey_refused")) => Err(FactorError::NotTaken),
        (409, Some("too_many_passkeys")) => Err(FactorError::TooMany),
        (400, _) | (401, Some("second_factor")) | (401 | 409, Some("wrong_code")) => {
            Err(FactorError::WrongCode)
        }
        (401, _) => Err(FactorError::SignedOut),
        (404 | 409, _) => Err(FactorError::Changed),
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
        assert_eq!(outcome(401, "passkey_copied"), Err(FactorError::CopiedPasskey));
        assert_eq!(outcome(409, "passkey_refused"), Err(FactorError::NotTaken));
        assert_eq!(outcome(409, "too_many_passkeys"), Err(FactorError::TooMany));
        assert_eq!(outcome(404, "not_found"), Err(FactorError::Changed));
        assert_eq!(outcome(409, "factor_exists"), Err(FactorError::Changed));
        assert_eq!(outcome(429, "throttled"), Err(FactorError::Throttled { seconds: 7 }));
        assert_eq!(outcome(503, "unavailable"), Err(FactorError::Failed));
        assert_eq!(check(&Answer { status: 502, ..Answer::default() }), Err(FactorError::Offline));
    }
}
