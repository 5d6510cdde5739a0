//! A door of one connection: whom it believes, and what it reads in a body.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::Verified;
use axum::body::Bytes;
use axum::http::HeaderMap;

use super::answer::Refusal;
use super::keep::Told;
use super::{adobe, io_events, shared_secret};

/// Kind of sender: it decides what is signed and what an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A module that shares a secret with us.
    SharedSecret,
    /// Adobe Commerce's own webhooks.
    Adobe,
    /// Adobe I/O's events.
    IoEvents,
}

impl Kind {
    /// Name of the sender in figures and log lines.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SharedSecret => "hmac",
            Self::Adobe => "adobe",
            Self::IoEvents => "io_events",
        }
    }
}

/// A body that is believed, and what it says.
pub(super) struct Read {
    pub(super) hints: Vec<Told>,
    pub(super) verified: Verified,
}

/// A door of one connection.
#[derive(Clone)]
pub(super) enum Sender {
    SharedSecret(Arc<shared_secret::Door>),
    Adobe(Arc<adobe::Door>),
    IoEvents(Arc<io_events::Door>),
}

impl Sender {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::SharedSecret(_) => Kind::SharedSecret,
            Self::Adobe(_) => Kind::Adobe,
            Self::IoEvents(_) => Kind::IoEvents,
        }
    }

    /// How long an answer may take.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::SharedSecret(door) => door.patience,
            Self::Adobe(door) => door.patience,
            Self::IoEvents(door) => door.patience,
        }
    }

    /// Larger bodies are refused.
    pub(super) fn max_body_bytes(&self) -> usize {
        match self {
            Self::SharedSecret(door) => door.max_body_bytes,
            Self::Adobe(door) => door.max_body_bytes,
            Self::IoEvents(door) => door.max_body_bytes,
        }
    }

    /// Reads what a body says, if it is believed.
    pub(super) async fn read(&self, headers: &HeaderMap, body: &Bytes) -> Result<Read, Refusal> {
        match self {
            Self::SharedSecret(door) => door.read(headers, body),
            Self::Adobe(door) => door.read(headers, body).await,
            Self::IoEvents(door) => door.read(headers, body).await,
        }
    }
}
