//! The text about who can read what, from the one file that holds it: the project's own `docs/privacy.md`.
//!
//! Of Markdown it knows headings, paragraphs and lists; all else is text, and shown as such.

use crate::i18n::Locale;

/// Dutch first, then English, each beginning with its title.
const TEXT: &str = include_str!("../../../../docs/privacy.md");

/// A piece of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// The heading of a section.
    Heading(&'static str),
    /// A paragraph.
    Paragraph(&'static str),
    /// A list.
    List(Vec<&'static str>),
}

/// The text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The title of the page.
    pub title: &'static str,
    /// What stands under it, in order.
    pub blocks: Vec<Block>,
}

/// The text in that language.
pub fn text(locale: Locale) -> Text {
    let at = match locale {
        Locale::nl => 0,
        Locale::en => 1,
    };
    parse(TEXT, at)
}

/// The part of `text` that begins with title number `at`.
fn parse(text: &'static str, at: usize) -> Text {
    let mut found = Text { title: "", blocks: Vec::new() };
    let mut titles = 0;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            titles += 1;
            if titles == at + 1 {
                found.title = title;
            }
            continue;
        }
        if titles != at + 1 {
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            found.blocks.push(Block::Heading(heading));
        } else if let Some(item) = line.strip_prefix("- ") {
            match found.blocks.last_mut() {
                Some(Block::List(items)) => items.push(item),
                _ => found.blocks.push(Block::List(vec![item])),
            }
        } else {
            found.blocks.push(Block::Paragraph(line));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of a text, as the file has it.
    fn lines(text: &Text) -> Vec<String> {
        let mut lines = vec![format!("# {}", text.title)];
        for block in &text.blocks {
            match block {
                Block::Heading(words) => lines.push(format!("## {words}")),
                Block::Paragraph(words) => lines.push((*words).to_owned()),
                Block::List(items) => lines.extend(items.iter().map(|item| format!("- {item}"))),
            }
        }
        lines
    }

    #[test]
    fn the_page_says_all_that_the_file_says_and_nothing_else() {
        let shown = [lines(&text(Locale::nl)), lines(&text(Locale::en))].concat();
        let written: Vec<&str> = TEXT.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(shown, written);
    }

    #[test]
    fn both_languages_say_the_same_things_in_the_same_order() {
        let shape = |locale| {
            let count = |block: &Block| match block {
                Block::Heading(_) => ("heading", 1),
                Block::Paragraph(_) => ("paragraph", 1),
                Block::List(items) => ("list", items.len()),
            };
            text(locale).blocks.iter().map(count).collect::<Vec<_>>()
        };
        assert_eq!(shape(Locale::nl), shape(Locale::en));
    }

    #[test]
    fn nothing_in_it_is_markup_that_the_page_would_show_as_signs() {
        assert!(!TEXT.contains(['<', '>', '*', '_', '`', '[', ']', '|']));
    }
}
