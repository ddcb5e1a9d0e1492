//! The one connection that writes, and its transactions. Who wants to write waits in line for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use store::{Result, StoreError};

use crate::error::{Told as _, tell};

/// A pool of one: the pool gives the turns and replaces the connection when it has broken.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pool: SqlitePool,
    failing: Arc<AtomicBool>,
}

impl Writer {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { pool, failing: Arc::default() }
    }

    /// Begins a transaction that holds SQLite's write lock from the start: one that took it later could find
    /// that what it had read is no longer true.
    pub(crate) async fn begin(&self) -> Result<WriterTx> {
        let connection = self.pool.acquire().await.told()?;
        // Before it begins, so that it is rolled back also where the one who waits for it has gone away: the
        // database carries out what it was sent, and the only connection must not come back in a transaction.
        let mut tx = WriterTx { connection: Some(connection), failing: Arc::clone(&self.failing) };
        sqlx::query("BEGIN IMMEDIATE").execute(tx.connection()).await.told()?;
        Ok(tx)
    }

    /// Whether the last transaction that tried to commit could not.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// An open transaction. Dropped without [`commit`](Self::commit), it is rolled back.
pub(crate) struct WriterTx {
    /// `None` once it has ended.
    connection: Option<PoolConnection<Sqlite>>,
    failing: Arc<AtomicBool>,
}

impl WriterTx {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("taken only by what consumes the transaction")
    }

    /// On the disk when it returns `Ok`.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let committed = sqlx::query("COMMIT").execute(self.connection()).await;
        self.failing.store(committed.is_err(), Ordering::Relaxed);
        match committed {
            Ok(_) => {
                drop(self.connection.take());
                Ok(())
            }
            Err(error) => {
                self.rollback().await;
                // Whatever the reason, nothing was written and another try may succeed.
                Err(StoreError::Unavailable(tell(&error).to_string()))
            }
        }
    }

    pub(crate) async fn rollback(mut self) {
        if let Some(connection) = self.connection.take() {
            roll_back(connection).await;
        }
    }

    /// Rolls back because of `error`.
    pub(crate) async fn abandon(self, error: &StoreError) {
        if matches!(error, StoreError::Unavailable(_)) {
            self.failing.store(true, Ordering::Relaxed);
        }
        self.rollback().await;
    }
}

impl Drop for WriterTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(roll_back(connection))),
                Err(_) => drop(connection.detach()),
            }
        }
    }
}

async fn roll_back(mut connection: PoolConnection<Sqlite>) {
    // SQLite rolls some errors back by itself, and then refuses this. A connection in doubt is closed, which
    // rolls back too, and the pool opens another.
    if sqlx::query("ROLLBACK").execute(&mut *connection).await.is_err() {
        drop(connection.detach());
    }
}
