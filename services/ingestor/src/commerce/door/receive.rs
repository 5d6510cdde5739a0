//! Receiving: a body, within the limits of size, memory and time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, StatusCode};
use futures::StreamExt as _;
use problem::{Code, chain};
use tokio::time::Instant;

use super::answer::Refusal;
use super::crowd::{Held, Visit};

/// How long a body may take to arrive: its sender is near.
const PATIENCE: Duration = Duration::from_secs(10);
/// Memory that a body begins with.
const BEGINNING: usize = 8 * 1024;

/// A webhook in hand.
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Its memory and its place: to be kept for as long as the body is.
    pub(super) held: Held,
}

/// Where a request comes from.
pub(super) fn peer(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<Arc<Visit>>().map(|visit| visit.peer)
}

/// The whole body, `until` a moment at the latest. What says itself that it is larger than `limit` is not read at all.
pub(super) async fn receive(request: Request, limit: usize, until: Instant) -> Result<Received, Refusal> {
    let (parts, body) = request.into_parts();
    let Some(visit) = parts.extensions.get::<Arc<Visit>>() else {
        return Err(Refusal::not_kept("nobody knows where this webhook comes from"));
    };
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let started = Instant::now();
    let until = until.min(started + PATIENCE);
    let (body, held) = tokio::time::timeout_at(until, collect(body, limit, visit.body())).await.map_err(|_| {
        let sentence = format!("the body did not arrive within {:?}", until.duration_since(started));
        Refusal::new(StatusCode::REQUEST_TIMEOUT, Code::WebhookIncomplete, sentence)
    })??;
    held.is_whole();
    Ok(Received { headers: parts.headers, body, held })
}

/// Copies what arrives: a piece of a body keeps the whole buffer that it came in.
async fn collect(body: Body, limit: usize, mut held: Held) -> Result<(Bytes, Held), Refusal> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let incomplete = |e| Refusal::new(StatusCode::BAD_REQUEST, Code::WebhookIncomplete, chain(&e));
        let piece = piece.map_err(incomplete)?;
        let needed = whole.len() + piece.len();
        if needed > limit {
            return Err(too_large(limit));
        }
        if needed > whole.capacity() {
            let larger = needed.max(whole.capacity() * 2).max(BEGINNING).min(limit);
            let room = held.take(larger - whole.capacity());
            room.map_err(|_| Refusal::not_kept("too many large webhooks at once: try again"))?;
            whole.reserve_exact(larger - whole.len());
        }
        whole.extend_from_slice(&piece);
    }
    Ok((whole.into(), held))
}

fn too_large(limit: usize) -> Refusal {
    let sentence = format!("the body is larger than the {limit} bytes that are taken");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, Code::WebhookTooLarge, sentence)
}
