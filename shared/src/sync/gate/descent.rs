//! Which changes have an actor's previous one among their ancestors. Whoever pushes chooses what to ask about, so each
//! place of the log is looked at once for each previous change, however many items of a push ask.

use std::collections::HashMap;

use super::{AncestryRow, KnownChange, PreviousChange};
use crate::ids::ChangeHash;

/// What the newer changes of a log depend on, and what has been found out of it.
#[derive(Default)]
pub(super) struct Descents<'a> {
    deps: HashMap<u64, &'a [ChangeHash]>,
    /// By previous change: whether what stands at each place after it descends from it, as far as was asked.
    found: HashMap<ChangeHash, Vec<bool>>,
    /// How many places have been looked at.
    #[cfg(test)]
    pub(super) looked_at: usize,
}

impl<'a> Descents<'a> {
    pub(super) fn on(rows: &'a [AncestryRow]) -> Self {
        let deps = rows.iter().map(|row| (row.seq, row.deps.as_slice())).collect();
        Self { deps, ..Self::default() }
    }

    /// The push has put a change at a place.
    pub(super) fn add(&mut self, seq: u64, deps: &'a [ChangeHash]) {
        self.deps.insert(seq, deps);
    }

    /// Whether what depends on `deps` descends from `previous`, in a log up to `head` of which `known` has the places.
    pub(super) fn includes(
        &mut self,
        previous: PreviousChange,
        deps: &[ChangeHash],
        known: &HashMap<ChangeHash, KnownChange>,
        head: u64,
    ) -> bool {
        // The rule, for which nothing else need be known.
        if deps.contains(&previous.hash) {
            return true;
        }
        let first = previous.seq + 1;
        let index = |place: u64| usize::try_from(place.checked_sub(first)?).ok();
        let descends = |found: &[bool], deps: &[ChangeHash]| {
            deps.iter().any(|dep| {
                // What was stored before it cannot descend from it.
                let place = || index(known.get(dep)?.seq);
                *dep == previous.hash || place().is_some_and(|place| found.get(place) == Some(&true))
            })
        };
        let found = self.found.entry(previous.hash).or_default();
        // A change stands behind all that it depends on.
        for place in first + found.len() as u64..=head {
            let is_one = self.deps.get(&place).is_some_and(|deps| descends(found, deps));
            found.push(is_one);
            #[cfg(test)]
            {
                self.looked_at += 1;
            }
        }
        descends(found, deps)
    }
}
