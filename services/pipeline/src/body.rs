//! Bodies of messages: as they are while they are small, compressed when they are not.
//!
//! An order of two hundred lines passes a megabyte of JSON, and the broker refuses what is larger than its limit.

use std::io::{Read as _, Write as _};

use async_nats::HeaderMap;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::envelope::{self, header};

/// Bodies larger than this are compressed.
const LARGE: usize = 512 * 1024;
/// No body unpacks to more than this.
const LIMIT: u64 = 256 * 1024 * 1024;
const CONTENT_ENCODING: &str = "Content-Encoding";

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is not gzip, or damaged.
    #[error("the body could not be unpacked: {0}")]
    Damaged(#[from] std::io::Error),
    /// It unpacks to more than we read.
    #[error("the body unpacks to more than {LIMIT} bytes")]
    TooLarge,
}

/// The body as it is published; says in the headers when it is compressed.
pub fn pack(headers: &mut HeaderMap, body: &Bytes) -> Bytes {
    if body.len() <= LARGE {
        return body.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail; if it did, the body would go as it is.
    match encoder.write_all(body).and_then(|()| encoder.finish()) {
        Ok(packed) => {
            envelope::set(headers, CONTENT_ENCODING, "gzip");
            packed.into()
        }
        Err(_) => body.clone(),
    }
}

/// The body as it was before [`pack`].
///
/// # Errors
/// See [`BodyError`].
pub fn unpack(headers: &HeaderMap, payload: &Bytes) -> Result<Bytes, BodyError> {
    if header(headers, CONTENT_ENCODING) != Some("gzip") {
        return Ok(payload.clone());
    }
    let mut body = Vec::new();
    GzDecoder::new(payload.as_ref()).take(LIMIT + 1).read_to_end(&mut body)?;
    if body.len() as u64 > LIMIT { Err(BodyError::TooLarge) } else { Ok(body.into()) }
}

#[cfg(test)]
mod tests;
