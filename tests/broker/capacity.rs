//! A stream that fills is told of long before, and is enlarged while everything runs.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::crash::until_settled;
use crate::house::{House, Wishes};

const LONG: Duration = Duration::from_secs(90);
const ORDERS: u64 = 60;
/// A megabyte each; the smallest stream has 16 MiB.
const FILLERS: u64 = 16;

/// The line of a stream under `capacity --json`, and the exit code.
async fn capacity(house: &House, stream: &str) -> (Option<i32>, Value) {
    let (code, said, talk) = house.verb(&["capacity", "--json"], &[]).await;
    let mut lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = lines.find(|line| line["stream"] == stream);
    (code, found.unwrap_or_else(|| panic!("{stream} is not listed: {said}{talk}")))
}

/// Waits until the admin port of a service says what is wanted.
async fn until_told(house: &House, service: &str, wanted: impl Fn(&str) -> bool) -> String {
    let started = Instant::now();
    loop {
        let told = house.readiness(service).await.unwrap_or_default();
        if wanted(&told) {
            return told;
        }
        assert!(started.elapsed() < LONG, "{service} says {told:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_fills_under_load_is_told_of_and_enlarged_and_nothing_is_lost() {
    // Each service has its own rights, and the verbs those of the operator.
    let wishes = Wishes { rights: true, ..Wishes::default() }.set("NATS__ROOM_FOR_ORDERS", "1");
    let wishes = wishes.set("COMMERCE__POLL__INTERVAL", "300ms").set("NATS__PUBLISH_TIMEOUT", "5s");
    let mut house = House::prepare(wishes).await;
    let (code, changes) = capacity(&house, "CHANGES").await;
    assert_eq!((code, &changes["code"], &changes["full_at"]), (Some(0), &Value::Null, &Value::Null), "{changes}");

    // Entries of a connection that nobody serves.
    let jetstream = house.jetstream().await;
    for number in 0..FILLERS {
        let subject = format!("change.other.commerce.order.{number}");
        jetstream.publish(subject, vec![b'x'; 1_000_000].into()).await.unwrap().await.unwrap();
    }
    let (code, changes) = capacity(&house, "CHANGES").await;
    assert_eq!(
        (code, changes["code"].as_str(), changes["full_in_days"].as_u64()),
        (Some(1), Some("STREAM_FILLS"), Some(0))
    );
    assert_eq!(changes["percent"], 95, "{changes}");
    let (_, said, _) = house.verb(&["capacity"], &[]).await;
    assert!(said.contains("CHANGES: 95 % full, full within a day: raise nats.room_for_orders"), "{said}");

    house.installation.start_services().unwrap();
    let told = until_told(&house, "mapper", |told| told.contains("room in CHANGES")).await;
    assert!(told.starts_with("ready\nroom in CHANGES: 9"), "it is told, and the service works: {told}");
    assert!(house.figure("mapper", "ml_stream_limit_bytes", "CHANGES").await > 16_000_000.0);
    assert!(house.figure("mapper", "ml_stream_full_days", "CHANGES").await < 1.0);

    house.place(ORDERS as usize, 20).await;
    until_told(&house, "ingestor-commerce", |told| told.starts_with("not ready") && told.contains("CHANGES")).await;
    let booked = house.ledger().await["invoices"]["count"].as_u64().unwrap();
    assert!(booked < ORDERS, "the stream is full before all orders are read");

    let enlarged = [("ML__NATS__ROOM_FOR_ORDERS", "100000"), ("ML__NATS__USER", "provision")];
    let (code, said, talk) = house.verb(&["provision"], &enlarged).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    assert!(said.contains("stream CHANGES: enlarged to 3200 MB\n"), "{said}");
    assert!(
        said.contains("room for 100000 orders: 4700 MB as the broker counts them, about 1175 MB of disk"),
        "{said}"
    );
    until_settled(&house, ORDERS).await;
    let found = jetstream.get_stream("CHANGES").await.unwrap();
    for sequence in 1..=FILLERS {
        assert_eq!(found.direct_get(sequence).await.unwrap().payload.len(), 1_000_000);
    }
    assert_eq!(capacity(&house, "CHANGES").await.0, Some(0), "there is room for months");
    for service in ["mapper", "ingestor-commerce"] {
        until_told(&house, service, |told| told == "ready\n").await;
    }
}
