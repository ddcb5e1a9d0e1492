//! Choosing a password: with a link, or by who knows the one before.

use std::net::IpAddr;

use store::{AuditEvent, Link, LinkPurpose, Session, StoreError, User};

use super::links::LinkToken;
use super::passwords::{self, WeakPassword};
use super::sessions::Token;
use super::throttle::Throttled;
use crate::commands::FollowUp;
use crate::state::AppState;

/// In the audit log: an invitation was accepted.
const ACCEPTED: &str = "invitation_accept";
/// In the audit log: a password was chosen anew with a link.
const CHOSEN_ANEW: &str = "password_reset";
/// In the audit log: a person changed her own password.
const CHANGED: &str = "password_change";

/// Letters and digits that a password has besides what everybody knows of her.
const OF_HER_OWN: usize = 8;

/// Why a password was not taken. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ChoosingError {
    /// The link was used, has expired, was replaced, never was, or its account is disabled: which is not told.
    #[error("this link is not valid (any more)")]
    Over,
    /// The new one will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The one before is not right.
    #[error("the password of before is not right")]
    Wrong,
    /// Too many attempts.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The server is stopping.
    #[error("the password could not be hashed")]
    Hash,
    /// Nothing can be stored just now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whose link this is, as long as it can be used for that purpose.
///
/// # Errors
/// [`ChoosingError::Over`], [`ChoosingError::Store`].
pub async fn look(
    state: &AppState,
    purpose: LinkPurpose,
    token: &LinkToken,
) -> Result<(Link, User), ChoosingError> {
    let link = state.store.link(&token.hash()).await?;
    let link = link.filter(|it| is_valid(it, purpose, state.clock.now())).ok_or(ChoosingError::Over)?;
    let user = state.store.user(link.user).await?.filter(|it| !it.disabled).ok_or(ChoosingError::Over)?;
    Ok((link, user))
}

fn is_valid(link: &Link, purpose: LinkPurpose, now: u64) -> bool {
    link.purpose == purpose && now < link.expires
}

/// Uses a link up: its person has that password from now on, and is signed out wherever she was signed in.
///
/// # Errors
/// [`ChoosingError`]; the link is still good where it was.
pub async fn by_link(
    state: &AppState,
    purpose: LinkPurpose,
    token: &LinkToken,
    password: String,
) -> Result<(), ChoosingError> {
    let (_, user) = look(state, purpose, token).await?;
    let hash = hash(state, &user, password).await?;
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    // Again: while the hash was computed the same link may have been used, or its account disabled.
    let link = tx.take_link(&token.hash()).await?.filter(|it| is_valid(it, purpose, now));
    let link = link.ok_or(ChoosingError::Over)?;
    let mut user = tx.user(link.user).await?.filter(|it| !it.disabled).ok_or(ChoosingError::Over)?;
    user.password_hash = Some(hash);
    tx.put_user(&user).await?;
    tx.remove_links_of(user.id).await?;
    tx.remove_password_wish(user.id).await?;
    tx.end_sessions_of(user.id).await?;
    let action = match purpose {
        LinkPurpose::Invitation => ACCEPTED,
        LinkPurpose::Password => CHOSEN_ANEW,
    };
    tx.audit(&AuditEvent {
        at: now,
        user: Some(user.id),
        device: None,
        action: action.into(),
        object: user.id.to_string(),
    })
    .await?;
    tx.commit().await?;
    let mut follow_up = FollowUp::default();
    follow_up.signed_out(user.id);
    follow_up.tell(&state.hub).await;
    Ok(())
}

/// Gives whoever is signed in another password, if she knows the one before. Her other sessions end.
///
/// # Errors
/// [`ChoosingError`].
pub async fn change(
    state: &AppState,
    session: &Session,
    token: &Token,
    address: IpAddr,
    before: String,
    password: String,
) -> Result<(), ChoosingError> {
    let user = state.store.user(session.user).await?.ok_or(ChoosingError::Wrong)?;
    state.throttle.attempt(address, &user.email, state.clock.now())?;
    if !state.passwords.verify(before, user.password_hash.as_deref()).await {
        return Err(ChoosingError::Wrong);
    }
    state.throttle.succeeded(address, &user.email);
    let hash = hash(state, &user, password).await?;
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    // The account may have been disabled or got another password while the hash was computed.
    let mut user = tx.user(user.id).await?.filter(|it| *it == user).ok_or(ChoosingError::Wrong)?;
    user.password_hash = Some(hash);
    tx.put_user(&user).await?;
    tx.remove_links_of(user.id).await?;
    tx.remove_password_wish(user.id).await?;
    tx.end_other_sessions_of(user.id, &token.hash()).await?;
    tx.audit(&AuditEvent {
        at: now,
        user: Some(user.id),
        device: Some(session.device),
        action: CHANGED.into(),
        object: user.id.to_string(),
    })
    .await?;
    tx.commit().await?;
    let mut follow_up = FollowUp::default();
    // Each connection looks whether its own session still is one.
    follow_up.signed_out(user.id);
    follow_up.tell(&state.hub).await;
    Ok(())
}

/// The hash of a password that its person may choose.
async fn hash(state: &AppState, user: &User, password: String) -> Result<String, ChoosingError> {
    let (checked, user) = (password.clone(), user.clone());
    // Tens of ms for a long one.
    let checking = tokio::task::spawn_blocking(move || check(&checked, &user));
    checking.await.map_err(|_| ChoosingError::Hash)??;
    state.passwords.hash(password).await.ok_or(ChoosingError::Hash)
}

/// Whether she may choose that password.
fn check(password: &str, user: &User) -> Result<(), WeakPassword> {
    let about = about(user);
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    passwords::check_strength(password, &about)?;
    // The estimate takes three words with signs between them for hard to guess, whichever words they are.
    let mut rest = password.to_lowercase();
    for known in &about {
        rest = rest.replace(&known.to_lowercase(), "");
    }
    if rest.chars().filter(|letter| letter.is_alphanumeric()).count() < OF_HER_OWN {
        return Err(WeakPassword::Guessable(None));
    }
    Ok(())
}

/// What everybody knows of her, the longest first: who guesses tries that before anything else.
fn about(user: &User) -> Vec<String> {
    let whole = [&user.name, &user.email, &user.unit];
    let parts = whole.iter().flat_map(|it| it.split(|letter: char| !letter.is_alphanumeric()));
    let mut about: Vec<String> = whole.iter().map(|it| (*it).clone()).collect();
    about.extend(parts.filter(|it| it.chars().count() > 1).map(str::to_owned));
    about.retain(|it| !it.is_empty());
    about.sort_by_key(|it| std::cmp::Reverse(it.chars().count()));
    about
}

#[cfg(test)]
mod tests {
    use shared::domain::role::Role;
    use shared::ids::UserId;

    use super::*;

    #[test]
    fn a_password_is_not_made_of_what_everybody_knows_of_her() {
        let user = User {
            id: UserId([1; 16]),
            email: "fatima.el-amrani@waterkant.example".into(),
            name: "Fatima El Amrani".into(),
            unit: "Burgerzaken Zuid".into(),
            roles: vec![Role::Employee],
            password_hash: None,
            disabled: false,
        };
        for weak in ["Amrani waterkant", "burgerzaken-fatima", "FATIMA el-amrani 2026", "zuid amrani zuid!"] {
            assert!(matches!(check(weak, &user), Err(WeakPassword::Guessable(_))), "{weak}");
            // Of somebody else it would do.
            assert_eq!(passwords::check_strength(weak, &[]), Ok(()), "{weak}");
        }
        // She may think of herself, as long as that is not all.
        assert_eq!(check("fatima telt gele tulpen", &user), Ok(()));
    }
}
