//! The signature base string as the server builds it from what arrived.
//!
//! It differs from RFC 5849 in three ways that were measured: parameters are in natural order ([`super::natural`]), the
//! path is decoded and encoded again (so `%2F` in a path breaks the signature, while `%20` does not), and the query is
//! decoded without turning `+` into a space.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Sha256;

use super::natural;
use super::{Call, Parameters};

/// RFC 3986 unreserved characters stay, everything else is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// PHP's `rawurldecode`: `+` stays `+`.
pub(super) fn raw_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// `METHOD & url & parameters`, each encoded.
pub(super) fn base_string(call: &Call<'_>, parameters: &Parameters) -> String {
    let mut pairs: Vec<(String, String)> = parameters
        .iter()
        .filter(|(name, _)| name.as_str() != "oauth_signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort_by(|(a, _), (b, _)| natural::compare(a, b));
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let host = call.host.to_ascii_lowercase();
    let url = format!("http://{}{}", host.strip_suffix(":80").unwrap_or(&host), normal_path(call.path));
    format!("{}&{}&{}", call.method.to_ascii_uppercase(), encode(&url), encode(&pairs.join("&")))
}

/// Base64 of the HMAC-SHA256 under both secrets.
pub(super) fn sign(base: &str, consumer_secret: &str, token_secret: &str) -> Option<String> {
    let key = format!("{}&{}", encode(consumer_secret), encode(token_secret));
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(base.as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

/// Characters that the server leaves as they are in a path, and decodes if they came encoded.
fn plain_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:@&=+$,/;%".contains(&byte)
}

/// Decodes what need not be encoded and writes the rest in capitals.
fn normal_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let (byte, next) = match rest {
            [b'%', high, low, tail @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high * 16 + low, tail),
                _ => (first, after),
            },
            _ => (first, after),
        };
        if plain_in_path(byte) {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
        rest = next;
    }
    normal
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
