//! Messages: whatever comes is read or refused, and what was read is written and read back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::sync::codec;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = codec::decode_client(bytes) {
        assert_eq!(codec::decode_client(&codec::client(&message)), Ok(message));
    }
    if let Ok(Some(message)) = codec::decode_server(bytes) {
        assert_eq!(codec::decode_server(&codec::server(&message)), Ok(Some(message)));
    }
    let _ = codec::split(bytes, 100);
    let _ = codec::peek(bytes);
});
