//! The sync engine under everything that can go wrong, from a seed.
//!
//! Hundreds of device machines and server sessions write real documents to each other over wires, disks and a
//! store that fail in every way that is known, and the eight promises of `docs/sync.md` are checked while it
//! happens and at rest. The same seed gives the same run, to the last byte; a failing one is told by its seed.

mod agenda;
mod commands;
mod disk;
mod edits;
mod faults;
mod hostile;
mod kept;
mod ledger;
mod lie;
mod page;
mod pen;
mod random;
mod rest;
mod server;
mod settings;
mod snapshots;
mod store;
mod trace;
mod wire;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub use settings::{Fault, Scale, Settings};
pub use world::World;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many things happened.
    pub steps: u64,
    /// The hash of everything that happened.
    pub trace: u64,
    /// The most machines there were at once, on both sides.
    pub machines: usize,
    /// What was counted.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Runs the world of a seed until it has come to rest.
///
/// # Panics
/// If a promise is broken; the message ends with the seed.
#[must_use]
pub fn run(seed: u64, scale: Scale) -> Report {
    run_with(seed, Settings::of(seed, scale))
}

/// Runs a world with settings of one's own; see [`run`].
///
/// # Panics
/// If a promise is broken.
#[must_use]
pub fn run_with(seed: u64, settings: Settings) -> Report {
    let keeps_lines = std::env::var_os("TRACE").is_some();
    let until = settings.steps;
    let mut world = World::new(seed, settings, keeps_lines);
    let mut machines = 0;
    // A panic of a library beneath it would hide what led to it.
    let played = catch_unwind(AssertUnwindSafe(|| {
        while world.steps < until && world.step() {
            machines = machines.max(world.machines());
        }
        world.come_to_rest();
    }));
    if let Err(panic) = played {
        match panic.downcast_ref::<String>() {
            Some(text) if !text.contains("is broken") => world.fail(7, text),
            _ => resume_unwind(panic),
        }
    }
    let mut counts = std::mem::take(&mut world.ledger.counts);
    counts.insert("changes written", world.ledger.written.len() as u64);
    counts.insert("changes committed", world.ledger.committed.len() as u64);
    counts.insert("changes lost by a backup", world.ledger.lost.len() as u64);
    counts.insert("changes copied anew", world.ledger.heirs.len() as u64);
    Report { steps: world.steps, trace: world.trace.hash(), machines, counts }
}
