//! The calls about sessions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::ids::DeviceId;
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
        /// What to ask the browser for, where a passkey would do here.
        passkey: Option<Value>,
    },
    /// What was given as one is not right, or was used before.
    #[error("the code is wrong")]
    WrongCode {
        /// What to ask the browser for next.
        passkey: Option<Value>,
    },
    /// The passkey that was shown has been copied.
    #[error("the passkey has been copied")]
    CopiedPasskey,
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

#[derive(Default, Deserialize)]
struct SecondFactor {
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    passkey: Option<Value>,
}

/// What is shown besides a password.
#[derive(Debug, Clone, Copy)]
pub enum Second<'a> {
    /// Nothing.
    None,
    /// A code of an app, or a recovery code.
    Code(&'a str),
    /// What the browser says of a passkey.
    Passkey(&'a Value),
}

/// What shows who it is.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// An address and what belongs to it.
    Password {
        /// The address.
        email: &'a str,
        /// The password.
        password: &'a str,
        /// The second factor, where one is asked for.
        second: Second<'a>,
    },
    /// The organisation's own sign-in, from which this browser has come back.
    Provider,
}

/// A session that was opened.
#[derive(Deserialize)]
pub struct Opened {
    /// Whose.
    #[serde(flatten)]
    pub me: Me,
    /// When somebody else took her second factor away, if she does not know that yet.
    pub factor_removed_at: Option<u64>,
}

/// Opens a session for the device with that key.
pub async fn sign_in(key: &DeviceKey, shown: Shown<'_>, shared: bool) -> Result<Opened, SignInError> {
    let get = Request { method: "GET", path: "/api/session/challenge", ..Request::default() };
    let answer = http::fetch(get).await?;
    let challenge: Challenge = expect(&answer)?;
    let bytes = URL_SAFE_NO_PAD
        .decode(&challenge.challenge)
        .map_err(|_| SignInError::Server { status: answer.status })?;
    let mut body = match shown {
        Shown::Password { email, password, second } => {
            let mut body = json!({ "email": email.trim(), "password": password });
            match second {
                Second::None => {}
                Second::Code(code) => body["code"] = code.into(),
                Second::Passkey(answer) => body["passkey"] = answer.clone(),
            }
            body
        }
        Shown::Provider => json!({ "provider": true }),
    };
    body["device"] = json!({
        "name": device_name(),
        "public_key": key.public(),
        "proof": key.sign_session(&bytes),
        "shared": shared,
    });
    let body = body.to_string();
    let body = Some(("application/json", body.as_bytes()));
    let post = Request { method: "POST", path: "/api/session", body, ..Request::default() };
    expect(&http::fetch(post).await?)
}

/// A session that has ended here.
#[derive(Debug, Default, Deserialize)]
pub struct Ended {
    /// Where the one at the organisation's own sign-in is ended.
    provider: Option<String>,
}

impl Ended {
    /// Starts the page anew, by way of the provider where a session ends there.
    pub fn go_on(self) {
        match self.provider {
            Some(place) => platform::go(&place),
            None => platform::reload(),
        }
    }
}

/// Ends the session, if it is on that device where one is named; none where the server does not know.
pub async fn sign_out(device: Option<DeviceId>) -> Option<Ended> {
    let path = sign_out_path(device);
    let delete = Request { method: "DELETE", path: &path, ..Request::default() };
    let answer = http::fetch(delete).await.ok()?;
    match answer.status {
        200 => Some(answer.json().unwrap_or_default()),
        // Without a session there is nothing to end.
        201..=299 | 401 => Some(Ended::default()),
        _ => None,
    }
}

/// The same while the page goes, without waiting for an answer.
pub fn sign_out_leaving(device: DeviceId) {
    wasm_bindgen_futures::spawn_local(async move {
        let path = sign_out_path(Some(device));
        let delete = Request { method: "DELETE", path: &path, keepalive: true, ..Request::default() };
        // Whoever does not hear it ends the device within a day.
        let _ = http::fetch(delete).await;
    });
}

fn sign_out_path(device: Option<DeviceId>) -> String {
    // Another tab of this browser may have signed in since, as another device.
    device.map_or_else(|| "/api/session".to_owned(), |device| format!("/api/session?device={device}"))
}

fn expect<T: serde::de::DeserializeOwned>(answer: &Answer) -> Result<T, SignInError> {
    let server = SignInError::Server { status: answer.status };
    match answer.status {
        200..=299 => answer.json().ok_or(server),
        401 => {
            let SecondFactor { methods, passkey } = answer.json().unwrap_or_default();
            Err(match answer.problem_code().as_deref() {
                Some("wrong_code") => SignInError::WrongCode { passkey },
                Some("passkey_copied") => SignInError::CopiedPasskey,
                _ if methods.is_empty() => SignInError::Wrong,
                _ => SignInError::SecondFactor { methods, passkey },
            })
        }
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
#[must_use]
pub fn device_name() -> String {
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
