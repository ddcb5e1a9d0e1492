//! Changes as bytes: whatever comes is read or refused, within its limits; what was read is the same put together.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::sync::crafted::{Crafted, seal};
use shared::sync::{change, limits};

fuzz_target!(|body: &[u8]| {
    let _ = change::parse(body);
    let chunk = seal(body);
    if let Ok(parsed) = change::parse(&chunk) {
        assert!(parsed.ops <= limits::OPERATIONS);
        assert!(parsed.max_op() <= u64::from(u32::MAX));
        assert_eq!(Crafted::apart(&chunk).map(|it| it.chunk()), Some(chunk));
    }
});
