//! What the documents name is there: a list of where something is met is worth nothing once the names in it are old.
// Test code throughout: what cannot be had ends the test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where nothing of the product's own is.
const ELSEWHERE: [&str; 7] = [".git", "target", "node_modules", "dist", "data", "docs", ".sqlx"];
/// The documents that say where something is met.
const DOCUMENTS: [&str; 5] = ["security.md", "asvs.md", "testing.md", "operations.md", "privacy.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of the product, from its root.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !ELSEWHERE.contains(&name.as_str()) {
                files(&path, found);
            }
        } else {
            found.push(path);
        }
    }
}

/// What stands between backticks on one line.
fn quoted(text: &str) -> BTreeSet<&str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

fn only(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

/// A test or function: `so_many_sign_in_at_once`.
fn is_name(text: &str) -> bool {
    text.len() >= 12
        && text.contains('_')
        && only(text, |it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_')
}

/// A constant: `IDLE_MS`.
fn is_constant(text: &str) -> bool {
    text.len() >= 4
        && text.starts_with(|it: char| it.is_ascii_uppercase())
        && only(text, |it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
}

/// A file of the product: `server/src/lock.rs`, `stolen.test.mjs`.
fn is_file(text: &str) -> bool {
    let has_ending = [".rs", ".mjs", ".sql", ".sh", ".toml"].iter().any(|it| text.ends_with(it));
    has_ending && only(text, |it| it.is_ascii_alphanumeric() || "_-./".contains(it)) && !text.starts_with('.')
}

#[test]
fn what_the_documents_name_is_there() {
    let root = root();
    let mut all = vec![];
    files(&root, &mut all);
    let names: Vec<String> =
        all.iter().map(|it| format!("/{}", it.strip_prefix(&root).unwrap().to_string_lossy())).collect();
    let text: String = all.iter().filter_map(|it| fs::read_to_string(it).ok()).collect();
    let mut looked_for = 0;
    let mut missing = vec![];
    for document in DOCUMENTS {
        let content = fs::read_to_string(root.join("docs").join(document)).unwrap();
        for word in quoted(&content) {
            let is_there = if is_file(word) {
                names.iter().any(|name| name.ends_with(&format!("/{word}")))
            } else if is_name(word) || is_constant(word) {
                text.contains(word)
            } else {
                continue;
            };
            looked_for += 1;
            if !is_there {
                missing.push(format!("docs/{document}: `{word}`"));
            }
        }
    }
    assert!(missing.is_empty(), "named and not there: {missing:#?}");
    // A change of how names are written must not make this test look for none.
    assert!(looked_for > 200, "{looked_for}");
}

/// In both languages, and the page takes its words by the same names.
#[test]
fn everything_that_is_written_down_has_words() {
    use shared::domain::audit::ACTIONS;
    let page = fs::read_to_string(root().join("app/src/pages/admin/audit.rs")).unwrap();
    let listed: BTreeSet<&str> = page.lines().map(str::trim).collect();
    for language in ["nl", "en"] {
        let path = root().join("app/i18n").join(language).join("audit.json");
        let words: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let named: BTreeSet<&str> = words["did"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, BTreeSet::from(ACTIONS), "{language}");
        assert!(named.is_subset(&listed), "{:?}", named.difference(&listed));
    }
}
