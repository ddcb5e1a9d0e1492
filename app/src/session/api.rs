//! The calls about sessions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use shared::sync::signature::DeviceKey;

use super::Me;
use crate::device::http::{self, Answer, OutOfReach, Request};
use crate::device::platform;

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Address or password is wrong; which one is not told.
    #[error("address or password is wrong")]
    Wrong,
    /// A second factor is asked for.
    #[error("a second factor is needed")]
    SecondFactor {
        /// Those that would do.
        methods: Vec<String>,
    },
    /// Too many tries.
    #[error("too many tries")]
    Throttled {
        /// When to try again, in seconds.
        seconds: u64,
    },
    /// This device belongs to someone else.
    #[error("this device belongs to someone else")]
    OtherPerson,
    /// The server is out of reach.
    #[error("the server is out of reach")]
    Offline,
    /// The server is there and cannot take anything just now, as with a full disk.
    #[error("the server cannot take anything just now")]
    Unavailable,
    /// The server could not answer.
    #[error("the server could not answer ({status})")]
    Server {
        /// Its status.
        status: u16,
    },
}

impl From<OutOfReach> for SignInError {
    fn from(_: OutOfReach) -> Self {
        Self::Offline
    }
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
}

#[derive(Deserialize)]
struct SecondFactor {
    #[serde(default)]
    methods: Vec<String>,
}

/// Opens a session for the device with that key.
pub async fn sign_in(
    key: &DeviceKey,
    email: &str,
    password: &str,
    code: Option<&str>,
) -> Result<Me, SignInError> {
    let get = Request { method: "GET", path: "/api/session/challenge", ..Request::default() };
    let answer = http::fetch(get).await?;
    let challenge: Challenge = expect(&answer)?;
    let bytes = URL_SAFE_NO_PAD
        .decode(&challenge.challenge)
        .map_err(|_| SignInError::Server { status: answer.status })?;
    let mut body = json!({
        "email": email.trim(),
        "password": password,
        "device": {
            "name": device_name(),
            "public_key": key.public(),
            "proof": key.sign_session(&bytes),
        },
    });
    if let Some(code) = code {
        body["code"] = code.into();
    }
    let body = body.to_string();
    let body = Some(("application/json", body.as_bytes()));
    let post = Request { method: "POST", path: "/api/session", body, ..Request::default() };
    expect(&http::fetch(post).await?)
}

/// Ends the session; whether the server knows.
pub async fn sign_out() -> bool {
    let delete = Request { method: "DELETE", path: "/api/session", ..Request::default() };
    // Without a session there is nothing to end.
    http::fetch(delete).await.is_ok_and(|answer| answer.status < 300 || answer.status == 401)
}

fn expect<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, SignInError> {
    let server = SignInError::Server { status: answer.status };
    match answer.status {
        200..=299 => answer.json().ok_or(server),
        401 => match answer.json::<SecondFactor>() {
            Some(SecondFactor { methods }) if !methods.is_empty() => {
                Err(SignInError::SecondFactor { methods })
            }
            _ => Err(SignInError::Wrong),
        },
        400 | 422 => Err(SignInError::Wrong),
        409 => Err(SignInError::OtherPerson),
        429 => Err(SignInError::Throttled { seconds: answer.retry_after.unwrap_or(60) }),
        // A proxy that does not reach the server has no code of ours.
        503 if answer.problem_code().is_some() => Err(SignInError::Unavailable),
        502..=504 => Err(SignInError::Offline),
        _ => Err(server),
    }
}

/// What the owner sees in the list of her devices: browser and system, as far as the browser says.
fn device_name() -> String {
    let agent = platform::window().navigator().user_agent().unwrap_or_default();
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or("?", |(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("iPad", "iPad"),
        ("iPhone", "iPhone"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    format!("{browser} · {system}")
}
