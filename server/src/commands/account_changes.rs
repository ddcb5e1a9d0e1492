//! Accounts: invited, changed, disabled and enabled, by an administrator or by the operator at the command line.

use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};
use store::{AuditEvent, LinkPurpose, Session, StoreError, User, WriteTx};

use super::FollowUp;
use super::accounts::{self, AccountError};
use crate::identity::links::{self, NewLink};
use crate::state::AppState;

/// In the audit log: an account was made, and its person invited.
pub const INVITED: &str = "user_invite";
/// In the audit log: an account has another name, unit or other roles.
pub const CHANGED: &str = "user_change";
/// In the audit log: an account was enabled again.
pub const ENABLED: &str = "user_enable";
/// In the audit log: a new link was made for an account.
const LINKED: &str = "user_link";

/// Characters that a name may have, and the name of a unit.
const LONGEST_NAME: usize = 200;
/// Characters that an e-mail address may have, as RFC 5321 limits them.
const LONGEST_EMAIL: usize = 254;

/// Who changes accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The operator at the command line.
    Operator,
    /// An administrator, on a device of hers.
    Administrator {
        /// Who.
        user: UserId,
        /// Her device.
        device: DeviceId,
    },
}

impl By {
    /// The person behind a session.
    #[must_use]
    pub fn session(session: &Session) -> Self {
        Self::Administrator { user: session.user, device: session.device }
    }

    /// Whether this may be done at all, in the transaction that does it: an administrator may have lost her role,
    /// her account or her device since she was let in.
    ///
    /// # Errors
    /// [`AccountError::NotAllowed`].
    async fn check(self, tx: &mut dyn WriteTx) -> Result<(), AccountError> {
        let Self::Administrator { user, device } = self else { return Ok(()) };
        let user = tx.user(user).await?.filter(is_administrator);
        let device = tx.device(device).await?.filter(|it| !it.revoked);
        if user.is_some() && device.is_some() { Ok(()) } else { Err(AccountError::NotAllowed) }
    }

    fn is(self, other: UserId) -> bool {
        matches!(self, Self::Administrator { user, .. } if user == other)
    }
}

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct Invitee {
    /// The address to sign in with.
    pub email: String,
    /// The name to show.
    pub name: String,
    /// The part of the organisation; may be empty.
    pub unit: String,
    /// Roles besides [`Role::Employee`], which everybody has.
    pub roles: Vec<Role>,
}

/// Makes an account without a password, and a link to choose one.
///
/// # Errors
/// [`AccountError`].
pub async fn invite(
    tx: &mut dyn WriteTx,
    by: By,
    invitee: Invitee,
    now: u64,
    follow_up: &mut FollowUp,
) -> Result<(User, NewLink), AccountError> {
    by.check(tx).await?;
    let Invitee { email, name, unit, roles } = invitee;
    let user = User {
        id: UserId(crate::random::fresh()),
        email: checked_email(&email)?,
        name: checked_name(&name)?,
        unit: checked_unit(&unit)?,
        roles: with_employee(roles),
        password_hash: None,
        disabled: false,
    };
    accounts::make(tx, &user).await?;
    let link = links::make(tx, user.id, LinkPurpose::Invitation, now).await?;
    audit(tx, by, INVITED, user.id, now).await?;
    access_changed(tx, &user, &user.roles, follow_up).await?;
    Ok((user, link))
}

/// Makes a new link for an account: to accept its invitation, or else to choose another password.
///
/// # Errors
/// [`AccountError`].
pub async fn link(
    tx: &mut dyn WriteTx,
    by: By,
    id: UserId,
    now: u64,
) -> Result<(User, NewLink), AccountError> {
    by.check(tx).await?;
    let user = tx.user(id).await?.ok_or(AccountError::Gone)?;
    if user.disabled {
        return Err(AccountError::Disabled);
    }
    let purpose = if user.password_hash.is_none() { LinkPurpose::Invitation } else { LinkPurpose::Password };
    let link = links::make(tx, id, purpose, now).await?;
    tx.remove_password_wish(id).await?;
    audit(tx, by, LINKED, id, now).await?;
    Ok((user, link))
}

/// What is to be another with an account; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The name to show.
    pub name: Option<String>,
    /// The part of the organisation.
    pub unit: Option<String>,
    /// All roles.
    pub roles: Option<Vec<Role>>,
    /// The address to sign in with. Links that were mailed to the one before end.
    pub email: Option<String>,
    /// Her own manager, or that she has none.
    pub manager: Option<Option<UserId>>,
}

/// Gives an account another name, unit, address or manager, or other roles, with everything that follows for access.
///
/// # Errors
/// [`AccountError`].
pub async fn change(
    tx: &mut dyn WriteTx,
    by: By,
    id: UserId,
    change: Change,
    now: u64,
    follow_up: &mut FollowUp,
) -> Result<User, AccountError> {
    by.check(tx).await?;
    let before = tx.user(id).await?.ok_or(AccountError::Gone)?;
    let mut user = before.clone();
    if let Some(name) = change.name {
        user.name = checked_name(&name)?;
    }
    if let Some(unit) = change.unit {
        user.unit = checked_unit(&unit)?;
    }
    if let Some(roles) = change.roles {
        user.roles = with_employee(roles);
    }
    if let Some(email) = change.email {
        user.email = checked_email(&email)?;
    }
    if user.email != before.email {
        let other = tx.user_by_email(&user.email).await?;
        if other.is_some_and(|other| other.id != id) {
            return Err(AccountError::Exists(user.email));
        }
        tx.remove_links_of(id).await?;
    }
    let has_new_manager = match change.manager {
        Some(manager) => set_manager(tx, id, manager).await?,
        None => false,
    };
    if user == before && !has_new_manager {
        return Ok(user);
    }
    if is_administrator(&before) && !is_administrator(&user) {
        may_lose(tx, by, id).await?;
    }
    tx.put_user(&user).await?;
    if user.roles.contains(&Role::InternalCoach) {
        accounts::add_profile(tx, id).await?;
    }
    if has_new_manager {
        audit(tx, by, accounts::MANAGER, id, now).await?;
    }
    if user != before {
        audit(tx, by, CHANGED, id, now).await?;
    }
    access_changed(tx, &user, &[before.roles, user.roles.clone()].concat(), follow_up).await?;
    Ok(user)
}

/// Says who somebody's own manager is; `false` where that was so.
async fn set_manager(
    tx: &mut dyn WriteTx,
    id: UserId,
    manager: Option<UserId>,
) -> Result<bool, AccountError> {
    if manager == tx.manager(id).await? {
        return Ok(false);
    }
    if let Some(manager) = manager {
        if manager == id {
            return Err(AccountError::OwnManager);
        }
        tx.user(manager).await?.filter(|it| !it.disabled).ok_or(AccountError::Gone)?;
    }
    tx.set_manager(id, manager).await?;
    Ok(true)
}

/// Takes everything from an account, or gives it back: its access follows, and its sessions end.
///
/// # Errors
/// [`AccountError`].
pub async fn set_disabled(
    tx: &mut dyn WriteTx,
    by: By,
    id: UserId,
    disabled: bool,
    now: u64,
    follow_up: &mut FollowUp,
) -> Result<User, AccountError> {
    by.check(tx).await?;
    let mut user = tx.user(id).await?.ok_or(AccountError::Gone)?;
    if user.disabled == disabled {
        return Ok(user);
    }
    if disabled && is_administrator(&user) {
        may_lose(tx, by, id).await?;
    }
    if disabled && by.is(id) {
        return Err(AccountError::Herself);
    }
    user.disabled = disabled;
    tx.put_user(&user).await?;
    if disabled {
        tx.end_sessions_of(id).await?;
        // A link that was made before must not let her in again when she is enabled.
        tx.remove_links_of(id).await?;
        tx.remove_password_wish(id).await?;
        follow_up.signed_out(id);
    }
    audit(tx, by, if disabled { accounts::DISABLED } else { ENABLED }, id, now).await?;
    let roles = user.roles.clone();
    access_changed(tx, &user, &roles, follow_up).await?;
    Ok(user)
}

/// What an administrator does with accounts.
#[derive(Debug, Clone)]
pub enum Act {
    /// [`invite`].
    Invite(Invitee),
    /// [`link`].
    Link(UserId),
    /// [`change`].
    Change(UserId, Change),
    /// [`set_disabled`].
    Disable(UserId),
    /// [`set_disabled`], back.
    Enable(UserId),
}

/// Does it in one transaction, and tells those whom it concerns: the account, and the link that was made.
///
/// # Errors
/// [`AccountError`]; nothing has changed then.
pub async fn carry_out(
    state: &AppState,
    session: &Session,
    act: Act,
) -> Result<(User, Option<NewLink>), AccountError> {
    let (by, now) = (By::session(session), state.clock.now());
    let mut told = FollowUp::default();
    let mut tx = state.store.begin().await?;
    let done = match act {
        Act::Invite(invitee) => {
            invite(&mut *tx, by, invitee, now, &mut told).await.map(|(user, link)| (user, Some(link)))
        }
        Act::Link(id) => link(&mut *tx, by, id, now).await.map(|(user, link)| (user, Some(link))),
        Act::Change(id, what) => {
            change(&mut *tx, by, id, what, now, &mut told).await.map(|user| (user, None))
        }
        Act::Disable(id) => {
            set_disabled(&mut *tx, by, id, true, now, &mut told).await.map(|user| (user, None))
        }
        Act::Enable(id) => {
            set_disabled(&mut *tx, by, id, false, now, &mut told).await.map(|user| (user, None))
        }
    }?;
    tx.commit().await?;
    told.tell(&state.hub).await;
    Ok(done)
}

fn is_administrator(user: &User) -> bool {
    !user.disabled && user.roles.contains(&Role::Administrator)
}

/// An administrator does not put herself out, and one of them stays.
async fn may_lose(tx: &mut dyn WriteTx, by: By, id: UserId) -> Result<(), AccountError> {
    if by.is(id) {
        return Err(AccountError::Herself);
    }
    let is_left = tx.users().await?.iter().any(|it| it.id != id && is_administrator(it));
    if is_left { Ok(()) } else { Err(AccountError::LastAdministrator) }
}

async fn access_changed(
    tx: &mut dyn WriteTx,
    user: &User,
    roles: &[Role],
    follow_up: &mut FollowUp,
) -> Result<(), StoreError> {
    for (doc, change) in accounts::regrant_among(tx, user.id, roles).await? {
        follow_up.access_changed(doc, change);
    }
    // Who works here and who can be asked is in everybody's directory.
    follow_up.directory.extend(tx.users().await?.into_iter().map(|it| it.id));
    Ok(())
}

fn with_employee(mut roles: Vec<Role>) -> Vec<Role> {
    roles.push(Role::Employee);
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn is_refused(text: &str, most: usize) -> bool {
    text.chars().count() > most || text.chars().any(char::is_control)
}

fn checked_email(email: &str) -> Result<String, AccountError> {
    let email = email.trim();
    // What mail can be sent to is what is taken: a link may have to go there.
    let is_address = email.parse::<lettre::Address>().is_ok();
    if !is_address || is_refused(email, LONGEST_EMAIL) {
        return Err(AccountError::BadEmail(email.to_owned()));
    }
    Ok(email.to_owned())
}

fn checked_name(name: &str) -> Result<String, AccountError> {
    let name = name.trim();
    if name.is_empty() || is_refused(name, LONGEST_NAME) {
        return Err(AccountError::NoName);
    }
    Ok(name.to_owned())
}

fn checked_unit(unit: &str) -> Result<String, AccountError> {
    let unit = unit.trim();
    if is_refused(unit, LONGEST_NAME) {
        return Err(AccountError::BadUnit);
    }
    Ok(unit.to_owned())
}

pub(super) async fn audit(
    tx: &mut dyn WriteTx,
    by: By,
    action: &str,
    about: UserId,
    now: u64,
) -> Result<(), StoreError> {
    let (user, device) = match by {
        By::Operator => (None, None),
        By::Administrator { user, device } => (Some(user), Some(device)),
    };
    tx.audit(&AuditEvent { at: now, user, device, action: action.into(), object: about.to_string() }).await
}
