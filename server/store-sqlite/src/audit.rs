//! Some rows of the audit log.

use sqlx::SqliteConnection;
use store::{AuditFilter, AuditRow, Result};

use crate::error::Told as _;
use crate::record::Audited;
use crate::row;

/// See [`AuditLog::audit_page`](store::AuditLog::audit_page).
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    filter: &AuditFilter,
    most: u32,
) -> Result<Vec<AuditRow>> {
    let before = filter.before.map_or(i64::MAX, row::stored);
    let user = filter.user.as_ref().map(|user| &user.0[..]);
    let (from, until) = (filter.from.map_or(0, row::stored), filter.until.map_or(i64::MAX, row::stored));
    let found = sqlx::query_as!(
        Audited,
        "SELECT seq, at, user, device, action, object, hash FROM audit
         WHERE seq < ?1 AND at >= ?2 AND at <= ?3 AND (?4 IS NULL OR user = ?4)
             AND (?5 IS NULL OR action = ?5 OR substr(action, 1, length(?5) + 1) = ?5 || ':')
         ORDER BY seq DESC LIMIT ?6",
        before,
        from,
        until,
        user,
        filter.action,
        most
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.into_iter().map(Audited::read).collect()
}
