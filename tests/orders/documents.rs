//! Everything that follows an order in the shop becomes commands: its invoices, its credit memos, its cancellation, its
//! customer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bad_input::order::order;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// Entity and key of each command so far, with its reference where it has one.
async fn commands(house: &House) -> BTreeMap<String, String> {
    let stream = house.jetstream().await.get_stream("COMMANDS").await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut commands = BTreeMap::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        let record = message.subject.strip_prefix("command.main.visma.").unwrap();
        let (record, _) = record.rsplit_once('.').unwrap();
        let reference = record::envelope::header(&message.headers, "Ml-Reference").unwrap_or_default();
        commands.insert(record.to_owned(), reference.to_owned());
    }
    commands
}

/// Waits until a command about `record` is there; its reference.
async fn until_commanded(house: &House, record: &str) -> String {
    let started = Instant::now();
    loop {
        let commands = commands(house).await;
        if let Some(reference) = commands.get(record) {
            return reference.clone();
        }
        assert!(started.elapsed() < PATIENCE, "no {record} among {commands:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Has the shop do something with an order; the id of the document that comes of it.
async fn act(house: &House, order: u64, verb: &str, body: &Value) -> Option<u64> {
    let done = house.installation.tell_shop(&format!("commerce/orders/{order}/{verb}"), body).await.unwrap();
    done["entity_id"].as_u64()
}

#[tokio::test]
async fn credit_memos_and_cancellations_of_booked_orders_reach_the_writer() {
    let house = House::start(Wishes::default()).await;
    let (refunded, cancelled, never) = (11, 12, 13);
    house.store(&order(11)).await;
    house.store(&order(12)).await;
    house.until_booked(2, PATIENCE).await;
    act(&house, refunded, "invoice", &json!({})).await.unwrap();
    let body = json!({ "items": [], "arguments": { "shipping_amount": 0, "adjustment_positive": 12.34 } });
    let memo = act(&house, refunded, "creditmemo", &body).await.unwrap();
    assert!(until_commanded(&house, &format!("creditnote.{memo}")).await.starts_with("WEB-C"));
    act(&house, cancelled, "cancel", &json!({})).await;
    assert_eq!(until_commanded(&house, "cancellation.12").await, "WEB-X000000012");
    // What is cancelled before it was booked leaves nothing to take back.
    let mut held = order(13);
    held["state"] = json!("holded");
    house.store(&held).await;
    house.installation.tell_shop(&format!("orders/{never}/state"), &json!({ "state": "canceled" })).await.unwrap();
    house.store(&order(14)).await;
    until_commanded(&house, "invoice.14").await;
    let commands = commands(&house).await;
    // Where its first version that was read is the cancelled one, Visma may hold what a lost log knew: that is asked.
    let booked = |record: &&String| record.ends_with(".13") && !record.starts_with("cancellation.");
    assert_eq!(commands.keys().find(booked), None, "{commands:?}");
    assert!(!commands.keys().any(|record| record.starts_with("payment.")), "payments are off: {commands:?}");
    assert!(!commands.keys().any(|record| record.starts_with("reference.")), "references are off: {commands:?}");
}

/// Held against the ledger of the simulated systems, which shares nothing with what it judges.
#[tokio::test]
async fn what_the_shop_refunds_and_cancels_stands_in_visma_to_the_cent() {
    const ORDERS: u64 = 24;
    let house = House::start(Wishes::default()).await;
    house.place(24, 8).await;
    house.until_booked(ORDERS, PATIENCE).await;
    for id in 1..=ORDERS {
        if id % 4 == 0 {
            act(&house, id, "cancel", &json!({})).await;
            continue;
        }
        act(&house, id, "pay", &json!({})).await;
        let refund = match id % 4 {
            1 => json!({}),
            2 => json!({ "items": [], "arguments": { "shipping_amount": 0, "adjustment_positive": 1.11 } }),
            _ => json!({ "arguments": { "adjustment_negative": 0.77 } }),
        };
        // The shop refuses what it would refuse: a refund of an order that cost nothing, for instance.
        let path = format!("commerce/orders/{id}/creditmemo");
        let _ = house.installation.tell_shop(&path, &refund).await;
    }
    let agrees = |ledger: &Value| {
        let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
        let memos = &ledger["credit_memos"];
        empty(&memos["missing"]) && empty(&ledger["uncancelled"]) && memos["matched"].as_u64() >= Some(12)
    };
    let ledger = house.until("refunds and cancellations are in the books", PATIENCE, agrees).await;
    assert_eq!(ledger["credit_memos"]["totals_differ"], json!([]), "{ledger:#}");
    assert_eq!(ledger["credit_memos"]["duplicates"], json!({}), "{ledger:#}");
    assert_eq!(ledger["unexpected_credit_notes"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn where_invoices_are_booked_each_becomes_one_and_orders_none() {
    let house = House::start(Wishes::default().set("SCOPE__TRIGGER", "invoiced")).await;
    house.store(&order(11)).await;
    let item = order(11)["items"][0]["item_id"].clone();
    let part = json!({ "items": [{ "order_item_id": item, "qty": 1 }] });
    let first = act(&house, 11, "invoice", &part).await.unwrap();
    let second = act(&house, 11, "invoice", &json!({})).await.unwrap();
    for id in [first, second] {
        assert!(until_commanded(&house, &format!("invoice.invoice-{id}")).await.starts_with("WEB-I"));
    }
    let memo = act(&house, 11, "creditmemo", &json!({})).await.unwrap();
    until_commanded(&house, &format!("creditnote.{memo}")).await;
    assert!(!commands(&house).await.contains_key("invoice.11"));
    let matched = |ledger: &Value, what: &str| ledger[what]["matched"].as_u64();
    let both =
        |ledger: &Value| matched(ledger, "commerce_invoices") == Some(2) && matched(ledger, "credit_memos") == Some(1);
    house.until("two invoices and a credit note are in the books", PATIENCE, both).await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn payments_and_references_are_commanded_when_they_are_switched_on() {
    let rule = "[[payments]]\nmethod = \"10\"\ncash_account = \"1572\"\n";
    let mut wishes = Wishes::default().set("SCOPE__REFERENCES", "true");
    wishes.mapping = Some(format!("{}\n{rule}", mapping::DEFAULT));
    let house = House::start(wishes).await;
    house.store(&order(11)).await;
    house.until_booked(1, PATIENCE).await;
    let invoice = act(&house, 11, "invoice", &json!({})).await.unwrap();
    until_commanded(&house, &format!("reference.{invoice}")).await;
    until_commanded(&house, &format!("payment.invoice-11-{invoice}")).await;
}
