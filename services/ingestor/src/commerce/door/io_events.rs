//! Adobe I/O Events: an answer in the 400s makes Adobe drop the event, one in the 500s makes it come again for a day.
//!
//! So only what is not Adobe's, or is no event at all, is answered 4xx. Whatever may be our fault is answered 503: a
//! broker or a key host that is away, a limit that is too low, a client id that is not the configured one.

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::Verified;
use ::commerce::webhook::events::{Claim, Delivery, DeliveryError, addressed_to, challenge};
use axum::body::Bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use problem::{Code, Problem, chain};
use tokio::time::Instant;

use super::House;
use super::answer::{Refusal, count, count_unkept};
use super::keep::Told;
use super::keys::Keys;
use super::receive::{peer, receive as body_of};
use super::settings::IoEvents;

const KIND: &str = "io_events";

struct Door {
    keys: Keys,
    client_id: String,
    patience: Duration,
    max_body_bytes: usize,
    house: House,
}

/// What answers at the door's path.
pub(super) fn route(settings: &IoEvents, house: &House) -> Result<MethodRouter, Problem> {
    let door = Door {
        keys: Keys::new(&settings.keys_url, settings.keys_kept.0)?,
        client_id: settings.client_id.clone(),
        patience: settings.patience.0,
        max_body_bytes: settings.max_body_bytes,
        house: house.clone(),
    };
    Ok(get(challenged).post(receive).with_state(Arc::new(door)))
}

/// Adobe asks whether the address is ours, when events are registered for it.
async fn challenged(RawQuery(query): RawQuery) -> Response {
    match challenge(query.as_deref().unwrap_or_default()) {
        Some(challenge) => {
            tracing::info!("Adobe I/O has asked whether this address is ours, and was answered");
            let headers = [("content-type", "text/plain"), ("x-content-type-options", "nosniff")];
            (StatusCode::OK, headers, challenge).into_response()
        }
        None => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let peer = peer(&request);
    let late = || Refusal::not_kept(format!("the delivery was not on disk within {:?}", door.patience));
    let taken = tokio::time::timeout(door.patience, door.take(request)).await;
    match taken.unwrap_or_else(|_| Err(late())) {
        Ok(()) => {
            count(KIND, StatusCode::OK);
            StatusCode::OK.into_response()
        }
        Err(refusal) => refusal.answer(KIND, peer, &door.house.log),
    }
}

impl Door {
    async fn take(&self, request: Request) -> Result<(), Refusal> {
        let received = body_of(request, self.max_body_bytes, Instant::now() + self.patience.mul_f32(0.8)).await;
        // A limit of ours, or a connection that we may have cut: 4xx would be the event's end.
        let received = received.map_err(|refusal| Refusal { status: StatusCode::SERVICE_UNAVAILABLE, ..refusal })?;
        let claims = Claim::of(&received.headers)
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, e.to_string()))?;
        let verified = self.believe(&claims, &received.body).await?;
        let delivery = verified.delivery(&self.client_id).map_err(|e| refusal(&e))?;
        let hints = hints(delivery);
        self.house.keeper.keep(&hints, verified.body()).await.map_err(|problem| {
            tracing::warn!(%problem, "a delivery could not be kept; Adobe is asked to try again");
            Refusal::not_kept("try again")
        })
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

/// What the events give. One that is about no record of ours gives nothing; one that should name a record and does not
/// is told, and does not keep the others out.
fn hints(delivery: Delivery) -> Vec<Told> {
    let mut hints = Vec::new();
    for event in delivery.events {
        match event.hint {
            Some(Ok(hint)) => hints.push(Told { hint, event: Some(event.id).filter(|id| !id.is_empty()) }),
            Some(Err(e)) => {
                count_unkept(KIND);
                tracing::warn!(code = Code::WebhookUnreadable.as_str(), kind = event.kind, sentence = %e, "an event is left out");
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
