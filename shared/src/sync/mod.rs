//! The sync engine, as the project's `docs/sync.md` says it: words and bytes, the gate, and two state
//! machines without I/O, one for the device and one for the server's side of a connection.
