//! A copy that a person can read in any browser, and that holds everything for who has to put it back.

use std::fmt::Write as _;

use leptos::prelude::*;
use leptos_i18n::I18nContext;
use serde_json::Value;

use crate::components::{day_text, document_name, save_file, time_text};
use crate::device::Device;
use crate::i18n::*;

/// The name of the file.
const NAME: &str = "loopbaanmaat.html";

/// What is in the copy under one heading.
struct Part {
    heading: String,
    texts: Vec<String>,
}

/// Saves what has not reached the server as a file to read, with everything as data at its end.
pub fn save_copy(i18n: I18nContext<Locale>, device: Device) {
    leptos::task::spawn_local(async move {
        let Some(data) = device.export_unsynchronised().await else { return };
        let parsed: Value = serde_json::from_str(&data).unwrap_or_default();
        let mut parts = Vec::new();
        for document in parsed.get("documents").and_then(Value::as_array).into_iter().flatten() {
            let id = document.get("document").and_then(Value::as_str).and_then(|it| it.parse().ok());
            let name = id.map_or_else(
                || t_string!(i18n, common.doc_unknown).to_string(),
                |id| untrack(|| document_name(i18n, device, id)),
            );
            let lost = document.get("lost").map(texts).unwrap_or_default();
            if !lost.is_empty() {
                let heading = t_string!(i18n, common.copy_lost, document = name.clone()).to_string();
                parts.push(Part { heading, texts: lost });
            }
            let content = document.get("content").map(sentences).unwrap_or_default();
            parts.push(Part {
                heading: t_string!(i18n, common.copy_document, document = name).to_string(),
                texts: content,
            });
        }
        save(i18n, device, &parts, Some(&data));
    });
}

/// Saves what was lost of a document as a file to read.
pub fn save_texts(i18n: I18nContext<Locale>, device: Device, document: String, texts: Vec<String>) {
    let heading = t_string!(i18n, common.copy_lost, document = document).to_string();
    save(i18n, device, &[Part { heading, texts }], None);
}

fn save(i18n: I18nContext<Locale>, device: Device, parts: &[Part], data: Option<&str>) {
    let locale = i18n.get_locale_untracked();
    let now = device.now_ms();
    let at = format!("{}, {}", day_text(locale, now), time_text(locale, now));
    let words = Words {
        language: locale.as_str(),
        title: t_string!(i18n, common.copy_title),
        made: &t_string!(i18n, common.copy_made, at = at).to_string(),
        nothing: t_string!(i18n, common.copy_nothing),
        data: t_string!(i18n, common.copy_data),
    };
    save_file(NAME, "text/html;charset=utf-8", &page(&words, parts, data));
}

/// The words around what was written.
struct Words<'a> {
    language: &'a str,
    title: &'a str,
    made: &'a str,
    nothing: &'a str,
    data: &'a str,
}

fn page(words: &Words, parts: &[Part], data: Option<&str>) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body{{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif}}\
         blockquote,pre{{white-space:pre-wrap;overflow-wrap:anywhere}}</style>\n<h1>{title}</h1>\n<p>{}</p>\n",
        words.language,
        escaped(words.made),
        title = escaped(words.title),
    );
    // Writing to a text cannot fail.
    for part in parts {
        let _ = writeln!(page, "<h2>{}</h2>", escaped(&part.heading));
        if part.texts.is_empty() {
            let _ = writeln!(page, "<p>{}</p>", escaped(words.nothing));
        }
        for text in &part.texts {
            let _ = writeln!(page, "<blockquote>{}</blockquote>", escaped(text.trim()));
        }
    }
    if let Some(data) = data {
        let (summary, data) = (escaped(words.data), escaped(data));
        let _ = writeln!(page, "<hr>\n<details><summary>{summary}</summary><pre>{data}</pre></details>");
    }
    page
}

/// As it stands in HTML: what was written is no markup.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Every text in it.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        Value::Object(all) => all.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What reads as words of a person: codes and ids are one word, and are in the data.
pub fn sentences(value: &Value) -> Vec<String> {
    texts(value).into_iter().filter(|text| text.trim().contains(char::is_whitespace)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Words<'_> =
        Words { language: "nl", title: "Kopie", made: "Nu", nothing: "Niets", data: "Alles" };

    #[test]
    fn a_copy_says_what_was_written_and_not_how_it_is_kept() {
        let content = serde_json::json!({ "n": { "Qx9": { "text": "Zij wil verder.", "state": "open" } } });
        let part = Part { heading: "Notities".to_owned(), texts: sentences(&content) };
        let page = page(&WORDS, &[part], None);
        assert!(page.contains("<h2>Notities</h2>\n<blockquote>Zij wil verder.</blockquote>"), "{page}");
        assert!(!page.contains("open") && !page.contains("Qx9"), "{page}");
    }

    #[test]
    fn what_was_written_is_no_markup() {
        let part = Part { heading: "<b>".to_owned(), texts: vec!["<script> & \"x\"".to_owned()] };
        let page = page(&WORDS, &[part], Some("{\"a\":\"</pre>\"}"));
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
        assert_eq!(page.matches("</pre>").count(), 1, "{page}");
    }
}
