//! What an administrator asks of the server about accounts.

use serde::Deserialize;
use serde_json::json;
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};

use super::call::{CallError, call, call_for};

/// All accounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Accounts {
    /// By name.
    pub accounts: Vec<Account>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Whose.
    pub id: UserId,
    /// The address she signs in with.
    pub email: String,
    /// Her name.
    pub name: String,
    /// Her part of the organisation.
    pub unit: String,
    /// Her roles.
    pub roles: Vec<Role>,
    /// Her own manager.
    #[serde(default)]
    pub manager: Option<UserId>,
    /// Whether she signs in at the organisation's provider.
    pub at_provider: bool,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Whether she has chosen a password.
    pub active: bool,
    /// When her invitation ends or has ended.
    #[serde(default)]
    pub invited_until: Option<u64>,
    /// When she asked for a new password.
    #[serde(default)]
    pub asked_for_password: Option<u64>,
    /// Her devices.
    pub devices: Vec<AccountDevice>,
}

/// A device of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct AccountDevice {
    /// Which.
    pub id: DeviceId,
    /// What she calls it.
    pub name: String,
    /// When it was last here.
    pub last_seen: u64,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// A link, shown once. Never kept.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct LinkShown {
    /// `invitation` or `password`.
    pub purpose: String,
    /// The link.
    pub link: String,
    /// Until when it works.
    pub expires: u64,
    /// Whether it goes by mail as well.
    pub mailed: bool,
}

/// All accounts.
///
/// # Errors
/// When the server did not tell.
pub async fn list() -> Result<Accounts, CallError> {
    call_for("GET", "/api/accounts", None).await
}

/// Makes an account and a link to choose its password with.
///
/// # Errors
/// When it was not made.
pub async fn invite(email: &str, name: &str, unit: &str, roles: &[Role]) -> Result<LinkShown, CallError> {
    let body = json!({ "email": email.trim(), "name": name.trim(), "unit": unit.trim(), "roles": roles });
    call_for("POST", "/api/accounts", Some(body)).await
}

/// What an account is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Her name.
    pub name: String,
    /// Her part of the organisation.
    pub unit: String,
    /// Her roles.
    pub roles: Vec<Role>,
    /// What only the server tells; none where it has not told, and then it stays as it is.
    pub more: Option<More>,
}

/// What only the server tells of an account, and an administrator may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct More {
    /// The address she signs in with.
    pub email: String,
    /// Her own manager.
    pub manager: Option<UserId>,
}

/// Gives an account another name, address, unit or manager, or other roles.
///
/// # Errors
/// When nothing was changed.
pub async fn change(user: UserId, wanted: &Wanted) -> Result<(), CallError> {
    let Wanted { name, unit, roles, more } = wanted;
    let mut body = json!({ "name": name.trim(), "unit": unit.trim(), "roles": roles });
    if let Some(More { email, manager }) = more {
        body["email"] = email.trim().into();
        body["manager"] = json!(manager);
    }
    call("PATCH", &format!("/api/accounts/{user}"), Some(body)).await.map(drop)
}

/// Makes a new link for an account.
///
/// # Errors
/// When none was made.
pub async fn link(user: UserId) -> Result<LinkShown, CallError> {
    call_for("POST", &format!("/api/accounts/{user}/link"), None).await
}

/// Disables an account, or enables it again.
///
/// # Errors
/// When nothing was changed.
pub async fn set_disabled(user: UserId, disabled: bool) -> Result<(), CallError> {
    let act = if disabled { "disable" } else { "enable" };
    call("POST", &format!("/api/accounts/{user}/{act}"), None).await.map(drop)
}
