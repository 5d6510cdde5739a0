//! From a JSON text to a document, with the place of what is wrong.

use serde::Deserialize;
use serde_json::Value;

/// Why a JSON text is not the document that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not what Commerce sends: `{path}`: {reason}")]
pub struct DecodeError {
    /// Where in the document, as `items[0].price`; `.` is the document itself.
    pub path: String,
    /// The fault at that place.
    pub reason: String,
}

impl From<serde_path_to_error::Error<serde_json::Error>> for DecodeError {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        Self { path: error.path().to_string(), reason: without_texts(&error.inner().to_string()) }
    }
}

/// serde quotes the text that does not fit. The texts of a document are people's, and this reason is read and kept in
/// clear.
fn without_texts(reason: &str) -> String {
    match (reason.split_once("string \""), reason.rsplit_once("\", expected ")) {
        (Some((before, _)), Some((_, after))) => format!("{before}a text, expected {after}"),
        _ => reason.to_owned(),
    }
}

/// Decodes one JSON text to its end, with the path of what is wrong. To follow the path costs a text for each field, so
/// it is done for a document that has something wrong in it, and for no other.
pub(crate) fn from_text<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(text).or_else(|_| from_text_by_path(text))
}

fn from_text_by_path<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, DecodeError> {
    let mut from = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut from)?;
    from.end().map_err(|error| DecodeError { path: ".".to_owned(), reason: error.to_string() })?;
    Ok(value)
}

/// Decodes a document that is already JSON, with its numbers as text.
pub(crate) fn from_value<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(value).map_err(DecodeError::from)
}
