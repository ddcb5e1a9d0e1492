//! Starting, serving and stopping.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use store::{SharedStore, StoreError};
use store_sqlite::SqliteStore;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::audit;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::demo::{self, DemoError};
use crate::http;
use crate::http::outgoing::{Peer, Watching};
use crate::identity::sealing::SealingError;
use crate::identity::shared_devices;
use crate::lock::FolderLock;
use crate::mail;
use crate::operator;
use crate::retention;
use crate::snapshots;
use crate::state::AppState;
use crate::trials;

/// The database's file in the data folder.
const DATABASE: &str = "loopbaanmaat.sqlite";
/// How long a stop waits for requests and connections to end.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// What is small goes out at once, instead of waiting for the client to acknowledge what went before.
fn at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps small messages back");
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It was told something that does not fit.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot listen there.
    #[error("cannot listen on {address}: {}", listen_advice(.error))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// Its database cannot be used.
    #[error("{}", store_advice(.file, .error))]
    Store {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: StoreError,
    },
    /// There is no database where one is to be looked at.
    #[error("there is no database {}; say with --data where it is", .file.display())]
    NoDatabase {
        /// Which.
        file: PathBuf,
    },
    /// Its key cannot be used.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// A secret cannot be read.
    #[error("cannot read the secret in {}: {error}", file.display())]
    Secret {
        /// Which file.
        file: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// What is in its folder is being replaced.
    #[error("a backup is being put back in {}; start when that is done", .0.display())]
    Replaced(PathBuf),
    /// Its folder cannot be used.
    #[error("{}: {error}", data.display())]
    Folder {
        /// Which.
        data: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The demo cannot be set up there.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// Serving ended by itself.
    #[error("serving ended: {0}")]
    Serving(io::Error),
}

fn store_advice(file: &Path, error: &StoreError) -> String {
    match error {
        // It names the file or folder itself.
        StoreError::Unusable { .. } => error.to_string(),
        error => format!("{}: {error}", file.display()),
    }
}

fn listen_advice(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there already; stop it, or choose another port with --listen".into()
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 need permission; choose a higher one with --listen".into()
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
        _ => error.to_string(),
    }
}

/// The database of a data folder.
#[must_use]
pub fn database(data: &Path) -> PathBuf {
    data.join(DATABASE)
}

/// Opens the database of a data folder, making both where they are missing.
///
/// # Errors
/// [`StartError::Store`].
pub async fn open_store(data: &Path) -> Result<SharedStore, StartError> {
    let file = database(data);
    match SqliteStore::open(&file).await {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(StartError::Store { file, error }),
    }
}

/// Opens the database of a data folder for who looks at what is there already, and makes nothing.
///
/// # Errors
/// [`StartError::NoDatabase`] where there is none, else [`StartError::Store`].
pub async fn open_existing_store(data: &Path) -> Result<SharedStore, StartError> {
    existing_database(data)?;
    open_store(data).await
}

/// The database of a data folder, which must be there.
///
/// # Errors
/// [`StartError::NoDatabase`].
pub fn existing_database(data: &Path) -> Result<PathBuf, StartError> {
    let file = database(data);
    // What cannot be looked at is told by opening it.
    if matches!(file.try_exists(), Ok(false)) { Err(StartError::NoDatabase { file }) } else { Ok(file) }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn use_folder(data: &Path) -> Result<FolderLock, StartError> {
    let failed = |error| StartError::Folder { data: data.to_owned(), error };
    FolderLock::to_use(data).map_err(failed)?.ok_or_else(|| StartError::Replaced(data.to_owned()))
}

/// A server that has its address and its database, and does not answer yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    /// Nobody replaces what is in its folder as long as it is there.
    lock: Option<FolderLock>,
}

impl Bound {
    /// Takes the address, opens the database, and fills it if it is to be the demo's.
    ///
    /// # Errors
    /// [`StartError`] says what to do about it.
    pub async fn new(config: Config, clock: Clock) -> Result<Self, StartError> {
        let (listener, address) = listen(config.listen).await?;
        // The real port, since links name it.
        let config = Config { listen: address, ..config };
        let store = open_store(&config.data).await?;
        let lock = use_folder(&config.data)?;
        let bound = Self::with(listener, address, AppState::new(config, store, clock)).await?;
        Ok(Self { lock: Some(lock), ..bound })
    }

    /// The same with a store that is open already.
    ///
    /// # Errors
    /// [`StartError`] says what to do about it.
    pub async fn with_store(config: Config, store: SharedStore, clock: Clock) -> Result<Self, StartError> {
        let (listener, address) = listen(config.listen).await?;
        let config = Config { listen: address, ..config };
        Self::with(listener, address, AppState::new(config, store, clock)).await
    }

    async fn with(listener: TcpListener, address: SocketAddr, state: AppState) -> Result<Self, StartError> {
        state.sealing.ready()?;
        if state.config.demo {
            demo::ensure(&state).await?;
        }
        Ok(Self { listener, address, state, lock: None })
    }

    /// Where it listens: the real port, also where 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it works with.
    #[must_use]
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Serves until `stop` ends, then lets requests end, closes sockets with 1001 and the database.
    ///
    /// # Errors
    /// [`StartError::Serving`].
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
        let Self { listener, state, lock, .. } = self;
        let (stopping, stopped) = oneshot::channel();
        let hub = state.hub.clone();
        // What is in quarantine is not tried again, by this run either.
        match state.store.quarantined().await {
            Ok(all) => state.authors.quarantined(all.iter().map(|it| it.hash)),
            Err(error) => tracing::error!(%error, "the quarantine cannot be read"),
        }
        // Before anybody can ask for anything.
        if let Err(error) = retention::settle(&state.store, state.clock.now()).await {
            tracing::error!(%error, "the deletion list cannot be used, and nothing will be destroyed");
        }
        let watching = tokio::spawn(audit::run(state.clone()));
        let retaining = tokio::spawn(retention::run(state.clone()));
        let trials = tokio::spawn(trials::run(state.clone()));
        let snapshots = tokio::spawn(snapshots::run(state.clone()));
        let mail = tokio::spawn(mail::run(state.clone()));
        let shared_devices = tokio::spawn(shared_devices::run(state.clone()));
        let seen = operator::end_of_log(&state).await;
        let service = http::router(state.clone()).into_make_service_with_connect_info::<Peer>();
        let serving =
            axum::serve(Watching(listener.tap_io(at_once)), service).with_graceful_shutdown(async move {
                stop.await;
                // Upgraded sockets are no longer axum's: they are asked to close here.
                hub.stop();
                let _ = stopping.send(());
            });
        let serving = tokio::spawn(serving.into_future());
        let following = tokio::spawn(operator::follow(state.clone(), seen));
        // Ends also if serving failed and dropped the sender.
        let _ = stopped.await;
        let ended = timeout(STOP_PATIENCE, async {
            let served = serving.await;
            state.hub.emptied().await;
            served
        });
        let outcome = match ended.await {
            Ok(Ok(Err(error))) => Err(StartError::Serving(error)),
            Ok(_) => Ok(()),
            Err(_) => {
                tracing::warn!("some connections did not end in time and are dropped");
                Ok(())
            }
        };
        trials.abort();
        snapshots.abort();
        watching.abort();
        retaining.abort();
        mail.abort();
        let _ = (trials.await, snapshots.await, watching.await, retaining.await);
        if let Err(error) = audit::write_failures(&state, true).await {
            tracing::error!(%error, "failed sign-ins could not be written to the audit log");
        }
        following.abort();
        shared_devices.abort();
        state.store.close().await;
        drop(lock);
        outcome
    }
}
