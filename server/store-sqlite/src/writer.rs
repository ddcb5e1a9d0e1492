//! The one connection that writes, and its transactions. Who wants to write waits in line for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::SqliteConnection;
use store::{Result, StoreError};

use crate::connections::{Connections, Lent};
use crate::error::{Told as _, tell};

/// How long a commit is proof that there can be another.
const PROOF: Duration = Duration::from_secs(10);

/// Lends the one connection, turn by turn.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    connection: Connections,
    written: Arc<Written>,
    /// Counts the transactions that were begun.
    begun: Arc<AtomicU64>,
}

/// Whether what is committed gets to the disk.
#[derive(Debug, Default)]
struct Written(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// A write has failed, and nothing has shown since that the next one will not. That a commit succeeds does
    /// not: it may have had nothing to write.
    failing: bool,
}

impl Written {
    fn note(&self, is_written: bool) {
        let mut state = self.state();
        if is_written {
            state.last = Some(Instant::now());
        } else {
            state.failing = true;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// On connections of which there is one at most.
    pub(crate) fn new(connection: Connections) -> Self {
        Self { connection, written: Arc::default(), begun: Arc::default() }
    }

    /// Begins a transaction that holds SQLite's write lock from the start: one that took it later could find
    /// that what it had read is no longer true.
    pub(crate) async fn begin(&self) -> Result<WriterTx> {
        let connection = self.connection.acquire().await?;
        // While nobody else can have it, so that who has it next is told.
        self.begun.fetch_add(1, Ordering::SeqCst);
        // Before it begins, so that it is rolled back also where the one who waits for it has gone away: the
        // database carries out what it was sent, and the only connection must not come back in a transaction.
        let mut tx = WriterTx { connection: Some(connection), written: Arc::clone(&self.written) };
        sqlx::query("BEGIN IMMEDIATE").execute(tx.connection()).await.told()?;
        Ok(tx)
    }

    /// The connection, for statements that are each a transaction of their own.
    pub(crate) async fn acquire(&self) -> Result<Lent> {
        self.connection.acquire().await
    }

    /// A number that is another once a transaction was begun or the connection made anew: what was read
    /// [on it](Self::acquire) before may be another too, and SQLite's own count of what others write is a connection's.
    /// To be asked while one has the connection.
    pub(crate) fn moment(&self) -> u64 {
        // Both only grow.
        self.begun.load(Ordering::SeqCst) + self.connection.made()
    }

    /// Such a statement has written something.
    pub(crate) fn has_written(&self) {
        self.written.note(true);
    }

    /// Whether something was committed not long ago, and no write has failed.
    pub(crate) fn has_just_written(&self) -> bool {
        let state = self.written.state();
        !state.failing && state.last.is_some_and(|last| last.elapsed() < PROOF)
    }

    /// A row was written: writing works (again).
    pub(crate) fn has_proven_itself(&self) {
        self.written.state().failing = false;
    }

    pub(crate) async fn close(&self) {
        self.connection.close().await;
    }
}

/// An open transaction. Dropped without [`commit`](Self::commit), it is rolled back.
pub(crate) struct WriterTx {
    /// `None` once it has ended.
    connection: Option<Lent>,
    written: Arc<Written>,
}

impl WriterTx {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("taken only by what consumes the transaction")
    }

    /// On the disk when it returns `Ok`.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let committed = sqlx::query("COMMIT").execute(self.connection()).await;
        self.written.note(committed.is_ok());
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
            self.written.note(false);
        }
        self.rollback().await;
    }
}

impl Drop for WriterTx {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(roll_back(connection))),
                Err(_) => connection.discard(),
            }
        }
    }
}

async fn roll_back(mut connection: Lent) {
    // SQLite rolls some errors back by itself, and then refuses this. A connection in doubt is closed, which
    // rolls back too, and another is made.
    if sqlx::query("ROLLBACK").execute(&mut *connection).await.is_err() {
        connection.discard();
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use crate::open::{self, Options};

    #[tokio::test]
    async fn who_hangs_up_while_a_transaction_begins_leaves_none_open() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("loopbaanmaat.db");
        let (writer, _readers) = open::open(&file, Options::default()).await.unwrap();
        // Another program has the lock, so that the beginning lasts as long as the test wants.
        let options = SqliteConnectOptions::new().filename(&file);
        let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        let mut beginning = Box::pin(writer.begin());
        assert!(futures_util::poll!(&mut beginning).is_pending());
        assert_eq!(writer.connection.idle(), 0);
        drop(beginning);
        sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        writer.begin().await.unwrap().commit().await.unwrap();
    }
}
