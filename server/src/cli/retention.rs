//! `loopbaanmaat retention …`

use std::path::Path;

use clap::Subcommand;
use store::StoreError;

use crate::clock::Clock;
use crate::demo;
use crate::retention;
use crate::serve::{StartError, open_existing_store};

#[derive(Debug, Subcommand)]
pub(super) enum RetentionCommand {
    /// Say how long what is kept, and how much goes when
    List,
    /// Destroy what is due now, as the server does by itself every hour
    Run {
        /// As if it were so many days later; with the demo's people only, for tests
        #[arg(long, hide = true, value_name = "DAYS", default_value_t = 0)]
        days_ahead: u64,
    },
}

#[derive(Debug, thiserror::Error)]
pub(super) enum RetentionError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("nothing is destroyed before its time where people are real; leave --days-ahead out")]
    Ahead,
}

pub(super) async fn run(data: &Path, command: RetentionCommand) -> Result<(), RetentionError> {
    let store = open_existing_store(data).await?;
    let now = Clock::System.now();
    match command {
        RetentionCommand::List => {
            println!("KIND\tPERIOD\tNEXT\tMONTH\tDOCUMENTS");
            for it in retention::overview(&store, now).await?.kinds {
                let next = it.next.map(|next| next.period.code()).unwrap_or_default();
                for month in it.months {
                    let (kind, period) = (it.kind.code(), it.period.code());
                    println!("{kind}\t{period}\t{next}\t{}\t{}", month.month, month.count);
                }
                println!("{}\t{}\t{next}\tnot yet\t{}", it.kind.code(), it.period.code(), it.kept);
            }
        }
        RetentionCommand::Run { days_ahead } => {
            if days_ahead > 0 && !demo::is_one(&store).await? {
                return Err(RetentionError::Ahead);
            }
            let now = now.saturating_add(days_ahead.saturating_mul(shared::domain::retention::DAY_MS));
            let done = retention::look(&store, None, now, true).await?;
            println!("Destroyed: {}.", done.destroyed);
            if !done.scrubbed {
                println!(
                    "The files are still being read; try again in a moment, so that nothing can be read in them."
                );
            }
        }
    }
    store.close().await;
    Ok(())
}
