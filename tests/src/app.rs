//! A server in this process, with a data folder and a clock of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::Client;
use server::clock::Clock;
use server::commands::account_changes::By;
use server::commands::accounts::{self, NewAccount};
use server::config::Config;
use server::identity::passwords::Passwords;
use server::mail::MailSettings;
use server::serve::{Bound, StartError, database};
use server::state::AppState;
use shared::domain::role::Role;
use shared::ids::{DeviceId, UserId};
use store::{SharedStore, WriteTx};
use store_sqlite::{Options, SqliteStore};
use tempfile::TempDir;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use crate::{Answer, Person, Sink};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "vier blauwe fietsen op dinsdag";

/// A running server.
pub struct TestApp {
    pub(crate) shared: Arc<Reach>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), StartError>>,
    _data: Arc<TempDir>,
}

/// What is needed to talk to it.
pub(crate) struct Reach {
    pub url: String,
    pub http: Client,
    pub state: AppState,
    names: AtomicU32,
}

impl TestApp {
    /// An empty one.
    pub async fn init() -> Self {
        Self::in_folder(Arc::new(tempfile::tempdir().unwrap()), Clock::standing()).await
    }

    /// An empty one that tries every log as soon as something has been stored in it.
    pub async fn trying_at_once() -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let config = Config { trial_after: Duration::ZERO, ..config(&data) };
        Self::running(Bound::new(config, Clock::standing()).await.unwrap(), data)
    }

    /// An empty one whose mail goes out by that mail server.
    pub async fn mailing(sink: &Sink) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let url = format!("smtp://{}", sink.address);
        let mut mail =
            MailSettings::new(&url, None, None, Some("Loopbaanmaat <loopbaan@test.example>")).unwrap();
        mail.first_wait = Duration::from_millis(1);
        let config = Config { mail: Some(mail), ..config(&data) };
        Self::running(Bound::new(config, Clock::standing()).await.unwrap(), data)
    }

    /// An empty one whose workers that program starts.
    pub async fn with_worker(program: &Path) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let config = Config { worker: Some(program.to_owned()), ..config(&data) };
        Self::running(Bound::new(config, Clock::standing()).await.unwrap(), data)
    }

    /// The same, which makes a snapshot of a log that has so many items, and drops what it covers at once if `drops`.
    pub async fn covering(after: u64, drops: bool) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let snapshot_grace = if drops { Duration::ZERO } else { NEVER };
        let config =
            Config { trial_after: Duration::ZERO, snapshot_after: after, snapshot_grace, ..config(&data) };
        Self::running(Bound::new(config, Clock::standing()).await.unwrap(), data)
    }

    /// The same again with a worker that cannot be started.
    pub async fn restarted_without_worker(self) -> Self {
        let nowhere = self._data.path().join("no-such-program");
        self.restarted_with_worker(&nowhere).await
    }

    /// The same again with workers that another program starts.
    pub async fn restarted_with_worker(self, program: &Path) -> Self {
        let (data, clock) = (Arc::clone(&self._data), self.clock());
        self.stopped().await;
        let config = Config { worker: Some(program.to_owned()), ..config(&data) };
        Self::running(Bound::new(config, clock).await.unwrap(), data)
    }

    /// Waits until every log has been tried to its head.
    pub async fn all_tried(&self) {
        while !self.store().untried().await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until a snapshot has been made of everything that is long enough.
    pub async fn all_covered(&self) {
        let after = self.state().config.snapshot_after;
        self.all_tried().await;
        while self.store().logs_to_cover(after).await.unwrap().iter().any(|log| log.snapshot == 0) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until everything that snapshots cover has been dropped.
    pub async fn all_dropped(&self) {
        while !self.store().logs_to_drop(self.clock().now()).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// The same again on another port, with what its folder holds.
    pub async fn restarted(self) -> Self {
        let (data, clock) = (Arc::clone(&self._data), self.clock());
        self.stopped().await;
        Self::in_folder(data, clock).await
    }

    /// The same again, after something was done to its folder while it was stopped.
    pub async fn restarted_after<T>(self, work: impl AsyncFnOnce() -> T) -> (Self, T) {
        let (data, clock) = (Arc::clone(&self._data), self.clock());
        self.stopped().await;
        let done = work().await;
        (Self::in_folder(data, clock).await, done)
    }

    /// Somebody with the device that she had, and a new session.
    pub async fn signed_in_again(&self, person: &Person) -> Person {
        Person::with_key(self, person.user, person.key.clone()).await
    }

    /// An empty one whose disk is full once its database has that many pages of 4 KiB.
    pub async fn on_small_disk(pages: u32) -> Self {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let options = Options { max_pages: Some(pages) };
        let store = SqliteStore::open_with(&database(data.path()), options).await.unwrap();
        let config = config(&data);
        Self::running(Bound::with_store(config, Arc::new(store), Clock::standing()).await.unwrap(), data)
    }

    async fn in_folder(data: Arc<TempDir>, clock: Clock) -> Self {
        Self::running(Bound::new(config(&data), clock).await.unwrap(), data)
    }

    fn running(bound: Bound, data: Arc<TempDir>) -> Self {
        server::identity::provider::choose_cryptography();
        let shared = Reach {
            url: format!("http://{}", bound.address()),
            http: Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            state: bound.state().clone(),
            names: AtomicU32::new(0),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(bound.run(async {
            let _ = stopped.await;
        }));
        Self { shared: Arc::new(shared), stop: Some(stop), running, _data: data }
    }

    /// Stops it as SIGTERM does, and waits for its end.
    pub async fn stopped(mut self) {
        self.stop_begins();
        (&mut self.running).await.unwrap().unwrap();
    }

    /// Asks it to stop, as SIGTERM does.
    pub fn stop_begins(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.url)
    }

    /// Its clock, which stands still until it is moved.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.shared.state.clock.clone()
    }

    /// Its store, for what has no way in from outside.
    #[must_use]
    pub fn store(&self) -> &SharedStore {
        &self.shared.state.store
    }

    /// Its insides.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.shared.state
    }

    /// Changes the store in one transaction.
    pub async fn change<T>(&self, work: impl AsyncFnOnce(&mut dyn WriteTx) -> T) -> T {
        let mut tx = self.store().begin().await.unwrap();
        let done = work(&mut *tx).await;
        tx.commit().await.unwrap();
        done
    }

    /// A request without a session.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.shared.http.get(self.url(path))).await
    }

    /// A request of any kind.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Answer::read(request.send().await.unwrap()).await
    }

    /// To make requests with.
    #[must_use]
    pub fn http(&self) -> &Client {
        &self.shared.http
    }

    /// A new account, employee and `role`, with a device that is signed in.
    pub async fn person(&self, role: Role) -> Person {
        self.person_with(&[role]).await
    }

    /// An employee.
    pub async fn employee(&self) -> Person {
        self.person(Role::Employee).await
    }

    /// A new account, employee and all of these, with a device that is signed in.
    pub async fn person_with(&self, roles: &[Role]) -> Person {
        let number = self.shared.names.fetch_add(1, Ordering::Relaxed);
        let account = self.account_with(&format!("persoon{number}@test.example"), roles).await;
        self.signed_in(account).await
    }

    /// A new account without a device.
    pub async fn account(&self, email: &str, role: Role) -> UserId {
        self.account_with(email, &[role]).await
    }

    async fn account_with(&self, email: &str, roles: &[Role]) -> UserId {
        let account = NewAccount {
            email: email.into(),
            name: email.split('@').next().unwrap_or_default().into(),
            // Those who work nowhere in particular may coach each other.
            unit: String::new(),
            roles: roles.to_vec(),
            password_hash: password_hash().await,
        };
        let now = self.clock().now();
        self.change(async |tx| {
            // Not by the operator: what she does is told to everybody connected, some time later.
            let by = By::Administrator { user: UserId([0; 16]), device: DeviceId([0; 16]) };
            let user = accounts::add_by(tx, by, account, now).await.unwrap();
            accounts::regrant_for(tx, &user).await.unwrap();
            user.id
        })
        .await
    }

    /// A new device of that account with a session, made in the store: quicker than signing in.
    pub async fn signed_in(&self, user: UserId) -> Person {
        Person::with_session(self, user).await
    }
}

/// Logs are tried where a test is about that.
const NEVER: Duration = Duration::from_secs(24 * 3_600);

fn config(data: &TempDir) -> Config {
    let config = Config::new("127.0.0.1:0".parse().unwrap(), data.path().into(), None, None, false).unwrap();
    Config { worker: Some(worker()), trial_after: NEVER, ..config }
}

/// The program whose workers decode: the one that runs the tests cannot be one.
#[must_use]
pub fn worker() -> PathBuf {
    // Tests are in `deps`, one below the programs.
    let tests = std::env::current_exe().unwrap();
    tests.parent().and_then(Path::parent).unwrap().join("server-under-test")
}

/// Hashed once: it is slow on purpose.
async fn password_hash() -> String {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(async || Passwords::new().hash(PASSWORD.into()).await.unwrap()).await.clone()
}
