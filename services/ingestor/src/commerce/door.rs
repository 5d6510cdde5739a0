//! The doors for webhooks: receive the body, believe the signature, keep the hint on disk, answer. In that order.
//!
//! One address, and a path for each of three kinds of senders, which differ in what they sign and in what they do with
//! an answer: a module with a shared secret, Adobe Commerce's own webhooks, Adobe I/O's events. Connections share an
//! address and its paths; a path with a connection's name behind it is for that one alone. The record is read
//! afterwards, by `hints`.

mod adobe;
mod answer;
mod crowd;
mod io_events;
mod keep;
mod keys;
mod open;
mod receive;
mod secrets;
mod sender;
mod serve;
mod settings;
mod shared_secret;
mod take;

use std::sync::Arc;

use ::commerce::webhook::KeyPointer;
use pipeline::service::Context;
use problem::{Code, Problem, chain};
use record::Log;

use super::Webhook;
use super::losses::Losses;
use crowd::Limits;
use keep::Keeper;
use open::{Member, Seat};
use sender::Sender;

pub use open::Doors;
pub use secrets::Secrets;
pub use settings::{AdobeWebhooks, IoEvents};

/// Name of the door in the connection's health.
const DOOR: &str = "webhook door";

/// Opens the doors of a connection that are configured, if there is an address.
pub(super) async fn open(
    (context, log): (&Context, &Log),
    (doors, settings): (&Doors, &Webhook),
    (secrets, stores): (&Secrets, &[u64]),
    losses: Option<Arc<Losses>>,
) -> Result<Option<Seat>, Problem> {
    if settings.listen.is_empty() {
        tracing::info!("the webhook door is closed; records are polled");
        return Ok(None);
    }
    context.health.not_ready(DOOR, "it is not open yet");
    let keeper = Keeper::new(log, &context.vault, losses);
    context.spawn(keeper.clone().look(context.stop.clone()));
    let member = Member {
        connection: context.connection.clone(),
        span: context.span.clone(),
        stores: stores.to_vec(),
        keeper,
        health: context.health.clone(),
        doors: senders(settings, secrets, context).await?,
    };
    doors.join(&settings.listen, limits(settings)?, member).await.map(Some)
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
async fn senders(settings: &Webhook, secrets: &Secrets, context: &Context) -> Result<Vec<(String, Sender)>, Problem> {
    let mut found: Vec<(String, Sender)> = Vec::new();
    let adobe = &settings.adobe;
    if !adobe.public_key.is_empty() || !adobe.public_key_file.is_empty() {
        found.push((adobe.path.clone(), Sender::Adobe(Arc::new(adobe::open(adobe).await?))));
    }
    let events = &settings.io_events;
    if !events.client_id.is_empty() {
        found.push((events.path.clone(), Sender::IoEvents(Arc::new(io_events::open(events)?))));
    }
    // Without any of them it says what it lacks.
    if found.is_empty() || !secrets.is_empty() {
        let door = shared_secret::open(settings, secrets, context)?;
        found.push((settings.path.clone(), Sender::SharedSecret(door)));
    }
    let mut taken: Vec<&str> = Vec::new();
    for (path, _) in &found {
        if !path.starts_with('/') || path.contains(['{', '}', '*', ':', '?', '#']) || taken.contains(&path.as_str()) {
            let sentence = format!("`{path}` is no path of its own for webhooks");
            return Err(Problem::new(Code::WebhookDoor, sentence, "write each as /webhooks/name, no two alike"));
        }
        taken.push(path);
    }
    Ok(found)
}

/// A configured pointer; empty is none.
fn pointer(text: &str, remedy: &str) -> Result<Option<KeyPointer>, Problem> {
    (!text.is_empty()).then(|| KeyPointer::new(text)).transpose().map_err(|e| wrong(&e, remedy))
}

fn wrong(error: &dyn std::error::Error, remedy: &str) -> Problem {
    Problem::new(Code::WebhookDoor, chain(error), remedy)
}
