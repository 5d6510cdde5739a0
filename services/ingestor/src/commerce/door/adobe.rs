//! Adobe Commerce Webhooks: a shopper waits for the answer, and there is no second try.
//!
//! So a webhook that is believed never stops a checkout. It is answered when its hint is on disk; when that takes
//! longer than the configured patience, or cannot be, the shop is let go on all the same, and the loss is counted: an
//! answer other than success would lose the hint as well, and the order with it. What is not believed is refused; a
//! hook should not be `required` for this reason.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::commerce::webhook::{CommerceWebhooks, KeyPointer, PublicKey, SignatureError, Verified};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use problem::{Code, Problem, chain};
use tokio::time::Instant;

use super::answer::Refusal;
use super::keep::Told;
use super::sender::Read;
use super::settings::AdobeWebhooks;
use super::{pointer, wrong};

/// A file of keys is read again no sooner than this after it was: strangers can make it be read.
const REREAD: Duration = Duration::from_secs(5);

pub(super) struct Door {
    webhooks: CommerceWebhooks,
    keys: Keys,
    pointer: Option<KeyPointer>,
    pub(super) patience: Duration,
    pub(super) max_body_bytes: usize,
}

/// The shop's keys, and the file that they are read from again when a signature is under none of them.
struct Keys {
    file: Option<String>,
    held: Mutex<(Vec<PublicKey>, Instant)>,
}

/// The door of one connection.
pub(super) async fn open(settings: &AdobeWebhooks) -> Result<Door, Problem> {
    let webhooks =
        CommerceWebhooks::new(&settings.header).map_err(|e| wrong(&e, "correct commerce.webhook.adobe.header"))?;
    let pointer = pointer(&settings.entity_id_pointer, "correct commerce.webhook.adobe.entity_id_pointer")?;
    let (keys, patience) = (Keys::open(settings).await?, settings.patience.0);
    Ok(Door { webhooks, keys, pointer, patience, max_body_bytes: settings.max_body_bytes })
}

impl Door {
    /// Reads what a body says, if the shop has signed it.
    pub(super) async fn read(&self, headers: &HeaderMap, body: &Bytes) -> Result<Read, Refusal> {
        let verified = self
            .believe(headers, body)
            .await
            .map_err(|e| Refusal::new(StatusCode::UNAUTHORIZED, Code::WebhookSignature, e.to_string()))?;
        let hints = verified
            .hints(self.pointer.as_ref())
            .map_err(|e| Refusal::new(StatusCode::OK, Code::WebhookUnreadable, chain(&e)))?;
        Ok(Read { hints: hints.into_iter().map(Told::from).collect(), verified })
    }

    async fn believe(&self, headers: &HeaderMap, body: &Bytes) -> Result<Verified, SignatureError> {
        match self.webhooks.verify(&self.keys.held(), headers, body) {
            Err(SignatureError::Mismatch) if self.keys.read_again().await => {
                self.webhooks.verify(&self.keys.held(), headers, body)
            }
            believed => believed,
        }
    }
}

impl Keys {
    async fn open(settings: &AdobeWebhooks) -> Result<Self, Problem> {
        let file = Some(settings.public_key_file.clone()).filter(|file| !file.is_empty());
        let remedy = "give the public key of Stores > Configuration > Adobe Services > Webhooks, as PEM";
        let text = match &file {
            Some(file) => tokio::fs::read_to_string(file).await.map_err(|e| {
                Problem::new(Code::WebhookDoor, format!("the public key could not be read from {file}: {e}"), remedy)
            })?,
            None => settings.public_key.clone(),
        };
        let keys = PublicKey::all_of_pem(&text).map_err(|e| wrong(&e, remedy))?;
        Ok(Self { file, held: Mutex::new((keys, Instant::now())) })
    }

    fn held(&self) -> Vec<PublicKey> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Reads the file again, if there is one and some time has passed. Says whether it did.
    async fn read_again(&self) -> bool {
        let Some(file) = &self.file else { return false };
        {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            if held.1.elapsed() < REREAD {
                return false;
            }
            held.1 = Instant::now();
        }
        let text = tokio::fs::read_to_string(file).await.map_err(|e| e.to_string());
        match text.and_then(|text| PublicKey::all_of_pem(&text).map_err(|e| e.to_string())) {
            Ok(keys) => {
                self.held.lock().unwrap_or_else(PoisonError::into_inner).0 = keys;
                true
            }
            Err(error) => {
                tracing::warn!(file, error, "the public key could not be read again; the one that was read stays");
                false
            }
        }
    }
}
