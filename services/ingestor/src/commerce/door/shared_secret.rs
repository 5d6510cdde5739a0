//! Webhooks of a module that shares a secret with us.
//!
//! An answer other than 2xx makes the sender try again, so it is given only to what can never be taken (4xx) or cannot
//! be kept just now (503).

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::{self, KeyPointer, SignatureError, Verified, Verifier, VerifierError};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, post};
use pipeline::clock::now_millis;
use pipeline::secret::Secret;
use problem::{Code, Problem, chain};
use secrecy::SecretString;
use tokio::time::Instant;

use super::super::{Encoding, Webhook};
use super::answer::{Refusal, count};
use super::keep::Told;
use super::receive::{peer, receive as body_of};
use super::secrets::Secrets;
use super::{House, pointer, wrong};

const KIND: &str = "hmac";
/// What the secret is called in the service's health.
const SECRET: &str = "secret of webhooks";

struct Door {
    secrets: Secrets,
    header: String,
    encoding: webhook::Encoding,
    prefix: String,
    pointer: Option<KeyPointer>,
    max_body_bytes: usize,
    patience: Duration,
    house: House,
}

/// What answers at the door's path.
pub(super) fn route(settings: &Webhook, secrets: &Secrets, house: &House) -> Result<MethodRouter, Problem> {
    let encoding = match settings.encoding {
        Encoding::Hex => webhook::Encoding::Hex,
        Encoding::Base64 => webhook::Encoding::Base64,
    };
    let door = Door {
        secrets: secrets.clone(),
        header: settings.header.clone(),
        encoding,
        prefix: settings.prefix.clone(),
        pointer: pointer(&settings.entity_id_pointer, "correct commerce.webhook.entity_id_pointer")?,
        max_body_bytes: settings.max_body_bytes,
        patience: settings.patience.0,
        house: house.clone(),
    };
    let none = || vec![Secret::default()];
    let believed = Some(secrets.believed(now_millis())).filter(|believed| !believed.is_empty()).unwrap_or_else(none);
    for secret in believed {
        door.verifier(&secret).map_err(|e| {
            wrong(&e, "correct [commerce.webhook]; the door does not open without a secret, which the vault may keep")
        })?;
    }
    let door = Arc::new(door);
    let (watched, stop) = (Arc::clone(&door), door.house.stop.clone());
    tokio::spawn(stop.run_until_cancelled_owned(async move { watched.secrets.follow(|| watched.tell()).await }));
    Ok(post(receive).with_state(door))
}

async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let peer = peer(&request);
    let late = || Refusal::not_kept(format!("the webhook was not on disk within {:?}", door.patience));
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
    /// The secret is in clear in here, for as long as a signature takes.
    fn verifier(&self, secret: &Secret) -> Result<Verifier, VerifierError> {
        let clear = SecretString::from(secret.expose().as_str());
        Verifier::new(&clear, &self.header, self.encoding, Some(self.prefix.clone()))
    }

    /// Says on the admin port whether anybody can be believed: a door that is open and refuses all is none.
    fn tell(&self) {
        let secret = self.secrets.believed(now_millis()).into_iter().next();
        let why = match secret.map(|secret| self.verifier(&secret)) {
            Some(Ok(_)) => return self.house.health.ready(SECRET),
            Some(Err(e)) => chain(&e),
            None => "there is none, so no webhook is believed; see `ml-connector credentials set webhook`".to_owned(),
        };
        tracing::error!(why, "no webhook is believed");
        self.house.health.not_ready(SECRET, why);
    }

    /// A body that was signed with one of the secrets. With none in force nothing is believed.
    fn believe(&self, headers: &HeaderMap, body: &Bytes) -> Result<Verified, SignatureError> {
        let mut refused = SignatureError::Mismatch;
        for secret in self.secrets.believed(now_millis()) {
            let Ok(verifier) = self.verifier(&secret) else { continue };
            match verifier.verify(headers, body.clone()) {
                Ok(verified) => return Ok(verified),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    async fn take(&self, request: Request) -> Result<(), Refusal> {
        let received = body_of(request, self.max_body_bytes, Instant::now() + self.patience.mul_f32(0.8)).await?;
        let verified = self
            .believe(&received.headers, &received.body)
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, e.to_string()))?;
        let hints = verified
            .hints(self.pointer.as_ref())
            .map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, Code::WebhookUnreadable, chain(&e)))?;
        let hints: Vec<Told> = hints.into_iter().map(Told::from).collect();
        self.house.keeper.keep(&hints, verified.body()).await.map_err(|problem| {
            tracing::warn!(%problem, "a webhook could not be kept; its sender is asked to try again");
            Refusal::not_kept("try again")
        })
    }
}
