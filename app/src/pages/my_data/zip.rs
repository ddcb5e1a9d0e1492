//! A ZIP archive that is made bit by bit, so that the page goes on answering, and leaves the program's memory as it grows.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use js_sys::{Array, Uint8Array};
use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::pace::Pace;

/// So many bytes are compressed before the page may answer again.
const SLICE: usize = 64 * 1_024;
/// So many bytes are gathered before they leave the program's memory.
const PIECE: usize = 512 * 1_024;
/// Characters of one name of a file or folder: paths must stay short on Windows.
const NAME: usize = 80;

/// The bytes that have been written and not yet taken.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// Takes what was written, once there is enough of it.
    fn take(&self, most: usize) -> Option<Vec<u8>> {
        let mut written = self.0.borrow_mut();
        (written.len() > most).then(|| std::mem::take(&mut *written))
    }
}

/// An archive under way.
pub struct Archive {
    written: Written,
    archive: ZipArchiveWriter<Written>,
    pieces: Array,
    size: usize,
}

impl Archive {
    /// An empty one.
    pub fn new() -> Self {
        let written = Written::default();
        let archive = ZipArchiveWriter::new(written.clone());
        Self { written, archive, pieces: Array::new(), size: 0 }
    }

    /// Adds a file that was last changed at that moment (ms since 1970).
    ///
    /// # Errors
    /// When the name or the size is none that an archive can have.
    pub async fn add(&mut self, path: &str, data: &[u8], at: u64, pace: &mut Pace) -> Result<(), String> {
        let told = |error: rawzip::Error| format!("{path}: {error}");
        let seconds = i64::try_from(at / 1_000).unwrap_or_default();
        let (mut entry, config) = self
            .archive
            .new_file(path)
            .compression_method(CompressionMethod::DEFLATE)
            .last_modified(UtcDateTime::from_unix(seconds))
            .start()
            .map_err(told)?;
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        for slice in data.chunks(SLICE) {
            writer.write_all(slice).map_err(|error| format!("{path}: {error}"))?;
            if let Some(piece) = self.written.take(PIECE) {
                self.size += piece.len();
                self.pieces.push(&Uint8Array::from(&piece[..]));
            }
            pace.keep().await;
        }
        let (encoder, descriptor) = writer.finish().map_err(told)?;
        encoder.finish().map_err(|error| format!("{path}: {error}"))?;
        entry.finish(descriptor).map_err(told)?;
        Ok(())
    }

    /// The whole archive in pieces, and its size in bytes.
    ///
    /// # Errors
    /// When it has grown beyond what an archive can be.
    pub fn finish(self) -> Result<(Array, usize), String> {
        let Self { written, archive, pieces, size } = self;
        archive.finish().map_err(|error| error.to_string())?;
        let rest = std::mem::take(&mut *written.0.borrow_mut());
        pieces.push(&Uint8Array::from(&rest[..]));
        Ok((pieces, size + rest.len()))
    }
}

/// A name that every file system takes: without what Windows refuses in one, not too long, and not empty.
pub fn file_name(words: &str) -> String {
    let refused = |it: char| it.is_control() || "<>:\"/\\|?*".contains(it);
    let name: String = words.chars().map(|it| if refused(it) { '-' } else { it }).take(NAME).collect();
    let name = name.trim().trim_end_matches(['.', ' ']);
    if name.is_empty() { "-".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_windows_takes() {
        for (words, name) in [
            ("de gedeelde notities met Zoë O’Brien", "de gedeelde notities met Zoë O’Brien"),
            ("a/b\\c:d*e?f\"g<h>i|j", "a-b-c-d-e-f-g-h-i-j"),
            ("eindigt op een punt. ", "eindigt op een punt"),
            ("twee\nregels", "twee-regels"),
            ("..", "-"),
        ] {
            assert_eq!(file_name(words), name);
        }
        assert_eq!(file_name(&"é".repeat(300)).chars().count(), NAME);
    }
}
