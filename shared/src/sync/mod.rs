//! The sync engine, as the project's `docs/sync.md` says it: words and bytes, the gate, and two state
//! machines without I/O, one for the device and one for the server's side of a connection.

pub mod chain;
pub mod change;
pub mod codec;
#[cfg(any(test, feature = "memory"))]
pub mod crafted;
pub mod device;
pub mod gate;
pub mod limits;
#[cfg(any(test, feature = "memory"))]
pub mod memory;
pub mod message;
pub mod session;
pub mod signature;
pub mod snapshot;
#[cfg(test)]
mod testing;
pub mod trial;
