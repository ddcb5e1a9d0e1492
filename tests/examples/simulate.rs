//! `make sim`: simulated worlds for a given time on all cores. Prints what every core did; a seed that breaks a
//! promise is named and makes the run fail.
//!
//! `SIM_SECONDS` says for how long, in s; `SEED` with which seed to begin, otherwise with one that the clock gives;
//! `SCALE` (small, medium, large) of which size, otherwise all of them; `ONLY=1` runs the first seed alone, and
//! `TRACE=1` then tells what happened last.

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tests::simulation::{Scale, run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The sizes in turn: mostly small worlds, in which most is found.
fn scale_of(seed: u64) -> Scale {
    match std::env::var("SCALE").as_deref() {
        Ok("small") => Scale::Small,
        Ok("medium") => Scale::Medium,
        Ok("large") => Scale::Large,
        _ if seed % 50 == 49 => Scale::Large,
        _ if seed % 10 == 9 => Scale::Medium,
        _ => Scale::Small,
    }
}

/// What one core did.
#[derive(Default)]
struct Done {
    seeds: u64,
    steps: u64,
    machines: usize,
    failed: Vec<(u64, String)>,
    counts: std::collections::BTreeMap<&'static str, u64>,
}

fn work(next: &AtomicU64, until: Instant, only: bool) -> Done {
    let mut done = Done::default();
    while Instant::now() < until {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        match catch_unwind(|| run(seed, scale_of(seed))) {
            Ok(report) => {
                done.steps += report.steps;
                done.machines = done.machines.max(report.machines);
                for (what, count) in report.counts {
                    *done.counts.entry(what).or_default() += count;
                }
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                done.failed.push((seed, text.unwrap_or_else(|| "a panic without words".to_owned())));
            }
        }
        done.seeds += 1;
        if only {
            break;
        }
    }
    done
}

fn main() -> ExitCode {
    let seconds = number("SIM_SECONDS").unwrap_or(60);
    let clock =
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() * 1_000_000);
    let first = number("SEED").unwrap_or_else(clock);
    let only = number("ONLY") == Some(1);
    let cores = if only { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    // Failures are told once, at the end.
    std::panic::set_hook(Box::new(|_| ()));
    println!("{seconds} s on {cores} cores, from seed {first}");
    let (next, began) = (AtomicU64::new(first), Instant::now());
    let until = began + Duration::from_secs(seconds);
    let all: Vec<Done> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(|| work(&next, until, only))).collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let took = began.elapsed().as_secs_f64();
    for (core, done) in all.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let pace = done.steps as f64 / took;
        println!("core {core}: {} seeds, {} steps, {pace:.0} steps/s", done.seeds, done.steps);
    }
    let mut counts = std::collections::BTreeMap::new();
    for (what, count) in all.iter().flat_map(|done| &done.counts) {
        *counts.entry(what).or_insert(0) += count;
    }
    println!(
        "{counts:?}; most machines at once: {}",
        all.iter().map(|done| done.machines).max().unwrap_or(0)
    );
    let mut failed: Vec<_> = all.into_iter().flat_map(|done| done.failed).collect();
    failed.sort();
    for (seed, text) in &failed {
        println!("seed {seed} ({:?}): {text}", scale_of(*seed));
    }
    println!("{} seeds failed", failed.len());
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
