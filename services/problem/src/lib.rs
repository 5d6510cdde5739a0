//! The form in which a person is told that something is wrong: a code to look up, a sentence, and what to do.
//!
//! Errors inside the program are typed per module; this is the form in which they leave it, on a terminal, in a dead
//! letter, in a log line. Each code has a page in `deploy/runbook`. The crate is a leaf and pure, so that every other
//! crate can say its codes.

mod code;
mod stopped;

use std::borrow::Cow;
use std::fmt;

pub use code::{Class, Code, UnknownCode};
pub use stopped::Stopped;

/// A code, a plain sentence and a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Code of the problem: the name of a runbook page.
    pub code: Code,
    /// Sentence that says what is wrong, in words an operator or accountant understands.
    pub sentence: String,
    /// Action that mends it.
    pub remedy: String,
}

/// A remedy after which the dead letter is tried again. There is no verb for that yet: the README says how it is done.
#[must_use]
pub fn then_again(first: &str) -> String {
    format!("{first}; then try again, as the README says under \"Trying a dead letter again\"")
}

/// The remedy for a change that cannot be read as it stands on the broker.
pub const READ_ANEW: &str = "the change is damaged on the broker. Its record is read anew when it changes at its source: \
                             put an order on hold in Commerce and release it, save anything else once more";

impl Problem {
    /// Builds a problem from its three parts.
    pub fn new(code: Code, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), remedy: remedy.into() }
    }

    /// Code and sentence, without what to do.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.code, self.sentence)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.sentence)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n  what to do: {}", self.remedy) }
    }
}

impl std::error::Error for Problem {}

/// An error and all its causes on one line, for a log line or a sentence.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// A text on its way to a terminal: whatever would move the cursor, change colours or turn the reading direction is
/// shown as its code. Line breaks and tabs stay.
pub fn plain(text: &str) -> Cow<'_, str> {
    let shown = |c: char| {
        matches!(c, '\n' | '\t')
            || !(c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    if text.chars().all(shown) {
        return text.into();
    }
    text.chars().map(|c| if shown(c) { c.to_string() } else { c.escape_unicode().to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_terminal_is_told_nothing_but_text() {
        assert_eq!(plain("Bø & Sønn\n\t→ 7"), "Bø & Sønn\n\t→ 7");
        assert_eq!(plain("\u{1b}]0;x\u{7}\r\u{202e}"), "\\u{1b}]0;x\\u{7}\\u{d}\\u{202e}");
    }
}
