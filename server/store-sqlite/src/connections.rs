//! Connections that are kept, and lent to one at a time each. The driver's own pool asks every connection that comes back
//! whether it still is well, which is a turn of SQLite's thread and a task for each statement: as much as most statements.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use store::{Result, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Told as _;

/// How long to wait for one: longer than that, the caller's own caller has given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection counts as well after it was asked. One whose thread has ended does nothing any more.
const TRUST: Duration = Duration::from_secs(1);

/// So many connections at most, which are made when they are first needed.
#[derive(Debug, Clone)]
pub(crate) struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: SqliteConnectOptions,
    most: u32,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Kept>>,
    made: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    connection: SqliteConnection,
    /// When it was last known to be well.
    well: Instant,
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing in here panics while it holds the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<Kept> {
        let connection = SqliteConnection::connect_with(&self.options).await.told()?;
        self.made.fetch_add(1, Ordering::SeqCst);
        Ok(Kept { connection, well: Instant::now() })
    }
}

impl Connections {
    /// None yet.
    pub(crate) fn new(options: SqliteConnectOptions, most: u32) -> Self {
        let places = Arc::new(Semaphore::new(most as usize));
        Self(Arc::new(Shared { options, most, places, idle: Mutex::default(), made: AtomicU64::new(0) }))
    }

    /// How many were made so far, those included that are no more.
    pub(crate) fn made(&self) -> u64 {
        self.0.made.load(Ordering::SeqCst)
    }

    /// Waits in line for one.
    pub(crate) async fn acquire(&self) -> Result<Lent> {
        let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
        let place = timeout(PATIENCE, Arc::clone(&self.0.places).acquire_owned())
            .await
            .map_err(|_| unavailable("all connections to the database are busy"))?
            .map_err(|_| unavailable("the store is closed"))?;
        let idle = self.0.idle().pop();
        let kept = match idle {
            Some(kept) if kept.well.elapsed() < TRUST => kept,
            Some(mut kept) => match kept.connection.ping().await {
                Ok(()) => Kept { well: Instant::now(), ..kept },
                Err(error) => {
                    tracing::warn!(%error, "a connection to the database has broken, and is made anew");
                    self.0.connect().await?
                }
            },
            None => self.0.connect().await?,
        };
        Ok(Lent { kept: Some(kept), shared: Arc::clone(&self.0), _place: place })
    }

    /// Waits until all are back, closes them and makes no more.
    pub(crate) async fn close(&self) {
        // Fails only where they are closed already.
        let _all = self.0.places.acquire_many(self.0.most).await;
        self.0.places.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for Kept { connection, .. } in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database did not close well");
            }
        }
    }

    /// How many wait to be lent.
    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.0.idle().len()
    }
}

/// A connection that is somebody's for now.
#[derive(Debug)]
pub(crate) struct Lent {
    /// `None` once it has been thrown away.
    kept: Option<Kept>,
    shared: Arc<Shared>,
    /// Given back after the connection: fields are dropped after what `drop` does.
    _place: OwnedSemaphorePermit,
}

impl Lent {
    /// Throws it away: it is in a state that nobody knows.
    pub(crate) fn discard(mut self) {
        drop(self.kept.take());
    }
}

impl Deref for Lent {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.kept.as_ref().expect("taken only by what consumes it").connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.kept.as_mut().expect("taken only by what consumes it").connection
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take()
            && !self.shared.places.is_closed()
        {
            self.shared.idle().push(kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn in_memory(most: u32) -> Connections {
        Connections::new(SqliteConnectOptions::new().in_memory(true), most)
    }

    #[tokio::test]
    async fn a_connection_is_lent_to_one_at_a_time_and_then_to_the_next() {
        let connections = in_memory(1);
        let mut first = connections.acquire().await.unwrap();
        sqlx::query("CREATE TABLE seen (it)").execute(&mut *first).await.unwrap();
        let mut second = Box::pin(connections.acquire());
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        // The same one: another would have another memory.
        sqlx::query("SELECT it FROM seen").execute(&mut *second.await.unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_thrown_away_is_made_anew() {
        let connections = in_memory(1);
        let mut first = connections.acquire().await.unwrap();
        sqlx::query("CREATE TABLE seen (it)").execute(&mut *first).await.unwrap();
        first.discard();
        let mut second = connections.acquire().await.unwrap();
        assert!(sqlx::query("SELECT it FROM seen").execute(&mut *second).await.is_err());
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_lent_and_lends_no_more() {
        let connections = in_memory(2);
        let lent = connections.acquire().await.unwrap();
        let mut closing = Box::pin(connections.close());
        assert!(futures_util::poll!(&mut closing).is_pending());
        drop(lent);
        closing.await;
        assert_eq!(connections.idle(), 0);
        assert!(matches!(connections.acquire().now_or_never(), Some(Err(StoreError::Unavailable(_)))));
    }
}
