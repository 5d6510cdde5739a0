//! Tests of what a review once found wrong, one for each finding.
//!
//! Most of it needs two things to happen in one order and no other; that order is made here with a service that is not
//! running, a request that stands still in the sandbox, or a message that stands still on the wire.

mod broker;
mod customers;
mod intents;
mod orders;

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::message::StreamMessage;

use crate::house::House;

const PATIENCE: Duration = Duration::from_secs(60);

/// Quick polls: most of a test's time would go into waiting for them.
fn quick() -> crate::house::Wishes {
    crate::house::Wishes::default().set("COMMERCE__POLL__INTERVAL", "300ms").set("VISMA__POLL__INTERVAL", "500ms")
}

/// Every message of a stream under one subject, or under one that has a lane's number behind it.
pub(crate) async fn entries(house: &House, stream: &str, subject: &str) -> Vec<StreamMessage> {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let last = stream.cached_info().state.last_sequence;
    let mut entries = Vec::new();
    for sequence in 1..=last {
        let message = stream.direct_get(sequence).await.unwrap();
        let behind = message.subject.strip_prefix(subject);
        if behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            entries.push(message);
        }
    }
    entries
}

/// Waits until a subject has this many messages, and returns them.
pub(crate) async fn until_entries(house: &House, stream: &str, subject: &str, count: usize) -> Vec<StreamMessage> {
    let started = std::time::Instant::now();
    loop {
        let entries = entries(house, stream, subject).await;
        if entries.len() >= count {
            return entries;
        }
        let ledger = house.ledger().await;
        assert!(started.elapsed() < PATIENCE, "{subject}: {} of {count}\n{ledger:#}\n{}", entries.len(), house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Deliveries to the writer that it has handed back and got again.
async fn redelivered(house: &House) -> usize {
    let stream = house.jetstream().await.get_stream("COMMANDS").await.unwrap();
    let mut consumer: PullConsumer = stream.get_consumer("writer-visma").await.unwrap();
    consumer.info().await.unwrap().num_redelivered
}

/// Calls of one kind that Visma has received.
async fn calls(house: &House, kind: &str) -> u64 {
    let calls = house.installation.ask("calls").await.unwrap();
    calls["visma"]["by_kind"][kind]["calls"].as_u64().unwrap_or(0)
}
