//! What happened, as one number: the same seed must give the same.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};

/// The running hash of everything that happened.
#[derive(Debug)]
pub struct Trace {
    hasher: DefaultHasher,
    /// Everything in words, where it was asked for.
    lines: Option<Vec<String>>,
    text: String,
}

impl Trace {
    /// An empty one. `keeps` everything in words, which costs time.
    #[must_use]
    pub fn new(keeps: bool) -> Self {
        // This hasher has no key of its own: it gives the same in every run of one build.
        Self { hasher: DefaultHasher::new(), lines: keeps.then(Vec::new), text: String::new() }
    }

    /// Notes that something happened.
    pub fn note(&mut self, at_ms: u64, what: &dyn std::fmt::Debug) {
        self.text.clear();
        let _ = write!(self.text, "{at_ms} {what:?}");
        self.hasher.write(self.text.as_bytes());
        if let Some(lines) = &mut self.lines {
            lines.push(self.text.clone());
        }
    }

    /// Notes something only for the eye: it costs nothing where no lines are kept.
    pub fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("    {}", line()));
        }
    }

    /// Notes bytes that went over the wire.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.hasher.write(bytes);
    }

    /// The hash so far.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// Everything in words, if it was asked for.
    #[must_use]
    pub fn lines(&self) -> String {
        let lines = self.lines.iter().flatten();
        lines.fold(String::new(), |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        })
    }
}
