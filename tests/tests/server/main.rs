//! What the server's routes, sockets and commands do, seen from outside, one file per subject.
// Test code throughout: what cannot be had ends the test.
#![allow(clippy::unwrap_used)]

mod authorization;
mod command_rights;
mod commands;
mod directory;
mod documents;
mod gate;
mod hang_up;
mod health;
mod one_client;
mod operator;
mod outgoing;
mod security;
mod session;
mod snapshots;
mod storage;
mod sync_http;
mod sync_socket;
