//! Adobe Commerce Webhooks: sent while a shopper waits, and signed by the shop with a key of its own.
//!
//! The shop signs not the body but its base64 (the module's `DigitalSignature`; a sentence of Adobe's page that speaks
//! of HMAC is wrong). The answer says what the shop shall do: `{"op":"success"}` lets it go on. Any other status, or
//! none in time, stops the checkout of a hook that is `required`, and there is no second try.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::public_key::signature;
use super::{PublicKey, SignatureError, Verified, VerifierError, single};

/// The answer that lets the shop go on; `application/json`, status 200.
pub const SUCCESS: &str = r#"{"op":"success"}"#;

/// Checks the signatures of one shop.
#[derive(Debug, Clone)]
pub struct CommerceWebhooks {
    header: HeaderName,
}

impl CommerceWebhooks {
    /// Looks for signatures in `header`, which is `x-adobe-commerce-webhook-signature` unless Adobe changes it.
    ///
    /// # Errors
    /// For a header name that is none.
    pub fn new(header: &str) -> Result<Self, VerifierError> {
        header.parse().map(|header| Self { header }).map_err(|_| VerifierError::Header(header.to_owned()))
    }

    /// Believes a body that one of `keys` has signed: while keys are exchanged there are two.
    ///
    /// # Errors
    /// When the signature is missing, repeated, malformed or under none of them.
    pub fn verify(&self, keys: &[PublicKey], headers: &HeaderMap, body: &Bytes) -> Result<Verified, SignatureError> {
        let signature = signature(single(headers, &self.header)?)?;
        let message = STANDARD.encode(body);
        if keys.iter().any(|key| key.signed(message.as_bytes(), &signature)) {
            Ok(Verified(body.clone()))
        } else {
            Err(SignatureError::Mismatch)
        }
    }
}

#[cfg(test)]
mod tests;
