//! By which server mail goes out, and as whom.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::Uri;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, Tokio1Executor};

/// How long a mail server may take over one step.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first wait after a letter did not get through; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Around such a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How the line to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protection {
    /// TLS from the start: `smtps://`.
    FromTheStart,
    /// TLS after the greeting, and nothing before: `smtp://`.
    AfterTheGreeting,
    /// None: `smtp://` on this machine, whose mail server does the rest.
    OnThisMachine,
}

/// By which server mail goes out, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    host: String,
    port: u16,
    protection: Protection,
    credentials: Option<(String, Secret)>,
    pub(super) from: Mailbox,
    /// The first wait after a letter did not get through; each further one is twice as long.
    pub first_wait: Duration,
}

/// Why mail cannot be sent like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailSettingsError {
    /// Not an address of a mail server.
    #[error("--smtp-url {0:?} is not an address like smtps://mail.example.org or smtp://localhost:25")]
    BadUrl(String),
    /// It would stand in lists of processes and in logs.
    #[error(
        "--smtp-url holds a name or a password; give --smtp-user, and the password with --smtp-password-file \
         or in LOOPBAANMAAT_SMTP_PASSWORD"
    )]
    SecretInUrl,
    /// Half of what is needed to sign in.
    #[error("--smtp-user and a password (--smtp-password-file or LOOPBAANMAAT_SMTP_PASSWORD) go together")]
    HalfCredentials,
    /// Nobody to send mail as.
    #[error("--smtp-url needs --mail-from too: the address that mail comes from")]
    NoSender,
    /// Not an address.
    #[error("--mail-from {0:?} is not an address like 'Loopbaanmaat <loopbaan@example.org>'")]
    BadSender(String),
    /// The machine's authorities cannot be read.
    #[error("TLS to the mail server cannot be set up: {0}")]
    Tls(String),
}

impl MailSettings {
    /// Checks what belongs together.
    ///
    /// # Errors
    /// [`MailSettingsError`] says what to change.
    pub fn new(
        url: &str,
        user: Option<String>,
        password: Option<Secret>,
        from: Option<&str>,
    ) -> Result<Self, MailSettingsError> {
        if url.contains('@') {
            return Err(MailSettingsError::SecretInUrl);
        }
        let bad = || MailSettingsError::BadUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(bad()) };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || host.is_empty() {
            return Err(bad());
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
        let (protection, usual_port) = match scheme {
            "smtps" => (Protection::FromTheStart, 465),
            "smtp" if here => (Protection::OnThisMachine, 25),
            "smtp" => (Protection::AfterTheGreeting, 587),
            _ => return Err(bad()),
        };
        let credentials = match (user, password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user, password)),
            _ => return Err(MailSettingsError::HalfCredentials),
        };
        let from = from.ok_or(MailSettingsError::NoSender)?;
        let from = from.parse().map_err(|_| MailSettingsError::BadSender(from.to_owned()))?;
        let port = uri.port_u16().unwrap_or(usual_port);
        Ok(Self { host, port, protection, credentials, from, first_wait: FIRST_WAIT })
    }

    /// What sends.
    ///
    /// # Errors
    /// [`MailSettingsError::Tls`].
    pub(super) fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailSettingsError> {
        let parameters = || {
            TlsParameters::new(self.host.clone()).map_err(|error| MailSettingsError::Tls(error.to_string()))
        };
        let tls = match self.protection {
            Protection::FromTheStart => Tls::Wrapper(parameters()?),
            Protection::AfterTheGreeting => Tls::Required(parameters()?),
            Protection::OnThisMachine => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        Ok(match &self.credentials {
            Some((user, password)) => {
                builder.credentials(Credentials::new(user.clone(), password.0.clone())).build()
            }
            None => builder.build(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: Option<&str> = Some("Loopbaanmaat <loopbaan@voorbeeld.example>");

    fn settings(url: &str) -> Result<MailSettings, MailSettingsError> {
        MailSettings::new(url, None, None, FROM)
    }

    #[test]
    fn the_line_is_protected_unless_it_ends_on_this_machine() {
        for (url, protection, port) in [
            ("smtps://mail.voorbeeld.example", Protection::FromTheStart, 465),
            ("smtp://mail.voorbeeld.example", Protection::AfterTheGreeting, 587),
            ("smtp://10.0.0.1:25", Protection::AfterTheGreeting, 25),
            ("smtp://localhost", Protection::OnThisMachine, 25),
            ("smtp://127.0.0.1:2525", Protection::OnThisMachine, 2525),
            ("smtp://[::1]:2525/", Protection::OnThisMachine, 2525),
        ] {
            let settings = settings(url).unwrap();
            assert_eq!((settings.protection, settings.port), (protection, port), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_by_is_told_and_a_secret_is_not() {
        for url in ["", "mail.voorbeeld.example", "http://mail.voorbeeld.example", "smtp://mail.example/pad"]
        {
            assert!(matches!(settings(url), Err(MailSettingsError::BadUrl(_))), "{url}");
        }
        let error = settings("smtp://anna:geheim@mail.voorbeeld.example").unwrap_err();
        assert_eq!(error, MailSettingsError::SecretInUrl);
        assert!(!error.to_string().contains("geheim"));
        let url = "smtps://mail.voorbeeld.example";
        let secret = || Some(Secret::new("geheim".into()));
        let with =
            |user: Option<&str>, password| MailSettings::new(url, user.map(str::to_owned), password, FROM);
        assert_eq!(with(Some("anna"), None), Err(MailSettingsError::HalfCredentials));
        assert_eq!(with(None, secret()), Err(MailSettingsError::HalfCredentials));
        assert!(!format!("{:?}", with(Some("anna"), secret()).unwrap()).contains("geheim"));
        assert_eq!(MailSettings::new(url, None, None, None), Err(MailSettingsError::NoSender));
        for from in ["", "loopbaan", "a@b.example\r\nBcc: c@d.example"] {
            let refused = MailSettings::new(url, None, None, Some(from));
            assert!(matches!(refused, Err(MailSettingsError::BadSender(_))), "{from:?}");
        }
    }
}
