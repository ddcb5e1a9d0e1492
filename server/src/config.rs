//! What a server is told at its start, checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

use crate::identity::provider::{ProviderSettings, ProviderSettingsError};
use crate::mail::{MailSettings, MailSettingsError};

/// Everything that `serve` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder with the database.
    pub data: PathBuf,
    /// Where browsers find the server.
    pub origin: Origin,
    /// Proxies that are believed about whom they ask for, in `X-Forwarded-For`. What anybody else writes there is not
    /// looked at.
    pub trusted_proxies: Vec<IpAddr>,
    /// Serve the client from this folder instead of the one that is built in.
    pub dist: Option<PathBuf>,
    /// Fill an empty database with the demo organisation.
    pub demo: bool,
    /// By which server mail goes out; none: links are shown to whoever makes them.
    pub mail: Option<MailSettings>,
    /// The organisation's own sign-in.
    pub provider: Option<ProviderSettings>,
    /// The program whose workers decode what is pushed, instead of this one: for tests, which are another.
    pub worker: Option<PathBuf>,
    /// How long after something was stored its log is applied on trial, all that came in the meantime together.
    pub trial_after: Duration,
    /// How many items a log has to grow by before a snapshot is made of it.
    pub snapshot_after: u64,
    /// How long the data that a snapshot covers is kept beside it.
    pub snapshot_grace: Duration,
}

/// Long enough that most of a minute's writing is tried together.
const TRIAL_AFTER: Duration = Duration::from_secs(10);

/// Reading so many items takes a new device about a second on a slow line, and hardly any document ever has them.
const SNAPSHOT_AFTER: u64 = 2_000;

/// A device that was away for a week still reads what it lacks instead of the whole. For as long the changes are there
/// beside the snapshot, and in the copies that are made in the meantime, should one ever turn out to be wrong.
const SNAPSHOT_GRACE: Duration = Duration::from_secs(7 * 24 * 3_600);

impl Config {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn new(
        listen: SocketAddr,
        data: PathBuf,
        public_url: Option<&str>,
        dist: Option<PathBuf>,
        demo: bool,
    ) -> Result<Self, ConfigError> {
        if demo && !listen.ip().is_loopback() {
            return Err(ConfigError::PublicDemo(listen));
        }
        let origin = match public_url {
            Some(url) => Origin::parse(url)?,
            None if listen.ip().is_loopback() => Origin::Loopback,
            None => return Err(ConfigError::PublicUrlMissing(listen)),
        };
        if let Some(dist) = &dist
            && !dist.join("index.html").is_file()
        {
            return Err(ConfigError::NoClient(dist.clone()));
        }
        Ok(Self {
            listen,
            data,
            trusted_proxies: proxies(&origin),
            origin,
            dist,
            demo,
            mail: None,
            provider: None,
            worker: None,
            trial_after: TRIAL_AFTER,
            snapshot_after: SNAPSHOT_AFTER,
            snapshot_grace: SNAPSHOT_GRACE,
        })
    }
}

/// The proxy that is believed unless others are named: one on this machine, where there is to be one at all.
fn proxies(origin: &Origin) -> Vec<IpAddr> {
    match origin {
        Origin::Public { .. } => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        Origin::Loopback => vec![],
    }
}

/// Why a server cannot be started like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The demo has a password that everybody knows.
    #[error(
        "the demo's password is public, so it is served on a loopback address only, not on {0}; \
         leave --listen out, or start without --demo"
    )]
    PublicDemo(SocketAddr),
    /// Cookies and origins cannot be checked.
    #[error(
        "on {0} others can reach the server, so it must know its own address: \
         give --public-url https://… (the address that people type)"
    )]
    PublicUrlMissing(SocketAddr),
    /// Not an address of a site.
    #[error("--public-url {0:?} is not an address like https://loopbaan.example.org, without a path")]
    BadPublicUrl(String),
    /// Passwords would travel in the open.
    #[error("--public-url {0:?} must begin with https://; http:// is for loopback addresses only")]
    InsecurePublicUrl(String),
    /// What was said of the provider does not fit.
    #[error(transparent)]
    Provider(#[from] ProviderSettingsError),
    /// There is no client in that folder.
    #[error("{} holds no index.html; build the client into it first (make client)", .0.display())]
    NoClient(PathBuf),
    /// Mail cannot be sent like that.
    #[error(transparent)]
    Mail(#[from] MailSettingsError),
    /// The file with the mail server's password cannot be read.
    #[error("cannot read {}: {problem}", .file.display())]
    PasswordFile {
        /// Which.
        file: PathBuf,
        /// What the operating system says.
        problem: String,
    },
}

/// Where the product is, as browsers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// At this address, written as browsers write it in `Origin`.
    Public {
        /// `https://host` or `https://host:port`.
        origin: String,
        /// Whether it is https.
        secure: bool,
    },
    /// On this machine alone: http with whatever name of the loopback interface was typed.
    Loopback,
}

impl Origin {
    fn parse(url: &str) -> Result<Self, ConfigError> {
        let bad = || ConfigError::BadPublicUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(bad()) };
        if uri.path() != "/"
            || uri.query().is_some()
            || uri.authority().is_some_and(|it| it.as_str().contains('@'))
        {
            return Err(bad());
        }
        let secure = match scheme {
            "https" => true,
            "http" if is_loopback_host(host) => false,
            "http" => return Err(ConfigError::InsecurePublicUrl(url.to_owned())),
            _ => return Err(bad()),
        };
        let default_port = if secure { 443 } else { 80 };
        let host = host.to_ascii_lowercase();
        let origin = match uri.port_u16().filter(|port| *port != default_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self::Public { origin, secure })
    }

    /// Whether browsers reach it by https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Public { secure: true, .. })
    }

    /// Whether a page of `origin`, which asks for `host`, is one of ours.
    #[must_use]
    pub fn is_own(&self, origin: &str, host: Option<&str>) -> bool {
        match self {
            Self::Public { origin: own, .. } => origin == own,
            // Only loopback names: any other could have been pointed here by whoever owns it.
            Self::Loopback => host.is_some_and(|host| {
                is_loopback_host(without_port(host)) && origin.strip_prefix("http://") == Some(host)
            }),
        }
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    }
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(listen: &str, public_url: Option<&str>, demo: bool) -> Result<Config, ConfigError> {
        Config::new(listen.parse().unwrap(), "data".into(), public_url, None, demo)
    }

    #[test]
    fn a_loopback_server_knows_its_pages_by_the_host_they_ask_for() {
        let origin = Origin::Loopback;
        assert!(origin.is_own("http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(origin.is_own("http://localhost:8080", Some("localhost:8080")));
        assert!(origin.is_own("http://[::1]:8080", Some("[::1]:8080")));
        for (page, host) in [
            ("http://localhost:8080", Some("127.0.0.1:8080")),
            ("https://127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("http://evil.example:8080", Some("evil.example:8080")),
            ("http://127.0.0.1:8080", None),
            ("null", Some("127.0.0.1:8080")),
        ] {
            assert!(!origin.is_own(page, host), "{page} {host:?}");
        }
    }

    #[test]
    fn a_public_server_knows_its_pages_by_its_own_address() {
        let config = config("0.0.0.0:8080", Some("https://Loopbaan.example:443/"), false).unwrap();
        assert!(config.origin.is_secure());
        assert!(config.origin.is_own("https://loopbaan.example", Some("anything")));
        assert!(!config.origin.is_own("https://loopbaan.example:8443", Some("loopbaan.example")));
        assert!(!config.origin.is_own("http://loopbaan.example", Some("loopbaan.example")));
    }

    #[test]
    fn what_would_be_unsafe_does_not_start() {
        assert!(matches!(config("0.0.0.0:0", None, true), Err(ConfigError::PublicDemo(_))));
        assert!(matches!(config("0.0.0.0:0", None, false), Err(ConfigError::PublicUrlMissing(_))));
        for url in ["http://loopbaan.example", "http://10.0.0.1"] {
            assert!(
                matches!(config("0.0.0.0:0", Some(url), false), Err(ConfigError::InsecurePublicUrl(_))),
                "{url}"
            );
        }
        for url in [
            "loopbaan.example",
            "ftp://loopbaan.example",
            "https://loopbaan.example/pad",
            "https://a@b.example",
            "",
        ] {
            assert!(
                matches!(config("0.0.0.0:0", Some(url), false), Err(ConfigError::BadPublicUrl(_))),
                "{url}"
            );
        }
    }
}
