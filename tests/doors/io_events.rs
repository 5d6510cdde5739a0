//! Adobe I/O's events: the challenge, batches, keys that are fetched, and answers that make Adobe try again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sender::{Answer, Sender};
use super::signer::Signer;
use super::stub::Stub;
use super::{PATIENCE, changes, house_of_webhooks, subjects, until_taken, without_polling};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

const CLIENT: &str = "client-of-ours";
const OLD: &str = "/prod/keys/pub-key-old.pem";
const NEW: &str = "/prod/keys/pub-key-new.pem";
const SERVICE: &str = "ingestor-commerce";

/// Adobe: publishes keys, and signs with them.
struct Adobe {
    keys: Arc<Mutex<BTreeMap<&'static str, String>>>,
    host: Stub,
}

impl Adobe {
    async fn new() -> Self {
        let keys: Arc<Mutex<BTreeMap<&'static str, String>>> = Arc::default();
        let published = keys.clone();
        let host = Stub::start(move |asked| match published.lock().unwrap().get(asked.uri.path()) {
            Some(pem) => (200, pem.clone()),
            None => (404, "<html>no such key</html>".to_owned()),
        })
        .await;
        Self { keys, host }
    }

    fn publish(&self, path: &'static str, signer: &Signer) {
        self.keys.lock().unwrap().insert(path, signer.pem());
    }

    /// A house that fetches keys here, and a sender to this door.
    async fn open(&self, wishes: Wishes) -> (House, Sender) {
        let wishes = wishes
            .set("COMMERCE__WEBHOOK__IO_EVENTS__CLIENT_ID", CLIENT)
            .set("COMMERCE__WEBHOOK__IO_EVENTS__KEYS_URL", &self.host.url(""));
        let house = house_of_webhooks(wishes).await;
        let sender = Sender::to(&house).await.at("/webhooks/io-events");
        (house, sender)
    }
}

fn event(id: &str, kind: &str, value: &Value) -> Value {
    json!({
        "specversion": "1.0", "type": format!("com.adobe.commerce.observer.{kind}"), "source": "urn:uuid:7", "id": id,
        "time": "2026-01-31T08:04:56Z", "datacontenttype": "application/json", "recipientclientid": CLIENT,
        "data": { "value": value, "_metadata": { "storeId": "0" }, "source": "shop.production" },
    })
}

fn order_event(id: &str, entity_id: u64) -> Value {
    event(id, "sales_order_save_commit_after", &json!({ "entity_id": entity_id.to_string(), "_isNew": true }))
}

/// Posts a body under the signatures of both signers, whose keys are said to be at the usual paths.
async fn post(sender: &Sender, (old, new): (&Signer, &Signer), body: &Value) -> Answer {
    let body = body.to_string().into_bytes();
    post_signed(sender, &old.over_body(&body), &new.over_body(&body), body).await
}

async fn post_signed(sender: &Sender, old: &str, new: &str, body: Vec<u8>) -> Answer {
    let headers = [
        ("x-adobe-digital-signature-1", old),
        ("x-adobe-public-key1-path", OLD),
        ("x-adobe-digital-signature-2", new),
        ("x-adobe-public-key2-path", NEW),
    ];
    sender.post_with(body, &headers).await.unwrap()
}

#[tokio::test]
async fn a_batch_becomes_invoices_and_its_second_delivery_not_even_hints() {
    let (adobe, old, new) = (Adobe::new().await, Signer::new(), Signer::new());
    adobe.publish(OLD, &old);
    adobe.publish(NEW, &new);
    let (house, sender) = adobe.open(without_polling()).await;
    let challenge = "8ec8d794-e0ab-42df-9017-e3dada8e84f7";
    let (status, kind, text) = sender.ask(&format!("challenge={challenge}")).await;
    assert_eq!((status, kind.as_str(), text.as_str()), (200, "text/plain", challenge));
    assert_eq!(sender.ask("challenge=<script>").await.0, 405);
    for number in 1..=3 {
        house.store(&order(number)).await;
    }
    assert_eq!(post(&sender, (&old, &new), &order_event("one", 1)).await.status, 200);
    let batch = json!([
        order_event("two", 2),
        event("product", "catalog_product_save_commit_after", &json!({ "entity_id": "3" })),
        event("nameless", "sales_order_save_commit_after", &json!({ "grand_total": "5" })),
        order_event("three", 3),
    ]);
    assert_eq!(post(&sender, (&old, &new), &batch).await.status, 200);
    assert_eq!(house.messages("HINTS").await, 3, "answered before they were on disk");
    house.until_booked(3, PATIENCE).await;
    assert_eq!(house.figure(SERVICE, "ml_webhooks_unkept_total", "kind=\"io_events\"").await, 1.0);
    // Adobe sends again what it had no answer to.
    for _ in 0..3 {
        assert_eq!(post(&sender, (&old, &new), &batch).await.status, 200);
    }
    assert_eq!(house.messages("HINTS").await, 3);
    until_taken(&house, "HINTS", SERVICE).await;
    assert_eq!(changes(&house).await, [1, 1, 1]);
    assert_eq!(adobe.host.asked(OLD).len(), 1, "a key is fetched once");
}

#[tokio::test]
async fn only_what_is_not_adobes_is_dropped() {
    let (adobe, old, new, stranger) = (Adobe::new().await, Signer::new(), Signer::new(), Signer::new());
    let wishes = without_polling().set("NATS__PUBLISH_TIMEOUT", "1s");
    let (mut house, sender) = adobe.open(wishes).await;
    let ours = order_event("one", 1);
    let code = |answer: Answer| (answer.status, answer.code.unwrap_or_default());
    let later = |code: &str| (503, code.to_owned());
    // The keys cannot be had: whether it is Adobe's, nobody knows.
    assert_eq!(code(post(&sender, (&old, &new), &ours).await), later("WEBHOOK_KEY_AWAY"));
    adobe.publish(OLD, &old);
    adobe.publish(NEW, &new);
    until_taken_by(&sender, (&old, &new), &ours).await;
    assert_eq!(subjects(&house, "HINTS", "hint.>").await.len(), 1);
    // Adobe's, for somebody else, or for a client id that we have wrong.
    let mut theirs = order_event("theirs", 2);
    theirs["recipientclientid"] = "somebody else".into();
    assert_eq!(code(post(&sender, (&old, &new), &theirs).await), later("WEBHOOK_RECIPIENT"));
    assert_eq!(code(post(&sender, (&old, &new), &json!([ours, theirs])).await), later("WEBHOOK_RECIPIENT"));
    // Larger than our limit.
    let large = vec![b' '; 5 * 1024 * 1024];
    let headers = [("x-adobe-digital-signature-1", "AAAA"), ("x-adobe-public-key1-path", OLD)];
    // By itself: the connection ends with it.
    let another = Sender::to(&house).await.at("/webhooks/io-events");
    if let Ok(answer) = another.post_with(large, &headers).await {
        assert_eq!(code(answer), later("WEBHOOK_TOO_LARGE"));
    }
    // Nobody's but a stranger's.
    let refused = (401, "WEBHOOK_SIGNATURE".to_owned());
    assert_eq!(code(post(&sender, (&stranger, &stranger), &ours).await), refused);
    assert_eq!(code(sender.post_with(ours.to_string().into_bytes(), &[]).await.unwrap()), refused);
    let elsewhere =
        [("x-adobe-digital-signature-1", "AAAA"), ("x-adobe-public-key1-path", "@stranger.example/prod/keys/key.pem")];
    assert_eq!(code(sender.post_with(ours.to_string().into_bytes(), &elsewhere).await.unwrap()), refused);
    let body = ours.to_string().into_bytes();
    let cut = post_signed(&sender, &old.over_body(&body), &new.over_body(&body), body[..body.len() - 1].to_vec()).await;
    assert_eq!(code(cut), refused);
    assert_eq!(code(post(&sender, (&old, &new), &json!(["no event"])).await), (400, "WEBHOOK_UNREADABLE".to_owned()));
    assert_eq!(house.messages("HINTS").await, 1);
    // Adobe's and ours, and the broker is away.
    house.installation.broker.process.kill();
    assert_eq!(code(post(&sender, (&old, &new), &order_event("two", 1)).await), later("WEBHOOK_NOT_KEPT"));
    house.installation.broker.kill_and_restart().await.unwrap();
    until_taken_by(&sender, (&old, &new), &order_event("two", 1)).await;
}

/// Delivers as Adobe does: again, until it is taken.
async fn until_taken_by(sender: &Sender, signers: (&Signer, &Signer), body: &Value) {
    let began = Instant::now();
    loop {
        let answer = post(sender, signers, body).await;
        if answer.status == 200 {
            return;
        }
        assert!(answer.status == 503 && began.elapsed() < PATIENCE, "dropped: {answer:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn keys_are_exchanged_while_events_come() {
    let (adobe, first, second, third) = (Adobe::new().await, Signer::new(), Signer::new(), Signer::new());
    adobe.publish(OLD, &first);
    let (house, sender) = adobe.open(without_polling()).await;
    // The second key is not published yet: the first will do.
    assert_eq!(post(&sender, (&first, &second), &order_event("1", 1)).await.status, 200);
    // The first is withdrawn, and known still.
    adobe.keys.lock().unwrap().clear();
    assert_eq!(post(&sender, (&first, &second), &order_event("2", 1)).await.status, 200);
    // Another key at the path of the first, against what a path is for.
    adobe.publish(OLD, &third);
    until_taken_by(&sender, (&third, &second), &order_event("3", 1)).await;
    adobe.publish(NEW, &second);
    let body = order_event("4", 1).to_string().into_bytes();
    let new = second.over_body(&body);
    let only = [("x-adobe-digital-signature-2", new.as_str()), ("x-adobe-public-key2-path", NEW)];
    let began = Instant::now();
    while sender.post_with(body.clone(), &only).await.unwrap().status != 200 {
        assert!(began.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(house.messages("HINTS").await, 4);
}
