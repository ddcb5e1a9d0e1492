//! Sessions: a random token in a cookie, its hash in the store, and how long it lives.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use store::{Session, SharedStore, StoreError};

use crate::config::Origin;
use crate::random;

/// The cookie where the page is https: the prefix has browsers refuse it from anywhere else.
pub const SECURE_COOKIE: &str = "__Host-loopbaanmaat";
/// The cookie on loopback http.
pub const LOOPBACK_COOKIE: &str = "loopbaanmaat";
/// A session that was not used for this long has ended, in ms: two weeks of holiday.
pub const IDLE_MS: u64 = 14 * 24 * 60 * 60 * 1_000;
/// A session ends this long after it began, however much it was used, in ms.
pub const ABSOLUTE_MS: u64 = 90 * 24 * 60 * 60 * 1_000;
/// How coarsely it is noted when a session was used, and its device seen, in ms: a thousand devices that stay
/// connected must not be a thousand writes a minute.
pub const TOUCH_EVERY_MS: u64 = 5 * 60_000;

/// A session's secret, as in the cookie. Never logged: it has no `Debug`.
pub struct Token([u8; 32]);

impl Token {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(random::fresh())
    }

    /// What the store knows it by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// The one in a request's cookies.
    #[must_use]
    pub fn of_request(headers: &HeaderMap, origin: &Origin) -> Option<Self> {
        let name = cookie_name(origin);
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        let value = values.next()?;
        // Somebody has put another one beside it; nobody can say which is whose.
        if values.any(|other| other != value) {
            return None;
        }
        URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok().map(Self)
    }

    /// The `Set-Cookie` that gives it to a browser.
    #[must_use]
    pub fn set_cookie(&self, origin: &Origin) -> HeaderValue {
        cookie(origin, &URL_SAFE_NO_PAD.encode(self.0), Some(ABSOLUTE_MS / 1_000))
    }

    /// The same for a browser that is to forget it when it is closed.
    #[must_use]
    pub fn set_fleeting_cookie(&self, origin: &Origin) -> HeaderValue {
        cookie(origin, &URL_SAFE_NO_PAD.encode(self.0), None)
    }
}

/// The `Set-Cookie` that takes the token away.
#[must_use]
pub fn clear_cookie(origin: &Origin) -> HeaderValue {
    cookie(origin, "", Some(0))
}

fn cookie_name(origin: &Origin) -> &'static str {
    if origin.is_secure() { SECURE_COOKIE } else { LOOPBACK_COOKIE }
}

fn cookie(origin: &Origin, value: &str, max_age_s: Option<u64>) -> HeaderValue {
    let name = cookie_name(origin);
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    let max_age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{max_age}{secure}"))
        .expect("base64 and the words around it are visible ASCII")
}

/// What the cookie of a request is worth.
pub enum Standing {
    /// No session, or one that has ended.
    SignedOut,
    /// A session in use.
    SignedIn(Session),
    /// Its device was revoked: all it gets is the order to wipe.
    Revoked(Session),
}

/// Looks a token up, and notes that it was used.
///
/// # Errors
/// When the store cannot be read.
pub async fn standing(store: &SharedStore, token: &Token, now: u64) -> Result<Standing, StoreError> {
    let hash = token.hash();
    let Some(session) = store.session(&hash).await? else { return Ok(Standing::SignedOut) };
    // First, however old the session: a revoked device is to be emptied whenever it comes back.
    if session.revoked {
        return Ok(Standing::Revoked(session));
    }
    if session.disabled || has_ended(&session, now) {
        return Ok(Standing::SignedOut);
    }
    if now.saturating_sub(session.last_used) >= TOUCH_EVERY_MS {
        touch(store, &hash, now).await;
    }
    Ok(Standing::SignedIn(session))
}

/// Whether a session has lived its time.
#[must_use]
pub fn has_ended(session: &Session, now: u64) -> bool {
    now.saturating_sub(session.last_used) > IDLE_MS || now.saturating_sub(session.created_at) > ABSOLUTE_MS
}

/// A disk that is full must not keep anybody from reading: the note is left out then.
async fn touch(store: &SharedStore, hash: &[u8; 32], now: u64) {
    let noted = async {
        let mut tx = store.begin().await?;
        tx.touch_session(hash, now).await?;
        tx.commit().await
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "could not note the use of a session");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_token_comes_back_from_its_cookie() {
        let public = Origin::Public { origin: "https://loopbaan.example".into(), secure: true };
        for (origin, name) in [(Origin::Loopback, LOOPBACK_COOKIE), (public, SECURE_COOKIE)] {
            let token = Token::fresh();
            let set = token.set_cookie(&origin);
            let set = set.to_str().unwrap();
            assert!(set.starts_with(&format!("{name}=")), "{set}");
            assert!(set.contains("; HttpOnly; SameSite=Lax"));
            assert_eq!(set.contains("; Secure"), origin.is_secure());
            let pair = set.split(';').next().unwrap();
            let found = Token::of_request(&headers(&format!("other=1; {pair}")), &origin).unwrap();
            assert_eq!(found.hash(), token.hash());
        }
    }

    #[test]
    fn of_two_cookies_none_is_believed() {
        let [one, other] =
            [1, 2].map(|byte| format!("{LOOPBACK_COOKIE}={}", URL_SAFE_NO_PAD.encode([byte; 32])));
        let found = |cookie: String| Token::of_request(&headers(&cookie), &Origin::Loopback).is_some();
        assert!(found(format!("{one}; {one}")));
        assert!(!found(format!("{one}; {other}")));
        assert!(!found(format!("{one}; {LOOPBACK_COOKIE}=")));
    }

    #[test]
    fn a_cookie_of_another_name_or_length_is_no_token() {
        let value = URL_SAFE_NO_PAD.encode([1; 32]);
        for cookie in [format!("{SECURE_COOKIE}={value}"), format!("{LOOPBACK_COOKIE}=AAAA"), String::new()] {
            assert!(Token::of_request(&headers(&cookie), &Origin::Loopback).is_none(), "{cookie}");
        }
    }
}
