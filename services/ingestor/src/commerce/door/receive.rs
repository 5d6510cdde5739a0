//! Receiving: a body, within the limits of number, size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use pipeline::problem::chain;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Refusal;

/// Webhooks in hand at once, of all kinds together; more are asked to come again.
const PLACES: usize = 256;
/// How long a body may take to arrive: its sender is near, and a connection that stands still holds memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The places for webhooks in hand.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// A webhook in hand.
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) place: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(PLACES)))
    }

    /// The whole body. What says itself that it is larger than `limit` is not read at all.
    pub(super) async fn receive(&self, request: Request, limit: usize) -> Result<Received, Refusal> {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            return Err(Refusal::not_kept("too many webhooks at once: try again"));
        };
        let too_large = || {
            let sentence = format!("the body is larger than the {limit} bytes that are taken");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "WEBHOOK_TOO_LARGE", sentence)
        };
        let incomplete = |status, sentence: String| Refusal::new(status, "WEBHOOK_INCOMPLETE", sentence);
        let (parts, body) = request.into_parts();
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        match tokio::time::timeout(PATIENCE, to_bytes(body, limit)).await {
            Ok(Ok(body)) => Ok(Received { headers: parts.headers, body, place }),
            Ok(Err(e)) if is_too_large(&e) => Err(too_large()),
            Ok(Err(e)) => Err(incomplete(StatusCode::BAD_REQUEST, chain(&e))),
            Err(_) => {
                let sentence = format!("the body did not arrive within {PATIENCE:?}");
                Err(incomplete(StatusCode::REQUEST_TIMEOUT, sentence))
            }
        }
    }
}

/// Whether the limit cut the body off, and not the sender.
fn is_too_large(error: &axum::Error) -> bool {
    chain(error).contains("length limit exceeded")
}
