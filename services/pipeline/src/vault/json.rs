//! Sealing strings inside a JSON document, so that everything around them stays readable with the `nats` tool.
//!
//! A sealed string reads `"sealed:1:<person>:<base64url>"`. Only strings are sealed; amounts and codes are the books'.
//! None of its characters is ever escaped in JSON, so sealed strings are found and opened in the text, without a tree.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Key;
use super::cipher::{self, CipherError};
use crate::content::unescaped;

const MARK: &str = "sealed:1:";
/// A string of the document that begins with the mark.
const OPENING: &str = "\"sealed:1:";

/// Returns true when a string, as it stands between its quotes, would be taken for a sealed one.
pub(crate) fn is_marked(raw: &str) -> bool {
    raw.starts_with(MARK)
}

/// The document with the strings at `places` sealed, between their quotes; they are in the order of the text.
pub(crate) fn seal(text: &str, places: &[Range<usize>], person: &str, key: &[u8; 32]) -> Result<String, CipherError> {
    // A sealed string is longer by the mark, the person, the nonce and the tag, and by a third for its letters.
    let mut out = String::with_capacity(text.len() + places.len() * 128);
    let mut copied = 0;
    for place in places {
        let plain = unescaped(text.get(place.clone()).ok_or(CipherError)?);
        let sealed = cipher::seal(key, person.as_bytes(), plain.as_bytes())?;
        out.push_str(text.get(copied..place.start).ok_or(CipherError)?);
        out.extend([MARK, person, ":"]);
        URL_SAFE_NO_PAD.encode_string(sealed, &mut out);
        copied = place.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// Whose keys are needed to open the document.
pub(crate) fn persons(text: &str) -> BTreeSet<&str> {
    sealed(text).filter_map(|(_, sealed)| Some(sealed.split_once(':')?.0)).collect()
}

/// The document with its sealed strings opened. A sealed string that opens to a sealed one stays that: it was typed.
pub(crate) fn open(text: &str, keys: &HashMap<&str, Key>) -> Result<Zeroizing<String>, CipherError> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut copied = 0;
    for (start, sealed) in sealed(text) {
        let (person, body) = sealed.split_once(':').ok_or(CipherError)?;
        let key = keys.get(person).ok_or(CipherError)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| CipherError)?;
        let plain = Zeroizing::new(cipher::open(key, person.as_bytes(), &bytes)?);
        let plain = std::str::from_utf8(&plain).map_err(|_| CipherError)?;
        out.push_str(text.get(copied..start).unwrap_or_default());
        out.push_str(&Value::from(plain).to_string());
        copied = start + OPENING.len() + sealed.len() + 1;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

/// The sealed strings of a document, each with the place of its opening quote, from after the mark to the closing
/// quote.
fn sealed(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(OPENING).filter_map(|(start, opening)| {
        // A quote behind a backslash stands inside a string, where somebody typed it; what a colon follows is a name.
        let typed = text.get(..start)?.ends_with('\\');
        let (sealed, rest) = text.get(start + opening.len()..)?.split_once('"')?;
        let named = rest.trim_start().starts_with(':');
        (!typed && !named).then_some((start, sealed))
    })
}

#[cfg(test)]
mod tests;
