//! Answering: what is refused says why, with a code that has a page in the runbook, and every answer is counted.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

/// Why a webhook is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) sentence: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, sentence: impl Into<String>) -> Self {
        Self { status, code, sentence: sentence.into() }
    }

    /// It could not be kept just now: the sender may try again.
    pub(super) fn not_kept(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "WEBHOOK_NOT_KEPT", sentence)
    }

    /// What its sender is told.
    pub(super) fn answer(self, kind: &'static str) -> Response {
        let Self { status, code, sentence } = self;
        count(kind, status);
        tracing::warn!(kind, code, sentence, "a webhook was refused");
        let body = format!("{{\"code\":\"{code}\",\"message\":{}}}\n", serde_json::Value::from(sentence));
        (status, [("content-type", "application/json")], body).into_response()
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
