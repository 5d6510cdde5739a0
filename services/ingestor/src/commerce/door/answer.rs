//! Answering: what is refused says why, with a code that has a page in the runbook, and every answer is counted.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use problem::Code;
use tokio::time::Instant;

/// Refusals of one kind are told of once in this time: strangers can make them, and logs are read.
const RARELY: Duration = Duration::from_secs(10);

/// Why a webhook is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: Code,
    pub(super) sentence: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: Code, sentence: impl Into<String>) -> Self {
        Self { status, code, sentence: sentence.into() }
    }

    /// It could not be kept just now: the sender may try again.
    pub(super) fn not_kept(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::WebhookNotKept, sentence)
    }

    /// Returns the answer to its sender; counts it, and logs it once in a while.
    pub(super) fn answer(self, kind: &'static str, peer: Option<SocketAddr>, log: &Rare) -> Response {
        let Self { status, code, sentence } = self;
        count(kind, status);
        if let Some(more) = log.tell(code.as_str()) {
            let peer = peer.map(|peer| peer.to_string());
            tracing::warn!(kind, %code, sentence, peer, more, "a webhook was refused");
        }
        let body = format!("{{\"code\":\"{code}\",\"message\":{}}}\n", serde_json::Value::from(sentence));
        (status, [("content-type", "application/json")], body).into_response()
    }
}

/// Subjects that are logged only once in a while each.
#[derive(Debug, Default)]
pub(super) struct Rare(Mutex<HashMap<&'static str, (Instant, u64)>>);

impl Rare {
    /// Returns how many were left out since the last log line, when this one is to be logged; else `None`.
    pub(super) fn tell(&self, what: &'static str) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told.get_mut(what) {
            Some((at, silent)) if at.elapsed() < RARELY => {
                *silent += 1;
                None
            }
            known => {
                let silent = known.map_or(0, |(_, silent)| *silent);
                told.insert(what, (Instant::now(), 0));
                Some(silent)
            }
        }
    }
}

/// Counts an answer.
pub(super) fn count(kind: &'static str, status: StatusCode) {
    metrics::counter!("ml_webhooks_total", "kind" => kind, "answer" => status.as_str().to_owned()).increment(1);
}

/// Counts a webhook that its sender believes to be taken, and of which no hint is on disk: the poll finds what it was
/// about.
pub(super) fn count_unkept(kind: &'static str) {
    metrics::counter!("ml_webhooks_unkept_total", "kind" => kind).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_storm_of_refusals_is_a_line_in_a_while() {
        let log = Rare::default();
        assert_eq!((log.tell("a"), log.tell("b")), (Some(0), Some(0)));
        assert!((0..50).all(|_| log.tell("a").is_none()));
        tokio::time::advance(RARELY).await;
        assert_eq!((log.tell("a"), log.tell("a"), log.tell("b")), (Some(50), None, Some(0)));
    }
}
