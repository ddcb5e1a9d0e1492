//! The work of `make bench`: what a server has to do all day, measured from outside.

mod idle;
mod newcomer;
mod pairs;
mod reconnect;
mod saturation;

use std::path::PathBuf;

use serde_json::Value;

pub use idle::idle;
pub use newcomer::newcomer;
pub use pairs::{Pace, pairs};
pub use reconnect::reconnect;
pub use saturation::saturation;

/// Where work is done.
#[derive(Debug, Clone)]
pub struct Place {
    /// The program of the server.
    pub binary: PathBuf,
    /// An empty folder for its data.
    pub data: PathBuf,
}

/// The figures of a piece of work, each under the same name for every server.
pub type Figures = Value;

/// With as many digits as it is worth.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
