//! The Loopbaanmaat server: HTTP, identity, commands and the edge of sync, with the client built in.

pub mod audit;
pub mod audit_csv;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod directory;
pub mod gate;
pub mod http;
pub mod hub;
pub mod identity;
pub mod lock;
pub mod mail;
pub mod operator;
pub mod random;
pub mod restore;
pub mod retention;
pub mod serve;
pub mod snapshots;
pub mod state;
pub mod sync;
pub mod trials;
