//! Accounts: made, disabled and given new passwords, by the operator at the command line.

use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};
use store::{AuditEvent, Document, StoreError, User, WriteTx};

use super::grants;
use crate::random;

/// In the audit log: an account was disabled.
const DISABLED: &str = "user_disable";
/// In the audit log: an account has another password.
const NEW_PASSWORD: &str = "user_reset_password";
/// What signs an account out everywhere, as the audit log has it.
pub const SIGN_OUT: [&str; 2] = [DISABLED, NEW_PASSWORD];

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The address to sign in with.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// The part of the organisation; may be empty.
    pub unit: String,
    /// Roles besides [`Role::Employee`], which everybody has.
    pub roles: Vec<Role>,
    /// The hash of the password.
    pub password_hash: String,
}

/// Why an account could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The address is in use.
    #[error("there is an account with the address {0} already")]
    Exists(String),
    /// No such account.
    #[error("there is no account with the address {0}")]
    Unknown(String),
    /// Not an address.
    #[error("{0:?} is not an e-mail address")]
    BadEmail(String),
    /// Nothing to show.
    #[error("a name must not be empty: it is what others see")]
    NoName,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes an account with its documents, and the organisation's own at the first one. Nobody has access to
/// anything new before [`regrant_for`] or [`regrant_all`].
///
/// # Errors
/// [`AccountError`].
pub async fn add(tx: &mut dyn WriteTx, account: NewAccount, now: u64) -> Result<User, AccountError> {
    let email = account.email.trim().to_owned();
    let looks_right = email.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
    if !looks_right || email.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(AccountError::BadEmail(email));
    }
    let name = account.name.trim().to_owned();
    if name.is_empty() {
        return Err(AccountError::NoName);
    }
    if tx.user_by_email(&email).await?.is_some() {
        return Err(AccountError::Exists(email));
    }
    let mut roles = account.roles;
    roles.push(Role::Employee);
    roles.sort_unstable();
    roles.dedup();
    let user = User {
        id: UserId(random::fresh()),
        email,
        name,
        unit: account.unit,
        roles,
        password_hash: Some(account.password_hash),
        disabled: false,
    };
    tx.put_user(&user).await?;
    if tx.documents_of_owner(None).await?.is_empty() {
        add_document(tx, DocKind::Programme, None).await?;
        add_document(tx, DocKind::Practice, None).await?;
    }
    add_document(tx, DocKind::ReflectionDraft, Some(user.id)).await?;
    if user.roles.contains(&Role::InternalCoach) {
        add_document(tx, DocKind::CoachProfile, Some(user.id)).await?;
    }
    audit(tx, "user_add", user.id, now).await?;
    Ok(user)
}

/// Takes everything from an account: it can do nothing and has access to nothing.
///
/// # Errors
/// [`AccountError`].
pub async fn disable(tx: &mut dyn WriteTx, email: &str, now: u64) -> Result<User, AccountError> {
    let mut user = find(tx, email).await?;
    user.disabled = true;
    tx.put_user(&user).await?;
    tx.end_sessions_of(user.id).await?;
    regrant_for(tx, &user).await?;
    audit(tx, DISABLED, user.id, now).await?;
    Ok(user)
}

/// Gives an account another password and signs it out everywhere.
///
/// # Errors
/// [`AccountError`].
pub async fn reset_password(
    tx: &mut dyn WriteTx,
    email: &str,
    password_hash: String,
    now: u64,
) -> Result<User, AccountError> {
    let mut user = find(tx, email).await?;
    user.password_hash = Some(password_hash);
    tx.put_user(&user).await?;
    tx.end_sessions_of(user.id).await?;
    audit(tx, NEW_PASSWORD, user.id, now).await?;
    Ok(user)
}

/// Recomputes access to what this person can have anything to do with.
///
/// # Errors
/// When the store fails.
pub async fn regrant_for(tx: &mut dyn WriteTx, user: &User) -> Result<(), StoreError> {
    // Who oversees or coaches stands in a relation to documents of others.
    if user.roles.iter().any(|it| matches!(it, Role::CareerAdviser | Role::InternalCoach)) {
        return regrant_all(tx).await;
    }
    let users = tx.users().await?;
    let mut documents = tx.documents_of_owner(None).await?;
    documents.extend(tx.documents_of_owner(Some(user.id)).await?);
    for trajectory in tx.trajectories_of(user.id).await? {
        documents.extend(tx.documents_of_trajectory(trajectory.id).await?);
    }
    for document in documents {
        grants::regrant(tx, &users, document.id).await?;
    }
    Ok(())
}

/// Recomputes access to everything.
///
/// # Errors
/// When the store fails.
pub async fn regrant_all(tx: &mut dyn WriteTx) -> Result<(), StoreError> {
    let users = tx.users().await?;
    for document in tx.documents().await? {
        grants::regrant(tx, &users, document.id).await?;
    }
    Ok(())
}

async fn find(tx: &mut dyn WriteTx, email: &str) -> Result<User, AccountError> {
    tx.user_by_email(email.trim()).await?.ok_or_else(|| AccountError::Unknown(email.to_owned()))
}

async fn add_document(tx: &mut dyn WriteTx, kind: DocKind, owner: Option<UserId>) -> Result<(), StoreError> {
    let id = DocId(random::fresh());
    tx.add_document(&Document { id, kind, owner, trajectory: None, destroyed: false }).await
}

async fn audit(tx: &mut dyn WriteTx, action: &str, about: UserId, now: u64) -> Result<(), StoreError> {
    let event =
        AuditEvent { at: now, user: None, device: None, action: action.into(), object: about.to_string() };
    tx.audit(&event).await
}
