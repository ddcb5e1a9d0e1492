//! What the device and the server of Loopbaanmaat share: the words of the domain, the one table that says
//! who may read and write, and the sync engine. There is no clock, no randomness and no I/O in here; they are
//! passed in.

pub mod access;
pub mod domain;
pub mod ids;
pub mod sync;
