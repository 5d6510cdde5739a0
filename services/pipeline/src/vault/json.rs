//! Sealing strings inside a JSON document, so that everything around them stays readable with the `nats` tool.
//!
//! A sealed string reads `"sealed:1:<person>:<base64url>"`. Only strings are sealed; amounts and codes are the books'.
//! None of its characters is ever escaped in JSON, so sealed strings are found and opened in the text, without a tree.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Key;
use super::cipher::{self, CipherError};

const MARK: &str = "sealed:1:";
/// A string of the document that begins with the mark.
const OPENING: &str = "\"sealed:1:";

/// Seals the strings at `pointers`.
pub(crate) fn seal(value: &mut Value, pointers: &[String], person: &str, key: &[u8; 32]) -> Result<(), CipherError> {
    for pointer in pointers {
        if let Some(Value::String(text)) = value.pointer_mut(pointer) {
            let sealed = cipher::seal(key, person.as_bytes(), text.as_bytes())?;
            *text = format!("{MARK}{person}:{}", URL_SAFE_NO_PAD.encode(sealed));
        }
    }
    Ok(())
}

/// What is to be sealed: the strings at `personal`, and every other one that carries the mark already. Somebody typed
/// it, and it would be taken for a sealed one.
pub(crate) fn to_seal(value: &Value, personal: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    marked(value, &mut String::new(), &mut all);
    all.retain(|pointer| !personal.contains(pointer));
    all.extend_from_slice(personal);
    all
}

/// Pointers to the strings that begin with the mark.
fn marked(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let here = pointer.len();
    let mut inside = |name: &str, inner: &Value| {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        marked(inner, pointer, found);
        pointer.truncate(here);
    };
    match value {
        Value::String(text) if text.starts_with(MARK) => found.push(pointer.clone()),
        Value::Array(items) => items.iter().enumerate().for_each(|(place, item)| inside(&place.to_string(), item)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| inside(name, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
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
        // A quote behind a backslash stands inside a string, where somebody typed it.
        let typed = text.get(..start)?.ends_with('\\');
        let rest = text.get(start + opening.len()..)?;
        (!typed).then_some((start, rest.split_once('"')?.0))
    })
}

#[cfg(test)]
mod tests;
