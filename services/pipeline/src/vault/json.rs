//! Sealing strings inside a JSON document, so that everything around them stays readable with the `nats` tool.
//!
//! A sealed string reads `sealed:1:<person>:<base64url>`. Only strings are sealed; amounts and codes are the books'.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::cipher::{self, CipherError};

const MARK: &str = "sealed:1:";

pub(crate) fn seal(value: &mut Value, pointers: &[String], person: &str, key: &[u8; 32]) -> Result<(), CipherError> {
    for pointer in pointers {
        if let Some(Value::String(text)) = value.pointer_mut(pointer) {
            // A text that already carries the mark is sealed again rather than trusted: a shop's customer typed it.
            let sealed = cipher::seal(key, person.as_bytes(), text.as_bytes())?;
            *text = format!("{MARK}{person}:{}", URL_SAFE_NO_PAD.encode(sealed));
        }
    }
    Ok(())
}

pub(crate) fn persons(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(value, &mut |text| {
        if let Some((person, _)) = split(text) {
            found.insert(person.to_owned());
        }
    });
    found
}

pub(crate) fn open(value: &mut Value, person: &str, key: &[u8; 32]) -> Result<(), CipherError> {
    match value {
        Value::String(text) => {
            if let Some((_, body)) = split(text).filter(|(p, _)| *p == person) {
                let sealed = URL_SAFE_NO_PAD.decode(body).map_err(|_| CipherError)?;
                let plain = cipher::open(key, person.as_bytes(), &sealed)?;
                *text = String::from_utf8(plain).map_err(|_| CipherError)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| open(item, person, key)),
        Value::Object(fields) => fields.values_mut().try_for_each(|field| open(field, person, key)),
        _ => Ok(()),
    }
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(MARK)?.split_once(':')
}

fn visit(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        Value::Object(fields) => fields.values().for_each(|field| visit(field, see)),
        _ => {}
    }
}
