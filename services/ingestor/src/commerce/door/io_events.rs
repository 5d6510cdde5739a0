//! Adobe I/O Events: an answer in the 400s makes Adobe drop the event, one in the 500s makes it come again for a day.
//!
//! So only what is not Adobe's, or is no event at all, is answered 4xx. Whatever may be our fault is answered 503: a
//! broker or a key host that is away, a limit that is too low, a client id that is not the configured one.

use std::time::Duration;

use ::commerce::webhook::Verified;
use ::commerce::webhook::events::{Claim, Delivery, DeliveryError, addressed_to, challenge};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use problem::{Code, Problem, chain};

use super::answer::{Refusal, count_unkept};
use super::keep::Told;
use super::keys::Keys;
use super::sender::{Kind, Read};
use super::settings::IoEvents;

pub(super) struct Door {
    keys: Keys,
    client_id: String,
    pub(super) patience: Duration,
    pub(super) max_body_bytes: usize,
}

/// The door of one connection.
pub(super) fn open(settings: &IoEvents) -> Result<Door, Problem> {
    Ok(Door {
        keys: Keys::new(&settings.keys_url, settings.keys_kept.0)?,
        client_id: settings.client_id.clone(),
        patience: settings.patience.0,
        max_body_bytes: settings.max_body_bytes,
    })
}

/// Adobe asks whether the address is ours, when events are registered for it.
pub(super) fn challenged(query: Option<&str>) -> Response {
    match challenge(query.unwrap_or_default()) {
        Some(challenge) => {
            tracing::info!("Adobe I/O has asked whether this address is ours, and was answered");
            let headers = [("content-type", "text/plain"), ("x-content-type-options", "nosniff")];
            (StatusCode::OK, headers, challenge).into_response()
        }
        None => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

impl Door {
    /// Reads what a delivery says, if Adobe has signed it and it is for us.
    pub(super) async fn read(&self, headers: &HeaderMap, body: &Bytes) -> Result<Read, Refusal> {
        let claims = Claim::of(headers)
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, e.to_string()))?;
        let verified = self.believe(&claims, body).await?;
        let delivery = verified.delivery(&self.client_id).map_err(|e| refusal(&e))?;
        Ok(Read { hints: hints(delivery), verified })
    }

    /// A body that one of the claims' keys has signed. Keys that are at hand first; then those that must be fetched,
    /// also anew, for a body that says itself that it is for us: a stranger does not know who that is.
    async fn believe(&self, claims: &[Claim], body: &Bytes) -> Result<Verified, Refusal> {
        for claim in claims {
            let keys = self.keys.at_hand(claim.key_path());
            if let Some(verified) = keys.iter().find_map(|key| claim.verify(key, body)) {
                self.keys.prove(claim.key_path());
                return Ok(verified);
            }
        }
        match addressed_to(body, &self.client_id) {
            Err(e @ DeliveryError::Recipient(_)) => return Err(refusal(&e)),
            Err(_) => return Err(unsigned()),
            Ok(()) => {}
        }
        let mut away = None;
        for claim in claims {
            match self.keys.fetch(claim.key_path()).await {
                Ok(keys) => {
                    if let Some(verified) = keys.iter().find_map(|key| claim.verify(key, body)) {
                        self.keys.prove(claim.key_path());
                        return Ok(verified);
                    }
                }
                Err(why) => away = Some(why),
            }
        }
        Err(match away {
            Some(why) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, Code::WebhookKeyAway, why),
            None => unsigned(),
        })
    }
}

/// Returns the hints that the events give. An event about no record that is read gives none. One that should name a
/// record and does not is logged and counted, and does not keep the others out.
fn hints(delivery: Delivery) -> Vec<Told> {
    let mut hints = Vec::new();
    for event in delivery.events {
        match event.hint {
            Some(Ok(hint)) => hints.push(Told { hint, event: Some(event.id).filter(|id| !id.is_empty()) }),
            Some(Err(e)) => {
                count_unkept(Kind::IoEvents.name());
                let (code, kind) = (Code::WebhookUnreadable, event.kind);
                tracing::warn!(%code, kind, sentence = %e, "an event is left out");
            }
            None => tracing::debug!(kind = event.kind, "an event is about no record that is read"),
        }
    }
    hints
}

fn unsigned() -> Refusal {
    let sentence = "no signature matches the body under Adobe's keys";
    Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, sentence)
}

fn refusal(error: &DeliveryError) -> Refusal {
    let (status, code) = match error {
        DeliveryError::Recipient(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::WebhookRecipient),
        DeliveryError::TooMany => (StatusCode::SERVICE_UNAVAILABLE, Code::WebhookUnreadable),
        DeliveryError::Malformed(_) | DeliveryError::Empty => (StatusCode::BAD_REQUEST, Code::WebhookUnreadable),
    };
    Refusal::new(status, code, chain(error))
}
