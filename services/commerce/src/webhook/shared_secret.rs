//! HMAC-SHA256 over the raw body, with a secret that sender and receiver share.
//!
//! Header, encoding and prefix are configured, since each module that sends webhooks has its own habit
//! (`X-Signature: sha256=<hex>` is the common one).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::{SignatureError, Verified, single};

/// Shortest secret, in bytes: below it a signature can be guessed offline from one webhook that was seen.
pub const MIN_SECRET: usize = 16;

/// How the signature is written in its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits, either case.
    Hex,
    /// Base64 with padding (RFC 4648 section 4).
    Base64,
}

/// Why no verifier can be made. The door stays closed: there is no mode without a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// No secret, or too short a one.
    #[error("the webhook secret has {0} bytes and needs at least {MIN_SECRET}")]
    Secret(usize),
    /// Not a header name.
    #[error("`{0}` is no header name")]
    Header(String),
}

/// Checks signatures under one secret.
#[derive(Clone)]
pub struct Verifier {
    mac: Hmac<Sha256>,
    header: HeaderName,
    encoding: Encoding,
    prefix: String,
}

impl Verifier {
    /// A verifier for signatures in `header`, written as `prefix` and then the MAC in `encoding`.
    ///
    /// # Errors
    /// For a secret below [`MIN_SECRET`] bytes, and for a header name that is none.
    pub fn new(
        secret: &SecretString,
        header: &str,
        encoding: Encoding,
        prefix: Option<String>,
    ) -> Result<Self, VerifierError> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < MIN_SECRET {
            return Err(VerifierError::Secret(secret.len()));
        }
        let mac = Hmac::new_from_slice(secret).map_err(|_| VerifierError::Secret(secret.len()))?;
        let header = header.parse().map_err(|_| VerifierError::Header(header.to_owned()))?;
        Ok(Self { mac, header, encoding, prefix: prefix.unwrap_or_default() })
    }

    /// Signature of a body, as it stands in the header.
    #[must_use]
    pub fn signature(&self, body: &[u8]) -> String {
        let mac = self.mac.clone().chain_update(body).finalize().into_bytes();
        let encoded = match self.encoding {
            Encoding::Hex => hex::encode(mac),
            Encoding::Base64 => STANDARD.encode(mac),
        };
        format!("{}{encoded}", self.prefix)
    }

    /// Believes a body, or not. The comparison takes the same time wherever the first difference is.
    ///
    /// # Errors
    /// When the signature is missing, repeated, malformed or wrong.
    pub fn verify(&self, headers: &HeaderMap, body: Bytes) -> Result<Verified, SignatureError> {
        let text = single(headers, &self.header)?;
        let encoded = text.strip_prefix(&self.prefix).ok_or(SignatureError::Malformed)?;
        let signature = match self.encoding {
            Encoding::Hex => hex::decode(encoded).map_err(|_| SignatureError::Malformed)?,
            Encoding::Base64 => STANDARD.decode(encoded).map_err(|_| SignatureError::Malformed)?,
        };
        let mac = self.mac.clone().chain_update(&body);
        mac.verify_slice(&signature).map_err(|_| SignatureError::Mismatch)?;
        Ok(Verified(body))
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mac: _, header, encoding, prefix } = self;
        out.debug_struct("Verifier")
            .field("header", header)
            .field("encoding", encoding)
            .field("prefix", prefix)
            .finish_non_exhaustive()
    }
}
