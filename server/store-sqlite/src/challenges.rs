//! Sign-in challenges. Anybody can ask for one, so all that are asked for while the writer is busy share the next
//! transaction: a flood of them is one in the line for the writer, whatever its size.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::SqliteConnection;
use store::{CHALLENGES, CHALLENGES_PER_ADDRESS, Millis, NewChallenge, Result, StoreError};
use tokio::sync::{Mutex as Turn, oneshot};

use crate::error::Told as _;
use crate::row;
use crate::writer::Writer;

/// Keeps challenges, many at a time.
#[derive(Debug, Clone)]
pub(crate) struct Challenges(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    writer: Writer,
    waiting: Mutex<Vec<Waiting>>,
    turn: Turn<()>,
}

#[derive(Debug)]
struct Waiting {
    challenge: NewChallenge,
    now: Millis,
    tell: oneshot::Sender<Result<()>>,
}

impl Challenges {
    pub(crate) fn new(writer: Writer) -> Self {
        Self(Arc::new(Shared { writer, waiting: Mutex::default(), turn: Turn::default() }))
    }

    pub(crate) async fn put(&self, challenge: NewChallenge, now: Millis) -> Result<()> {
        let (tell, told) = oneshot::channel();
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { challenge, now, tell });
        // On a task of its own: it is for others too, whoever hangs up.
        drop(tokio::spawn(Arc::clone(&self.0).store_waiting()));
        told.await.unwrap_or_else(|_| Err(StoreError::Unavailable("keeping a challenge did not end".into())))
    }
}

impl Shared {
    async fn store_waiting(self: Arc<Self>) {
        let _turn = self.turn.lock().await;
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if waiting.is_empty() {
            return;
        }
        let stored = self.store(&waiting).await.map_err(|error| error.to_string());
        for it in waiting {
            let _ = it.tell.send(stored.clone().map_err(StoreError::Unavailable));
        }
    }

    async fn store(&self, waiting: &[Waiting]) -> Result<()> {
        let mut tx = self.writer.begin().await?;
        for it in waiting {
            put(tx.connection(), &it.challenge, it.now).await?;
        }
        tx.commit().await
    }
}

async fn put(connection: &mut SqliteConnection, new: &NewChallenge, now: Millis) -> Result<()> {
    let (challenge, address) = (&new.challenge[..], &new.address);
    let (now, expires) = (row::stored(now), row::stored(new.expires));
    sqlx::query!("DELETE FROM challenges WHERE expires <= ?", now).execute(&mut *connection).await.told()?;
    sqlx::query!(
        "INSERT INTO challenges (challenge, address, expires) VALUES (?, ?, ?)",
        challenge,
        address,
        expires
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!(
        "DELETE FROM challenges WHERE address = ?1 AND number <=
             (SELECT number FROM challenges WHERE address = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        address,
        CHALLENGES_PER_ADDRESS
    )
    .execute(&mut *connection)
    .await
    .told()?;
    sqlx::query!(
        "DELETE FROM challenges WHERE number <= (SELECT max(number) FROM challenges) - ?",
        CHALLENGES
    )
    .execute(connection)
    .await
    .told()?;
    Ok(())
}

/// See [`Store::challenges`](store::Store::challenges).
pub(crate) async fn of_address(
    connection: &mut SqliteConnection,
    address: &str,
    now: Millis,
) -> Result<Vec<[u8; 32]>> {
    let now = row::stored(now);
    let found = sqlx::query_scalar!(
        "SELECT challenge FROM challenges WHERE address = ? AND expires > ? ORDER BY number DESC",
        address,
        now
    )
    .fetch_all(connection)
    .await
    .told()?;
    found.iter().map(|challenge| row::sha256(challenge)).collect()
}

/// See [`Store::take_challenge`](store::Store::take_challenge).
pub(crate) async fn take(
    connection: &mut SqliteConnection,
    challenge: &[u8; 32],
    now: Millis,
) -> Result<bool> {
    let (challenge, now) = (&challenge[..], row::stored(now));
    let taken = sqlx::query!(
        "DELETE FROM challenges WHERE challenge = ? RETURNING expires > ? AS \"valid!: bool\"",
        challenge,
        now
    )
    .fetch_optional(connection)
    .await
    .told()?;
    Ok(taken.is_some_and(|taken| taken.valid))
}
