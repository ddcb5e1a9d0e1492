//! What every request can reach.

use std::sync::Arc;

use store::SharedStore;

use crate::audit::Watch;
use crate::clock::Clock;
use crate::config::{Config, Origin};
use crate::directory::Versions;
use crate::gate::Gate;
use crate::http::client::Client;
use crate::http::health::Readiness;
use crate::http::rate::Rates;
use crate::hub::Hub;
use crate::identity::forgotten::Asking;
use crate::identity::passkeys::Ceremonies;
use crate::identity::passwords::Passwords;
use crate::identity::provider::Provider;
use crate::identity::sealing::Sealing;
use crate::identity::sign_in::Door;
use crate::identity::throttle::Throttle;
use crate::mail::Mail;
use crate::snapshots::Snapshots;
use crate::sync::authors::Authors;
use crate::sync::strangers::Strangers;
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
    /// The key of this server, for what is kept sealed.
    pub sealing: Sealing,
    /// Passkeys that browsers have been asked for.
    pub ceremonies: Ceremonies,
    /// The organisation's own sign-in.
    pub provider: Option<Provider>,
    /// Failed sign-ins.
    pub throttle: Throttle,
    /// Who asks for a new password.
    pub asking: Asking,
    /// Letters that wait to be sent.
    pub mail: Mail,
    /// Failed sign-ins and looks, until the audit log has them.
    pub watch: Watch,
    /// Sockets of who is not signed in.
    pub strangers: Strangers,
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
        let sealing = Sealing::of_folder(&config.data);
        let provider = config.provider.clone().and_then(|settings| {
            let made = Provider::new(settings);
            made.inspect_err(|error| tracing::error!(%error, "the provider cannot be used")).ok()
        });
        let gate = Gate::new(config.worker.clone());
        let mail = Mail::new(config.mail.is_some());
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
            sealing,
            ceremonies: Ceremonies::default(),
            provider,
            throttle: Throttle::default(),
            asking: Asking::default(),
            mail,
            watch: Watch::default(),
            strangers: Strangers::default(),
            rates: Rates::default(),
            readiness: Readiness::default(),
        }))
    }

    /// Where people find the server: what links begin with. Never from a request, which could say anything.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.config.origin {
            Origin::Public { origin, .. } => origin.clone(),
            Origin::Loopback => format!("http://{}", self.config.listen),
        }
    }

    /// What signing in needs.
    #[must_use]
    pub fn door(&self) -> Door<'_> {
        Door {
            store: &self.store,
            passwords: &self.passwords,
            throttle: &self.throttle,
            sealing: &self.sealing,
            ceremonies: &self.ceremonies,
            watch: &self.watch,
        }
    }
}

impl std::ops::Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
