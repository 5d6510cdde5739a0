//! A record as a source sent it: what of its text is content, and what of it is a person's.
//!
//! One record reaches us through a webhook, a poll and a sweep, by its key and in a list, and each reading must give
//! the same version as long as the record says the same. So the bytes that are hashed are not those that were sent:
//! keys are sorted, null counts as absent, a number has one spelling, and fields are left out that move without the
//! record saying anything new.
//!
//! The text is walked once and no tree is made of it: that was nearly all the work of a service that reads orders. What
//! is published is the text itself, with the strings cut out and sealed that are not on the list of what stays
//! readable.

mod number;
mod readable;
mod walk;

use std::ops::Range;

pub use readable::{Paths, Readable};

/// Rules for a system's records of one kind. The vendor's crate holds the lists; this holds them together.
#[derive(Debug)]
pub struct Rules {
    /// Left out of the content at every depth: moved by a write that changes nothing else.
    pub volatile: &'static [&'static str],
    /// Left out of the record itself alone.
    pub volatile_at_top: &'static [&'static str],
    /// Where the e-mail address of the person stands whom the record is about: paths, the first that leads to a text
    /// wins.
    pub person: &'static [&'static [&'static str]],
    /// The texts that stay readable; all others are sealed.
    pub readable: Readable,
}

/// Findings about a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The bytes that stand for its content: the same for the same content, JSON themselves.
    pub content: String,
    /// Normalised e-mail address of the person it is about, if it is about one.
    pub person: Option<String>,
    /// The strings in the text that may be personal, between their quotes, in the order of the text: all that are not
    /// to stay readable. Empty ones are left out.
    pub personal: Vec<Range<usize>>,
}

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Not JSON.
    #[error("it is no JSON: {0}")]
    Syntax(String),
    /// Objects in objects, further than any record goes.
    #[error("it is nested more than {} levels deep", walk::DEEPEST)]
    TooDeep,
}

/// Looks at the JSON text of a record.
///
/// # Errors
/// When it is no JSON, or nested too deeply.
pub fn read(text: &str, rules: &Rules) -> Result<Known, RecordError> {
    walk::Walk::new(text, rules).run()
}

/// A string between its quotes, without its escapes.
pub(crate) fn unescaped(raw: &str) -> std::borrow::Cow<'_, str> {
    if !raw.contains('\\') {
        return raw.into();
    }
    // What a parser has passed reads; if it did not, it would stay as it stands.
    serde_json::from_str(&format!("\"{raw}\"")).map_or_else(|_| raw.into(), std::borrow::Cow::<str>::Owned)
}

#[cfg(test)]
mod tests;
