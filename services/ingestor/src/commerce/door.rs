//! The webhook door: believe the signature, put the hint on disk, answer. In that order.
//!
//! An answer other than 2xx makes the sender try again, so it is given only to what can never be taken (4xx) or cannot be
//! kept just now (503). The order is read afterwards, by `hints`.

use std::sync::Arc;

use ::commerce::webhook::{self, Hint, HintKey, KeyPointer, Verifier};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use pipeline::broker::{Publisher, Put, streams};
use pipeline::envelope::{Cause, Envelope, derived_id};
use pipeline::problem::{Problem, chain};
use pipeline::service::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::hints::INCREMENT;
use super::{Encoding, NAME, Webhook};

struct Door {
    verifier: Verifier,
    pointer: Option<KeyPointer>,
    publisher: Publisher,
    context: Context,
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
    let door = Arc::new(Door { verifier, pointer, publisher, context: context.clone() });
    let router = Router::new()
        .route(&settings.path, post(receive))
        .layer(DefaultBodyLimit::max(settings.max_body_bytes))
        .with_state(door);
    let stop = context.stop.clone();
    tracing::info!(listen = settings.listen, path = settings.path, "the webhook door is open");
    Ok(Some(tokio::spawn(async move {
        if let Err(e) = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!(error = %e, "the webhook door stopped");
        }
    })))
}

async fn receive(State(door): State<Arc<Door>>, headers: HeaderMap, body: Bytes) -> Response {
    let verified = match door.verifier.verify(&headers, body) {
        Ok(verified) => verified,
        Err(e) => return refuse(StatusCode::UNAUTHORIZED, "WEBHOOK_SIGNATURE", &e.to_string()),
    };
    let hints = match verified.hints(door.pointer.as_ref()) {
        Ok(hints) => hints,
        Err(e) => return refuse(StatusCode::BAD_REQUEST, "WEBHOOK_UNREADABLE", &chain(&e)),
    };
    for hint in &hints {
        if let Err(problem) = door.keep(hint, verified.body()).await {
            tracing::warn!(%problem, "a webhook could not be kept; its sender is asked to try again");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, "WEBHOOK_NOT_KEPT", "try again");
        }
    }
    metrics::counter!("ml_webhooks_total", "answer" => "200").increment(1);
    StatusCode::OK.into_response()
}

impl Door {
    /// Puts one hint on disk.
    async fn keep(&self, hint: &Hint, body: &Bytes) -> Result<(), Problem> {
        let entity = match hint.entity {
            webhook::Entity::Order => "order",
            webhook::Entity::Invoice => "invoice",
            webhook::Entity::CreditMemo => "creditmemo",
            webhook::Entity::Customer => "customer",
        };
        let key = match &hint.key {
            HintKey::EntityId(id) => id.to_string(),
            HintKey::IncrementId(id) => format!("{INCREMENT}{id}"),
        };
        let subject = self.context.broker.subjects.hint("commerce", entity, &key);
        let sealed = self.context.vault.seal_hint(body);
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

fn refuse(status: StatusCode, code: &'static str, sentence: &str) -> Response {
    metrics::counter!("ml_webhooks_total", "answer" => status.as_str().to_owned()).increment(1);
    tracing::warn!(code, sentence, "a webhook was refused");
    let body = format!("{{\"code\":\"{code}\",\"message\":{}}}\n", serde_json::Value::from(sentence));
    (status, [("content-type", "application/json")], body).into_response()
}
