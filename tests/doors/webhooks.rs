//! A genuine webhook brings about its change once, whatever happens around it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::json;

use super::sender::{Sender, signature, signature_base64};
use super::{PATIENCE, changes, house_of_webhooks, subjects, until_taken, without_polling};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

#[tokio::test]
async fn a_webhook_alone_becomes_an_invoice_and_its_repeat_nothing() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    house.store(&order(1)).await;
    assert_eq!(sender.hint(1).await.status, 200);
    assert_eq!(house.messages("HINTS").await, 1, "answered 200 before it was on disk");
    house.until_booked(1, PATIENCE).await;
    for _ in 0..3 {
        assert_eq!(sender.hint(1).await.status, 200);
    }
    assert_eq!(house.messages("HINTS").await, 4, "a repeated webhook is a hint of its own");
    until_taken(&house, "HINTS", "ingestor-commerce").await;
    assert_eq!(changes(&house).await, [1], "and makes no new change");
    // The number that people see will do, and several orders in one.
    house.store(&order(2)).await;
    house.store(&order(3)).await;
    let several = r#"[{"increment_id":"000000002"},{"order":{"entity_id":"3"}}]"#;
    assert_eq!(sender.post(several).await.status, 200);
    house.until_booked(3, PATIENCE).await;
    assert_eq!(changes(&house).await, [1, 1, 1]);
}

#[tokio::test]
async fn header_encoding_prefix_and_pointer_are_configured() {
    let wishes = without_polling()
        .set("COMMERCE__WEBHOOK__HEADER", "X-Shop-Hmac")
        .set("COMMERCE__WEBHOOK__ENCODING", "base64")
        .set("COMMERCE__WEBHOOK__PREFIX", "")
        .set("COMMERCE__WEBHOOK__ENTITY_ID_POINTER", "/sale/number");
    let house = house_of_webhooks(wishes).await;
    let sender = Sender::to(&house).await;
    house.store(&order(1)).await;
    let body = br#"{"sale":{"number":1}}"#.to_vec();
    let as_default = sender.post_with(body.clone(), &[("X-Signature", &signature(&body))]).await.unwrap();
    assert_eq!((as_default.status, as_default.code.as_deref()), (401, Some("WEBHOOK_SIGNATURE")));
    let in_hex = sender.post_with(body.clone(), &[("X-Shop-Hmac", &signature(&body)[7..])]).await.unwrap();
    assert_eq!(in_hex.status, 401);
    let elsewhere = br#"{"entity_id":1}"#.to_vec();
    let unnamed = sender.post_with(elsewhere.clone(), &[("X-Shop-Hmac", &signature_base64(&elsewhere))]).await;
    assert_eq!(unnamed.unwrap().code.as_deref(), Some("WEBHOOK_UNREADABLE"));
    assert_eq!(house.messages("HINTS").await, 0);
    let right = sender.post_with(body.clone(), &[("X-Shop-Hmac", &signature_base64(&body))]).await.unwrap();
    assert_eq!(right.status, 200);
    house.until_booked(1, PATIENCE).await;
}

#[tokio::test]
async fn the_same_orders_through_both_doors_at_once_are_one_change_each() {
    let house = House::start(Wishes::default().set("COMMERCE__POLL__INTERVAL", "100ms")).await;
    let _ = Sender::to(&house).await;
    let webhook = json!({
        "url": format!("http://{}/webhooks/commerce", house.installation.door), "secret": WEBHOOK_SECRET, "repeat": 0.5,
    });
    house.installation.tell_shop("webhook", &webhook).await.unwrap();
    house
        .installation
        .tell_shop("orders", &json!({ "count": 60, "customers": 10, "rate_per_second": 40 }))
        .await
        .unwrap();
    house.until_booked(60, PATIENCE).await;
    until_taken(&house, "HINTS", "ingestor-commerce").await;
    assert!(house.messages("HINTS").await > 60, "no webhook came twice");
    assert_eq!(changes(&house).await, [1; 60]);
    let commands = subjects(&house, "COMMANDS", "command.main.visma.invoice.>").await;
    assert_eq!(commands.into_values().collect::<Vec<_>>(), [1; 60]);
}

#[tokio::test]
async fn an_order_that_was_touched_is_no_change_and_one_that_says_something_new_is() {
    let house = house_of_webhooks(without_polling()).await;
    let sender = Sender::to(&house).await;
    house.store(&order(1)).await;
    sender.hint(1).await;
    house.until_booked(1, PATIENCE).await;
    house.installation.tell_shop("orders/1/touch", &json!({})).await.unwrap();
    sender.hint(1).await;
    until_taken(&house, "HINTS", "ingestor-commerce").await;
    assert_eq!(changes(&house).await, [1], "only updated_at has moved");
    // Paid: another state, the same invoice.
    house.installation.tell_shop("orders/1/state", &json!({ "state": "processing" })).await.unwrap();
    sender.hint(1).await;
    until_taken(&house, "HINTS", "ingestor-commerce").await;
    assert_eq!(changes(&house).await, [2]);
    until_taken(&house, "CHANGES", "mapper").await;
    until_taken(&house, "COMMANDS", "writer-visma").await;
    assert_eq!(outcomes_of_invoice(&house, 1).await, ["intent", "applied", "unchanged"]);
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["calls"]["visma"]["by_kind"]["POST /v2/customerinvoice"]["calls"], 1, "{ledger:#}");
}

/// Returns the kinds of an invoice's outcomes, in the order of the log.
async fn outcomes_of_invoice(house: &House, key: u64) -> Vec<String> {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut kinds = Vec::new();
    for sequence in state.first_sequence..=state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        if message.subject.as_str() == format!("outcome.main.visma.invoice.{key}") {
            kinds.push(record::envelope::header(&message.headers, record::envelope::KIND).unwrap().to_owned());
        }
    }
    kinds
}

/// The sender is asked to try again while the broker is away, and what was answered 200 is on its disk.
#[tokio::test]
async fn a_broker_that_dies_among_webhooks_loses_none_that_was_answered() {
    let mut house = house_of_webhooks(without_polling().set("NATS__PUBLISH_TIMEOUT", "1s")).await;
    let sender = Sender::to(&house).await;
    for number in 1..=200 {
        house.store(&order(number)).await;
    }
    let next = Arc::new(AtomicU32::new(1));
    let refused = Arc::new(AtomicU32::new(0));
    let senders: Vec<_> =
        (0..8).map(|_| tokio::spawn(persist(sender.clone(), next.clone(), refused.clone()))).collect();
    while next.load(Ordering::Relaxed) < 50 {
        tokio::task::yield_now().await;
    }
    house.installation.broker.process.kill();
    let killed = std::time::Instant::now();
    while refused.load(Ordering::Relaxed) == 0 {
        assert!(killed.elapsed() < PATIENCE, "a dead broker and no webhook refused");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    house.installation.broker.kill_and_restart().await.unwrap();
    for sender in senders {
        sender.await.unwrap();
    }
    let hinted = subjects(&house, "HINTS", "hint.>").await;
    let answered: BTreeSet<String> = (1..=200).map(|key| format!("hint.main.commerce.order.{key}")).collect();
    assert_eq!(hinted.keys().cloned().collect::<BTreeSet<_>>(), answered);
    house.until_booked(200, PATIENCE).await;
    assert_eq!(changes(&house).await, [1; 200]);
}

/// Sends one webhook after the other, each until it is answered 200.
async fn persist(sender: Sender, next: Arc<AtomicU32>, refused: Arc<AtomicU32>) {
    loop {
        let key = next.fetch_add(1, Ordering::Relaxed);
        if key > 200 {
            return;
        }
        loop {
            let answer = sender.hint(u64::from(key)).await;
            if answer.status == 200 {
                break;
            }
            assert_eq!((answer.status, answer.code.as_deref()), (503, Some("WEBHOOK_NOT_KEPT")));
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}
