//! The small POST with an HMAC-SHA256 over its body, as a module of one's own would send it.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::log::Outcome;
use super::{Channel, Saved, signed};
use crate::commerce::config::Webhook;
use crate::commerce::shop::Shop;

/// Before each further try; the tries are few.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn send(shop: &Shop, saved: &Saved, times: u32) {
    let Ok(_permit) = shop.senders().acquire_owned().await else { return };
    let Some(webhook) = shop.config().webhook.clone() else { return };
    let body = body(saved);
    let Some(signature) = signature(&webhook, &body) else { return };
    for _ in 0..times {
        try_to_send(shop, &webhook, saved, &body, &signature).await;
    }
}

fn body(saved: &Saved) -> String {
    let members = [("event", saved.event().into()), ("entity", saved.name().into()), ("entity_id", saved.id.into())];
    let mut body: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    for name in ["increment_id", "order_id", "updated_at"] {
        let value = saved.document.member(name).and_then(|value| serde_json::from_str(value).ok());
        body.extend(value.map(|value| (name.to_owned(), value)));
    }
    Value::from(body).to_string()
}

async fn try_to_send(shop: &Shop, webhook: &Webhook, saved: &Saved, body: &str, signature: &str) {
    for attempt in 0..=webhook.retries {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let request = shop
            .http()
            .post(saved.address(&webhook.url))
            .header("Content-Type", "application/json")
            .header(&webhook.header, signature)
            .body(body.to_owned());
        let answer = signed::ask(request, PATIENCE).await;
        let outcome = match answer.is_success() {
            true => Outcome::Taken,
            false if attempt < webhook.retries => Outcome::Retried,
            false => Outcome::Dropped,
        };
        shop.deliveries().put(Channel::Hmac, saved.name(), vec![saved.id], &answer, outcome);
        if outcome == Outcome::Taken {
            return;
        }
    }
}

fn signature(webhook: &Webhook, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(webhook.secret.as_bytes()).ok()?;
    mac.update(body.as_bytes());
    Some(format!("{}{}", webhook.prefix, hex::encode(mac.finalize().into_bytes())))
}
