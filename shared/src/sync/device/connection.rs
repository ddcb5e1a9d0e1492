//! When to connect, and whether the connection lives.
