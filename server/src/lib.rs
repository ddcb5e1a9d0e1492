//! .

pub mod hub;
