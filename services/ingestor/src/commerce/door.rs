//! The doors for webhooks: receive the body, believe the signature, keep the hint on disk, answer. In that order.
//!
//! One address, and a path for each of three kinds of senders, which differ in what they sign and in what they do with
//! an answer: a module with a shared secret, Adobe Commerce's own webhooks, Adobe I/O's events. The record is read
//! afterwards, by `hints`.

mod adobe;
mod answer;
mod crowd;
mod io_events;
mod keep;
mod keys;
mod receive;
mod secrets;
mod serve;
mod settings;
mod shared_secret;

use std::sync::Arc;

use ::commerce::webhook::KeyPointer;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use axum::routing::MethodRouter;
use pipeline::guard;
use pipeline::health::Health;
use pipeline::service::Context;
use problem::{Code, Problem, chain};
use record::Log;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Webhook;
use super::losses::Losses;
use answer::Rare;
use crowd::{Crowd, Limits};
use keep::Keeper;

pub use secrets::Secrets;
pub use settings::{AdobeWebhooks, IoEvents};

/// What the door is called in the service's health.
const DOOR: &str = "webhook door";

/// What the doors share.
#[derive(Debug, Clone)]
struct House {
    keeper: Keeper,
    log: Arc<Rare>,
    health: Health,
    stop: CancellationToken,
}

/// Opens the doors that are configured, if there is an address. The task ends with the service.
pub(super) async fn open(
    (context, log): (&Context, &Log),
    settings: &Webhook,
    secrets: &Secrets,
    losses: Option<Arc<Losses>>,
) -> Result<Option<JoinHandle<()>>, Problem> {
    if settings.listen.is_empty() {
        tracing::info!("the webhook door is closed; records are polled");
        return Ok(None);
    }
    context.health.not_ready(DOOR, "it is not open yet");
    let listener = serve::listen(&settings.listen).await.map_err(|e| {
        let sentence = format!("{} could not be opened: {e}", settings.listen);
        Problem::new(Code::WebhookDoor, sentence, "choose a free address")
    })?;
    let (health, stop) = (context.health.clone(), context.stop.clone());
    let house = House { keeper: Keeper::new(log, &context.vault, losses), log: Arc::default(), health, stop };
    let router = router(settings, secrets, &house).await?;
    let crowd = Crowd::new(limits(settings)?);
    tokio::spawn(house.keeper.look(context.stop.clone()));
    let (health, stop) = (context.health.clone(), context.stop.clone());
    Ok(Some(tokio::spawn(async move {
        health.ready(DOOR);
        let served = guard::guarded(serve::serve(listener, router, crowd, stop)).await;
        health.not_ready(DOOR, served.err().map_or_else(|| "it is closed".to_owned(), |panicked| panicked.to_string()));
    })))
}

fn limits(settings: &Webhook) -> Result<Limits, Problem> {
    let (connections, from_one) = (settings.connections, settings.connections_per_peer.min(settings.connections));
    if from_one == 0 {
        let sentence = "commerce.webhook.connections or connections_per_peer is 0, so nothing could come in";
        return Err(Problem::new(
            Code::WebhookDoor,
            sentence,
            "correct it, or close the door (commerce.webhook.listen)",
        ));
    }
    // What may be taken at all has to have room.
    let largest = settings.max_body_bytes.max(settings.adobe.max_body_bytes).max(settings.io_events.max_body_bytes);
    Ok(Limits { connections, from_one, bodies: settings.bodies_bytes.max(largest) })
}

/// A path for each kind that has what it believes senders by: a secret, a key, a client id.
async fn router(settings: &Webhook, secrets: &Secrets, house: &House) -> Result<Router, Problem> {
    let mut routes: Vec<(&str, MethodRouter)> = Vec::new();
    let adobe = &settings.adobe;
    if !adobe.public_key.is_empty() || !adobe.public_key_file.is_empty() {
        routes.push((&adobe.path, adobe::route(adobe, house).await?));
    }
    if !settings.io_events.client_id.is_empty() {
        routes.push((&settings.io_events.path, io_events::route(&settings.io_events, house)?));
    }
    // Without any of them it says what it lacks.
    if routes.is_empty() || !secrets.is_empty() {
        routes.push((&settings.path, shared_secret::route(settings, secrets, house)?));
    }
    let mut router = Router::new();
    let mut taken = Vec::new();
    for (path, route) in routes {
        if !path.starts_with('/') || path.contains(['{', '}', '*', ':', '?', '#']) || taken.contains(&path) {
            let sentence = format!("`{path}` is no path of its own for webhooks");
            return Err(Problem::new(Code::WebhookDoor, sentence, "write each as /webhooks/name, no two alike"));
        }
        tracing::info!(listen = settings.listen, path, "the webhook door is open");
        taken.push(path);
        router = router.route(path, route);
    }
    Ok(router.layer(from_fn(async |request: Request, next: Next| {
        let answer = guard::guarded(next.run(request)).await;
        answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    })))
}

/// A configured pointer; empty is none.
fn pointer(text: &str, remedy: &str) -> Result<Option<KeyPointer>, Problem> {
    (!text.is_empty()).then(|| KeyPointer::new(text)).transpose().map_err(|e| wrong(&e, remedy))
}

fn wrong(error: &dyn std::error::Error, remedy: &str) -> Problem {
    Problem::new(Code::WebhookDoor, chain(error), remedy)
}
