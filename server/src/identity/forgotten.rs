//! A forgotten password: whoever asks hears the same at once, and what comes of it goes by mail, or to an
//! administrator who hands a link over.

use std::sync::Arc;

use store::{AuditEvent, LinkPurpose, StoreError, User};
use tokio::sync::Semaphore;

use super::links::{self, NewLink};
use super::throttle::{Throttle, Throttled};
use crate::mail::Letter;
use crate::state::AppState;

/// In the audit log: somebody asked for a new password.
const ASKED: &str = "password_ask";
/// Requests looked into at once; each is a look into the database, and who asks does not wait for it.
const AT_ONCE: usize = 32;

/// What is kept of who asks.
#[derive(Debug)]
pub struct Asking {
    throttle: Throttle,
    turns: Arc<Semaphore>,
}

impl Default for Asking {
    fn default() -> Self {
        Self { throttle: Throttle::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// Why a request is not looked into; neither says whether there is such an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAsked {
    /// Too often, from there or about that address.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// Too many at once.
    #[error("too many ask at once; try again in a moment")]
    Busy,
}

/// Looks into a request on a task of its own: how long that takes depends on whether there is such an account.
///
/// # Errors
/// [`NotAsked`].
pub fn ask(state: &AppState, address: std::net::IpAddr, email: String) -> Result<(), NotAsked> {
    state.asking.throttle.attempt(address, &email, state.clock.now())?;
    let turn = Arc::clone(&state.asking.turns).try_acquire_owned().map_err(|_| NotAsked::Busy)?;
    let state = state.clone();
    tokio::spawn(async move {
        let _turn = turn;
        if let Err(error) = look_into(&state, &email).await {
            tracing::error!(%error, "a request for a new password could not be kept");
        }
    });
    Ok(())
}

async fn look_into(state: &AppState, email: &str) -> Result<(), StoreError> {
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    let Some(user) = tx.user_by_email(email).await?.filter(|it| !it.disabled) else { return Ok(()) };
    // Who has not accepted her invitation gets no second way in that lives longer than the first.
    let by_mail = state.mail.is_on() && user.password_hash.is_some();
    let link = if by_mail {
        Some(links::make(&mut *tx, user.id, LinkPurpose::Password, now).await?)
    } else {
        tx.put_password_wish(user.id, now).await?;
        None
    };
    tx.audit(&AuditEvent {
        at: now,
        user: None,
        device: None,
        action: ASKED.into(),
        object: user.id.to_string(),
    })
    .await?;
    tx.commit().await?;
    if let Some(link) = link
        && !post(state, &user, &link)
    {
        undelivered(state, &user).await?;
    }
    Ok(())
}

/// Hands a link over to be mailed to its person; `false` where nothing is mailed, or too much waits.
#[must_use]
pub fn post(state: &AppState, user: &User, link: &NewLink) -> bool {
    let address = link.token.address(&state.address(), link.purpose);
    state.mail.post(Letter {
        user: user.id,
        to: user.email.clone(),
        purpose: link.purpose,
        link: address,
        expires: link.expires,
    })
}

/// A link to choose a password did not reach its person: an administrator is to hand her one.
async fn undelivered(state: &AppState, user: &User) -> Result<(), StoreError> {
    let mut tx = state.store.begin().await?;
    tx.put_password_wish(user.id, state.clock.now()).await?;
    tx.commit().await
}
