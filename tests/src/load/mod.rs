//! Load: devices in numbers, each with a key, a session and a WebSocket of its own, against the server as a process.
//!
//! A [`Seed`] fills a data folder, a [`ServerProcess`] serves it, and each [`Client`] is the connection of one
//! [`Device`], for which an [`Author`] writes changes that are signed as any device's are.

mod author;
mod client;
mod figures;
mod process;
mod seed;

pub use author::Author;
pub use client::{Client, Event};
pub use figures::Times;
pub use process::ServerProcess;
pub use seed::{Device, KIND, Seed};
