//! Puts the built client into the program: every file of `app/dist`, with its compressed forms beside it, as a
//! table that `http::client` serves from. Without a built client the table is empty.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What compresses at all; images and fonts are compressed already.
const COMPRESSIBLE: &[&str] =
    &["css", "html", "js", "json", "map", "mjs", "svg", "txt", "wasm", "webmanifest", "xml"];

fn main() {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(variable("OUT_DIR"));
    let dist = manifest.join("../app/dist");
    fs::create_dir_all(&dist).expect("app/dist can be made");
    let dist = dist.canonicalize().expect("app/dist has just been made");
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");

    let mut files = Vec::new();
    collect(&dist, &mut files);
    files.sort();

    // The best compression takes seconds for what ships; a client built for debugging is large and served locally.
    let release = variable("PROFILE") == "release";
    let kept = out.join("compressed");
    fs::create_dir_all(&kept).expect("a folder in OUT_DIR can be made");
    let mut table = String::from("pub(super) static FILES: &[EmbeddedFile] = &[\n");
    for file in files {
        let path = file
            .strip_prefix(&dist)
            .expect("it was found in there")
            .to_str()
            .expect("Trunk writes UTF-8 names");
        let bytes = fs::read(&file).expect("a file just listed can be read");
        let (brotli, gzip) = if release && is_compressible(&file) {
            (embedded(&kept, &bytes, "br", brotli), embedded(&kept, &bytes, "gz", gzip))
        } else {
            (None, None)
        };
        writeln!(
            table,
            "    EmbeddedFile {{ path: {path:?}, identity: include_bytes!({file:?}), brotli: {}, gzip: {} }},",
            included(brotli.as_deref()),
            included(gzip.as_deref()),
        )
        .expect("a string can be written to");
    }
    table.push_str("];\n");
    fs::write(out.join("client_files.rs"), table).expect("OUT_DIR can be written");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder in app/dist can be read") {
        let path = entry.expect("a folder in app/dist can be read").path();
        if path.is_dir() {
            // Trunk builds in a folder of that name and moves it; it is nothing to serve.
            if path.file_name().is_some_and(|name| name != ".stage") {
                collect(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

fn is_compressible(file: &Path) -> bool {
    file.extension().and_then(|it| it.to_str()).is_some_and(|it| COMPRESSIBLE.contains(&it))
}

/// Compresses unless that was done before for the same bytes; none where it saves nothing.
fn embedded(kept: &Path, bytes: &[u8], suffix: &str, compress: fn(&[u8]) -> Vec<u8>) -> Option<PathBuf> {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let path = kept.join(format!("{:016x}-{}.{suffix}", hasher.finish(), bytes.len()));
    if !path.exists() {
        fs::write(&path, compress(bytes)).expect("OUT_DIR can be written");
    }
    let saved = fs::metadata(&path).is_ok_and(|it| it.len() < bytes.len() as u64);
    saved.then_some(path)
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 4096, 11, 22);
    writer.write_all(bytes).expect("a vector can be written to");
    drop(writer);
    compressed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).expect("a vector can be written to");
    writer.finish().expect("a vector can be written to")
}

fn included(path: Option<&Path>) -> String {
    path.map_or_else(|| "None".to_owned(), |path| format!("Some(include_bytes!({path:?}))"))
}
