//! Webhooks that never come: nothing is lost but time, and how many they are is a figure.

use std::time::Instant;

use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::json;

use super::sender::Sender;
use super::{PATIENCE, house_of_webhooks};
use crate::house::{House, Wishes};

const SERVICE: &str = "ingestor-commerce";
const LOST: &str = "ml_webhooks_lost_total";

async fn lost(house: &House) -> u32 {
    house.figure(SERVICE, LOST, "entity=\"order\"").await as u32
}

async fn until_lost(house: &House, wanted: u32) {
    let started = Instant::now();
    while lost(house).await < wanted {
        assert!(started.elapsed() < PATIENCE, "{} of {wanted} lost\n{}", lost(house).await, house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(lost(house).await, wanted);
}

#[tokio::test]
async fn what_no_webhook_tells_of_is_booked_and_counted() {
    let wishes = Wishes::default().set("COMMERCE__POLL__INTERVAL", "200ms").set("COMMERCE__WEBHOOK__GRACE", "3s");
    let house = house_of_webhooks(wishes).await;
    let sender = Sender::to(&house).await;
    // The first second in which a change counts is the one in which the door was opened.
    house.place(1, 1).await;
    until_lost(&house, 1).await;
    assert!(house.logs().contains("WEBHOOK_LOST"), "{}", house.logs());
    let silent = house.figure(SERVICE, "ml_webhook_silence_seconds", "order").await;
    assert!(silent >= 3.0, "{silent}");
    house.place(20, 5).await;
    for order in 2..=18 {
        assert_eq!(sender.hint(order).await.status, 200);
    }
    let heard = Instant::now();
    while house.figure(SERVICE, "ml_webhook_silence_seconds", "order").await >= silent.min(2.0) {
        assert!(heard.elapsed() < PATIENCE, "webhooks came, and the silence goes on");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    house.until_booked(21, PATIENCE).await;
    until_lost(&house, 4).await;
    // One that the poll found first and whose webhook comes within the grace is late, not lost.
    house.place(2, 1).await;
    house.until_booked(23, PATIENCE).await;
    assert_eq!(sender.hint(22).await.status, 200);
    until_lost(&house, 5).await;
}

#[tokio::test]
async fn a_share_of_lost_webhooks_loses_nothing() {
    let wishes = Wishes::default().set("COMMERCE__POLL__INTERVAL", "1s").set("COMMERCE__WEBHOOK__GRACE", "2s");
    let house = house_of_webhooks(wishes).await;
    let _ = Sender::to(&house).await;
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let webhook = json!({ "url": url, "secret": WEBHOOK_SECRET, "loss": 0.05 });
    house.installation.tell_shop("webhook", &webhook).await.unwrap();
    let orders = json!({ "count": 150, "customers": 20, "rate_per_second": 60 });
    house.installation.tell_shop("orders", &orders).await.unwrap();
    house.until_booked(150, PATIENCE).await;
    let started = Instant::now();
    while lost(&house).await == 0 {
        assert!(started.elapsed() < PATIENCE, "none was lost\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(lost(&house).await < 30, "{} of 150 lost, of 5 in 100", lost(&house).await);
}
