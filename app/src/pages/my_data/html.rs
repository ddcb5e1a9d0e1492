//! Pages that any browser reads for as long as there are browsers: without script, without anything from elsewhere, and
//! fit to be printed.

use std::fmt::Write as _;

use super::readable::Part;
use crate::shell::escaped;

const STYLE: &str = "body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.1rem/1.6 system-ui,sans-serif;\
overflow-wrap:anywhere}\
blockquote{margin-inline:0;padding-inline-start:1rem;border-inline-start:4px solid #888;white-space:pre-wrap}\
h2,h3{break-after:avoid}.by{color:#555;margin-block:0}dt{font-weight:600}\
@media print{body{max-width:none;margin:0}blockquote{break-inside:avoid-page}}";

/// A page that grows.
pub struct Html(String);

impl Html {
    /// With its title as heading.
    pub fn new(language: &str, title: &str) -> Self {
        let title = escaped(title);
        Self(format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        ))
    }

    /// A paragraph.
    pub fn p(&mut self, text: &str) {
        self.add(format_args!("<p>{}</p>\n", escaped(text)));
    }

    /// A heading of the second order.
    pub fn h2(&mut self, text: &str) {
        self.add(format_args!("<h2>{}</h2>\n", escaped(text)));
    }

    /// A list of lines.
    pub fn list<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.0.push_str("<ul>\n");
        for line in lines {
            self.add(format_args!("<li>{}</li>\n", escaped(line)));
        }
        self.0.push_str("</ul>\n");
    }

    /// A list of links: to where, in which words, and what comes after them.
    pub fn links(&mut self, links: &[(String, String, String)]) {
        self.0.push_str("<ul>\n");
        for (to, words, more) in links {
            let (to, words, more) = (address(to), escaped(words), escaped(more));
            self.add(format_args!("<li><a href=\"{to}\">{words}</a> {more}</li>\n"));
        }
        self.0.push_str("</ul>\n");
    }

    /// A link on a line of its own.
    pub fn link(&mut self, to: &str, words: &str) {
        self.add(format_args!("<p><a href=\"{}\">{}</a></p>\n", address(to), escaped(words)));
    }

    /// What stands in a document.
    pub fn part(&mut self, part: &Part) {
        self.h2(&part.heading);
        if !part.by.is_empty() {
            self.add(format_args!("<p class=\"by\">{}</p>\n", escaped(&part.by)));
        }
        for (label, text) in &part.lines {
            if !label.is_empty() {
                self.add(format_args!("<h3>{}</h3>\n", escaped(label)));
            }
            self.add(format_args!("<blockquote>{}</blockquote>\n", escaped(text.trim())));
        }
    }

    /// The whole page.
    pub fn finish(mut self) -> String {
        self.0.push_str("</main>\n</body>\n</html>\n");
        self.0
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.0.write_fmt(text);
    }
}

/// A path as a relative address.
fn address(path: &str) -> String {
    let mut address = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_no_markup() {
        let mut page = Html::new("nl", "<b>Titel</b>");
        let part = Part {
            heading: "<h1>".to_owned(),
            by: "\"Anna\" <anna>".to_owned(),
            lines: vec![("<i>".to_owned(), "<script>alert(1)</script> & \"x\" 🌱".to_owned())],
        };
        page.part(&part);
        page.links(&[("\"><script>".to_owned(), "<a>".to_owned(), "&".to_owned())]);
        let page = page.finish();
        assert!(!page.contains("<script") && !page.contains("<i>") && !page.contains("<b>"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; 🌱"), "{page}");
        assert!(page.contains("href=\"%22%3E%3Cscript%3E\""), "{page}");
    }

    #[test]
    fn an_address_leads_to_a_file_with_any_name() {
        assert_eq!(address("Traject 1 Zoë/001 notities.html"), "Traject%201%20Zo%C3%AB/001%20notities.html");
    }
}
