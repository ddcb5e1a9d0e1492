//! What was done: answered commands, the audit log, and settings.

use shared::domain::audit::is_action;
use shared::ids::{CommandId, UserId};
use sqlx::SqliteConnection;
use store::{AnsweredCommand, AuditEvent, AuditRow, Result, StoreError, audit_hash};

use crate::error::Told as _;
use crate::row;

pub(crate) async fn answered_command(
    connection: &mut SqliteConnection,
    user: UserId,
    id: CommandId,
) -> Result<Option<AnsweredCommand>> {
    let (user, id) = (&user.0[..], &id.0[..]);
    let found =
        sqlx::query!("SELECT command_hash, status, body FROM commands WHERE user = ? AND id = ?", user, id)
            .fetch_optional(connection)
            .await
            .told()?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(AnsweredCommand {
        command_hash: row::sha256(&found.command_hash)?,
        status: u16::try_from(found.status).map_err(|_| StoreError::Corrupt("a status".to_owned()))?,
        body: found.body,
    }))
}

pub(crate) async fn put_answer(
    connection: &mut SqliteConnection,
    user: UserId,
    id: CommandId,
    answer: &AnsweredCommand,
) -> Result<()> {
    let (user, id, command_hash) = (&user.0[..], &id.0[..], &answer.command_hash[..]);
    sqlx::query!(
        "INSERT INTO commands (user, id, command_hash, status, body) VALUES (?, ?, ?, ?, ?)",
        user,
        id,
        command_hash,
        answer.status,
        answer.body
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

pub(crate) async fn audit(connection: &mut SqliteConnection, event: &AuditEvent) -> Result<()> {
    debug_assert!(is_action(&event.action), "nobody has words for {:?}", event.action);
    let before = sqlx::query!("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await
        .told()?;
    let (seq, before) = match before {
        Some(row) => (row.seq + 1, row::sha256(&row.hash)?),
        None => (1, [0; 32]),
    };
    let hash = audit_hash(&before, event);
    let (at, hash) = (row::stored(event.at), &hash[..]);
    let user = event.user.as_ref().map(|user| &user.0[..]);
    let device = event.device.as_ref().map(|device| &device.0[..]);
    sqlx::query!(
        "INSERT INTO audit (seq, at, user, device, action, object, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
        seq,
        at,
        user,
        device,
        event.action,
        event.object,
        hash
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

/// A row of the audit log as it lies in the database.
pub(crate) struct Audited {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) user: Option<Vec<u8>>,
    pub(crate) device: Option<Vec<u8>>,
    pub(crate) action: String,
    pub(crate) object: String,
    pub(crate) hash: Vec<u8>,
}

impl Audited {
    pub(crate) fn read(self) -> Result<AuditRow> {
        Ok(AuditRow {
            seq: row::number(self.seq)?,
            event: AuditEvent {
                at: row::number(self.at)?,
                user: row::id_if(self.user.as_deref())?,
                device: row::id_if(self.device.as_deref())?,
                action: self.action,
                object: self.object,
            },
            hash: row::sha256(&self.hash)?,
        })
    }
}

pub(crate) async fn audit_tail(connection: &mut SqliteConnection, most: u32) -> Result<Vec<AuditRow>> {
    let found = sqlx::query_as!(
        Audited,
        "SELECT seq, at, user, device, action, object, hash FROM audit ORDER BY seq DESC LIMIT ?",
        most
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Audited::read).collect()
}

pub(crate) async fn audit_after(
    connection: &mut SqliteConnection,
    seq: u64,
    most: u32,
) -> Result<Vec<AuditRow>> {
    let seq = row::stored(seq);
    let found = sqlx::query_as!(
        Audited,
        "SELECT seq, at, user, device, action, object, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
        seq,
        most
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Audited::read).collect()
}

pub(crate) async fn setting(connection: &mut SqliteConnection, name: &str) -> Result<Option<String>> {
    sqlx::query_scalar!("SELECT value FROM settings WHERE name = ?", name)
        .fetch_optional(connection)
        .await
        .told()
}

pub(crate) async fn put_setting(connection: &mut SqliteConnection, name: &str, value: &str) -> Result<()> {
    sqlx::query!(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}
