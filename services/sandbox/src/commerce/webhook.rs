//! Webhooks: a signed hint that an order was written, sent after the commit and forgotten.
//!
//! They can get lost and arrive twice, since that is what a receiver must live with. Losses and repeats are drawn
//! from the seed, so that a run can be repeated.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use sha2::Sha256;

use super::config::Webhook;
use super::shop::Shop;
use super::table::Document;
use crate::generate::dice;

/// Before each further try; the tries are few.
const PAUSE: Duration = Duration::from_millis(200);

/// Sends the webhook of an order in the background, if one is configured.
pub(crate) fn announce(shop: &Shop, id: u64, order: &Document) {
    let Some(webhook) = shop.webhook() else { return };
    let version = order.string("updated_at").unwrap_or_default();
    let mut draw = StdRng::seed_from_u64(dice::mix_text(dice::mix(shop.seed(), id), &version));
    if draw.random_bool(webhook.loss.clamp(0.0, 1.0)) {
        return;
    }
    let times = if draw.random_bool(webhook.repeat.clamp(0.0, 1.0)) { 2 } else { 1 };
    let body = body(id, order);
    let shop = shop.clone();
    tokio::spawn(async move {
        let Ok(_permit) = shop.senders().acquire_owned().await else { return };
        for _ in 0..times {
            send(&shop, &webhook, &body).await;
        }
    });
}

fn body(id: u64, order: &Document) -> String {
    json!({
        "event": "sales_order_save_commit_after",
        "entity": "order",
        "entity_id": id,
        "increment_id": order.string("increment_id"),
        "updated_at": order.string("updated_at"),
    })
    .to_string()
}

async fn send(shop: &Shop, webhook: &Webhook, body: &str) {
    let Some(signature) = signature(webhook, body) else { return };
    for attempt in 0..=webhook.retries {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        let request = shop
            .http()
            .post(&webhook.url)
            .header("Content-Type", "application/json")
            .header(&webhook.header, &signature)
            .body(body.to_owned());
        match request.send().await {
            Ok(response) if response.status().is_success() => return,
            Ok(response) => tracing::debug!(status = %response.status(), "the webhook was not taken"),
            Err(error) => tracing::debug!(%error, "the webhook did not arrive"),
        }
    }
}

fn signature(webhook: &Webhook, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(webhook.secret.as_bytes()).ok()?;
    mac.update(body.as_bytes());
    Some(format!("{}{}", webhook.prefix, hex::encode(mac.finalize().into_bytes())))
}
