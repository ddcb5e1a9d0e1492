//! A log in memory that answers a session's asks: for tests and simulations.
