//! Bodies of messages: as they are while they are small, compressed when they are not.
//!
//! An order of two hundred lines passes a megabyte of JSON, and the broker refuses what is larger than its limit.

use std::io::{Read as _, Write as _};

use async_nats::HeaderMap;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::envelope::{self, header};

/// Bodies larger than this are compressed.
const LARGE: usize = 512 * 1024;
/// No body unpacks to more than this: what is read at a vendor has 64 MB at most (`max_body_bytes`), and what is sealed
/// of it grows by a half at most.
const LIMIT: u64 = 96 * 1024 * 1024;
/// Bodies that are held unpacked at once. A compressed body may be a thousand times smaller than what is in it, so that
/// many deliveries at once would take all memory.
static PLACES: Semaphore = Semaphore::const_new(2);
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
    inflate(payload).map(Bytes::from)
}

/// As [`unpack`], away from the thread that all deliveries share. Where many are to be unpacked, they wait for each
/// other: a place is taken until the body is dropped, so drop it before the next one is unpacked.
///
/// # Errors
/// See [`BodyError`].
pub async fn unpacked(headers: &HeaderMap, payload: &Bytes) -> Result<Bytes, BodyError> {
    if header(headers, CONTENT_ENCODING) != Some("gzip") {
        return Ok(payload.clone());
    }
    let place = PLACES.acquire().await.ok(); // It is never closed.
    let packed = payload.clone();
    let body = tokio::task::spawn_blocking(move || inflate(&packed)).await.map_err(std::io::Error::other)??;
    Ok(Bytes::from_owner(Held { body, _place: place }))
}

/// An unpacked body and its place.
struct Held {
    body: Vec<u8>,
    _place: Option<SemaphorePermit<'static>>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, BodyError> {
    // The last four bytes tell the size (RFC 1952): a body that grows is copied, and takes up to three times the room.
    let told = packed.last_chunk().map_or(0, |size| u64::from(u32::from_le_bytes(*size)));
    let most = told.min(LIMIT);
    let mut body = Vec::with_capacity(usize::try_from(most + 1).unwrap_or_default());
    GzDecoder::new(packed).take(most + 1).read_to_end(&mut body)?;
    match body.len() as u64 > most {
        true if told > LIMIT => Err(BodyError::TooLarge),
        true => Err(std::io::Error::other("it is longer than it says").into()),
        false => Ok(body),
    }
}

#[cfg(test)]
mod tests;
