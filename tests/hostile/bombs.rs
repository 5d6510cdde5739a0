//! Messages that are small on the broker and large when they are unpacked.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use bytes::Bytes;
use record::body;

use super::PATIENCE;
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

/// Bytes of a bomb, unpacked, and how many there are.
const UNPACKED: usize = 200 << 20;
const BOMBS: usize = 4;
/// Bytes that the mapper may take for all of them: two bodies at most are held, of 96 MB at most.
const ROOM: u64 = 300_000_000;

fn memory(house: &House) -> u64 {
    let service = house.installation.services.iter().find(|service| service.name() == "mapper").unwrap();
    service.usage().unwrap().resident
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_are_dead_letters_and_take_little_memory() {
    let house = House::start(Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms")).await;
    house.until_ready("mapper").await;
    let before = memory(&house);
    let mut headers = HeaderMap::new();
    let packed = body::pack(&mut headers, &Bytes::from(vec![b' '; UNPACKED]));
    assert!(packed.len() < 2 << 20);
    let jetstream = house.jetstream().await;
    for number in 0..BOMBS {
        let subject = format!("change.main.commerce.order.{}", 500 + number);
        jetstream.publish_with_headers(subject, headers.clone(), packed.clone()).await.unwrap().await.unwrap();
    }
    house.store(&order(9000)).await;
    let (started, mut peak) = (Instant::now(), 0);
    while house.dead_letters().await.len() < BOMBS {
        assert!(started.elapsed() < PATIENCE, "{:?}\n{}", house.dead_letters().await, house.logs());
        peak = memory(&house).max(peak);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(house.dead_letters().await.iter().all(|(code, _)| code == "CHANGE_UNREADABLE"));
    assert!(peak < before + ROOM, "{before} bytes became {peak}");
    house.until_booked(1, PATIENCE).await;
}
