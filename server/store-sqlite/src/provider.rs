//! People who sign in at a provider.

use async_trait::async_trait;
use shared::ids::{DeviceId, UserId};
use store::{
    Millis, PROVIDER_ATTEMPTS, ProviderAttempt, ProviderSession, ProviderStore, ProviderTicket, ProviderTx,
    Result,
};

use crate::error::Told as _;
use crate::transaction::Transaction;
use crate::{SqliteStore, row};

#[async_trait]
impl ProviderStore for SqliteStore {
    async fn has_provider_ticket(&self, ticket_hash: &[u8; 32], now: Millis) -> Result<bool> {
        let (ticket_hash, now) = (&ticket_hash[..], row::stored(now));
        let mut reader = self.reader().await?;
        let found = sqlx::query_scalar!(
            "SELECT expires FROM provider_tickets WHERE ticket_hash = ? AND expires > ?",
            ticket_hash,
            now
        )
        .fetch_optional(&mut *reader)
        .await
        .told()?;
        Ok(found.is_some())
    }

    async fn provider_session(&self, token_hash: &[u8; 32]) -> Result<Option<ProviderSession>> {
        let token_hash = &token_hash[..];
        let mut reader = self.reader().await?;
        let found = sqlx::query!(
            "SELECT issuer, subject, sid, id_token FROM provider_sessions WHERE token_hash = ?",
            token_hash
        )
        .fetch_optional(&mut *reader)
        .await
        .told()?;
        Ok(found.map(|it| ProviderSession {
            issuer: it.issuer,
            subject: it.subject,
            sid: it.sid,
            id_token: it.id_token,
        }))
    }
}

#[async_trait]
impl ProviderTx for Transaction {
    async fn put_provider_attempt(
        &mut self,
        state_hash: &[u8; 32],
        attempt: &ProviderAttempt,
        now: Millis,
    ) -> Result<()> {
        let (state_hash, browser_hash) = (&state_hash[..], &attempt.browser_hash[..]);
        let (now, expires) = (row::stored(now), row::stored(attempt.expires));
        sqlx::query!("DELETE FROM provider_attempts WHERE expires <= ?", now)
            .execute(self.connection())
            .await
            .told()?;
        sqlx::query!(
            "INSERT INTO provider_attempts (state_hash, browser_hash, nonce, verifier, redirect, expires)
             VALUES (?, ?, ?, ?, ?, ?)",
            state_hash,
            browser_hash,
            attempt.nonce,
            attempt.verifier,
            attempt.redirect,
            expires
        )
        .execute(self.connection())
        .await
        .told()?;
        sqlx::query!(
            "DELETE FROM provider_attempts WHERE number <= (SELECT max(number) FROM provider_attempts) - ?",
            PROVIDER_ATTEMPTS
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn take_provider_attempt(
        &mut self,
        state_hash: &[u8; 32],
        now: Millis,
    ) -> Result<Option<ProviderAttempt>> {
        let state_hash = &state_hash[..];
        let found = sqlx::query!(
            r#"DELETE FROM provider_attempts WHERE state_hash = ?
               RETURNING browser_hash AS "browser_hash!", nonce AS "nonce!", verifier AS "verifier!",
                   redirect AS "redirect!", expires AS "expires!""#,
            state_hash
        )
        .fetch_optional(self.connection())
        .await
        .told()?;
        let Some(found) = found else { return Ok(None) };
        let attempt = ProviderAttempt {
            browser_hash: row::sha256(&found.browser_hash)?,
            nonce: found.nonce,
            verifier: found.verifier,
            redirect: found.redirect,
            expires: row::number(found.expires)?,
        };
        Ok(Some(attempt).filter(|it| it.expires > now))
    }

    async fn identity(&mut self, issuer: &str, subject: &str) -> Result<Option<UserId>> {
        let found = sqlx::query_scalar!(
            "SELECT user FROM identities WHERE issuer = ? AND subject = ?",
            issuer,
            subject
        )
        .fetch_optional(self.connection())
        .await
        .told()?;
        row::id_if(found.as_deref())
    }

    async fn put_identity(&mut self, issuer: &str, subject: &str, user: UserId) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!(
            "INSERT INTO identities (issuer, subject, user) VALUES (?, ?, ?)
             ON CONFLICT (issuer, subject) DO UPDATE SET user = excluded.user",
            issuer,
            subject,
            user
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn remove_identities_of(&mut self, user: UserId) -> Result<()> {
        let user = &user.0[..];
        sqlx::query!("DELETE FROM identities WHERE user = ?", user)
            .execute(self.connection())
            .await
            .told()?;
        Ok(())
    }

    async fn put_provider_ticket(
        &mut self,
        ticket_hash: &[u8; 32],
        ticket: &ProviderTicket,
        now: Millis,
    ) -> Result<()> {
        let (ticket_hash, user) = (&ticket_hash[..], &ticket.user.0[..]);
        let (now, expires) = (row::stored(now), row::stored(ticket.expires));
        sqlx::query!("DELETE FROM provider_tickets WHERE expires <= ?", now)
            .execute(self.connection())
            .await
            .told()?;
        sqlx::query!(
            "INSERT INTO provider_tickets (ticket_hash, user, issuer, subject, sid, id_token, expires)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            ticket_hash,
            user,
            ticket.session.issuer,
            ticket.session.subject,
            ticket.session.sid,
            ticket.session.id_token,
            expires
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn take_provider_ticket(
        &mut self,
        ticket_hash: &[u8; 32],
        now: Millis,
    ) -> Result<Option<ProviderTicket>> {
        let ticket_hash = &ticket_hash[..];
        let found = sqlx::query!(
            r#"DELETE FROM provider_tickets WHERE ticket_hash = ?
               RETURNING user AS "user!", issuer AS "issuer!", subject AS "subject!", sid,
                   id_token AS "id_token!", expires AS "expires!""#,
            ticket_hash
        )
        .fetch_optional(self.connection())
        .await
        .told()?;
        let Some(found) = found else { return Ok(None) };
        let ticket = ProviderTicket {
            user: row::id(&found.user)?,
            session: ProviderSession {
                issuer: found.issuer,
                subject: found.subject,
                sid: found.sid,
                id_token: found.id_token,
            },
            expires: row::number(found.expires)?,
        };
        Ok(Some(ticket).filter(|it| it.expires > now))
    }

    async fn put_provider_session(&mut self, token_hash: &[u8; 32], session: &ProviderSession) -> Result<()> {
        let token_hash = &token_hash[..];
        sqlx::query!(
            "INSERT INTO provider_sessions (token_hash, issuer, subject, sid, id_token) VALUES (?, ?, ?, ?, ?)",
            token_hash,
            session.issuer,
            session.subject,
            session.sid,
            session.id_token
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(())
    }

    async fn end_provider_sessions(
        &mut self,
        issuer: &str,
        subject: &str,
        sid: Option<&str>,
    ) -> Result<Vec<(UserId, DeviceId)>> {
        let ended = sqlx::query!(
            r#"DELETE FROM sessions
               WHERE token_hash IN (SELECT token_hash FROM provider_sessions
                                    WHERE issuer = ?1 AND subject = ?2 AND (?3 IS NULL OR sid = ?3))
                 AND device NOT IN (SELECT id FROM devices WHERE revoked)
               RETURNING user AS "user!", device AS "device!""#,
            issuer,
            subject,
            sid
        )
        .fetch_all(self.connection())
        .await
        .told()?;
        ended.into_iter().map(|it| Ok((row::id(&it.user)?, row::id(&it.device)?))).collect()
    }

    async fn use_logout_token(&mut self, hash: &[u8; 32], expires: Millis, now: Millis) -> Result<bool> {
        let (hash, expires, now) = (&hash[..], row::stored(expires), row::stored(now));
        sqlx::query!("DELETE FROM logout_tokens WHERE expires <= ?", now)
            .execute(self.connection())
            .await
            .told()?;
        let put = sqlx::query!(
            "INSERT INTO logout_tokens (hash, expires) VALUES (?, ?) ON CONFLICT DO NOTHING",
            hash,
            expires
        )
        .execute(self.connection())
        .await
        .told()?;
        Ok(put.rows_affected() == 1)
    }
}
