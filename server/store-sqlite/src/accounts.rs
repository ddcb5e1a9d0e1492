//! People, devices, sessions and challenges.

use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};
use sqlx::SqliteConnection;
use store::{Device, DeviceKey, Millis, Result, Session, User};

use crate::error::Told as _;
use crate::row;

struct UserRow {
    id: Vec<u8>,
    email: String,
    name: String,
    unit: String,
    password_hash: Option<String>,
    disabled: bool,
    roles: Option<String>,
}

impl TryFrom<UserRow> for User {
    type Error = store::StoreError;

    fn try_from(found: UserRow) -> Result<Self> {
        Ok(Self {
            id: row::id(&found.id)?,
            email: found.email,
            name: found.name,
            unit: found.unit,
            roles: row::roles(found.roles.as_deref())?,
            password_hash: found.password_hash,
            disabled: found.disabled,
        })
    }
}

pub(crate) async fn user(connection: &mut SqliteConnection, id: UserId) -> Result<Option<User>> {
    let id = &id.0[..];
    let found = sqlx::query_as!(
        UserRow,
        r#"SELECT id, email, name, unit, password_hash, disabled AS "disabled: bool",
                  (SELECT group_concat(role) FROM user_roles WHERE user = users.id) AS "roles: String"
           FROM users WHERE id = ?"#,
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(User::try_from).transpose()
}

pub(crate) async fn user_by_email(connection: &mut SqliteConnection, email: &str) -> Result<Option<User>> {
    let key = email_key(email);
    let found = sqlx::query_as!(
        UserRow,
        r#"SELECT id, email, name, unit, password_hash, disabled AS "disabled: bool",
                  (SELECT group_concat(role) FROM user_roles WHERE user = users.id) AS "roles: String"
           FROM users WHERE email_key = ?"#,
        key
    )
    .fetch_optional(connection)
    .await
    .told()?;
    found.map(User::try_from).transpose()
}

pub(crate) async fn users(connection: &mut SqliteConnection) -> Result<Vec<User>> {
    let found = sqlx::query_as!(
        UserRow,
        r#"SELECT id, email, name, unit, password_hash, disabled AS "disabled: bool",
                  (SELECT group_concat(role) FROM user_roles WHERE user = users.id) AS "roles: String"
           FROM users ORDER BY name, id"#
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(User::try_from).collect()
}

/// These people, and those who are there in one of these roles.
pub(crate) async fn users_among(
    connection: &mut SqliteConnection,
    ids: impl IntoIterator<Item = UserId>,
    roles: &[Role],
) -> Result<Vec<User>> {
    let ids = row::hex_list(ids.into_iter().map(|id| id.0));
    let roles = row::code_list(roles.iter().map(|role| role.code()));
    let found = sqlx::query_as!(
        UserRow,
        r#"SELECT id, email, name, unit, password_hash, disabled AS "disabled: bool",
                  (SELECT group_concat(role) FROM user_roles WHERE user = users.id) AS "roles: String"
           FROM users
           WHERE id IN (SELECT unhex(value) FROM json_each(?1))
              OR id IN (SELECT user FROM user_roles WHERE role IN (SELECT value FROM json_each(?2)))"#,
        ids,
        roles
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(User::try_from).collect()
}

pub(crate) async fn put_user(connection: &mut SqliteConnection, user: &User) -> Result<()> {
    let id = &user.id.0[..];
    let key = email_key(&user.email);
    sqlx::query!(
        "INSERT INTO users (id, email, email_key, name, unit, password_hash, disabled)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key,
             name = excluded.name, unit = excluded.unit, password_hash = excluded.password_hash,
             disabled = excluded.disabled",
        id,
        user.email,
        key,
        user.name,
        user.unit,
        user.password_hash,
        user.disabled
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!("DELETE FROM user_roles WHERE user = ?", id).execute(&mut *connection).await.told()?;
    for role in &user.roles {
        let role = role.code();
        sqlx::query!("INSERT INTO user_roles (user, role) VALUES (?, ?) ON CONFLICT DO NOTHING", id, role)
            .execute(&mut *connection)
            .await
            .told()?;
    }
    Ok(())
}

/// What addresses are compared by.
fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(crate) async fn device(connection: &mut SqliteConnection, id: DeviceId) -> Result<Option<Device>> {
    let id = &id.0[..];
    let found = sqlx::query!(
        r#"SELECT id, user, public_key, name, created_at, last_seen, revoked AS "revoked: bool"
           FROM devices WHERE id = ?"#,
        id
    )
    .fetch_optional(connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Device {
        id: row::id(&found.id)?,
        user: row::id(&found.user)?,
        public_key: row::id(&found.public_key)?,
        name: found.name,
        created_at: row::number(found.created_at)?,
        last_seen: row::number(found.last_seen)?,
        revoked: found.revoked,
    }))
}

pub(crate) async fn put_device(connection: &mut SqliteConnection, device: &Device) -> Result<()> {
    let (id, user, public_key) = (&device.id.0[..], &device.user.0[..], &device.public_key.0[..]);
    let (created_at, last_seen) = (row::stored(device.created_at), row::stored(device.last_seen));
    sqlx::query!(
        "INSERT INTO devices (id, user, public_key, name, created_at, last_seen, revoked)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET user = excluded.user, public_key = excluded.public_key,
             name = excluded.name, created_at = excluded.created_at, last_seen = excluded.last_seen,
             revoked = excluded.revoked",
        id,
        user,
        public_key,
        device.name,
        created_at,
        last_seen,
        device.revoked
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn device_keys(
    connection: &mut SqliteConnection,
    ids: &[DeviceId],
) -> Result<Vec<DeviceKey>> {
    let mut keys = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(device) = device(&mut *connection, *id).await? {
            let Device { id, user, public_key, revoked, .. } = device;
            keys.push(DeviceKey { id, user, public_key, revoked });
        }
    }
    Ok(keys)
}

pub(crate) async fn session(
    connection: &mut SqliteConnection,
    token_hash: &[u8; 32],
) -> Result<Option<Session>> {
    let token_hash = &token_hash[..];
    let found = sqlx::query!(
        r#"SELECT sessions.user, sessions.device, sessions.created_at, sessions.last_used,
                  devices.revoked AS "revoked: bool", users.disabled AS "disabled: bool"
           FROM sessions
           JOIN devices ON devices.id = sessions.device
           JOIN users ON users.id = sessions.user
           WHERE token_hash = ?"#,
        token_hash
    )
    .fetch_optional(connection)
    .await
    .told()?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Session {
        user: row::id(&found.user)?,
        device: row::id(&found.device)?,
        created_at: row::number(found.created_at)?,
        last_used: row::number(found.last_used)?,
        revoked: found.revoked,
        disabled: found.disabled,
    }))
}

pub(crate) async fn add_session(
    connection: &mut SqliteConnection,
    token_hash: &[u8; 32],
    session: &Session,
) -> Result<()> {
    let (token_hash, user, device) = (&token_hash[..], &session.user.0[..], &session.device.0[..]);
    let (created_at, last_used) = (row::stored(session.created_at), row::stored(session.last_used));
    sqlx::query!(
        "INSERT INTO sessions (token_hash, user, device, created_at, last_used) VALUES (?, ?, ?, ?, ?)",
        token_hash,
        user,
        device,
        created_at,
        last_used
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn touch_session(
    connection: &mut SqliteConnection,
    token_hash: &[u8; 32],
    now: Millis,
) -> Result<()> {
    let (token_hash, now) = (&token_hash[..], row::stored(now));
    sqlx::query!("UPDATE sessions SET last_used = ? WHERE token_hash = ?", now, token_hash)
        .execute(&mut *connection)
        .await
        .told()?;
    sqlx::query!(
        "UPDATE devices SET last_seen = max(last_seen, ?)
         WHERE id = (SELECT device FROM sessions WHERE token_hash = ?)",
        now,
        token_hash
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn end_session(connection: &mut SqliteConnection, token_hash: &[u8; 32]) -> Result<()> {
    let token_hash = &token_hash[..];
    sqlx::query!("DELETE FROM sessions WHERE token_hash = ?", token_hash).execute(connection).await.told()?;
    Ok(())
}

pub(crate) async fn end_sessions_of(connection: &mut SqliteConnection, user: UserId) -> Result<()> {
    let user = &user.0[..];
    // Those of revoked devices stay: their only use is that the device is told to empty itself.
    sqlx::query!(
        "DELETE FROM sessions WHERE user = ? AND device NOT IN (SELECT id FROM devices WHERE revoked)",
        user
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}
