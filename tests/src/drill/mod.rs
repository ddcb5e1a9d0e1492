//! Drills: the real server is killed, starved, stopped and held still while devices write, and afterwards every
//! item that it acknowledged must be in its log. What was acknowledged is noted here, outside the server.

mod disk;
mod kill;
mod ledger;
pub mod pieces;
mod restore;
mod slow;
mod stall;
mod stop;
mod troupe;
mod writer;

use std::path::PathBuf;

pub use disk::full_disk;
pub use kill::kills;
pub use ledger::Ledger;
pub use restore::restored;
pub use slow::slow_reader;
pub use stall::{held_still, locked_out};
pub use stop::stops;

/// What a drill found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was done, in a sentence.
    pub did: String,
    /// How many items were acknowledged.
    pub acknowledged: usize,
    /// How many of them the log does not have in their place.
    pub lost: usize,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { did, acknowledged, lost } = self;
        write!(f, "{did}: {acknowledged} items acknowledged, {lost} lost")
    }
}

/// Where a drill takes place.
#[derive(Debug, Clone)]
pub struct Ground {
    /// The program of the server.
    pub binary: PathBuf,
    /// An empty folder for its data.
    pub data: PathBuf,
}
