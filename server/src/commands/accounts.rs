//! Accounts: made, disabled and given new passwords, by the operator at the command line.

use shared::domain::kind::DocKind;
use shared::domain::role::Role;
use shared::ids::{DocId, UserId};
use store::{Document, GrantsChange, StoreError, User, WriteTx};

use super::account_changes::{By, Change};
use super::{FollowUp, account_changes, grants};
use crate::random;

/// In the audit log: an account was disabled.
pub(super) const DISABLED: &str = "user_disable";
/// In the audit log: somebody has another manager.
pub(super) const MANAGER: &str = "user_manager";
/// What changes what people may do without signing anybody out, as the audit log has it.
pub const OTHER_ACCESS: [&str; 1] = [MANAGER];
/// In the audit log: an account has another password.
const NEW_PASSWORD: &str = "user_reset_password";
/// In the audit log: an account was made with a password.
const ADDED: &str = "user_add";
/// In place of the name of an account that was erased, in whatever language.
const ERASED: &str = "—";
/// What signs an account out everywhere, as the audit log has it.
pub const SIGN_OUT: [&str; 2] = [DISABLED, NEW_PASSWORD];
/// What changes who there is and what they may read, as the audit log has it.
pub const CHANGES: [&str; 5] =
    [ADDED, DISABLED, account_changes::CHANGED, account_changes::ENABLED, account_changes::INVITED];

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
    /// Nobody manages herself.
    #[error("nobody is her own manager")]
    OwnManager,
    /// Nothing to show, or too much.
    #[error("a name must not be empty, nor longer than a line: it is what others see")]
    NoName,
    /// Too much.
    #[error("a unit is one line of at most 200 characters")]
    BadUnit,
    /// No account of that id.
    #[error("there is no such account")]
    Gone,
    /// The account is disabled.
    #[error("the account is disabled; enable it first")]
    Disabled,
    /// An administrator's own role or account.
    #[error("an administrator does not take away her own role, nor disable herself; another one can")]
    Herself,
    /// Nobody would be left to give the role back.
    #[error("this is the last administrator; give somebody else that role first")]
    LastAdministrator,
    /// Who asks is no administrator (any more).
    #[error("this is for administrators")]
    NotAllowed,
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
    add_by(tx, By::Operator, account, now).await
}

/// The same, by whomever.
///
/// # Errors
/// [`AccountError`].
pub async fn add_by(
    tx: &mut dyn WriteTx,
    by: By,
    account: NewAccount,
    now: u64,
) -> Result<User, AccountError> {
    tx.happens_at(now);
    let email = account.email.trim().to_owned();
    let looks_right = email.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty());
    if !looks_right || email.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(AccountError::BadEmail(email));
    }
    let name = account.name.trim().to_owned();
    if name.is_empty() {
        return Err(AccountError::NoName);
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
    make(tx, &user).await?;
    account_changes::audit(tx, by, ADDED, user.id, now).await?;
    Ok(user)
}

/// Stores a new account with its documents, and the organisation's own at the first one.
pub(super) async fn make(tx: &mut dyn WriteTx, user: &User) -> Result<(), AccountError> {
    if tx.user_by_email(&user.email).await?.is_some() {
        return Err(AccountError::Exists(user.email.clone()));
    }
    tx.put_user(user).await?;
    if tx.documents_of_owner(None).await?.is_empty() {
        add_document(tx, DocKind::Programme, None).await?;
        add_document(tx, DocKind::Practice, None).await?;
    }
    add_document(tx, DocKind::ReflectionDraft, Some(user.id)).await?;
    if user.roles.contains(&Role::InternalCoach) {
        add_profile(tx, user.id).await?;
    }
    Ok(())
}

/// Makes a coach's profile, unless there is one from when she was a coach before.
pub(super) async fn add_profile(tx: &mut dyn WriteTx, coach: UserId) -> Result<(), StoreError> {
    let documents = tx.documents_of_owner(Some(coach)).await?;
    if documents.iter().any(|it| it.kind == DocKind::CoachProfile) {
        return Ok(());
    }
    add_document(tx, DocKind::CoachProfile, Some(coach)).await
}

/// Takes everything from an account: it can do nothing and has access to nothing.
///
/// # Errors
/// [`AccountError`].
pub async fn disable(tx: &mut dyn WriteTx, email: &str, now: u64) -> Result<User, AccountError> {
    let user = find(tx, email).await?;
    // A running server learns of it by the audit log.
    account_changes::set_disabled(tx, By::Operator, user.id, true, now, &mut FollowUp::default()).await
}

/// Takes from an account what says who she was, and closes it: what others wrote still names its id as their reader or
/// author. None where there is no such account. Access is to be recomputed, and its devices to be revoked.
///
/// # Errors
/// When the store fails.
pub async fn erase(tx: &mut dyn WriteTx, id: UserId) -> Result<Option<User>, StoreError> {
    let Some(user) = tx.user(id).await? else { return Ok(None) };
    let user = User {
        // An address that nobody can have, and that no other account has.
        email: format!("{id}@erased.invalid"),
        name: ERASED.to_owned(),
        unit: String::new(),
        roles: vec![Role::Employee],
        password_hash: None,
        disabled: true,
        ..user
    };
    tx.put_user(&user).await?;
    // Nothing that ever let her in lets anybody in.
    tx.remove_links_of(id).await?;
    tx.remove_password_wish(id).await?;
    tx.remove_factors(id).await?;
    tx.note_factor_removal(id, None).await?;
    tx.remove_identities_of(id).await?;
    tx.set_manager(id, None).await?;
    Ok(Some(user))
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
    tx.remove_links_of(user.id).await?;
    tx.remove_password_wish(user.id).await?;
    tx.end_sessions_of(user.id).await?;
    account_changes::audit(tx, By::Operator, NEW_PASSWORD, user.id, now).await?;
    Ok(user)
}

/// Says which subject of a provider an account belongs to.
///
/// # Errors
/// [`AccountError`].
pub async fn link_provider(
    tx: &mut dyn WriteTx,
    email: &str,
    issuer: &str,
    subject: &str,
    now: u64,
) -> Result<User, AccountError> {
    let user = find(tx, email).await?;
    tx.put_identity(issuer, subject, user.id).await?;
    account_changes::audit(tx, By::Operator, "user_link_provider", user.id, now).await?;
    Ok(user)
}

/// Gives an account these roles, and [`Role::Employee`], which everybody has. What follows is to be told after the
/// commit: a role that is gone ends what it allowed at once, also for who is connected.
///
/// # Errors
/// [`AccountError`].
pub async fn set_roles(
    tx: &mut dyn WriteTx,
    user: UserId,
    roles: Vec<Role>,
    now: u64,
) -> Result<FollowUp, AccountError> {
    tx.happens_at(now);
    let mut follow_up = FollowUp::default();
    let change = Change { roles: Some(roles), ..Change::default() };
    account_changes::change(tx, By::Operator, user, change, now, &mut follow_up).await?;
    Ok(follow_up)
}

/// Says who somebody's own manager is, who then cannot be her coach nor her adviser. A coach whom she has already keeps
/// her access: the adviser is shown it and decides.
///
/// # Errors
/// [`AccountError`].
pub async fn set_manager(
    tx: &mut dyn WriteTx,
    email: &str,
    manager: Option<&str>,
    now: u64,
) -> Result<FollowUp, AccountError> {
    tx.happens_at(now);
    let user = find(tx, email).await?;
    let manager = match manager {
        Some(manager) => Some(find(tx, manager).await?.id),
        None => None,
    };
    let change = Change { manager: Some(manager), ..Change::default() };
    let mut follow_up = FollowUp::default();
    account_changes::change(tx, By::Operator, user.id, change, now, &mut follow_up).await?;
    Ok(follow_up)
}

/// Recomputes access to what this person can have anything to do with.
///
/// # Errors
/// When the store fails.
pub async fn regrant_for(tx: &mut dyn WriteTx, user: &User) -> Result<(), StoreError> {
    regrant_among(tx, user.id, &user.roles).await.map(drop)
}

/// The same for a person who has or had these roles; says whose access to what changed by it.
///
/// # Errors
/// When the store fails.
pub async fn regrant_among(
    tx: &mut dyn WriteTx,
    user: UserId,
    roles: &[Role],
) -> Result<Vec<(DocId, GrantsChange)>, StoreError> {
    // Who oversees or coaches stands in a relation to documents of others.
    let documents = if roles.iter().any(|it| matches!(it, Role::CareerAdviser | Role::InternalCoach)) {
        tx.documents().await?
    } else {
        let mut documents = tx.documents_of_owner(None).await?;
        documents.extend(tx.documents_of_owner(Some(user)).await?);
        for trajectory in tx.trajectories_of(user).await? {
            documents.extend(tx.documents_of_trajectory(trajectory.id).await?);
        }
        documents
    };
    let users = tx.users().await?;
    let mut changes = Vec::new();
    for document in documents {
        let change = grants::regrant(tx, &users, document.id).await?;
        if change != GrantsChange::default() {
            changes.push((document.id, change));
        }
    }
    Ok(changes)
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

pub(crate) async fn find(tx: &mut dyn WriteTx, email: &str) -> Result<User, AccountError> {
    tx.user_by_email(email.trim()).await?.ok_or_else(|| AccountError::Unknown(email.to_owned()))
}

async fn add_document(tx: &mut dyn WriteTx, kind: DocKind, owner: Option<UserId>) -> Result<(), StoreError> {
    let id = DocId(random::fresh());
    tx.add_document(&Document { id, kind, owner, trajectory: None, destroyed: false }).await
}
