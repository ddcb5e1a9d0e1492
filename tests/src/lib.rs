//! What the tests across parts share: a server in this process, people with devices, and changes that they sign.
//! Nothing in here waits for time to pass.
// All of this is test code, whatever the crate's layout says.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

mod answer;
mod app;
mod person;
mod replica;
mod socket;

pub use answer::Answer;
pub use app::{PASSWORD, TestApp, worker};
pub use person::Person;
pub use replica::Replica;
pub use socket::{Heard, Socket};
