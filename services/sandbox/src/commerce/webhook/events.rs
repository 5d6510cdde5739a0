//! Adobe I/O Events: CloudEvents, alone or in batches, under two RSA signatures over the raw body.
//!
//! At least once and in no order. 429, every 5xx but 505, and silence are tried again after 1, 2, 4, 8, 15, 15…
//! minutes; whatever else is no 2xx is dropped. Before events flow, the receiver must answer a challenge.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::log::{Answer, Outcome};
use super::{Channel, Saved, signed};
use crate::commerce::config::IoEvents;
use crate::commerce::shop::Shop;

/// The pauses between tries, in minutes; the last one goes on.
const PAUSES: [u32; 5] = [1, 2, 4, 8, 15];
/// The most events in one call.
const LARGEST_BATCH: usize = 20;

/// An event on its way.
#[derive(Debug, Clone)]
struct Event {
    saved: Saved,
    id: String,
    body: Value,
}

/// Events that are gathered until they are sent.
#[derive(Debug, Default)]
pub(crate) struct Queue(Vec<Event>);

/// Puts an event into the queue, so many times under the same id; the first one in it has the queue sent.
pub(super) fn queue(shop: &Shop, saved: &Saved, times: u32) {
    let Some(settings) = shop.config().io_events.clone() else { return };
    let id = uuid::Uuid::new_v4().to_string();
    let event = Event { saved: saved.clone(), body: envelope(saved, &id, &settings.client_id), id };
    let mut queue = shop.events();
    let first = queue.0.is_empty();
    queue.0.extend((0..times).map(|_| event.clone()));
    drop(queue);
    if first {
        tokio::spawn(flush(shop.clone(), settings.gather_ms));
    }
}

fn envelope(saved: &Saved, id: &str, client_id: &str) -> Value {
    let mut value = Map::from_iter([("entity_id".to_owned(), Value::from(saved.entity_id()))]);
    for name in ["increment_id", "order_id", "updated_at"] {
        value.extend(saved.column(name).map(|column| (name.to_owned(), column.into())));
    }
    let is_new = saved.column("created_at") == saved.column("updated_at");
    value.insert("_isNew".to_owned(), is_new.into());
    json!({
        "specversion": "1.0",
        "type": format!("com.adobe.commerce.observer.{}", saved.event()),
        "source": "urn:uuid:5a6db0c1-0000-4000-8000-000000000001",
        "id": id,
        "time": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "datacontenttype": "application/json",
        "eventid": id,
        "recipientclientid": client_id,
        "data": {
            "value": value,
            "_metadata": {
                "commerceEdition": "Adobe Commerce", "commerceVersion": "2.4.7", "eventsClientVersion": "1.0.1",
                "storeId": "0", "websiteId": "1", "storeGroupId": "0",
            },
            "source": "sandbox.test",
        },
    })
}

async fn flush(shop: Shop, gather_ms: u64) {
    tokio::time::sleep(Duration::from_millis(gather_ms)).await;
    let events = std::mem::take(&mut shop.events().0);
    let Some(settings) = shop.config().io_events.clone() else { return };
    for batch in events.chunks(settings.batch.clamp(1, LARGEST_BATCH)) {
        tokio::spawn(deliver(shop.clone(), settings.clone(), batch.to_vec()));
    }
}

async fn deliver(shop: Shop, settings: IoEvents, events: Vec<Event>) {
    let Some(first) = events.first() else { return };
    let alone = settings.batch <= 1;
    let body = if alone {
        first.body.to_string()
    } else {
        Value::from(events.iter().map(|event| event.body.clone()).collect::<Vec<_>>()).to_string()
    };
    let ids: Vec<u64> = events.iter().map(|event| event.saved.id).collect();
    let mut names: Vec<&str> = events.iter().map(|event| event.saved.name()).collect();
    names.dedup();
    let names = names.join(",");
    for attempt in 0..=settings.retries {
        let answer = {
            let Ok(_permit) = shop.senders().acquire_owned().await else { return };
            attempt_once(&shop, &settings, first, &body, attempt).await
        };
        let again = attempt < settings.retries && is_tried_again(&answer);
        let outcome = match answer.is_success() {
            true => Outcome::Taken,
            false if again => Outcome::Retried,
            false => Outcome::Dropped,
        };
        shop.deliveries().put(Channel::Events, &names, ids.clone(), &answer, outcome);
        if outcome != Outcome::Retried {
            return;
        }
        let at = usize::try_from(attempt).unwrap_or(PAUSES.len());
        let minutes = PAUSES.get(at).or(PAUSES.last()).copied().unwrap_or(1);
        tokio::time::sleep(Duration::from_millis(settings.minute_ms) * minutes).await;
    }
}

fn is_tried_again(answer: &Answer) -> bool {
    answer.status.is_none_or(|status| status == 429 || (status >= 500 && status != 505))
}

async fn attempt_once(shop: &Shop, settings: &IoEvents, first: &Event, body: &str, attempt: u32) -> Answer {
    let keys = shop.keys();
    let mut request = shop.http().post(first.saved.address(&settings.url)).header("Content-Type", "application/json");
    if settings.batch <= 1 {
        request = request.header("x-adobe-event-id", &first.id);
    }
    if attempt > 0 {
        request = request.header("x-adobe-retry-count", attempt.to_string());
    }
    for (number, signer) in (1_u8..).zip(keys.events()) {
        let spoilt = settings.spoilt_signature == Some(number);
        let text = if spoilt { "something else" } else { body };
        if let Some(signature) = signer.sign(text.as_bytes()) {
            request = request
                .header(format!("x-adobe-digital-signature-{number}"), signature)
                .header(format!("x-adobe-public-key{number}-path"), &signer.path);
        }
    }
    signed::ask(request.body(body.to_owned()), Duration::from_millis(settings.timeout_ms)).await
}

/// How the challenge is put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Handshake {
    /// `GET ?challenge=`, to be answered with the challenge.
    #[default]
    Get,
    /// A POST with a URL that is to be called.
    Post,
}

/// Puts a challenge to the receiver, and says whether it stood it. With [`Handshake::Post`] that is known only when the
/// URL below `base` was called; then this says whether the challenge was taken.
pub(crate) async fn handshake(shop: &Shop, how: Handshake, base: &str) -> Option<bool> {
    let settings = shop.config().io_events.clone()?;
    let url = settings.url.replace("{entity}", "order");
    let challenge = uuid::Uuid::new_v4().to_string();
    let patience = Duration::from_millis(settings.timeout_ms);
    match how {
        Handshake::Get => {
            let separator = if url.contains('?') { '&' } else { '?' };
            let answer = signed::ask(shop.http().get(format!("{url}{separator}challenge={challenge}")), patience).await;
            let said = serde_json::from_str::<Value>(&answer.body).ok();
            let said = said.as_ref().and_then(|body| body["challenge"].as_str());
            Some(answer.status == Some(200) && (answer.body.trim() == challenge || said == Some(challenge.as_str())))
        }
        Handshake::Post => {
            let validate = format!("{base}/csm/registrations/validate?id=sandbox&challenge={challenge}");
            *shop.challenge() = Some((challenge, false));
            let body = json!({ "validationUrl": validate }).to_string();
            let request = shop.http().post(url).header("Content-Type", "application/json").body(body);
            Some(signed::ask(request, patience).await.status == Some(200))
        }
    }
}
