//! What the server's routes, sockets and commands do, seen from outside, one file per subject.
// Test code throughout: what cannot be had ends the test.
#![allow(clippy::unwrap_used)]

mod accounts;
mod advisories;
mod audit;
mod authorization;
mod command_rights;
mod commands;
mod conflicts;
mod directory;
mod documents;
mod factors;
mod gate;
mod gate_workers;
mod hang_up;
mod health;
mod links;
mod mail;
mod one_client;
mod openings;
mod operator;
mod outgoing;
mod passkeys;
mod password;
mod requests;
mod retention;
mod security;
mod session;
mod shared_devices;
mod snapshots;
mod storage;
mod sync_http;
mod sync_socket;
mod transfer;
mod way;
