//! A webhook is believed only when its signature is right, and even then only as a hint.
//!
//! The types hold that order: only a verifier makes a [`Verified`], and only a [`Verified`] gives hints. There are
//! three kinds. [`Verifier`] shares a secret with a module of the shop; [`CommerceWebhooks`] knows the public key of
//! Adobe Commerce's own webhooks; [`events`] are Adobe I/O's, whose keys are fetched. No signature covers a time or a
//! nonce: whoever saw a webhook can send it again, which is harmless, because the record is read anew and the same
//! content makes no second change.

mod commerce_webhooks;
pub mod events;
mod hint;
mod public_key;
mod shared_secret;

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

pub use commerce_webhooks::{CommerceWebhooks, SUCCESS};
pub use hint::{Hint, HintError, HintKey, KeyPointer};
pub use public_key::{KeyError, PublicKey};
pub use shared_secret::{Encoding, MIN_SECRET, Verifier, VerifierError};

/// Why a webhook is not believed. None of these says what the right signature would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The header is not there.
    #[error("the signature header is missing")]
    Missing,
    /// The header is there more than once.
    #[error("the signature header is there more than once")]
    Repeated,
    /// The header does not hold what a signature looks like.
    #[error("the signature header has another form than configured")]
    Malformed,
    /// The signature belongs to another body or another secret.
    #[error("the signature does not match the body")]
    Mismatch,
}

/// A body whose signature was right.
#[derive(Clone, PartialEq, Eq)]
pub struct Verified(Bytes);

impl Verified {
    /// The records that may have changed, in the order of the body, each once.
    ///
    /// With `pointer` the key is taken from there; otherwise from the places where the usual modules put it.
    ///
    /// # Errors
    /// When the body is no JSON, or names no record.
    pub fn hints(&self, pointer: Option<&KeyPointer>) -> Result<Vec<Hint>, HintError> {
        hint::read(&self.0, pointer)
    }

    /// The stores of the shop that its records are of, each once; none where a record's cannot be told.
    pub fn stores(&self) -> Vec<u64> {
        hint::stores(&self.0)
    }

    /// The raw body.
    pub fn body(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Verified {
    /// A body may hold names and addresses: only its length is shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Verified({} bytes)", self.0.len())
    }
}

/// The text of a header that must be there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, SignatureError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignatureError::Missing)?;
    if values.next().is_some() {
        return Err(SignatureError::Repeated);
    }
    value.to_str().map(str::trim).map_err(|_| SignatureError::Malformed)
}

#[cfg(test)]
mod tests;
