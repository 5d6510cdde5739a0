//! Adobe Commerce Webhooks: whoever saves waits for `{"op":"success"}`, and nothing is tried again.
//!
//! The signature is RSA with SHA-256 over the *base64 text* of the body. The page that describes it says HMAC, its own
//! sample and the module say RSA.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::log::{Answer, Outcome};
use super::{Channel, Saved};
use crate::commerce::config::{CommerceWebhook, Payload};
use crate::commerce::shop::Shop;
use crate::commerce::text;

/// The most that is read of an answer, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

pub(super) async fn send(shop: &Shop, saved: &Saved, times: u32) {
    let Some(webhook) = shop.config().commerce_webhook.clone() else { return };
    let body = body(saved, webhook.payload);
    for _ in 0..times {
        let answer = deliver(shop, &webhook, saved, &body).await;
        let outcome = if is_success(&answer) { Outcome::Taken } else { Outcome::Dropped };
        if answer.took > Duration::from_millis(webhook.soft_timeout_ms) {
            tracing::debug!(took = ?answer.took, "the webhook's answer was slow");
        }
        shop.deliveries().put(Channel::Commerce, saved.name(), vec![saved.id], &answer, outcome);
    }
}

async fn deliver(shop: &Shop, webhook: &CommerceWebhook, saved: &Saved, body: &str) -> Answer {
    let mut request = shop
        .http()
        .post(saved.address(&webhook.url))
        .header("Content-Type", "application/json")
        .header("x-adobe-commerce-request-id", uuid::Uuid::new_v4().simple().to_string());
    for (name, value) in &webhook.headers {
        request = request.header(name, value);
    }
    if webhook.signed
        && let Some(signature) = shop.keys().webhooks().sign(STANDARD.encode(body).as_bytes())
    {
        request = request.header("x-adobe-commerce-webhook-signature", signature);
    }
    ask(request.body(body.to_owned()), Duration::from_millis(webhook.timeout_ms)).await
}

/// The columns of a document, each as a string, and what is in it besides as it is.
fn body(saved: &Saved, payload: Payload) -> String {
    let data = json!({ saved.name(): row(saved) });
    let body = match payload {
        Payload::Observer => json!({ "eventName": format!("observer.{}", saved.event()), "data": data }),
        Payload::Plugin => data,
        Payload::Fields => {
            let mut fields = Map::from_iter([("entity_id".to_owned(), saved.entity_id().into())]);
            for name in ["increment_id", "updated_at"] {
                fields.extend(saved.column(name).map(|value| (name.to_owned(), value.into())));
            }
            fields.into()
        }
    };
    body.to_string()
}

fn row(saved: &Saved) -> Value {
    let text = saved.document.text();
    let columns = text::members(&text).into_iter().filter(|member| member.name != "extension_attributes");
    let mut row: Map<String, Value> = columns
        .filter_map(|member| {
            let value: Value = serde_json::from_str(text.get(member.value)?).ok()?;
            let value = if value.is_number() { value.to_string().into() } else { value };
            Some((member.name, value))
        })
        .collect();
    row.insert("entity_id".to_owned(), saved.entity_id().into());
    row.into()
}

/// HTTP 200 with an operation that is no exception: one, or a list of them.
fn is_success(answer: &Answer) -> bool {
    let operations = match serde_json::from_str::<Value>(&answer.body) {
        Ok(Value::Array(operations)) => operations,
        Ok(operation) => vec![operation],
        Err(_) => return false,
    };
    answer.status == Some(200) && !operations.is_empty() && operations.iter().all(|one| one["op"] == "success")
}

/// Sends a request and waits for its answer as long as that.
pub(super) async fn ask(request: reqwest::RequestBuilder, patience: Duration) -> Answer {
    let start = Instant::now();
    let exchange = async {
        let mut response = request.send().await?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        Ok::<_, reqwest::Error>((status, String::from_utf8_lossy(&body).into_owned()))
    };
    let (status, body) = match tokio::time::timeout(patience, exchange).await {
        Ok(Ok((status, body))) => (Some(status), body),
        Ok(Err(error)) => (None, error.to_string()),
        Err(_) => (None, "no answer in time".to_owned()),
    };
    Answer { status, body, took: start.elapsed() }
}
