//! `loopbaanmaat serve`

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{LogFormat, ServeArgs};
use crate::clock::Clock;
use crate::config::Config;
use crate::demo;
use crate::serve::{Bound, StartError};

pub(super) async fn run(args: ServeArgs) -> Result<(), StartError> {
    start_log(args.log_format, &args.log);
    let public_url = args.public_url.as_deref().filter(|it| !it.is_empty());
    let mut config = Config::new(args.listen, args.data.data, public_url, args.dist, args.demo)?;
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

fn start_log(format: LogFormat, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        eprintln!("loopbaanmaat: --log {filter:?} is not understood ({error}); logging at info");
        EnvFilter::new("info")
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
