//! Texts as tokens of subjects and of keys in buckets.
//!
//! A token may not hold a space, `.`, `*` or `>`; everything outside `[A-Za-z0-9_-]` is written as `=XX`, so that a
//! text reads as itself wherever it can and two texts never meet.

use std::fmt::Write as _;

use crate::id::derived_id;

/// Characters of one token at most. The broker takes a line of 4 KB with the subject and the place of the answer, and
/// cuts off whoever sends a longer one; no vendor's key comes near this.
const LONGEST: usize = 500;

/// One token from any text. Of a key that is too long for a subject the end is a hash.
pub fn token(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "={byte:02X}");
        }
    }
    if out.len() > LONGEST {
        out.truncate(LONGEST - 40);
        let _ = write!(out, "=-{}", derived_id(&[text])); // No escape reads so.
    }
    if out.is_empty() { "=".to_owned() } else { out }
}

/// The text that [`token`] encoded; a malformed escape is kept as it stands.
pub fn untoken(token: &str) -> String {
    let mut out = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped =
            tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, escaped) {
            (b'=', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'=', None) if tail.is_empty() => rest = tail,
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A text as a token of a bucket's key: keys take no `=`.
pub fn key_token(text: &str) -> String {
    token(text).replace('=', "_")
}

#[cfg(test)]
mod tests;
