//! Links, wishes for a new password, and accounts as an administrator is told of them.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use shared::ids::UserId;
use sqlx::{Connection as _, SqliteConnection};
use store::{Account, AccountDevice, Link, LinkPurpose, LinkStore, LinkTx, Millis, Result};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, access, accounts, row};

#[async_trait]
impl LinkStore for SqliteStore {
    async fn link(&self, token_hash: &[u8; 32]) -> Result<Option<Link>> {
        link(&mut *self.reader().await?, token_hash).await
    }

    async fn accounts(&self) -> Result<Vec<Account>> {
        let mut reader = self.reader().await?;
        all(&mut *reader.begin().await.told()?).await
    }
}

#[async_trait]
impl LinkTx for Transaction {
    async fn put_link(&mut self, token_hash: &[u8; 32], link: &Link) -> Result<()> {
        let (token_hash, user, purpose) = (&token_hash[..], &link.user.0[..], link.purpose.code());
        let expires = row::stored(link.expires);
        sqlx::query!(
            "INSERT INTO links (user, purpose, token_hash, expires) VALUES (?, ?, ?, ?)
             ON CONFLICT (user, purpose) DO UPDATE
             SET token_hash = excluded.token_hash, expires = excluded.expires",
            user,
            purpose,
            token_hash,
            expires
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn take_link(&mut self, token_hash: &[u8; 32]) -> Result<Option<Link>> {
        let found = link(self.connection(), token_hash).await?;
        let token_hash = &token_hash[..];
        sqlx::query!("DELETE FROM links WHERE token_hash = ?", token_hash)
            .execute(self.connection())
            .await
            .told()?;
        Ok(found)
    }

    async fn remove_links_of(&mut self, user: UserId) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!("DELETE FROM links WHERE user = ?", user).execute(self.connection()).await.told()?;
        Ok(())
    }

    async fn put_password_wish(&mut self, user: UserId, now: Millis) -> Result<()> {
        let (user, now) = (&user.0[..], row::stored(now));
        sqlx::query!(
            "INSERT INTO password_wishes (user, asked_at) VALUES (?, ?)
             ON CONFLICT (user) DO UPDATE SET asked_at = excluded.asked_at",
            user,
            now
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn remove_password_wish(&mut self, user: UserId) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!("DELETE FROM password_wishes WHERE user = ?", user)
            .execute(self.connection())
            .await
            .told()?;
        Ok(())
    }

    async fn end_other_sessions_of(&mut self, user: UserId, kept: &[u8; 32]) -> Result<()> {
        let (user, kept) = (&user.0[..], &kept[..]);
        // As in `accounts::end_sessions_of`, those of revoked devices stay.
        sqlx::query!(
            "DELETE FROM sessions
             WHERE user = ? AND token_hash <> ? AND device NOT IN (SELECT id FROM devices WHERE revoked)",
            user,
            kept
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }
}

async fn link(connection: &mut SqliteConnection, token_hash: &[u8; 32]) -> Result<Option<Link>> {
    let token_hash = &token_hash[..];
    let found = sqlx::query!("SELECT user, purpose, expires FROM links WHERE token_hash = ?", token_hash)
        .fetch_optional(connection)
        .await
        .told()?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some(Link {
        user: row::id(&found.user)?,
        purpose: row::coded(&found.purpose, LinkPurpose::from_code)?,
        expires: row::number(found.expires)?,
    }))
}

async fn all(connection: &mut SqliteConnection) -> Result<Vec<Account>> {
    let mut devices: HashMap<UserId, Vec<AccountDevice>> = HashMap::new();
    let found = sqlx::query!(
        r#"SELECT id, user, name, last_seen, revoked AS "revoked: bool" FROM devices ORDER BY last_seen DESC, id"#
    )
    .fetch_all(&mut *connection)
    .await
    .told()?;
    for it in found {
        let device = AccountDevice {
            id: row::id(&it.id)?,
            name: it.name,
            last_seen: row::number(it.last_seen)?,
            revoked: it.revoked,
        };
        devices.entry(row::id(&it.user)?).or_default().push(device);
    }
    let mut invitations: HashMap<UserId, Millis> = HashMap::new();
    let found = sqlx::query!("SELECT user, expires FROM links WHERE purpose = 'invitation'")
        .fetch_all(&mut *connection)
        .await
        .told()?;
    for it in found {
        invitations.insert(row::id(&it.user)?, row::number(it.expires)?);
    }
    let mut wishes: HashMap<UserId, Millis> = HashMap::new();
    let found = sqlx::query!("SELECT user, asked_at FROM password_wishes")
        .fetch_all(&mut *connection)
        .await
        .told()?;
    for it in found {
        wishes.insert(row::id(&it.user)?, row::number(it.asked_at)?);
    }
    let found = sqlx::query_scalar!("SELECT DISTINCT user FROM identities")
        .fetch_all(&mut *connection)
        .await
        .told()?;
    let at_provider = found.iter().map(|id| row::id(id)).collect::<Result<HashSet<UserId>>>()?;
    let managers = access::managers(&mut *connection).await?;
    let account = |user: store::User| Account {
        manager: managers.get(&user.id).copied(),
        at_provider: at_provider.contains(&user.id),
        invited_until: invitations.get(&user.id).copied(),
        wish: wishes.get(&user.id).copied(),
        devices: devices.remove(&user.id).unwrap_or_default(),
        user,
    };
    Ok(accounts::users(connection).await?.into_iter().map(account).collect())
}
