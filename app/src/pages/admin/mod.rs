//! The administrator's pages: people and devices, never content.

mod people;

pub use people::People;
