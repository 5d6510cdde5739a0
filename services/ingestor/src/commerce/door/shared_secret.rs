//! Webhooks of a module that shares a secret with us.
//!
//! An answer other than 2xx makes the sender try again, so it is given only to what can never be taken (4xx) or cannot
//! be kept just now (503).

use std::sync::Arc;

use ::commerce::webhook::{self, KeyPointer, Verifier};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use pipeline::problem::{Problem, chain};

use super::super::{Encoding, Webhook};
use super::answer::{Refusal, count};
use super::keep::{Keeper, Told};
use super::receive::Places;
use super::{pointer, wrong};

const KIND: &str = "hmac";

struct Door {
    verifier: Verifier,
    pointer: Option<KeyPointer>,
    max_body_bytes: usize,
    places: Places,
    keeper: Keeper,
}

/// What answers at the door's path.
pub(super) fn route(settings: &Webhook, places: &Places, keeper: &Keeper) -> Result<MethodRouter, Problem> {
    let encoding = match settings.encoding {
        Encoding::Hex => webhook::Encoding::Hex,
        Encoding::Base64 => webhook::Encoding::Base64,
    };
    let verifier = Verifier::new(&settings.secret, &settings.header, encoding, Some(settings.prefix.clone()))
        .map_err(|e| wrong(&e, "correct [commerce.webhook]; the door does not open without a secret"))?;
    let pointer = pointer(&settings.entity_id_pointer, "correct commerce.webhook.entity_id_pointer")?;
    let max_body_bytes = settings.max_body_bytes;
    let door = Door { verifier, pointer, max_body_bytes, places: places.clone(), keeper: keeper.clone() };
    Ok(post(receive).with_state(Arc::new(door)))
}

async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    match door.take(request).await {
        Ok(()) => {
            count(KIND, StatusCode::OK);
            StatusCode::OK.into_response()
        }
        Err(refusal) => refusal.answer(KIND),
    }
}

impl Door {
    async fn take(&self, request: Request) -> Result<(), Refusal> {
        let received = self.places.receive(request, self.max_body_bytes).await?;
        let verified = self
            .verifier
            .verify(&received.headers, received.body)
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, "WEBHOOK_SIGNATURE", e.to_string()))?;
        let hints = verified
            .hints(self.pointer.as_ref())
            .map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, "WEBHOOK_UNREADABLE", chain(&e)))?;
        let hints: Vec<Told> = hints.into_iter().map(Told::from).collect();
        self.keeper.keep(&hints, verified.body()).await.map_err(|problem| {
            tracing::warn!(%problem, "a webhook could not be kept; its sender is asked to try again");
            Refusal::not_kept("try again")
        })
    }
}
