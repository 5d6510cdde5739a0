//! Adobe I/O Events: CloudEvents, one or a list, signed by Adobe with keys that it publishes.
//!
//! Each delivery has two signatures over its raw body, under an old and a new key, and names where on Adobe's host the
//! keys are; one that is right will do. The keys sign for every customer of Adobe, so that a right signature says only
//! that Adobe sent it: whom it is for, the recipient in each event says. An answer in the 400s makes Adobe drop the
//! event, and one in the 500s makes it come again for a day.

mod delivery;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::public_key::signature;
use super::{PublicKey, SignatureError, Verified, single};

pub use delivery::{Delivery, DeliveryError, Event, addressed_to};

/// Where Adobe publishes its keys.
pub const KEYS_URL: &str = "https://static.adobeioevents.com";
/// The folder there that holds them. A path of any other is a stranger's.
const FOLDER: &str = "/prod/keys/";
/// Longest path of a key.
const MAX_PATH: usize = 200;
/// Longest challenge that is answered; Adobe sends a UUID.
const MAX_CHALLENGE: usize = 200;
/// Signature and path of its key, in pairs.
const HEADERS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];

/// One signature of a delivery, and where the key to check it with is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    path: String,
    signature: Vec<u8>,
}

impl Claim {
    /// The claims that a delivery's headers make; at least one.
    ///
    /// # Errors
    /// When there is none, or one of them is no signature or points elsewhere than at Adobe's keys.
    pub fn of(headers: &HeaderMap) -> Result<Vec<Self>, SignatureError> {
        let mut claims = Vec::new();
        for (signed, path) in HEADERS {
            let text = match single(headers, &HeaderName::from_static(signed)) {
                Err(SignatureError::Missing) => continue,
                text => text?,
            };
            let path = single(headers, &HeaderName::from_static(path))?;
            if !is_key_path(path) {
                return Err(SignatureError::Malformed);
            }
            claims.push(Self { path: path.to_owned(), signature: signature(text)? });
        }
        if claims.is_empty() { Err(SignatureError::Missing) } else { Ok(claims) }
    }

    /// Path of the key on Adobe's host.
    pub fn key_path(&self) -> &str {
        &self.path
    }

    /// Believes a body that this claim's key has signed.
    pub fn verify(&self, key: &PublicKey, body: &Bytes) -> Option<Verified> {
        key.signed(body, &self.signature).then(|| Verified(body.clone()))
    }
}

/// True when a path is one of Adobe's keys: `/prod/keys/pub-key-<uuid>.pem`. No other character is taken, so that it
/// leads nowhere else.
fn is_key_path(path: &str) -> bool {
    let name = path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".pem")).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    path.len() <= MAX_PATH && !name.is_empty() && name.bytes().all(plain)
}

/// Answers the `GET` by which Adobe asks whether the address is ours: with the challenge in its query, as plain text
/// with status 200. `None` when there is none that is fit to be sent back.
pub fn challenge(query: &str) -> Option<String> {
    let (_, challenge) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "challenge")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let fit = !challenge.is_empty() && challenge.len() <= MAX_CHALLENGE && challenge.bytes().all(plain);
    fit.then(|| challenge.into_owned())
}

#[cfg(test)]
mod tests;
