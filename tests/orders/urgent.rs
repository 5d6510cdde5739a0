//! An order goes before what a poll of Visma saw, which stands before it in the stream.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);
/// Documents that a poll saw. More than are decided on at once.
const SEEN: u64 = 600;

/// Nobody knows the references of these documents, which is an outcome for each.
async fn see(house: &House) {
    let jetstream = house.jetstream().await;
    for number in 1..=SEEN {
        let mut headers = HeaderMap::new();
        headers.insert(proto::seen::REFERENCE, format!("nobodys-{number}"));
        let subject = format!("change.main.visma.invoice.{number}");
        jetstream.publish_with_headers(subject, headers, "{}".into()).await.unwrap().await.unwrap();
    }
}

/// When each entry of a stream was stored whose subject begins so.
async fn stored(house: &House, stream: &str, subject: &str) -> Vec<i128> {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut times = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let entry = stream.direct_get(sequence).await.unwrap();
        if entry.subject.starts_with(subject) {
            times.push(entry.time.unix_timestamp_nanos());
        }
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_before_what_a_poll_saw() {
    let mut house = House::prepare(Wishes::default()).await;
    see(&house).await;
    house.installation.start_service("ingestor-commerce").unwrap();
    house.place(1, 1).await;
    let started = Instant::now();
    while stored(&house, "CHANGES", "change.main.commerce.order.").await.is_empty() {
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.installation.start_service("mapper").unwrap();
    while house.messages("OUTCOMES").await < SEEN {
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let booked = stored(&house, "COMMANDS", "command.main.visma.invoice.").await;
    let seen = stored(&house, "OUTCOMES", "outcome.main.mapping.").await;
    let before = seen.iter().filter(|at| **at < booked[0]).count() as u64;
    println!("{before} of {SEEN} were decided on before the order");
    assert!(before < SEEN / 3, "{before} of {SEEN} were decided on before the order");
}
