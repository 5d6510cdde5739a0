//! XChaCha20-Poly1305 with a random 24-byte nonce in front of the ciphertext: with that length, random nonces do not
//! meet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

const NONCE: usize = 24;

/// Sealed data is damaged, or was sealed under another key or for another purpose. Which of them, a cipher cannot tell.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the data is damaged or was sealed under another key")]
pub struct CipherError;

pub(crate) fn random_key() -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0_u8; 32]);
    rand::rng().fill_bytes(key.as_mut_slice());
    key
}

pub(crate) fn parse_key(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(hex::decode(text).ok().or_else(|| STANDARD.decode(text).ok())?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

pub(crate) fn write_key(key: &[u8; 32]) -> String {
    STANDARD.encode(key)
}

/// HMAC-SHA256 of all parts, one after the other.
pub(crate) fn keyed_hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // As long as a block, which is how a shorter key is used too; so no length of it can be wrong.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
    parts.iter().for_each(|part| mac.update(part));
    block.as_mut_slice().zeroize();
    mac.finalize().into_bytes().into()
}

pub(crate) fn seal(key: &[u8; 32], purpose: &[u8], plain: &[u8]) -> Result<Vec<u8>, CipherError> {
    let mut nonce = [0_u8; NONCE];
    rand::rng().fill_bytes(&mut nonce);
    let cipher = XChaCha20Poly1305::new(key.into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: purpose }).map_err(|_| CipherError)?;
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

pub(crate) fn open(key: &[u8; 32], purpose: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CipherError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or(CipherError)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: purpose }).map_err(|_| CipherError)
}

#[cfg(test)]
mod tests;
