//! The gate without automerge: a push of whatever changes, signed by a writer, is judged against a log. What would be
//! decoded fits that log, and is within its limits.
#![no_main]

use std::collections::{HashMap, HashSet};

use fuzz::{Field, framed};
use libfuzzer_sys::fuzz_target;
use shared::sync::change;
use shared::sync::crafted::seal;
use shared::sync::gate::{self, Verdict};
use shared::sync::limits;

fuzz_target!(|bytes: &[u8]| {
    let field = Field::get();
    let chunks: Vec<_> = framed(bytes).map(seal).collect();
    let examined: Vec<_> = chunks.iter().map(|chunk| field.examined(chunk)).collect();
    let facts = field.facts();
    let _ = gate::wanted(&examined);
    let _ = gate::ancestry_after(&examined, &facts);
    let verdicts = gate::decide(&examined, &facts);
    assert_eq!(verdicts.len(), examined.len());
    for (examined, verdict) in examined.iter().zip(&verdicts) {
        assert!(!matches!(verdict, Verdict::Store { .. }), "nothing has been decoded");
        if *verdict == Verdict::Undecoded {
            let parsed = change::parse(&examined.item().data).expect("it is well-formed");
            assert!(parsed.ops <= limits::OPERATIONS && parsed.start_op <= facts.max_op + 1);
            assert!(parsed.actor.belongs_to(field.device()) && parsed.hash == examined.hash());
            assert!(parsed.deps.iter().all(|dep| facts.known.contains_key(dep)));
        }
    }
    // The same as if each had been found sound: every place is given once, and every hash is named once.
    examined.iter().filter(|it| it.is_authentic()).for_each(|it| it.set_decoded(Ok(())));
    let verdicts = gate::decide(&examined, &facts);
    let places: Vec<_> = verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::Store { seq } => Some(*seq),
            _ => None,
        })
        .collect();
    assert!(places.iter().zip(facts.head + 1..).all(|(place, next)| *place == next));
    let outcome = gate::outcome(&examined, &verdicts);
    let named: HashSet<_> = outcome.acked.iter().map(|it| it.hash).chain(outcome.rejected.iter().map(|it| it.hash)).collect();
    assert_eq!(named.len(), outcome.acked.len() + outcome.rejected.len());
    let mut actors: HashMap<_, u64> = HashMap::new();
    for (examined, verdict) in examined.iter().zip(&verdicts) {
        if let (Verdict::Store { .. }, Some(change)) = (verdict, examined.change()) {
            let last = actors.entry(change.actor).or_insert_with(|| facts.actors.get(&change.actor).copied().unwrap_or(0));
            *last += 1;
            assert_eq!(change.seq, *last);
        }
    }
});
