//! What a worker does. This one is meant to find something: each panic or runaway of automerge that is of a new kind
//! belongs among `shared::sync::crafted`'s, with the place where it is caught.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::sync::crafted::seal;
use shared::sync::{change, gate};

fuzz_target!(|body: &[u8]| {
    let chunk = seal(body);
    if change::parse(&chunk).is_ok() {
        let _ = gate::decode(&chunk);
    }
});
