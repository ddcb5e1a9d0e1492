//! What every request can reach.

use std::sync::Arc;

use store::SharedStore;

use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Versions;
use crate::gate::Gate;
use crate::http::client::Client;
use crate::http::health::Readiness;
use crate::http::rate::Rates;
use crate::hub::Hub;
use crate::identity::passwords::Passwords;
use crate::identity::sign_in::Door;
use crate::identity::throttle::Throttle;
use crate::snapshots::Snapshots;
use crate::sync::authors::Authors;
use crate::trials::Trials;

/// The server, shared by all that it does.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The parts of [`AppState`].
pub struct Shared {
    /// What it was told at its start.
    pub config: Config,
    /// What it keeps.
    pub store: SharedStore,
    /// Who is connected.
    pub hub: Hub,
    /// What decodes pushed changes.
    pub gate: Gate,
    /// Who has pushed just now.
    pub authors: Authors,
    /// What people may know, as versions.
    pub directories: Versions,
    /// What is to be applied on trial.
    pub trials: Trials,
    /// What a snapshot is to be made of.
    pub snapshots: Snapshots,
    /// The time.
    pub clock: Clock,
    /// The client's files.
    pub client: Client,
    /// Hashing.
    pub passwords: Passwords,
    /// Failed sign-ins.
    pub throttle: Throttle,
    /// Requests counted.
    pub rates: Rates,
    /// Whether the database was well when somebody last asked.
    pub readiness: Readiness,
}

impl AppState {
    /// A server that has not started to listen.
    #[must_use]
    pub fn new(config: Config, store: SharedStore, clock: Clock) -> Self {
        let client = Client::new(config.dist.clone());
        let gate = Gate::new(config.worker.clone());
        Self(Arc::new(Shared {
            config,
            store,
            hub: Hub::new(),
            gate,
            authors: Authors::default(),
            directories: Versions::default(),
            trials: Trials::default(),
            snapshots: Snapshots::default(),
            clock,
            client,
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            rates: Rates::default(),
            readiness: Readiness::default(),
        }))
    }

    /// What signing in needs.
    #[must_use]
    pub fn door(&self) -> Door<'_> {
        Door { store: &self.store, passwords: &self.passwords, throttle: &self.throttle }
    }
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
