//! What was done: answered commands, the audit log, and settings.

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

pub(crate) async fn audit_tail(connection: &mut SqliteConnection, most: u32) -> Result<Vec<AuditRow>> {
    let found = sqlx::query!(
        "SELECT seq, at, user, device, action, object, hash FROM audit ORDER BY seq DESC LIMIT ?",
        most
    )
    .fetch_all(connection)
    .await
    .told()?;
    let rows = found.into_iter().map(|it| {
        Ok(AuditRow {
            seq: row::number(it.seq)?,
            event: AuditEvent {
                at: row::number(it.at)?,
                user: row::id_if(it.user.as_deref())?,
                device: row::id_if(it.device.as_deref())?,
                action: it.action,
                object: it.object,
            },
            hash: row::sha256(&it.hash)?,
        })
    });
    rows.collect()
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
