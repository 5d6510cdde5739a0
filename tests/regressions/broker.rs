//! The broker gone for a moment: who says so, and what the budget that is kept there remembers.

use std::time::{Duration, Instant};

use ml_connector::stand::installation::SERVICES;
use serde_json::{Value, json};

use super::quick;
use crate::crash::until_settled;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(90);

fn invoices(ledger: &Value) -> u64 {
    ledger["invoices"]["count"].as_u64().unwrap()
}

/// A service that cannot work must not be sent work, and nobody should have to restart it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_are_not_ready_while_the_broker_is_away_and_ready_again_after() {
    let mut house = House::start(quick().set("NATS__PUBLISH_TIMEOUT", "2s").set("NATS__ACK_WAIT", "2s")).await;
    for service in SERVICES {
        house.until_ready(service).await;
    }
    house.place(6, 4).await;
    until_settled(&house, 6).await;
    house.installation.broker.process.kill();
    for service in SERVICES {
        let started = Instant::now();
        loop {
            match house.readiness(service).await {
                Some(text) if text.starts_with("not ready\n") && text.contains("broker: ") => break,
                other => assert!(started.elapsed() < PATIENCE, "{service}: {other:?}\n{}", house.logs()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    house.place(6, 4).await;
    house.installation.broker.kill_and_restart().await.unwrap();
    for service in SERVICES {
        house.until_ready(service).await;
    }
    until_settled(&house, 12).await;
}

/// Visma's window is spent again and again, and the broker with the budget in it is killed: no call is made that Visma
/// would turn away, and no intent is written again and again while none can be made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_budget_costs_no_refusals_and_fills_no_log() {
    const ORDERS: u64 = 40;
    const CUSTOMERS: u64 = 10;
    let wishes = Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("NATS__PUBLISH_TIMEOUT", "2s")
        .set("NATS__ACK_WAIT", "2s")
        .sandbox("--visma-config", &json!({ "rate_limit": 20, "rate_window_ms": 6_000 }).to_string());
    let mut house = House::start(wishes).await;
    house.place(ORDERS as usize, CUSTOMERS as usize).await;
    house.until("some invoices", PATIENCE, |l| invoices(l) >= 5).await;
    house.installation.broker.kill_and_restart().await.unwrap();
    let ledger = until_settled(&house, ORDERS).await;
    let by_kind = &ledger["calls"]["visma"]["by_kind"];
    let refused = by_kind.as_object().unwrap().values().any(|calls| calls["statuses"].get("429").is_some());
    assert!(!refused, "{by_kind:#}");
    // One of each document, under a call that was reserved before; a few died with the broker.
    let (intents, documents) = (house.intents().await, (ORDERS + CUSTOMERS) as usize);
    assert!(intents <= documents + 25, "{intents} intents for {documents} documents");
}
