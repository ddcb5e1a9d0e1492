//! What the server and its worker say to each other: frames, each a length in four bytes, little-endian, and so
//! many bytes.

use std::io::{self, Read, Write};

/// The worker's first frame, once it has taken its limits upon itself.
pub(super) const READY: &[u8] = b"loopbaanmaat.worker.v1";

/// What the worker found.
pub(super) mod finding {
    pub const SOUND: u8 = 0;
    pub const BAD_CHUNK: u8 = 1;
    pub const TOO_LARGE: u8 = 2;
    /// It panicked, and lives.
    pub const PANICKED: u8 = 3;
    /// A log leaves no sound document, or no snapshot; why follows, in words.
    pub const UNSOUND: u8 = 4;
}

/// The largest frame: a request holds at least one change, and a good deal more if they are small.
const MOST: usize = 1 << 30;

/// Bytes of the length before a frame.
pub(super) const HEAD: usize = 4;

/// The length of a frame, as it stands before it.
pub(super) fn head(length: usize) -> io::Result<[u8; HEAD]> {
    let length = Some(length).filter(|length| *length <= MOST).and_then(|length| u32::try_from(length).ok());
    length.map(u32::to_le_bytes).ok_or_else(too_long)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame of an absurd length")
}

/// Appends a frame.
pub(super) fn put(out: &mut Vec<u8>, payload: &[u8]) {
    // Nothing here is longer than `MOST`.
    out.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(payload);
}

/// The length that a frame's first bytes say.
pub(super) fn length(head: [u8; HEAD]) -> io::Result<usize> {
    usize::try_from(u32::from_le_bytes(head)).ok().filter(|length| *length <= MOST).ok_or_else(too_long)
}

/// Reads a frame; none where there is no more.
pub(super) fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD];
    match input.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut payload = vec![0; length(head)?];
    input.read_exact(&mut payload)?;
    Ok(Some(payload))
}

/// Writes a frame, so that it is read at once.
pub(super) fn write(output: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    let mut frame = Vec::with_capacity(payload.len() + 4);
    put(&mut frame, payload);
    output.write_all(&frame)?;
    output.flush()
}

/// The frames within a payload.
pub(super) fn split(mut payload: &[u8]) -> io::Result<Vec<&[u8]>> {
    let short = || io::Error::new(io::ErrorKind::InvalidData, "a frame that ends too early");
    let mut parts = Vec::new();
    while !payload.is_empty() {
        let (head, rest) = payload.split_first_chunk().ok_or_else(short)?;
        let (part, rest) = rest.split_at_checked(length(*head)?).ok_or_else(short)?;
        parts.push(part);
        payload = rest;
    }
    Ok(parts)
}
