//! Puts the server under load and prints figures as JSON; `make bench` has the whole table made of them.
// A measurement that cannot go on has nothing to say.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use clap::{Parser, Subcommand};
use tests::load::ServerProcess;
use tests::work::{self, Pace, Place};

/// Puts the server under load.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Documents with a writer and a reader each
    Pairs {
        /// How many documents
        #[arg(long, default_value_t = 10)]
        docs: usize,
        /// Edits in each before measuring begins
        #[arg(long, default_value_t = 0)]
        history: usize,
        /// Edits a second in all; without it, the next comes when the last has arrived
        #[arg(long)]
        rate: Option<f64>,
        /// Seconds to measure
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// A device with unchanged documents comes back
    Reconnect {
        /// How many documents
        #[arg(long, default_value_t = 2_000)]
        docs: usize,
    },
    /// A new device opens a long document
    Newcomer {
        /// Edits in it
        #[arg(long, default_value_t = 100_000)]
        history: usize,
    },
    /// Connections on which nothing happens
    Idle {
        /// How many
        #[arg(long, default_value_t = 1_000)]
        connections: usize,
    },
    /// As many pushes as the server takes
    Saturation {
        /// Devices that push
        #[arg(long, default_value_t = 128)]
        devices: usize,
        /// Pushes of each
        #[arg(long, default_value_t = 800)]
        each: usize,
        /// Devices have the document open, and are told of what they stored
        #[arg(long)]
        open: bool,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { binary: ServerProcess::binary(), data: folder.path().join("data") };
    let figures = match Args::parse().work {
        Work::Pairs { docs, history, rate, seconds } => {
            let pace = rate.map_or(Pace::Closed, Pace::Edits);
            work::pairs(&place, docs, history, pace, Duration::from_secs(seconds)).await
        }
        Work::Reconnect { docs } => work::reconnect(&place, docs).await,
        Work::Newcomer { history } => work::newcomer(&place, history).await,
        Work::Idle { connections } => work::idle(&place, connections).await,
        Work::Saturation { devices, each, open } => work::saturation(&place, devices, each, open).await,
    };
    println!("{figures}");
}
