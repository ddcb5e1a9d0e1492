//! `/api/accounts`: what an administrator does with accounts. Never by the queue of commands: answers hold links,
//! and what she sees must be what is there now.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};
use store::User;
use utoipa::ToSchema;

use super::extract::{Administrator, JsonBody};
use super::problem::Problem;
use crate::commands::account_changes::{self, Act, Change, Invitee};
use crate::commands::accounts::AccountError;
use crate::identity::forgotten;
use crate::identity::links::NewLink;
use crate::state::AppState;

/// A wish for a new password is shown for so long, in ms; who still has it says so again.
const WISH_MS: u64 = 14 * 24 * 60 * 60 * 1_000;

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accounts {
    /// Whether links are mailed.
    mail: bool,
    accounts: Vec<Account>,
}

/// An account, without anything of its content.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    #[schema(value_type = String)]
    id: UserId,
    email: String,
    name: String,
    unit: String,
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// Her own manager, who cannot be her coach nor her adviser
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    manager: Option<UserId>,
    /// Whether she signs in at the organisation's provider, which then says what her roles are
    at_provider: bool,
    disabled: bool,
    /// Whether its person has chosen a password
    active: bool,
    /// When the invitation ends or has ended, in ms since 1970
    #[serde(skip_serializing_if = "Option::is_none")]
    invited_until: Option<u64>,
    /// When a new password was asked for, in ms since 1970
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_for_password: Option<u64>,
    devices: Vec<Device>,
}

/// A device of somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct Device {
    #[schema(value_type = String)]
    id: DeviceId,
    name: String,
    /// In ms since 1970, to some minutes
    last_seen: u64,
    revoked: bool,
}

/// A link, shown this once.
#[derive(Serialize, ToSchema)]
pub struct LinkShown {
    #[schema(value_type = String)]
    id: UserId,
    /// `invitation` or `password`
    purpose: &'static str,
    link: String,
    /// In ms since 1970
    expires: u64,
    /// Whether it goes by mail as well
    mailed: bool,
}

/// Everybody who has an account, with her devices.
#[utoipa::path(
    get, path = "/api/accounts", tag = "accounts",
    responses(
        (status = 200, description = "All accounts", body = Accounts),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you", body = Problem),
    )
)]
pub async fn list(State(state): State<AppState>, _who: Administrator) -> Result<Json<Accounts>, Problem> {
    let now = state.clock.now();
    let accounts = state.store.accounts().await?.into_iter().map(|it| told(it, now)).collect();
    Ok(Json(Accounts { mail: state.mail.is_on(), accounts }))
}

fn told(account: store::Account, now: u64) -> Account {
    let store::Account { user, manager, at_provider, invited_until, wish, devices } = account;
    let device = |it: store::AccountDevice| Device {
        id: it.id,
        name: it.name,
        last_seen: it.last_seen,
        revoked: it.revoked,
    };
    let active = user.password_hash.is_some();
    Account {
        id: user.id,
        email: user.email,
        name: user.name,
        unit: user.unit,
        roles: user.roles,
        manager,
        at_provider,
        disabled: user.disabled,
        active,
        invited_until: invited_until.filter(|_| !active),
        asked_for_password: wish.filter(|at| now.saturating_sub(*at) < WISH_MS),
        devices: devices.into_iter().map(device).collect(),
    }
}

/// Somebody to invite.
#[derive(Deserialize, ToSchema)]
pub struct Invitation {
    email: String,
    name: String,
    #[serde(default)]
    unit: String,
    /// What she is besides employee
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
}

/// Makes an account, and a link with which its person chooses her password.
#[utoipa::path(
    post, path = "/api/accounts", tag = "accounts", request_body = Invitation,
    responses(
        (status = 201, description = "Made; the link is shown this once", body = LinkShown),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you", body = Problem),
        (status = 409, description = "The address has an account", body = Problem),
        (status = 422, description = "The address, name or unit will not do", body = Problem),
    )
)]
pub async fn invite(
    State(state): State<AppState>,
    who: Administrator,
    JsonBody(body): JsonBody<Invitation>,
) -> Result<(StatusCode, Json<LinkShown>), Problem> {
    let Invitation { email, name, unit, roles } = body;
    made(carry_out(&state, who, Act::Invite(Invitee { email, name, unit, roles })).await?)
}

/// Makes a new link: to accept an invitation that was not, or else to choose another password.
#[utoipa::path(
    post, path = "/api/accounts/{user}/link", tag = "accounts", params(("user" = String, Path)),
    responses(
        (status = 201, description = "Made, in place of the one before; shown this once", body = LinkShown),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you, or not there", body = Problem),
        (status = 409, description = "The account is disabled", body = Problem),
    )
)]
pub async fn link(
    State(state): State<AppState>,
    who: Administrator,
    Path(user): Path<String>,
) -> Result<(StatusCode, Json<LinkShown>), Problem> {
    made(carry_out(&state, who, Act::Link(parse(&user)?)).await?)
}

fn shown(state: &AppState, user: &User, link: &NewLink) -> LinkShown {
    LinkShown {
        id: user.id,
        purpose: link.purpose.code(),
        link: link.token.address(&state.address(), link.purpose),
        expires: link.expires,
        mailed: forgotten::post(state, user, link),
    }
}

/// What is to be another with an account; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub struct AccountChange {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    /// All of them; everybody is an employee
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    roles: Option<Vec<Role>>,
    #[serde(default)]
    email: Option<String>,
    /// Her own manager; null for nobody
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    manager: Option<Option<UserId>>,
}

/// That null was said is something else than that nothing was.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<UserId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Gives an account another name, unit, address or manager, or other roles.
#[utoipa::path(
    patch, path = "/api/accounts/{user}", tag = "accounts", params(("user" = String, Path)),
    request_body = AccountChange,
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you, or not there", body = Problem),
        (status = 409, description = "Her own role, the last administrator's, or somebody else's address", body = Problem),
        (status = 422, description = "The name, unit, address or manager will not do", body = Problem),
    )
)]
pub async fn change(
    State(state): State<AppState>,
    who: Administrator,
    Path(user): Path<String>,
    JsonBody(body): JsonBody<AccountChange>,
) -> Result<StatusCode, Problem> {
    let id = parse(&user)?;
    let AccountChange { name, unit, roles, email, manager } = body;
    let change = Change { name, unit, roles, email, manager };
    carry_out(&state, who, Act::Change(id, change)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes everything from an account at once: sessions, sockets, access.
#[utoipa::path(
    post, path = "/api/accounts/{user}/disable", tag = "accounts", params(("user" = String, Path)),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you, or not there", body = Problem),
        (status = 409, description = "Herself, or the last administrator", body = Problem),
    )
)]
pub async fn disable(
    State(state): State<AppState>,
    who: Administrator,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    carry_out(&state, who, Act::Disable(parse(&user)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an account its access back.
#[utoipa::path(
    post, path = "/api/accounts/{user}/enable", tag = "accounts", params(("user" = String, Path)),
    responses(
        (status = 204, description = "Done"),
        (status = 401, description = "Not signed in", body = Problem),
        (status = 404, description = "Not for you, or not there", body = Problem),
    )
)]
pub async fn enable(
    State(state): State<AppState>,
    who: Administrator,
    Path(user): Path<String>,
) -> Result<StatusCode, Problem> {
    carry_out(&state, who, Act::Enable(parse(&user)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse(user: &str) -> Result<UserId, Problem> {
    user.parse().map_err(|_| Problem::not_found())
}

/// Carries it out on a task of its own: who hangs up ends the request, not what must follow the commit.
async fn carry_out(state: &AppState, who: Administrator, act: Act) -> Result<Option<LinkShown>, Problem> {
    let state = state.clone();
    let acting = tokio::spawn(async move {
        let (user, link) = account_changes::carry_out(&state, &who.session, act).await?;
        Ok::<_, AccountError>(link.map(|link| shown(&state, &user, &link)))
    });
    Ok(acting.await.map_err(|_| Problem::internal())??)
}

/// The answer to who made a link.
fn made(link: Option<LinkShown>) -> Result<(StatusCode, Json<LinkShown>), Problem> {
    Ok((StatusCode::CREATED, Json(link.ok_or_else(Problem::internal)?)))
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let detail = error.to_string();
        let conflict = |code, title| Self::new(StatusCode::CONFLICT, code, title);
        let unfit = |code, title| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, title);
        match error {
            AccountError::Exists(_) => conflict("address_taken", "The address has an account"),
            AccountError::Disabled => conflict("account_disabled", "Disabled"),
            AccountError::Herself => conflict("herself", "Not her own"),
            AccountError::LastAdministrator => conflict("last_administrator", "The last administrator"),
            AccountError::OwnManager => unfit("own_manager", "Nobody's own manager"),
            AccountError::BadEmail(_) => unfit("bad_email", "Not an address"),
            AccountError::NoName => unfit("bad_name", "Not a name"),
            AccountError::BadUnit => unfit("bad_unit", "Not a unit"),
            AccountError::Gone | AccountError::Unknown(_) | AccountError::NotAllowed => {
                return Self::not_found();
            }
            AccountError::Store(error) => return error.into(),
        }
        .detail(detail)
    }
}
