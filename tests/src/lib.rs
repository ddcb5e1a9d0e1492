//! What the tests across parts share: a server in this process, people with devices, and changes that they sign.
//! Nothing in here waits for time to pass.
// All of this is test code, whatever the crate's layout says.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

#[cfg(feature = "server")]
mod answer;
#[cfg(feature = "server")]
mod app;
#[cfg(feature = "server")]
mod authenticator;
#[cfg(feature = "server")]
pub mod drill;
#[cfg(feature = "server")]
pub mod load;
#[cfg(feature = "server")]
mod person;
#[cfg(feature = "server")]
mod replica;
pub mod simulation;
#[cfg(feature = "server")]
mod sink;
#[cfg(feature = "server")]
mod socket;
#[cfg(feature = "server")]
pub mod work;

#[cfg(feature = "server")]
pub use answer::Answer;
#[cfg(feature = "server")]
pub use app::{PASSWORD, TestApp, worker};
#[cfg(feature = "server")]
pub use authenticator::Authenticator;
#[cfg(feature = "server")]
pub use person::Person;
#[cfg(feature = "server")]
pub use replica::Replica;
#[cfg(feature = "server")]
pub use sink::{Mailed, Posted, Sink};
#[cfg(feature = "server")]
pub use socket::{Heard, Socket};
