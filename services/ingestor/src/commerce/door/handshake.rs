//! The handshake by which Adobe I/O asks whether an address is ours, when events are registered for it.
//!
//! It is a `GET` whose challenge is sent back. Where that is not answered, Adobe posts an address of its own that has
//! to be opened within five minutes. Neither is signed, and both prove no more than that somebody answers here: whom
//! events are for is looked at in each of them. Only addresses below the configured one are opened.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::events::{challenge, validation_url};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use http::{Request, Uri};
use pipeline::http::Http;
use pipeline::problem::Problem;
use tokio::sync::Semaphore;

/// How long Adobe may take to answer, and how much it may say.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_BODY: usize = 64 * 1024;

/// Answers handshakes.
#[derive(Clone)]
pub(super) struct Handshake {
    http: Http,
    /// Scheme and host of the addresses that are opened.
    host: Uri,
    /// One at a time: strangers can ask for it.
    turn: Arc<Semaphore>,
}

impl Handshake {
    /// Opens addresses of the host at `url`.
    pub(super) fn new(url: &str) -> Result<Self, Problem> {
        let host = url.parse::<Uri>().ok().filter(|uri| uri.scheme().is_some() && uri.authority().is_some());
        let host = host.ok_or_else(|| {
            let sentence = format!("commerce.webhook.io_events.validation_url is no address of a host: `{url}`");
            Problem::new("WEBHOOK_DOOR", sentence, "write it as https://csm.adobe.io")
        })?;
        Ok(Self { http: Http::new(PATIENCE, MAX_BODY)?, host, turn: Arc::new(Semaphore::new(1)) })
    }

    /// Answers a `GET`.
    pub(super) fn challenged(query: &str) -> Response {
        match challenge(query) {
            Some(challenge) => {
                tracing::info!("Adobe I/O has asked whether this address is ours, and was answered");
                let headers = [("content-type", "text/plain"), ("x-content-type-options", "nosniff")];
                (StatusCode::OK, headers, challenge).into_response()
            }
            None => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        }
    }

    /// Whether a body is a handshake and no event. Its address is opened in the background.
    pub(super) fn take(&self, body: &Bytes) -> bool {
        let Some(address) = validation_url(body) else { return false };
        let uri = address.parse::<Uri>().ok();
        let ours = uri.filter(|uri| uri.scheme() == self.host.scheme() && uri.authority() == self.host.authority());
        let (Some(uri), Ok(turn)) = (ours, Arc::clone(&self.turn).try_acquire_owned()) else {
            tracing::warn!("an address that is not opened was sent as a handshake of Adobe I/O");
            return true;
        };
        let http = self.http.clone();
        tokio::spawn(async move {
            let answer = match Request::get(uri).body(Bytes::new()) {
                Ok(request) => http.send(request).await.map(|answer| answer.status().to_string()),
                Err(_) => return,
            };
            match answer {
                Ok(status) => tracing::info!(status, "the address of Adobe I/O's handshake was opened"),
                Err(error) => tracing::warn!(%error, "the address of Adobe I/O's handshake could not be opened"),
            }
            drop(turn);
        });
        true
    }
}
