//! `loopbaanmaat audit …`

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use clap::Subcommand;
use futures_util::TryStreamExt as _;
use shared::domain::audit::AuditHead;
use store::{AuditFault, AuditFilter, StoreError};

use crate::audit_csv;
use crate::serve::{StartError, open_existing_store};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Walk the whole log, and say at which row it is not what was written
    Verify {
        /// Where it is known to have ended: as `head` writes it, or a file with that
        #[arg(long, value_name = "HASH@SEQ|FILE")]
        head: Option<String>,
    },
    /// Say where the log ends, to be kept where nobody can change both
    Head,
    /// Write the whole log as CSV to standard output, the newest first
    Export,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum AuditError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{given:?} does not say where a log ends: {why}")]
    Head { given: String, why: String },
    #[error("the audit log is not what was written: {0}")]
    Fault(#[from] AuditFault),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
}

/// A head, as it is written or in a file.
pub(super) fn noted_head(given: &str) -> Result<AuditHead, String> {
    if let Ok(head) = given.parse() {
        return Ok(head);
    }
    let text = fs::read_to_string(given).map_err(|error| error.to_string())?;
    // The last word: a line of a log may come before it.
    let last = text.split_whitespace().next_back().unwrap_or_default();
    last.parse().map_err(|error: shared::domain::audit::NoHead| error.to_string())
}

pub(super) async fn run(data: &Path, command: AuditCommand) -> Result<(), AuditError> {
    let store = open_existing_store(data).await?;
    match command {
        AuditCommand::Verify { head } => {
            let noted = head
                .map(|given| noted_head(&given).map_err(|why| AuditError::Head { given, why }))
                .transpose()?;
            let head = store::walk_audit(&*store, noted).await??;
            println!("The audit log is what was written, {} rows, and ends at {head}", head.seq);
            if noted.is_none() {
                println!(
                    "Whether something was cut off at its end only a head that was kept elsewhere tells: --head"
                );
            }
        }
        AuditCommand::Head => println!("{}", store::audit_head(&*store).await?),
        AuditCommand::Export => {
            let names: HashMap<_, _> = store.users().await?.into_iter().map(|it| (it.id, it.name)).collect();
            let mut lines = Box::pin(audit_csv::lines(store.clone(), AuditFilter::default(), names));
            let mut output = io::stdout().lock();
            while let Some(text) = lines.try_next().await? {
                output.write_all(text.as_bytes())?;
            }
            output.flush()?;
        }
    }
    store.close().await;
    Ok(())
}
