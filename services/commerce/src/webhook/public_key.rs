//! RSA public keys, and signatures under them: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), 2048 bits at
//! least.

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject as _;

use super::SignatureError;

/// Keys of one text at most: an old one and a new one, with room.
const MOST: usize = 8;
/// Base64 of the usual alphabet; whether it is padded, Adobe's pages do not say.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing between `-----BEGIN PUBLIC KEY-----` and its end.
    #[error("there is no public key in it: it begins with -----BEGIN PUBLIC KEY-----")]
    None,
    /// More keys than a rotation has.
    #[error("there are more than {MOST} public keys in it")]
    TooMany,
    /// The bytes between are no RSA key.
    #[error("a public key in it is no RSA key")]
    Key,
}

/// An RSA public key.
#[derive(Clone)]
pub struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// All keys of a PEM text (RFC 7468). Line breaks may be written as `\n`, as they are in environment variables.
    ///
    /// # Errors
    /// When there is none, or one of them is no RSA key.
    pub fn all_of_pem(text: &str) -> Result<Vec<Self>, KeyError> {
        let text = text.replace("\\n", "\n");
        let mut keys = Vec::new();
        for key in SubjectPublicKeyInfoDer::pem_slice_iter(text.as_bytes()) {
            if keys.len() == MOST {
                return Err(KeyError::TooMany);
            }
            let key = key.map_err(|_| KeyError::Key)?;
            let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key).map_err(|_| KeyError::Key)?;
            keys.push(Self(key));
        }
        if keys.is_empty() { Err(KeyError::None) } else { Ok(keys) }
    }

    /// True when `signature` is this key's over `message`.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    /// Nothing of it is secret, but it is long.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PublicKey")
    }
}

/// The bytes of a signature in a header.
pub(super) fn signature(text: &str) -> Result<Vec<u8>, SignatureError> {
    let bytes = BASE64.decode(text).map_err(|_| SignatureError::Malformed)?;
    if bytes.is_empty() { Err(SignatureError::Malformed) } else { Ok(bytes) }
}
