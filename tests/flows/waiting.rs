//! Work that waits is an entry of the log: it takes nothing from the others, can be listed, and outlives a kill.

use std::time::Duration;

use async_nats::jetstream::consumer::{FromConsumer as _, pull};
use serde_json::{Value, json};

use super::{PATIENCE, accountant, act, orders, wishes};
use crate::house::{House, Wishes};

/// Payments are booked once an accountant has released their invoices.
fn settled_on_release() -> Wishes {
    let payments = "\n[[payments]]\nmethod = \"10\"\ncash_account = \"1920\"\n";
    let mut wishes = wishes();
    wishes.mapping = Some(mapping::DEFAULT.to_owned() + payments);
    wishes
}

/// Lets the writer have no more than `window` deliveries out at once.
async fn narrow(house: &House, window: i64) {
    let stream = house.jetstream().await.get_stream("COMMANDS").await.unwrap();
    let mut consumer: async_nats::jetstream::consumer::PullConsumer =
        stream.get_consumer("writer-visma").await.unwrap();
    let config = consumer.info().await.unwrap().config.clone();
    let mut config = pull::Config::try_from_consumer_config(config).unwrap();
    config.max_ack_pending = window;
    stream.update_consumer(config).await.unwrap();
}

/// An accountant takes an invoice off hold and releases it.
async fn release(house: &House, number: &str) {
    let off_hold = json!({ "entity": "invoice", "number": number, "body": { "hold": { "value": false } } });
    accountant(house, &off_hold).await;
    accountant(house, &json!({ "entity": "invoice", "number": number, "do": "release" })).await;
}

async fn waiting(house: &House) -> Vec<Value> {
    let (code, data, talk) = house.verb(&["waiting", "--json"], &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    data.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn until_waiting(house: &House, count: usize) -> Vec<Value> {
    let began = std::time::Instant::now();
    loop {
        let all = waiting(house).await;
        if all.len() == count {
            return all;
        }
        assert!(began.elapsed() < PATIENCE, "{} wait, and not {count}: {all:#?}\n{}", all.len(), house.logs());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_before_their_release_keep_no_invoice_from_being_booked() {
    let mut house = House::prepare(settled_on_release()).await;
    narrow(&house, 10).await;
    house.installation.start_services().unwrap();
    house.place(25, 5).await;
    house.until_booked(25, PATIENCE).await;
    for order in orders(&house).await {
        act(&house, order, "pay", &json!({})).await;
    }
    let all = until_waiting(&house, 25).await;
    for one in &all {
        assert_eq!((one["service"].as_str(), one["entity"].as_str()), (Some("writer-visma"), Some("payment")), "{one}");
        assert!(one["why"].as_str().unwrap().ends_with("is not released yet"), "{one}");
    }
    // More wait than the consumer may have out, and an order is booked all the same.
    house.place(5, 5).await;
    house.until_booked(30, PATIENCE).await;
    // What waits outlives the process.
    house.installation.take_service("writer-visma").unwrap().kill();
    house.installation.start_service("writer-visma").unwrap();
    house.until_ready("writer-visma").await;
    let ledger = house.ledger().await;
    for document in ledger["documents"].as_array().unwrap() {
        let number = document["invoices"][0]["number"].as_str().unwrap();
        release(&house, number).await;
    }
    let ledger = house
        .until("a payment of each", PATIENCE, |ledger| ledger["payments"].as_array().is_some_and(|p| p.len() == 25))
        .await;
    assert_eq!(ledger["payments"].as_array().unwrap().len(), 25, "{ledger:#}");
    until_waiting(&house, 0).await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_may_write_down_what_waits_and_take_it_up_again() {
    let house = House::start(Wishes { rights: true, ..settled_on_release() }).await;
    house.place(1, 1).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    act(&house, orders(&house).await[0], "pay", &json!({})).await;
    until_waiting(&house, 1).await;
    let number = ledger["documents"][0]["invoices"][0]["number"].as_str().unwrap();
    release(&house, number).await;
    house.until("a payment", PATIENCE, |ledger| ledger["payments"].as_array().is_some_and(|p| p.len() == 1)).await;
    until_waiting(&house, 0).await;
    assert_eq!(house.dead_letters().await, []);
}
