//! Flows beside the main one, each from its command or its change to what both sides hold: credit memos, cancellations,
//! customers who change, comments and attributes of orders, references, payments, what a poll of Visma sees, and a day
//! of all of them.

mod attributes;
mod balance;
mod comments;
mod corpus;
mod credit;
pub(crate) mod customers;
mod day;
mod falling;
mod habits;
mod paid;
mod parties;
mod pins;
mod references;
mod seen;
mod verified;
mod waiting;

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// Everything is polled all the time, and a doubt is over soon.
fn wishes() -> Wishes {
    Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("VISMA__POLL__INTERVAL", "500ms")
        .set("VISMA__TIMEOUT", "2s")
        .set("VISMA__CREATE__DOUBT_WAIT", "4s")
        .set("VISMA__CREATE__SEND_WITHIN", "1s")
        .set("VISMA__CREATE__LOOK_SPACING", "500ms")
        .set("VISMA__CREATE__FAULT_WAIT", "500ms")
}

/// Calls of one kind that Visma got.
async fn calls(house: &House, kind: &str) -> u64 {
    house.installation.ask("calls").await.unwrap()["visma"]["by_kind"][kind]["calls"].as_u64().unwrap_or(0)
}

/// Bodies of the calls of one method whose target contains `path`, in their order.
pub(crate) async fn bodies(house: &House, method: &str, path: &str) -> Vec<Value> {
    let log = house.installation.ask("log?since=0").await.unwrap();
    let of = |entry: &&Value| {
        let kind = entry["kind"].as_str().unwrap().starts_with(&format!("{method} "));
        kind && entry["system"] == "visma" && entry["target"].as_str().unwrap().contains(path)
    };
    let body = |entry: &Value| serde_json::from_str(entry["body"].as_str().unwrap()).unwrap_or_default();
    log.as_array().unwrap().iter().filter(of).map(body).collect()
}

/// Does to the order with this id what a shop does to one.
pub(crate) async fn act(house: &House, order: u64, verb: &str, body: &Value) -> Value {
    house.installation.tell_shop(&format!("commerce/orders/{order}/{verb}"), body).await.unwrap()
}

/// Somebody works in Visma itself.
async fn accountant(house: &House, errand: &Value) {
    house.installation.tell("visma/accountant", errand).await.unwrap();
}

/// The entity ids of the shop's orders.
pub(crate) async fn orders(house: &House) -> Vec<u64> {
    let orders = house.installation.ask_shop("orders").await.unwrap();
    let list = orders.as_array().cloned().unwrap_or_else(|| orders["orders"].as_array().cloned().unwrap_or_default());
    list.iter().map(|order| order["entity_id"].as_u64().unwrap()).collect()
}

/// Strikes calls of Visma's with a fault.
async fn arm(house: &House, fault: Value, method: &str, path: &str, count: u64) {
    let mut fault = fault;
    fault["on"] = json!({ "system": "visma", "method": method, "path": path, "count": count });
    house.installation.tell("faults", &fault).await.unwrap();
}

/// The kinds of the entries of a record, in their order.
async fn kinds(house: &House, subject: &str) -> Vec<String> {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let last = stream.cached_info().state.last_sequence;
    let mut kinds = Vec::new();
    for sequence in 1..=last {
        let entry = stream.direct_get(sequence).await.unwrap();
        if entry.subject.as_str() == subject {
            kinds.push(record::envelope::header(&entry.headers, "Ml-Kind").unwrap_or_default().to_owned());
        }
    }
    kinds
}

/// Waits until the last entry of a record is of this kind.
async fn until_kind(house: &House, subject: &str, kind: &str) -> Vec<String> {
    let started = std::time::Instant::now();
    loop {
        let kinds = kinds(house, subject).await;
        if kinds.last().is_some_and(|last| last == kind) {
            return kinds;
        }
        assert!(started.elapsed() < PATIENCE, "{subject} says {kinds:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
