//! The webhook door: believe the signature, put the hint on disk, answer. In that order.
//!
//! An answer other than 2xx makes the sender try again, so it is given only to what can never be taken (4xx) or cannot
//! be kept just now (503). The order is read afterwards, by `hints`.

use std::future::IntoFuture as _;
use std::sync::Arc;
use std::time::Duration;

use ::commerce::webhook::{self, Hint, HintKey, KeyPointer, Verifier};
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures::future::try_join_all;
use pipeline::broker::{Publisher, Put, streams};
use pipeline::envelope::{Cause, Envelope, derived_id};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::hints::INCREMENT;
use super::{Encoding, NAME, Webhook};

/// Webhooks in hand at once; more are asked to come again.
const PLACES: usize = 256;
/// How long a body may take to arrive: its sender is near, and a connection that stands still holds memory.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long webhooks in hand may take when the service stops.
const GRACE: Duration = Duration::from_secs(5);

struct Door {
    verifier: Verifier,
    pointer: Option<KeyPointer>,
    max_body_bytes: usize,
    publisher: Publisher,
    context: Context,
    places: Semaphore,
}

/// Opens the door, if it has an address. The task ends with the service.
pub(super) async fn open(context: &Context, settings: &Webhook) -> Result<Option<JoinHandle<()>>, Problem> {
    if settings.listen.is_empty() {
        tracing::info!("the webhook door is closed; orders are polled");
        return Ok(None);
    }
    let wrong = |sentence: String, remedy: &str| Problem::new("WEBHOOK_DOOR", sentence, remedy);
    let encoding = match settings.encoding {
        Encoding::Hex => webhook::Encoding::Hex,
        Encoding::Base64 => webhook::Encoding::Base64,
    };
    let verifier = Verifier::new(&settings.secret, &settings.header, encoding, Some(settings.prefix.clone()))
        .map_err(|e| wrong(e.to_string(), "correct [commerce.webhook]; the door does not open without a secret"))?;
    let pointer = (!settings.entity_id_pointer.is_empty()).then(|| KeyPointer::new(&settings.entity_id_pointer));
    let pointer =
        pointer.transpose().map_err(|e| wrong(e.to_string(), "correct commerce.webhook.entity_id_pointer"))?;
    let listener = TcpListener::bind(&settings.listen)
        .await
        .map_err(|e| wrong(format!("{} could not be opened: {e}", settings.listen), "choose a free address"))?;
    let publisher = context.broker.publisher(streams::HINTS);
    let (max_body_bytes, places) = (settings.max_body_bytes, Semaphore::new(PLACES));
    let door = Arc::new(Door { verifier, pointer, max_body_bytes, publisher, context: context.clone(), places });
    let router = Router::new().route(&settings.path, post(receive)).with_state(door);
    let stop = context.stop.clone();
    tracing::info!(listen = settings.listen, path = settings.path, "the webhook door is open");
    Ok(Some(tokio::spawn(async move {
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let grace = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = serving.into_future() => if let Err(e) = served {
                tracing::error!(error = %e, "the webhook door stopped");
            },
            () = grace => tracing::warn!("webhooks that were still coming in were cut off"),
        }
    })))
}

async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let Ok(_place) = door.places.try_acquire() else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "WEBHOOK_NOT_KEPT", "too many webhooks at once: try again");
    };
    let headers = request.headers().clone();
    let body = match door.read(request).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let verified = match door.verifier.verify(&headers, body) {
        Ok(verified) => verified,
        Err(e) => return refuse(StatusCode::UNAUTHORIZED, "WEBHOOK_SIGNATURE", &e.to_string()),
    };
    let hints = match verified.hints(door.pointer.as_ref()) {
        Ok(hints) => hints,
        Err(e) => return refuse(StatusCode::BAD_REQUEST, "WEBHOOK_UNREADABLE", &chain(&e)),
    };
    // The body as received stands with the first hint.
    let bodies = std::iter::once(verified.body().clone()).chain(std::iter::repeat(Bytes::new()));
    let kept = try_join_all(hints.iter().zip(bodies).map(|(hint, body)| door.keep(hint, body)));
    if let Err(problem) = kept.await {
        tracing::warn!(%problem, "a webhook could not be kept; its sender is asked to try again");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "WEBHOOK_NOT_KEPT", "try again");
    }
    metrics::counter!("ml_webhooks_total", "answer" => "200").increment(1);
    StatusCode::OK.into_response()
}

impl Door {
    /// The whole body, within the limits of size and time. What says itself that it is too large is not read at all.
    async fn read(&self, request: Request) -> Result<Bytes, Response> {
        let limit = self.max_body_bytes;
        let too_large = || {
            let sentence = format!("the body is larger than the {limit} bytes that are taken");
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "WEBHOOK_TOO_LARGE", &sentence)
        };
        let length =
            request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        match tokio::time::timeout(PATIENCE, to_bytes(request.into_body(), limit)).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(e)) if is_too_large(&e) => Err(too_large()),
            Ok(Err(e)) => Err(refuse(StatusCode::BAD_REQUEST, "WEBHOOK_INCOMPLETE", &chain(&e))),
            Err(_) => {
                let sentence = format!("the body did not arrive within {PATIENCE:?}");
                Err(refuse(StatusCode::REQUEST_TIMEOUT, "WEBHOOK_INCOMPLETE", &sentence))
            }
        }
    }

    /// Puts one hint on disk.
    async fn keep(&self, hint: &Hint, body: Bytes) -> Result<(), Problem> {
        let entity = hint.entity.name();
        let key = match &hint.key {
            HintKey::EntityId(id) => id.to_string(),
            HintKey::IncrementId(id) => format!("{INCREMENT}{id}"),
        };
        let subject = self.context.broker.subjects.hint("commerce", entity, &key);
        let sealed = self.context.vault.seal_hint(&body);
        let sealed = sealed.map_err(|e| Problem::new("VAULT_UNUSABLE", chain(&e), "look at the master key"))?;
        // A repeated webhook is a hint of its own: the record may have changed in between.
        let arrival = uuid::Uuid::now_v7().to_string();
        let id = derived_id(&["hint", &subject, &arrival]);
        let kind = format!("ml.hint.commerce.{entity}");
        let envelope = Envelope { id: &id, source: NAME, kind: &kind, content_type: "application/octet-stream" };
        let put =
            Put { subject, headers: envelope.headers(&Cause::default()), payload: sealed.into(), expect_last: None };
        self.publisher.put(put).await?;
        Ok(())
    }
}

/// Whether the limit cut the body off, and not the sender.
fn is_too_large(error: &axum::Error) -> bool {
    chain(error).contains("length limit exceeded")
}

fn refuse(status: StatusCode, code: &'static str, sentence: &str) -> Response {
    metrics::counter!("ml_webhooks_total", "answer" => status.as_str().to_owned()).increment(1);
    tracing::warn!(code, sentence, "a webhook was refused");
    let body = format!("{{\"code\":\"{code}\",\"message\":{}}}\n", serde_json::Value::from(sentence));
    (status, [("content-type", "application/json")], body).into_response()
}
