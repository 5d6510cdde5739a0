//! Webhooks: a signed hint that an order was written, sent after the commit and forgotten.
//!
//! They can get lost and arrive twice, since that is what a receiver must live with. Losses and repeats are drawn
//! from the seed, so that a run can be repeated.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value};
use sha2::Sha256;

use super::config::Webhook;
use super::search::columns::Entity;
use super::shop::Shop;
use super::table::Document;
use crate::generate::dice;

/// Before each further try; the tries are few.
const PAUSE: Duration = Duration::from_millis(200);

/// Sends the webhook of a document that was saved, in the background, if one is configured.
pub(crate) fn announce_saved(shop: &Shop, entity: Entity, id: u64) {
    let Some(webhook) = shop.webhook() else { return };
    let Some(document) = shop.books().table(entity).get(&id).cloned() else { return };
    let Some(body) = body(entity, id, &document) else { return };
    let version = document.string("updated_at").unwrap_or_default();
    let mut draw = StdRng::seed_from_u64(dice::mix_text(dice::mix(shop.seed(), id), &version));
    if draw.random_bool(webhook.loss.clamp(0.0, 1.0)) {
        return;
    }
    let times = if draw.random_bool(webhook.repeat.clamp(0.0, 1.0)) { 2 } else { 1 };
    let shop = shop.clone();
    tokio::spawn(async move {
        let Ok(_permit) = shop.senders().acquire_owned().await else { return };
        for _ in 0..times {
            send(&shop, &webhook, &body).await;
        }
    });
}

fn body(entity: Entity, id: u64, document: &Document) -> Option<String> {
    let (event, entity) = match entity {
        Entity::Order => ("sales_order_save_commit_after", "order"),
        Entity::Invoice => ("sales_order_invoice_save_after", "invoice"),
        Entity::CreditMemo => ("sales_order_creditmemo_save_after", "creditmemo"),
        Entity::Customer => ("customer_save_commit_after", "customer"),
        Entity::Shipment => return None,
    };
    let members = [("event", event.into()), ("entity", entity.into()), ("entity_id", id.into())];
    let mut body: Map<String, Value> = members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    for name in ["increment_id", "order_id", "updated_at"] {
        let value = document.member(name).and_then(|value| serde_json::from_str(value).ok());
        body.extend(value.map(|value| (name.to_owned(), value)));
    }
    Some(Value::from(body).to_string())
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
