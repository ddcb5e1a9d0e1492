//! The promises of the sync contract in simulated worlds, some of every size: `make sim` runs as many as there is
//! time for.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use tests::simulation::{Fault, Scale, Settings, run, run_with};

/// Seeds that once broke a promise, with the size of their world; one a line in `seeds.txt`, and what it was.
const ONCE_FAILED: &str = include_str!("seeds.txt");

fn small(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let report = run(seed, Scale::Small);
        assert!(report.steps > 1_000, "seed {seed}: {report:?}");
    }
}

#[test]
fn small_worlds_keep_the_promises() {
    small(1_000..1_008);
}

#[test]
fn further_small_worlds_keep_the_promises() {
    small(2_000..2_008);
}

/// Worlds in which logs and disks are compacted, and what was counted in them.
fn with_snapshots(seeds: std::ops::Range<u64>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for seed in seeds {
        for (what, count) in run(seed, Scale::Small).counts {
            *counts.entry(what).or_default() += count;
        }
    }
    counts
}

#[test]
fn small_worlds_with_snapshots_keep_the_promises() {
    let counts = with_snapshots(11_020..11_028);
    let happened = |what: &str| counts.get(what).is_some_and(|count| *count > 0);
    for what in ["snapshots of logs", "snapshots taken", "compactions", "writes torn", "commits torn"] {
        assert!(happened(what), "{what}: {counts:?}");
    }
}

#[test]
fn further_small_worlds_with_snapshots_keep_the_promises() {
    with_snapshots(12_000..12_008);
}

#[test]
fn worlds_of_some_dozens_of_tabs_keep_the_promises() {
    let _ = run(1, Scale::Medium);
}

#[test]
fn hundreds_of_machines_keep_the_promises() {
    let mut settings = Settings::of(4, Scale::Large);
    settings.steps = 8_000;
    let report = run_with(4, settings);
    assert!(report.machines >= 200, "{report:?}");
}

#[test]
fn what_once_went_wrong_goes_well() {
    for line in ONCE_FAILED.lines().filter(|line| !line.starts_with('#')) {
        let (seed, _) = line.split_once(' ').unwrap();
        let _ = run(seed.parse().unwrap(), Scale::Small);
    }
}

#[test]
fn the_same_seed_is_the_same_run_to_the_last_byte() {
    for seed in [3, 4, 13_000] {
        let (once, again) = (run(seed, Scale::Small), run(seed, Scale::Small));
        assert_eq!(once, again);
        assert_ne!(once.trace, run(seed + 10, Scale::Small).trace);
    }
}

#[test]
fn every_fault_has_a_name_and_a_pace() {
    let names: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|(fault, _)| fault.name()).collect();
    assert_eq!(names.len(), Fault::ALL.len());
    assert!(Fault::ALL.iter().all(|(_, mean)| *mean >= 1_000));
}
