//! Webhooks of a module that shares a secret with us.
//!
//! An answer other than 2xx makes the sender try again, so it is given only to what can never be taken (4xx) or cannot
//! be kept just now (503).

use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::{self, KeyPointer, SignatureError, Verified, Verifier, VerifierError};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use pipeline::clock::now_millis;
use pipeline::health::Health;
use pipeline::secret::Secret;
use pipeline::service::Context;
use problem::{Code, Problem, chain};
use secrecy::SecretString;

use super::super::{Encoding, Webhook};
use super::answer::Refusal;
use super::keep::Told;
use super::secrets::Secrets;
use super::sender::Read;
use super::{pointer, wrong};

/// Name of the secret in the connection's health.
const SECRET: &str = "secret of webhooks";

pub(super) struct Door {
    secrets: Secrets,
    header: String,
    encoding: webhook::Encoding,
    prefix: String,
    pointer: Option<KeyPointer>,
    pub(super) max_body_bytes: usize,
    pub(super) patience: Duration,
    health: Health,
}

/// The door of one connection, which says in its health while nobody can be believed.
pub(super) fn open(settings: &Webhook, secrets: &Secrets, context: &Context) -> Result<Arc<Door>, Problem> {
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
        health: context.health.clone(),
    };
    let none = || vec![Secret::default()];
    let believed = Some(secrets.believed(now_millis())).filter(|believed| !believed.is_empty()).unwrap_or_else(none);
    for secret in believed {
        door.verifier(&secret).map_err(|e| {
            wrong(&e, "correct [commerce.webhook]; the door does not open without a secret, which the vault may keep")
        })?;
    }
    let door = Arc::new(door);
    let (watched, stop) = (Arc::clone(&door), context.stop.clone());
    context.spawn(stop.run_until_cancelled_owned(async move { watched.secrets.follow(|| watched.tell()).await }));
    Ok(door)
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
            Some(Ok(_)) => return self.health.ready(SECRET),
            Some(Err(e)) => chain(&e),
            None => "there is none, so no webhook is believed; see `ml-connector credentials set webhook`".to_owned(),
        };
        tracing::error!(why, "no webhook is believed");
        self.health.not_ready(SECRET, why);
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

    /// Reads what a body says, if it was signed with one of the secrets.
    pub(super) fn read(&self, headers: &HeaderMap, body: &Bytes) -> Result<Read, Refusal> {
        let verified = self
            .believe(headers, body)
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, e.to_string()))?;
        let hints = verified
            .hints(self.pointer.as_ref())
            .map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, Code::WebhookUnreadable, chain(&e)))?;
        Ok(Read { hints: hints.into_iter().map(Told::from).collect(), verified })
    }
}
