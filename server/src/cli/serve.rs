//! `loopbaanmaat serve`

use std::io::{IsTerminal as _, stderr};
use std::net::IpAddr;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{LogFormat, ServeArgs};
use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::demo;
use crate::mail::{MailSettings, Secret};
use crate::serve::{Bound, StartError};

/// Parts of libraries that log paths or content at their most detailed, whatever is asked for.
const QUIET: [&str; 3] = ["tower_http=info", "tungstenite=info", "tokio_tungstenite=info"];

pub(super) async fn run(args: ServeArgs) -> Result<(), StartError> {
    start_log(args.log_format, &args.log);
    let public_url = args.public_url.as_deref().filter(|it| !it.is_empty());
    let mail = mail_settings(&args)?;
    let mut config = Config::new(args.listen, args.data.data, public_url, args.dist, args.demo)?;
    config.mail = mail;
    config.provider = args.provider.settings()?;
    if !args.trusted_proxies.is_empty() {
        config.trusted_proxies = args.trusted_proxies.iter().map(IpAddr::to_canonical).collect();
    }
    config.trial_after = args.trial_after.map_or(config.trial_after, Duration::from_secs);
    config.snapshot_after = args.snapshot_after.unwrap_or(config.snapshot_after);
    config.snapshot_grace = args.snapshot_grace.map_or(config.snapshot_grace, Duration::from_secs);
    let stop = stop_signal();
    let bound = Bound::new(config, Clock::System).await?;
    // Standard output is for whoever started this: the first line is where to go.
    println!("Loopbaanmaat listening on http://{}", bound.address());
    if args.demo {
        print!("{}", demo::introduction());
    }
    if !bound.state().client.is_built() {
        eprintln!("loopbaanmaat: this program has no client built in; the API answers, pages do not");
    }
    bound.run(stop).await
}

/// By which server mail goes out, if it does.
fn mail_settings(args: &ServeArgs) -> Result<Option<MailSettings>, ConfigError> {
    let given = |it: &Option<String>| it.clone().filter(|it| !it.is_empty());
    let Some(url) = given(&args.smtp_url) else { return Ok(None) };
    let password = match &args.smtp_password_file {
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(|error| ConfigError::PasswordFile {
                file: file.clone(),
                problem: error.to_string(),
            })?;
            text.lines().next().map(str::to_owned)
        }
        // No option for it: those stand in lists of processes.
        None => std::env::var("LOOPBAANMAAT_SMTP_PASSWORD").ok().filter(|it| !it.is_empty()),
    };
    let from = given(&args.mail_from);
    let password = password.map(Secret::new);
    let mut settings = MailSettings::new(&url, given(&args.smtp_user), password, from.as_deref())?;
    settings.first_wait = args.mail_retry.map_or(settings.first_wait, Duration::from_millis);
    Ok(Some(settings))
}

fn start_log(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("loopbaanmaat: --log {filter:?} is not understood ({error}); logging at info");
        EnvFilter::new("info")
    });
    // They log what was asked for as it came, which nobody can know to hold nothing.
    let filter = QUIET.iter().fold(filter, |filter, target| match target.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    });
    // In a file or a journal the codes for colours are only in the way.
    let in_colour = stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(in_colour);
    // Fails only if a log was started before, and then that one is good.
    let _ = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Ends at Ctrl-C or SIGTERM.
fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    let terminate = signal(SignalKind::terminate());
    async move {
        let interrupted = tokio::signal::ctrl_c();
        match terminate {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = interrupted => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => {
                let _ = interrupted.await;
            }
        }
        tracing::info!("stopping");
    }
}
