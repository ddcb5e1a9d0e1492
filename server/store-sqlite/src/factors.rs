//! Second factors.

use async_trait::async_trait;
use shared::ids::UserId;
use sqlx::SqliteConnection;
use store::{FactorStore, FactorTx, Factors, Millis, Passkey, Result, StoreError, Totp};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, row};

#[async_trait]
impl FactorStore for SqliteStore {
    async fn factors(&self, user: UserId) -> Result<Factors> {
        factors(&mut *self.reader().await?, user).await
    }

    async fn passkeys(&self, user: UserId) -> Result<Vec<Passkey>> {
        passkeys(&mut *self.reader().await?, user).await
    }
}

#[async_trait]
impl FactorTx for Transaction {
    async fn factors(&mut self, user: UserId) -> Result<Factors> {
        factors(self.connection(), user).await
    }

    async fn put_totp(&mut self, user: UserId, totp: &Totp) -> Result<()> {
        let (user, sealed) = (&user.0[..], &totp.sealed);
        let (confirmed_at, last_step) = (totp.confirmed_at.map(row::stored), row::stored(totp.last_step));
        sqlx::query!(
            "INSERT INTO totp (user, sealed, confirmed_at, last_step) VALUES (?, ?, ?, ?)
             ON CONFLICT (user) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at,
                 last_step = excluded.last_step",
            user,
            sealed,
            confirmed_at,
            last_step
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn use_totp_step(&mut self, user: UserId, step: u64) -> Result<bool> {
        let (user, step) = (&user.0[..], row::stored(step));
        let used =
            sqlx::query!("UPDATE totp SET last_step = ?2 WHERE user = ?1 AND last_step < ?2", user, step)
                .execute(self.connection())
                .await
                .told()?;
        Ok(used.rows_affected() == 1)
    }

    async fn put_recovery_codes(&mut self, user: UserId, hashes: &[[u8; 32]]) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!("DELETE FROM recovery_codes WHERE user = ?", user)
            .execute(self.connection())
            .await
            .told()?;
        for hash in hashes {
            let hash = &hash[..];
            sqlx::query!("INSERT INTO recovery_codes (user, hash) VALUES (?, ?)", user, hash)
                .execute(self.connection())
                .await
                .told()?;
        }
        Ok(())
    }

    async fn use_recovery_code(&mut self, user: UserId, hash: &[u8; 32]) -> Result<bool> {
        let (user, hash) = (&user.0[..], &hash[..]);
        let used = sqlx::query!("DELETE FROM recovery_codes WHERE user = ? AND hash = ?", user, hash)
            .execute(self.connection())
            .await
            .told()?;
        Ok(used.rows_affected() == 1)
    }

    async fn passkeys(&mut self, user: UserId) -> Result<Vec<Passkey>> {
        passkeys(self.connection(), user).await
    }

    async fn add_passkey(&mut self, user: UserId, passkey: &Passkey) -> Result<bool> {
        let Passkey { credential, name, transports, fixed, changing, made_at, used_at } = passkey;
        let (user, changing, transports) = (&user.0[..], &changing[..], i64::from(*transports));
        let (made_at, used_at) = (row::stored(*made_at), used_at.map(row::stored));
        let added = sqlx::query!(
            "INSERT INTO passkeys (credential, user, name, transports, fixed, changing, made_at, used_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (credential) DO NOTHING",
            credential,
            user,
            name,
            transports,
            fixed,
            changing,
            made_at,
            used_at
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(added.rows_affected() == 1)
    }

    async fn use_passkey(&mut self, credential: &[u8], changing: [u8; 7], at: Millis) -> Result<()> {
        let (changing, at) = (&changing[..], row::stored(at));
        sqlx::query!(
            "UPDATE passkeys SET changing = ?2, used_at = ?3 WHERE credential = ?1",
            credential,
            changing,
            at
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn remove_passkey(&mut self, user: UserId, credential: &[u8]) -> Result<bool> {
        let user = &user.0[..];
        let removed =
            sqlx::query!("DELETE FROM passkeys WHERE user = ? AND credential = ?", user, credential)
                .execute(self.connection())
                .await
                .told()?;
        Ok(removed.rows_affected() == 1)
    }

    async fn remove_factors(&mut self, user: UserId) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!("DELETE FROM totp WHERE user = ?", user).execute(self.connection()).await.told()?;
        sqlx::query!("DELETE FROM passkeys WHERE user = ?", user).execute(self.connection()).await.told()?;
        sqlx::query!("DELETE FROM recovery_codes WHERE user = ?", user)
            .execute(self.connection())
            .await
            .told()?;
        Ok(())
    }

    async fn note_factor_removal(&mut self, user: UserId, at: Option<Millis>) -> Result<()> {
        let user = &user.0[..];
        let Some(at) = at.map(row::stored) else {
            sqlx::query!("DELETE FROM factor_removals WHERE user = ?", user)
                .execute(self.connection())
                .await
                .told()?;
            return Ok(());
        };
        sqlx::query!(
            "INSERT INTO factor_removals (user, at) VALUES (?, ?)
             ON CONFLICT (user) DO UPDATE SET at = excluded.at",
            user,
            at
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }
}

/// One statement, so that it is of one moment.
async fn factors(connection: &mut SqliteConnection, user: UserId) -> Result<Factors> {
    let user = &user.0[..];
    let found = sqlx::query!(
        r#"SELECT totp.sealed AS "sealed?: Vec<u8>", totp.confirmed_at AS "confirmed_at?: i64",
                  totp.last_step AS "last_step?: i64",
                  (SELECT count(*) FROM passkeys WHERE user = wanted.user) AS "passkeys!: i64",
                  (SELECT count(*) FROM recovery_codes WHERE user = wanted.user) AS "recovery_left!: i64",
                  (SELECT at FROM factor_removals WHERE user = wanted.user) AS "removed_at?: i64"
           FROM (SELECT ?1 AS user) AS wanted
           LEFT JOIN totp ON totp.user = wanted.user"#,
        user
    )
    .fetch_one(connection)
    .await
    .told()?;
    let totp = match (found.sealed, found.last_step) {
        (Some(sealed), Some(last_step)) => Some(Totp {
            sealed,
            confirmed_at: row::number_if(found.confirmed_at)?,
            last_step: row::number(last_step)?,
        }),
        _ => None,
    };
    let recovery_left = u32::try_from(found.recovery_left)
        .map_err(|_| StoreError::Corrupt("a count of recovery codes".into()))?;
    let passkeys =
        u32::try_from(found.passkeys).map_err(|_| StoreError::Corrupt("a count of passkeys".into()))?;
    Ok(Factors { totp, passkeys, recovery_left, removed_at: row::number_if(found.removed_at)? })
}

async fn passkeys(connection: &mut SqliteConnection, user: UserId) -> Result<Vec<Passkey>> {
    let user = &user.0[..];
    let found = sqlx::query!(
        "SELECT credential, name, transports, fixed, changing, made_at, used_at FROM passkeys
         WHERE user = ? ORDER BY made_at, credential",
        user
    )
    .fetch_all(connection)
    .await
    .told()?;
    let passkey = |row: &str| StoreError::Corrupt(format!("a passkey's {row}"));
    found
        .into_iter()
        .map(|it| {
            Ok(Passkey {
                credential: it.credential,
                name: it.name,
                transports: u8::try_from(it.transports).map_err(|_| passkey("transports"))?,
                fixed: it.fixed,
                changing: it.changing.try_into().map_err(|_| passkey("changing state"))?,
                made_at: row::number(it.made_at)?,
                used_at: row::number_if(it.used_at)?,
            })
        })
        .collect()
}
