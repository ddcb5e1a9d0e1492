//! Signing in at the provider, as far as the store knows of it: leaving, coming back, and whose account it is.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use shared::domain::role::Role;
use shared::ids::UserId;
use store::{
    AuditEvent, ProviderAttempt, ProviderSession, ProviderTicket, SharedStore, StoreError, User, WriteTx,
};

use super::provider::{Leaving, LoggedOut, Named, Provider, ProviderError, ProviderSettings};
use super::sealing::{Sealing, SealingError};
use crate::commands::accounts::{self, AccountError, NewAccount};
use crate::commands::{FollowUp, roles};
use crate::config::Origin;
use crate::random;

/// How long signing in at the provider may take, in ms: with an app and a form that is minutes.
pub const ATTEMPT_MS: u64 = 10 * 60_000;
/// How long somebody who has come back has until her device shows its key, in ms: she may have to unlock it first.
pub const TICKET_MS: u64 = 10 * 60_000;
/// The cookie by which a browser that comes back is known, where the page is https.
const SECURE_COOKIE: &str = "__Host-loopbaanmaat-provider";
/// The same on loopback http.
const LOOPBACK_COOKIE: &str = "loopbaanmaat-provider";

/// What a browser has in its cookie while it signs in: never logged, it has no `Debug`.
pub struct BrowserSecret([u8; 32]);

impl BrowserSecret {
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
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok())
            .map(Self)
    }

    /// The `Set-Cookie` that gives it to a browser.
    #[must_use]
    pub fn set_cookie(&self, origin: &Origin) -> HeaderValue {
        cookie(origin, &URL_SAFE_NO_PAD.encode(self.0), (ATTEMPT_MS + TICKET_MS) / 1_000)
    }
}

/// The `Set-Cookie` that takes it away.
#[must_use]
pub fn clear_cookie(origin: &Origin) -> HeaderValue {
    cookie(origin, "", 0)
}

fn cookie_name(origin: &Origin) -> &'static str {
    if origin.is_secure() { SECURE_COOKIE } else { LOOPBACK_COOKIE }
}

fn cookie(origin: &Origin, value: &str, max_age_s: u64) -> HeaderValue {
    let name = cookie_name(origin);
    let secure = if origin.is_secure() { "; Secure" } else { "" };
    // Lax: the provider's page sends the browser back here.
    HeaderValue::from_str(&format!(
        "{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}"
    ))
    .expect("base64 and the words around it are visible ASCII")
}

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum ProviderSignInError {
    /// It was not begun in this browser, or too long ago, or came back before.
    #[error("this sign-in was not begun here, or has ended")]
    NotBegun,
    /// The provider, or the person at it, said no.
    #[error("the provider let nobody in: {0}")]
    Declined(String),
    /// The address of the account is that of another.
    #[error("there is an account with this address already, of which the provider is not known to speak")]
    EmailTaken,
    /// Who is not known gets no account.
    #[error("there is no account for this person")]
    NoAccount,
    /// The account was disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The provider is not to be reached or believed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Nothing can be sealed.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// Nothing can be stored just now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProviderSignInError {
    /// What the page is told.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Declined(_) => "declined",
            Self::EmailTaken => "email_taken",
            Self::NoAccount | Self::Disabled => "no_account",
            Self::Provider(ProviderError::Unreachable(_)) => "unreachable",
            Self::Provider(_) => "untrue",
            Self::Sealing(_) | Self::Store(_) => "unavailable",
        }
    }

    /// Every such word.
    pub const CODES: [&str; 7] =
        ["not_begun", "declined", "email_taken", "no_account", "unreachable", "untrue", "unavailable"];
}

/// A sign-in begins: remembers it, and says where the browser goes.
///
/// # Errors
/// [`ProviderSignInError`].
pub async fn leave(
    store: &SharedStore,
    provider: &Provider,
    browser: &BrowserSecret,
    redirect: &str,
    now: u64,
) -> Result<String, ProviderSignInError> {
    let Leaving { url, state, nonce, verifier } = provider.leave(redirect, now).await?;
    let attempt = ProviderAttempt {
        browser_hash: browser.hash(),
        nonce,
        verifier,
        redirect: redirect.to_owned(),
        expires: now + ATTEMPT_MS,
    };
    let mut tx = store.begin().await?;
    tx.put_provider_attempt(&hash_of(&state), &attempt, now).await?;
    tx.commit().await?;
    Ok(url)
}

/// What the provider sent back with the browser.
pub struct CameBack {
    /// What it left with.
    pub state: String,
    /// To be exchanged.
    pub code: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who says so (RFC 9207).
    pub issuer: Option<String>,
}

/// A browser comes back: whoever the provider names has an account with the roles that follow, and a ticket for
/// the browser, which has a new secret from now on.
///
/// # Errors
/// [`ProviderSignInError`].
pub async fn come_back(
    store: &SharedStore,
    provider: &Provider,
    sealing: &Sealing,
    browser: Option<&BrowserSecret>,
    came: CameBack,
    now: u64,
) -> Result<(BrowserSecret, FollowUp), ProviderSignInError> {
    let mut tx = store.begin().await?;
    let attempt = tx.take_provider_attempt(&hash_of(&came.state), now).await?;
    // Whatever becomes of it, it does not come back a second time.
    tx.commit().await?;
    let attempt = attempt.ok_or(ProviderSignInError::NotBegun)?;
    if browser.map(BrowserSecret::hash) != Some(attempt.browser_hash) {
        return Err(ProviderSignInError::NotBegun);
    }
    let settings = &provider.settings;
    if came.issuer.is_some_and(|it| it != settings.issuer.as_str()) {
        return Err(ProviderError::Untrue("another provider answered".into()).into());
    }
    let Some(code) = came.code else {
        return Err(ProviderSignInError::Declined(came.error.unwrap_or_default()));
    };
    let ProviderAttempt { nonce, verifier, redirect, .. } = attempt;
    let named = provider.name(code, verifier, nonce, &redirect, now).await?;

    let mut tx = store.begin().await?;
    let (user, follow_up) = account(&mut *tx, settings, &named, now).await?;
    let ticket = ProviderTicket {
        user: user.id,
        session: ProviderSession {
            issuer: settings.issuer.to_string(),
            subject: named.subject,
            sid: named.sid,
            id_token: sealing.seal(ID_TOKEN, named.id_token.as_bytes())?,
        },
        expires: now + TICKET_MS,
    };
    let next = BrowserSecret::fresh();
    tx.put_provider_ticket(&next.hash(), &ticket, now).await?;
    tx.commit().await?;
    Ok((next, follow_up))
}

/// What ID tokens are sealed for.
const ID_TOKEN: &[u8] = b"loopbaanmaat.id_token.v1";

/// Where the browser goes to end its session at the provider too; none where there is none, or it cannot be said now.
pub async fn end(
    provider: &Provider,
    sealing: &Sealing,
    session: &ProviderSession,
    back: &str,
    now: u64,
) -> Option<String> {
    // One that was configured before is not asked.
    if session.issuer != provider.settings.issuer.as_str() {
        return None;
    }
    let opened =
        sealing.open(ID_TOKEN, &session.id_token).inspect_err(|error| tracing::error!(%error)).ok()?;
    let ended = provider.end(&String::from_utf8(opened).ok()?, back, now).await;
    ended.inspect_err(|error| tracing::warn!(%error, "a session at the provider is not ended")).ok().flatten()
}

/// The account of somebody whom the provider named, with what follows from that.
async fn account(
    tx: &mut dyn WriteTx,
    settings: &ProviderSettings,
    named: &Named,
    now: u64,
) -> Result<(User, FollowUp), ProviderSignInError> {
    let issuer = settings.issuer.as_str();
    let (mut user, is_new) = match tx.identity(issuer, &named.subject).await? {
        Some(id) => (tx.user(id).await?.ok_or(ProviderSignInError::NoAccount)?, false),
        None => (make(tx, settings, named, now).await?, true),
    };
    if user.disabled {
        return Err(ProviderSignInError::Disabled);
    }
    let mut follow_up = FollowUp::default();
    let before = user.clone();
    if let Some(email) = &named.email
        && !email.eq_ignore_ascii_case(&user.email)
        // The address of another stays hers.
        && tx.user_by_email(email).await?.is_none()
    {
        user.email.clone_from(email);
    }
    if let Some(name) = named.name.as_deref().map(str::trim).filter(|it| !it.is_empty()) {
        name.clone_into(&mut user.name);
    }
    if user != before {
        tx.put_user(&user).await?;
        audit(tx, user.id, "provider_changed", now).await?;
    }
    let wanted = settings.roles_of(&named.claims);
    if let Some(wanted) = wanted.filter(|wanted| is_new || *wanted != user.roles) {
        roles::set(tx, &mut user, wanted, &mut follow_up).await?;
        audit(tx, user.id, "provider_roles", now).await?;
    } else if is_new {
        let roles = user.roles.clone();
        roles::set(tx, &mut user, roles, &mut follow_up).await?;
    }
    if user != before {
        // Who works here, under which name, is in everybody's directory.
        follow_up.directory.extend(tx.users().await?.into_iter().map(|it| it.id));
    }
    Ok((user, follow_up))
}

/// An account for somebody who has none, where the settings allow it. An address says nothing of who somebody is: who
/// has that of an account is not let into it.
async fn make(
    tx: &mut dyn WriteTx,
    settings: &ProviderSettings,
    named: &Named,
    now: u64,
) -> Result<User, ProviderSignInError> {
    let Some(email) = named.email.clone() else { return Err(ProviderSignInError::NoAccount) };
    if tx.user_by_email(&email).await?.is_some() {
        return Err(ProviderSignInError::EmailTaken);
    }
    if !settings.new_accounts {
        return Err(ProviderSignInError::NoAccount);
    }
    let name = named.name.clone().unwrap_or_else(|| email.clone());
    let account = NewAccount {
        email,
        name,
        unit: String::new(),
        roles: vec![Role::Employee],
        password_hash: String::new(),
    };
    let made = accounts::add(tx, account, now).await.map_err(|error| match error {
        AccountError::Store(error) => ProviderSignInError::Store(error),
        AccountError::Exists(_) => ProviderSignInError::EmailTaken,
        _ => ProviderSignInError::NoAccount,
    })?;
    // Nothing opens it here: she signs in at the provider.
    let user = User { password_hash: None, ..made };
    tx.put_user(&user).await?;
    tx.put_identity(settings.issuer.as_str(), &named.subject, user.id).await?;
    Ok(user)
}

/// The provider has ended a session: those that go with it end here. What is to be told of it; none where the token
/// was shown before.
///
/// # Errors
/// When the store fails.
pub async fn logged_out(
    store: &SharedStore,
    settings: &ProviderSettings,
    token: &LoggedOut,
    now: u64,
) -> Result<Option<Vec<(UserId, shared::ids::DeviceId)>>, StoreError> {
    let mut tx = store.begin().await?;
    if !tx.use_logout_token(&hash_of(&token.jti), token.expires, now).await? {
        return Ok(None);
    }
    let issuer = settings.issuer.as_str();
    let ended = tx.end_provider_sessions(issuer, &token.subject, token.sid.as_deref()).await?;
    for (user, device) in &ended {
        tx.audit(&AuditEvent {
            at: now,
            user: Some(*user),
            device: Some(*device),
            action: "provider_sign_out".into(),
            object: device.to_string(),
        })
        .await?;
    }
    tx.commit().await?;
    Ok(Some(ended))
}

fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

async fn audit(tx: &mut dyn WriteTx, user: UserId, action: &str, now: u64) -> Result<(), StoreError> {
    let event = AuditEvent {
        at: now,
        user: Some(user),
        device: None,
        action: action.into(),
        object: user.to_string(),
    };
    tx.audit(&event).await
}
