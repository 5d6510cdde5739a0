//! When all is over: every order booked, every delivery acknowledged, every record settled, both books in agreement.

use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::PullConsumer;
use futures::StreamExt as _;
use serde_json::Value;

use crate::house::{House, assert_agrees};

/// How long settling may take: a few times over the doubt about a document, and the waits between deliveries.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `orders` orders are booked and nothing is in hand any more; asserts that each is booked once, to its
/// total, and that nothing was given up. Returns the ledger.
pub(crate) async fn until_settled(house: &House, orders: u64) -> Value {
    let booked = |ledger: &Value| ledger["missing"].as_array().is_some_and(Vec::is_empty);
    house.until("every order is booked", PATIENCE, booked).await;
    until_idle(house, "CHANGES", "mapper").await;
    until_idle(house, "COMMANDS", "writer-visma").await;
    let ledger = house.ledger().await;
    assert_agrees(&ledger);
    assert_eq!(ledger["orders"]["count"], orders, "{:#}", ledger["orders"]);
    assert_eq!(ledger["invoices"]["count"], orders, "{:#}", ledger["invoices"]);
    assert_eq!(house.dead_letters().await, []);
    assert_outcomes(house, orders).await;
    ledger
}

/// Waits until a consumer has nothing waiting and nothing out.
async fn until_idle(house: &House, stream: &str, durable: &str) {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let started = Instant::now();
    loop {
        let mut consumer: PullConsumer = stream.get_consumer(durable).await.unwrap();
        let info = consumer.info().await.unwrap();
        let (waiting, out) = (info.num_pending, info.num_ack_pending);
        if (waiting, out) == (0, 0) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{durable}: {waiting} waiting, {out} out\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The last entry of every invoice's record says that it stands, and no intent is left open.
async fn assert_outcomes(house: &House, orders: u64) {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let mut subjects = stream.info_with_subjects("outcome.main.visma.>").await.unwrap();
    let mut invoices = 0;
    while let Some(subject) = subjects.next().await {
        let (subject, _) = subject.unwrap();
        let last = stream.direct_get_last_for_subject(subject.as_str()).await.unwrap();
        let kind = last.headers.get("Ml-Kind").map(ToString::to_string).unwrap_or_default();
        assert!(
            ["applied", "unchanged", "verified"].contains(&kind.as_str()),
            "{subject} ends with {kind}\n{}",
            house.logs()
        );
        invoices += u64::from(subject.starts_with("outcome.main.visma.invoice."));
    }
    assert_eq!(invoices, orders, "invoices with a record");
}
